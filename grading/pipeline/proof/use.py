"""What the reference uses of CPU, clock and memory, so that a budget and a student's own use can be judged.

Each task is measured as a student's failing one is: alone, in a worker that ran the cells before it. The figures are
kept in `grading/bank/<homework>/use.json`; `dgm-grade prove --full` measures them again.
"""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from dgm_course.homework.course import Homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.marking.suite import HiddenSuite
from grading.pipeline.material.bank import BANK, hand_in
from grading.sandbox.client import Sandbox, Usage


def use_path(work: Homework) -> Path:
    """Where what the reference uses is kept."""
    return BANK / work.id / "use.json"


def measure(work: Homework) -> dict[str, Usage]:
    """Run the hidden tests on the reference, task by task, and return what each task used."""
    with Sandbox() as sandbox:
        suite = HiddenSuite(sandbox, work, hand_in(work), student="reference", secret=b"use")
        return {task: run.usage for task, run in suite.grade(work.tasks).items()}


def keep_use(work: Homework) -> None:
    """Measure the reference and write the figures beside the bank."""
    data = {
        task: {name: round(figure, 3) for name, figure in asdict(usage).items()}
        for task, usage in measure(work).items()
    }
    write_atomically(use_path(work), (json.dumps(data, indent=1) + "\n").encode())


@cache
def reference_use(work: Homework) -> dict[str, Usage]:
    """What the reference used by task id; without a kept measurement, nothing."""
    if not use_path(work).exists():
        return {}
    data = json.loads(use_path(work).read_text(encoding="utf-8"))
    return {task: Usage(**figures) for task, figures in data.items()}
