"""nbgrader's formgrader opens our gradebook as it opens its own, and shows a hostile notebook as text."""

import re
import secrets
import socket
import subprocess
import sys

import nbformat
import pytest

from dgm_course import jupyter
from dgm_course.homework.course import homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.grades.gradebook import import_results
from grading.pipeline.handins.submitted import submitted_path
from grading.pipeline.marking.results import Result, TaskResult, TestResult
from grading.pipeline.material.attacks import ATTACKS, attack
from grading.pipeline.material.bank import hand_in
from grading.pipeline.material.release import release

UNUSED = ("jupyterlab", "jupyter_lsp", "notebook", "notebook_shim", "voila.server_extension")  # slow to start
SCRIPT = "<script>window.stolen = 1; alert(1)</script><img src=x onerror='window.stolen = 1'>"
OUTPUTS = (
    {"output_type": "stream", "name": "stdout", "text": SCRIPT},
    {"output_type": "display_data", "data": {"text/html": SCRIPT, "text/plain": SCRIPT}, "metadata": {}},
)


def passing(work, student, share):
    """A result in which the first `share` of the tasks holds."""
    tasks = tuple(
        TaskResult(
            task.id,
            task.number,
            task.title,
            task.points,
            (TestResult("test", SCRIPT, task.points, task.number <= share * len(work.tasks)),),
            outputs=OUTPUTS,
        )
        for task in work.tasks
    )
    return Result(work.id, student, float(work.points), tasks, (), "landlock", *(4 * ["0" * 64]))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Three graded hand-ins, one of them hostile, in a course folder."""
    course, work = tmp_path_factory.mktemp("course"), homework("hw1")
    release(course, work)
    files = {
        "alice": (nbformat.writes(hand_in(work)).encode(), 1),
        "student-01": (nbformat.writes(hand_in(work, solved=False)).encode(), 0.5),
        "mallory": (attack(work, ATTACKS / work.id / "cells" / "xss_outputs.py"), 0),
    }
    for student, (content, _) in files.items():
        write_atomically(submitted_path(course, work.id, student), content)
    graded = [passing(work, student, share) for student, (_, share) in files.items()]
    import_results(course, work, graded)
    return course, {result.student: result for result in graded}


@pytest.fixture(scope="module")
def formgrader(results, tmp_path_factory):
    """The address of a Jupyter server in the course folder, with nothing of this machine's own settings."""
    home, token = tmp_path_factory.mktemp("home"), secrets.token_hex(8)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
            *(f"--port={port}", f"--IdentityProvider.token={token}"),
            f"--ServerApp.jpserver_extensions={dict.fromkeys(UNUSED, False)}",
        ],
        cwd=results[0],
        env=jupyter.alone(home),
        stderr=subprocess.PIPE,
        text=True,
    )
    said = []
    for line in server.stderr:
        said.append(line)
        if address := re.search(r"(http://127\.0\.0\.1:\d+)/", line):
            yield lambda page: f"{address[1]}/formgrader/{page}?token={token}"
            break
    else:
        pytest.fail("The Jupyter server did not start:\n" + "".join(said))
    server.terminate()
    server.communicate()


def column(page, name):
    """The cells of one column of the table on a page, once it is filled."""
    cells = page.locator(f"tbody td.{name}")
    cells.first.wait_for()
    return [" ".join(text.split()) for text in cells.all_text_contents()]


def test_its_scores_are_those_of_the_results(browser, formgrader, results):
    page = browser.new_page()
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(formgrader("manage_assignments"))
    assert (column(page, "name"), column(page, "num-submissions")) == (["hw1"], ["3"])
    page.goto(formgrader("manage_submissions/hw1"))
    assert column(page, "status") == ["graded"] * 3
    shown = dict(zip(column(page, "student-id"), column(page, "score"), strict=True))
    assert shown == {name: f"{result.score:g} / 100" for name, result in results[1].items()}
    assert shown["student-01"] == "50 / 100"
    here = formgrader("").partition("/formgrader")[0]
    assert {url for url in loaded if not url.startswith((here, "data:"))} == set()


def test_a_hostile_notebook_in_it_is_text(browser, formgrader):
    page = browser.new_page()
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(formgrader("manage_assignments"))  # the other pages do not log in by token
    page.goto(formgrader("gradebook/hw1/hw1"))
    page.locator("td.name a", has_text="mallory").dispatch_event("click")  # names are hidden at first
    page.locator(".nbgrader_cell").first.wait_for()
    assert page.locator("body").text_content().count(SCRIPT) > 24
    assert page.evaluate("() => window.stolen") is None
    assert dialogs == []
