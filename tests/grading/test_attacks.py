"""Every attack of the bank earns nothing, shows nothing that is hidden, runs nowhere and leaves nothing behind."""

import io
import site
import tempfile
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from rich.console import Console

import dgm_course
from dgm_course.homework.course import HOMEWORKS, homework
from grading.pipeline.grades.autograded import graded_notebook
from grading.pipeline.handins.rebuild import rebuild
from grading.pipeline.marking import workers
from grading.pipeline.marking.results import read_result, result_path, write_result
from grading.pipeline.marking.submission import grade_submission
from grading.pipeline.material.attacks import ATTACKS, attacks, tries
from grading.pipeline.material.bank import hand_in
from grading.pipeline.material.notebooks import reference_cells, release_notebook, source_cells
from grading.pipeline.pages.feedback import write_feedback
from grading.pipeline.pages.tables import class_table
from grading.pipeline.proof.attacks import handed_in, tasks_of, usual_tasks
from grading.sandbox.client import Budget, Cell

BANK = [(work, path) for work in map(homework, HOMEWORKS) for path in attacks(work)]
SECRET = KEY = bytes(32)
HIDDEN = ("smuggled", "5318008" * 3)  # what attacks write where they got hold of something
MARKER = "dgm-attack-marker*"  # what they leave where they got out
BURNS_TIME = ("endless_loop", "sleep_in_answers", "uninterruptible")

# What gets through, and where its hole is; a file leaves this table when its hole is mended.
OPEN: dict[str, str] = {}
HOARDS = ("hidden_descriptors", "map_without_end", "mapped_files", "rename_dance")

LOADS_OR_RUNS = {
    "script",
    "iframe",
    "object",
    "embed",
    "form",
    "link",
    "base",
    "foreignobject",
    "animate",
    "use",
}


class Page(HTMLParser):
    """What in a page could run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.running: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.running += [tag] if tag in LOADS_OR_RUNS else []
        self.running += [name for name, _ in attrs if name.startswith("on")]
        self.running += [value for _, value in attrs if value and "javascript:" in value.lower()]


def impatient(work, monkeypatch):
    """The homework with budgets of a second, for attacks that burn time."""
    monkeypatch.setattr(workers, "COMMON_BUDGET", Budget(cpu_seconds=1, wall_seconds=1.5))
    monkeypatch.setattr(workers, "Budget", partial(Budget, wall_seconds=1.5))
    return replace(work, tasks=tuple(replace(task, cpu_seconds=1.0) for task in work.tasks))


def known_hole(name):
    return [pytest.mark.xfail(reason=OPEN[name], strict=True)] if name in OPEN else []


def marks():
    """What attacks left outside their scratch folders."""
    folders = (
        tempfile.gettempdir(),
        "/dev/shm",
        "/var/tmp",
        Path.home(),
        *dgm_course.__path__,
        *site.getsitepackages(),
    )
    return [mark for folder in folders for mark in Path(folder).glob(MARKER)]


@pytest.mark.parametrize(
    ("work", "path"),
    [
        pytest.param(work, path, id=f"{work.id}-{path.parent.name}-{path.stem}", marks=known_hole(path.stem))
        for work, path in BANK
    ],
)
def test_an_attack_earns_nothing_and_shows_nothing(work, path, sandbox, tmp_path, monkeypatch):
    if path.stem in BURNS_TIME:
        work = impatient(work, monkeypatch)
    content, collected = handed_in(work, path, tmp_path)
    assert bool(content) == collected.taken
    assert collected.line.isprintable()
    assert {entry.name for entry in tmp_path.iterdir()} <= {"downloads", "submitted"}
    tasks = tasks_of(work, path)
    result = grade_submission(work, "mallory", content, sandbox, SECRET, tasks)

    assert {task.id: task.score for task in result.tasks} == {task.id: 0 for task in tasks}
    stored = result_path(tmp_path, work.id, "mallory")
    write_result(result, stored, KEY)
    assert read_result(stored, KEY) == result
    page = write_feedback(tmp_path, work, result).read_text(encoding="utf-8")
    assert Page(page).running == []
    graded = graded_notebook(rebuild(release_notebook(work), content).notebook, result)
    nbformat.validate(graded)
    outputs = nbformat.writes(
        nbformat.v4.new_notebook(metadata={"outputs": [c.get("outputs") for c in graded.cells]})
    )
    table = io.StringIO()
    class_table([result], Console(file=table))
    assert table.getvalue().replace("\n", "").isprintable()
    for secret in HIDDEN:
        assert secret not in page + outputs + table.getvalue()
    assert marks() == []


@pytest.mark.parametrize("name", HOARDS)
def test_what_an_attack_hoards_counts(sandbox, name):
    with sandbox.worker(Budget(disk_mib=4)) as worker:
        worker.run(Cell("import", "import torch"))
        for number, cell in enumerate(source_cells(ATTACKS / "hw1" / "cells" / f"{name}.py")):
            worker.run(Cell(f"hoard-{number}", cell.source))
        worker.run(Cell("wait", "import time; time.sleep(0.7)"))
        assert worker.fault is not None
        assert "flood" in worker.fault.what


def test_there_are_120_attacks_each_with_its_own_sentence():
    paths = {path for _, path in BANK}
    assert paths == set(ATTACKS.glob("*/*/*.py"))
    assert len(paths) == len({tries(path) for path in paths} - {""}) >= 120
    assert {*OPEN, *HOARDS, *BURNS_TIME} <= {path.stem for path in paths}


def test_after_all_attacks_the_sandbox_still_works(work, sandbox):
    right = hand_in(work, {"histogram": reference_cells(work)["histogram"]}, solved=False)
    content = nbformat.writes(right).encode()
    result = grade_submission(work, "alice", content, sandbox, SECRET, usual_tasks(work))
    assert {task.id: task.score for task in result.tasks} == {"histogram": 6, "made": 0, "attention": 0}
