"""A class, and a proof of the hidden tests, at a glance in a terminal."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grading.pipeline.grades.ledger import Ledger
from grading.pipeline.marking.results import Result, TaskResult
from grading.pipeline.proof.certificate import CONFIDENCE, Rate
from grading.pipeline.proof.prove import Proof

NEAR_BUDGET = 0.8
MIN_WIDTH = 120  # a narrower terminal wraps the lines, which hides less than a cut-off number


def class_table(
    results: Sequence[Result], console: Console | None = None, ledgers: Mapping[str, Ledger] | None = None
) -> None:
    """Print each student's points by task, the total, and what an instructor should look at.

    With the gradebook's ledgers, those who handed in late are among that.
    """
    console = console or Console()
    console.width = max(console.width, MIN_WIDTH)
    if not results:
        console.print("No hand-in has been graded yet.")
        return
    tasks = results[0].tasks
    table = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        title=f"{results[0].homework}: {len(results)} hand-ins",
        title_justify="left",
    )
    table.add_column("student", no_wrap=True)
    for task in tasks:
        table.add_column(
            f"{task.number}",
            footer=_mean([r.task(task.id).score for r in results]),
            justify="right",
            no_wrap=True,
        )
    table.add_column("total", footer=_mean([r.score for r in results]), justify="right", style="bold")
    table.add_column("to look at", overflow="fold")
    table.columns[0].footer = "mean"
    table.show_footer = True
    for result in results:
        points = [_points(task) for task in result.tasks]
        ledger = (ledgers or {}).get(result.student)
        look = flags(result) + (
            [f"{ledger.seconds_late / 3600:.0f} h late"] if ledger and ledger.seconds_late else []
        )
        table.add_row(escape(result.student), *points, f"{result.score:g}", escape("; ".join(look)))
    console.print(table)
    worth = ", ".join(f"{task.number} {task.id} ({task.points:g})" for task in tasks)
    console.print(f"[dim]Tasks and points: {worth}.[/dim]")


def flags(result: Result) -> list[str]:
    """What is unusual about one hand-in, in a few words each."""
    found = [] if result.isolated else ["NOT CONFINED"]
    found += [f"file: {len(result.notes)} note{'s' * (len(result.notes) > 1)}"] if result.notes else []
    named = [task for task in result.tasks if task.misconception]
    found += [
        f"{task.number}: {(task.misconception or '').strip().splitlines()[0].rstrip('.')}" for task in named
    ]
    followed = [str(task.number) for task in result.tasks if task.follow_through]
    found += [f"follow-through in {', '.join(followed)}"] if followed else []
    near = [
        str(t.number) for t in result.tasks if t.cpu_budget and t.cpu_seconds > NEAR_BUDGET * t.cpu_budget
    ]
    return found + ([f"near the CPU budget in {', '.join(near)}"] if near else [])


def proof_table(proof: Proof, console: Console | None = None) -> None:
    """Print which hidden tests reject each wrong version, how the right ones did, and every claim that broke."""
    console = console or Console()
    table = Table("task", "wrong version", "points", "rejected by", box=SIMPLE_HEAD, title_justify="left")
    table.title = f"{proof.homework}: {len(proof.wrong)} wrong versions"
    for row in proof.wrong:
        tests = ", ".join(name.removeprefix("test_").replace("_", " ") for name in row["fails"])
        name = row["name"].replace("_", " ")
        table.add_row(
            f"{row['number']}", escape(name), f"{row['score']:g}/{row['points']:g}", escape(tests) or "✗ none"
        )
    console.print(table)
    styles = dict.fromkeys(row["style"] for row in proof.right)
    for style in styles:
        runs = [not row["fails"] for row in proof.right if row["style"] == style]
        console.print(f"right version {escape(style)}: full marks in {sum(runs)} of {len(runs)} runs")
    for sentence in proof.breaches():
        console.print(f"[yellow]✗[/yellow] {escape(sentence)}", soft_wrap=True)
    if not proof.breaches():
        console.print("[blue]✓[/blue] Every claim about the hidden tests holds.")


def certificate_table(rates: Sequence[Rate], console: Console | None = None) -> None:
    """Print how often each hidden test failed right code, and below which rate it does so at most."""
    console = console or Console()
    table = Table("task", "hidden test", box=SIMPLE_HEAD, title_justify="left")
    for name in ("seeds", "failed", "rate is below"):
        table.add_column(name, justify="right")
    table.title = f"Right code that fails, with {CONFIDENCE:.0%} confidence"
    for rate in rates:
        task, test = rate.test.split("::")
        name = test.removeprefix("test_").replace("_", " ")
        failed = f"[yellow]✗ {len(rate.failed)}[/yellow]" if rate.failed else "0"
        table.add_row(task, escape(name), f"{rate.runs}", failed, f"{rate.bound:.2%}")
    console.print(table)


def _points(task: TaskResult) -> str:
    """Points with a colour; what is not full also carries a sign, for those who see no colours."""
    if task.score >= task.points:
        return f"[blue]{task.score:g}[/blue]"
    return f"[yellow]{task.score:g}↓[/yellow]" if task.score else "[dim]·[/dim]"


def _mean(values: Sequence[float]) -> str:
    return f"{fmean(values):.1f}"
