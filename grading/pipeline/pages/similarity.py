"""Which hand-ins are alike in what the students wrote themselves: pairs to look at, never a verdict.

Fingerprints (Schleimer et al., SIGMOD 2003) from `copydetect`: a solution cell is read as tokens in which every name
is alike, and each run of `RUN` of their characters that the released skeleton does not hold is a fingerprint. Nothing
is executed or parsed, so any text will do. The share of a pair is taken over the whole hand-in, so that a task counts
by its length and two right versions of one short formula say little. Of the bank's right versions no two, written
independently, share more than 0.23; a copy with other names shares all.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from copydetect import CodeFingerprint, compare_files

from dgm_course.homework.course import Homework
from grading.pipeline.grades.autograded import plain
from grading.pipeline.handins.rebuild import rebuild
from grading.pipeline.handins.submitted import submitted_bytes, submitted_path, submitted_students
from grading.pipeline.material.notebooks import release_notebook

RUN = 25
NOTABLE = 0.5  # share of the shorter hand-in
NOTABLE_IN_TASK = 0.8
ENOUGH = 150  # shared fingerprints; fewer are less than a short task's solution
LONGEST = 16 * 2**10  # characters of a cell that are read
# Pygments looks for tokens with expressions that take quadratic time: a minute for 30 KiB of zeros behind a per cent.
WIDEST = re.compile(r".{500}(?=.)")
EXCERPT_LINES = 30

Solutions = Mapping[str, str]  # the source of solution cells by task id


@dataclass(frozen=True)
class Pair:
    """Two hand-ins that are alike: in what share of the shorter one, in which tasks, and most of all in `task`."""

    students: tuple[str, str]
    share: float
    tasks: dict[str, float]
    task: str
    cells: tuple[CodeFingerprint, CodeFingerprint]

    @property
    def excerpts(self) -> tuple[str, str]:
        """Of both students' cells of `task` the lines of the longest passage that is shared."""
        _, _, (one, other) = compare_files(*self.cells)
        return _lines(self.cells[0].raw_code, one), _lines(self.cells[1].raw_code, other)


def class_solutions(course: Path, work: Homework) -> dict[str, Solutions]:
    """What every student with a hand-in wrote into the solution cells."""
    release, tasks = release_notebook(work), {task.id for task in work.tasks}
    return {
        student: {cell.id: cell.source for cell in notebook.cells if cell.id in tasks}
        for student in submitted_students(course, work.id)
        for notebook in [rebuild(release, submitted_bytes(submitted_path(course, work.id, student))).notebook]
    }


def similar_pairs(work: Homework, solutions: Mapping[str, Solutions]) -> list[Pair]:
    """The pairs of students that are worth a look, the most alike first."""
    tasks = {task.id for task in work.tasks}
    skeletons = {
        cell.id: _fingerprint(cell.source) for cell in release_notebook(work).cells if cell.id in tasks
    }
    read = cache(lambda task, source: _fingerprint(source, skeletons[task]))  # equal texts once
    prints = {
        student: {task: read(task, source) for task, source in cells.items()}
        for student, cells in sorted(solutions.items())
    }
    sizes = {student: sum(len(each.hashes) for each in cells.values()) for student, cells in prints.items()}
    pairs = []
    for students in combinations(prints, 2):
        one, other = (prints[student] for student in students)
        shared = {task: len(one[task].hashes & other[task].hashes) for task in one.keys() & other.keys()}
        if max(shared.values(), default=0) == 0:
            continue
        share = sum(shared.values()) / min(sizes[student] for student in students)
        alike = {
            task: part
            for task, number in shared.items()
            if number and (part := number / min(len(one[task].hashes), len(other[task].hashes))) >= NOTABLE
        }
        copied = any(alike[task] >= NOTABLE_IN_TASK and shared[task] >= ENOUGH for task in alike)
        if copied or (share >= NOTABLE and sum(shared.values()) >= ENOUGH):
            most = max(shared, key=lambda task: (shared[task], task))
            pairs.append(Pair(students, share, alike, most, (one[most], other[most])))
    return sorted(pairs, key=lambda pair: (-pair.share, pair.students))


def _fingerprint(source: str, skeleton: CodeFingerprint | None = None) -> CodeFingerprint:
    known = np.array(sorted(skeleton.hashes)) if skeleton else None
    text = WIDEST.sub(r"\g<0>\n", source[:LONGEST])
    return CodeFingerprint(
        "cell", RUN, win_size=1, boilerplate=known, language="python", fp=io.StringIO(text)
    )


def _lines(source: str, slices: np.ndarray) -> str:
    longest = int((slices[1] - slices[0]).argmax())
    start, end = (int(place) for place in slices[:, longest])
    lines = source.split("\n")[source[:start].count("\n") : source[:end].count("\n") + 1]
    cut = ["…"] if len(lines) > EXCERPT_LINES else []
    return plain("\n".join(lines[:EXCERPT_LINES] + cut))
