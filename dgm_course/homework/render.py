"""How a report looks: HTML in a notebook, plain text in a terminal.

Glyphs carry the meaning; blue and orange, which every kind of colour vision tells apart, only repeat it.
"""

import textwrap
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from io import BytesIO

from matplotlib.figure import Figure

from dgm_course.homework.course import Homework
from dgm_course.homework.report import CheckReport, Outcome

GLYPHS = {"passed": "✓", "failed": "✗", "waiting": "○"}
COLOURS = {"passed": "#2a7fc9", "failed": "#d96f0e", "waiting": "#8a8a8a"}
PARTS = ("expected", "got", "likely cause", "read", "your line")
HONEST = (
    "The points are decided by hidden tests: the same kind of property, on other inputs, and a few more. "
    "A full row here is a good sign, not a promise."
)


def headline(report: CheckReport) -> str:
    """The task and how far it is: `Task 5 · MADE: masks for any ordering · 4 of 6 properties`."""
    task = report.task
    state = "not written yet" if report.waiting else f"{report.passed} of {len(report.outcomes)} properties"
    return f"Task {task.number} · {task.title} · {state}"


def _shortened(report: CheckReport) -> Iterator[Outcome]:
    """The outcomes, with what several of them share (one missing function, one failing line) told in full once."""
    notes: set[str] = set()
    lines: set[str] = set()
    for outcome in report.outcomes:
        if outcome.note and outcome.note in notes:
            yield replace(outcome, note="")
        elif outcome.line and outcome.line in lines:
            yield replace(
                outcome, expected="", cause="", read="", line="", got=f"{outcome.got} (same line as above)"
            )
        else:
            yield outcome
        notes.add(outcome.note)
        lines.add(outcome.line)


def _parts(outcome: Outcome) -> list[tuple[str, str]]:
    texts = (outcome.expected, outcome.got, outcome.cause, outcome.read, outcome.line)
    return [(name, text) for name, text in zip(PARTS, texts, strict=True) if text]


def report_text(report: CheckReport, width: int = 100) -> str:
    """A report for a terminal."""
    lines = [headline(report)]
    for outcome in _shortened(report):
        title = outcome.title + (f" ({outcome.note})" if outcome.note else "")
        lines += _wrapped(f"  {GLYPHS[outcome.status]} ", title, width)
        for name, text in _parts(outcome):
            lines += _wrapped(f"      {name:<13}", text, width)
    return "\n".join(lines)


def _wrapped(label: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=label, subsequent_indent=" " * len(label))


def report_html(report: CheckReport, picture: str = "") -> str:
    """A report for a notebook; `picture` is the HTML to put below it."""
    rows = "".join(_outcome_html(outcome) for outcome in _shortened(report))
    return (
        f'<div style="border-left:4px solid {COLOURS[_state(report)]};padding:4px 0 4px 14px;line-height:1.45;'
        f'max-width:60em"><div style="font-weight:600;margin-bottom:6px">{escape(headline(report))}</div>'
        f"{rows}{picture}</div>"
    )


def figure_html(figure: Figure) -> str:
    """A figure as an image that needs no file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    data = b64encode(buffer.getvalue()).decode()
    return (
        f'<img style="max-width:100%;margin-top:8px" alt="what was built" src="data:image/png;base64,{data}">'
    )


def remark_html(text: str) -> str:
    """A sentence in a low voice."""
    return f'<div style="color:{COLOURS["waiting"]};margin-top:6px">{escape(text)}</div>'


def _outcome_html(outcome: Outcome) -> str:
    note = f' <span style="color:{COLOURS["waiting"]}">{escape(outcome.note)}</span>' if outcome.note else ""
    parts = "".join(
        f'<div style="color:{COLOURS["waiting"]};white-space:nowrap">{name}</div><div>{_part_html(name, text)}</div>'
        for name, text in _parts(outcome)
    )
    details = (
        f'<div style="display:grid;grid-template-columns:max-content 1fr;gap:1px 12px;margin:3px 0 9px 0">{parts}</div>'
        if parts
        else ""
    )
    return (
        '<div style="display:grid;grid-template-columns:1.4em 1fr">'
        f"{_glyph_html(outcome.status)}<div>{escape(outcome.title)}{note}{details}</div></div>"
    )


def _part_html(name: str, text: str) -> str:
    return f"<code>{escape(text)}</code>" if name == "your line" else escape(text)


def scoreboard_text(homework: Homework, reports: Sequence[CheckReport]) -> str:
    """All tasks of a homework in a terminal."""
    lines = [f"Homework {homework.id} · {homework.title}"]
    for report in reports:
        state = _state(report)
        lines.append(
            f"  {GLYPHS[state]} {report.task.number:>2}  {report.task.title:<46}"
            f"{report.passed:>3}/{len(report.outcomes)} checks {report.task.points:>4} points"
        )
    return "\n".join([*lines, _total(homework, reports), HONEST])


def scoreboard_html(homework: Homework, reports: Sequence[CheckReport]) -> str:
    """All tasks of a homework in a notebook."""
    cell = 'style="padding:3px 12px;text-align:{}"'.format
    head = "".join(
        f"<th {cell(side)}>{name}</th>"
        for name, side in (
            ("", "left"),
            ("task", "left"),
            ("visible checks", "left"),
            ("points at stake", "right"),
        )
    )
    rows = "".join(
        f"<tr><td {cell('left')}>{_glyph_html(_state(r))}</td>"
        f"<td {cell('left')}>{r.task.number} · {escape(r.task.title)}</td>"
        f"<td {cell('left')}>{_bar(r)} {r.passed}/{len(r.outcomes)}</td>"
        f"<td {cell('right')}>{r.task.points}</td></tr>"
        for r in reports
    )
    return (
        f'<div style="line-height:1.45"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f'<p style="font-weight:600">{escape(_total(homework, reports))}</p><p>{HONEST}</p></div>'
    )


def _glyph_html(status: str) -> str:
    return f'<span style="color:{COLOURS[status]};font-weight:700">{GLYPHS[status]}</span>'


def _state(report: CheckReport) -> str:
    return "waiting" if report.waiting else "passed" if report.all_passed else "failed"


def _bar(report: CheckReport) -> str:
    """One square a check: filled where it passed."""
    return "".join(
        f'<span style="color:{COLOURS[o.status]}">{"■" if o.status == "passed" else "□"}</span>'
        for o in report.outcomes
    )


def _total(homework: Homework, reports: Sequence[CheckReport]) -> str:
    points = sum(report.task.points for report in reports if report.all_passed)
    return f"All visible checks pass in tasks worth {points} of {homework.points} points."
