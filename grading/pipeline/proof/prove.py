"""`dgm-grade prove`: the hidden tests are themselves tested, by wrong versions they must reject and right ones.

Four claims, each a row that can break: every wrong version loses points on its own task; on no other task; every
right version gets every point with every seed; every hidden test is failed by at least one wrong version.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import nbformat

from dgm_course.homework.course import Homework, Task
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.marking.results import Result
from grading.pipeline.material.bank import Misconception, hand_in, misconceptions, proof_path, right_styles
from grading.pipeline.running.pool import Job, Progress, grade_all

SECRET = b"prove"
SEEDS = 50
SHORT_SEEDS = 4
DEAR_SEEDS = 20
DEAR_CPU_SECONDS = 60.0  # a task with a budget above this trains a model


@dataclass
class Proof:
    """The matrix: what each wrong version fails, what each right version scored, which tests killed nothing."""

    homework: str
    wrong: list[dict[str, Any]] = field(default_factory=list)
    right: list[dict[str, Any]] = field(default_factory=list)
    idle_tests: list[str] = field(default_factory=list)

    def breaches(self) -> list[str]:
        """One sentence for each claim that does not hold; an empty list is a proof."""
        found = [
            f"{row['task']}/{row['name']} keeps all its points" for row in self.wrong if not row["fails"]
        ]
        found += [
            f"{row['task']}/{row['name']} also loses points on {', '.join(row['elsewhere'])}"
            for row in self.wrong
            if row["elsewhere"]
        ]
        found += [
            f"right version {row['style']} fails {', '.join(row['fails'])} with seed {row['seed']}"
            for row in self.right
            if row["fails"]
        ]
        return found + [f"{name} rejects no wrong version" for name in self.idle_tests]


def prove(
    work: Homework,
    *,
    full: bool,
    only: Task | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Proof:
    """Hold the hidden tests to the bank; `full` grades whole hand-ins and many seeds, else each task alone.

    Both hold every wrong version to at least one failing test of its own task. A task that trains a model is graded
    with the wrong versions of itself and of the tasks that it needs. `only` proves one task alone, for its author.
    """
    wrong = {f"{each.task.stem}/{each.name}": each for each in misconceptions(work, only)}
    jobs = [*_wrong_jobs(work, wrong, full), *_right_jobs(work, full, only)]
    proof = Proof(work.id)
    killed: set[str] = set()
    known: set[str] = set()
    for done, (job, outcome) in enumerate(grade_all(jobs, SECRET, processes=processes), 1):
        if isinstance(outcome, Exception):
            raise outcome
        result = outcome.result
        known |= {_qualified(task.id, test.name) for task in result.tasks for test in task.tests}
        if each := wrong.get(job.student):
            row = _wrong_row(each, result)
            killed |= {_qualified(each.task.id, name) for name in row["fails"]}
            proof.wrong.append(row)
        else:
            style, seed = job.student.rsplit("/", 1)
            proof.right.append({"style": style, "seed": seed, "fails": _failed(result)})
        if progress:
            progress(done, len(jobs), job.student)
    proof.wrong.sort(key=lambda row: (row["number"], row["name"]))
    proof.right.sort(key=lambda row: (row["style"], int(row["seed"])))
    proof.idle_tests = sorted(known - killed)
    return proof


def keep(proof: Proof, work: Homework) -> None:
    """Write the matrix beside the bank, where the feedback finds the signatures of misconceptions."""
    styles = sorted({row["style"] for row in proof.right})
    right = [
        {
            "style": style,
            "seeds": sum(row["style"] == style for row in proof.right),
            "below_full_marks": sum(row["style"] == style and bool(row["fails"]) for row in proof.right),
        }
        for style in styles
    ]
    data = {"homework": work.id, "wrong": proof.wrong, "right": right, "breaches": proof.breaches()}
    write_atomically(proof_path(work), (json.dumps(data, indent=1) + "\n").encode())


def _wrong_jobs(work: Homework, wrong: dict[str, Misconception], full: bool) -> Iterator[Job]:
    for name, each in wrong.items():
        content = nbformat.writes(hand_in(work, {each.task.id: each.source})).encode()
        dear = [task.id for task in work.tasks if each.task.id in (task.id, *task.needs)]
        whole = tuple(task.id for task in work.tasks if task.id in (*cheap_tasks(work), *dear))
        yield Job(work.id, name, content, whole if full else (each.task.id,))


def _right_jobs(work: Homework, full: bool, only: Task | None) -> Iterator[Job]:
    dear = DEAR_SEEDS if full else 1
    every, cheap = ((only.id,), (only.id,)) if only else (None, cheap_tasks(work))
    for style, cells in {"reference": {}, **right_styles(work)}.items():
        content = nbformat.writes(hand_in(work, cells)).encode()
        seeds = SEEDS if full else SHORT_SEEDS if only or style == "reference" else 1
        for seed in range(seeds):
            yield Job(work.id, f"{style}/{seed}", content, every if seed < dear else cheap)


def cheap_tasks(work: Homework) -> tuple[str, ...]:
    """The tasks that train no model."""
    return tuple(task.id for task in work.tasks if task.cpu_seconds < DEAR_CPU_SECONDS)


def _wrong_row(each: Misconception, result: Result) -> dict[str, Any]:
    own = result.task(each.task.id)
    return {
        "task": each.task.id,
        "number": each.task.number,
        "name": each.name,
        "score": own.score,
        "points": own.points,
        "fails": [test.name for test in own.tests if not test.passed],
        "elsewhere": [task.id for task in result.tasks if task.id != own.id and task.score < task.points],
    }


def _failed(result: Result) -> list[str]:
    return [_qualified(task.id, test.name) for task in result.tasks for test in task.tests if not test.passed]


def _qualified(task: str, test: str) -> str:
    return f"{task}::{test}"
