"""`check` tells what holds, what does not and why, what is not written; `scoreboard` adds it up."""

import linecache

import pytest
from matplotlib.figure import Figure

from dgm_course.homework import check, scoreboard
from dgm_course.homework.checks import UnknownTaskError
from dgm_course.homework.render import report_html, report_text
from dgm_course.homework.report import CheckReport, run_checks


def written(source, filename="<cell 1>"):
    """The globals of a notebook after one cell."""
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    namespace = {"check": check, "scoreboard": scoreboard}
    exec(compile(source, filename, "exec"), namespace)
    return namespace


def report_of(tiny, source):
    work, _ = tiny
    return run_checks(work, work.tasks[0], written(source))


def test_checks_run_in_the_order_in_which_they_are_written_and_each_alone(tiny):
    report = report_of(tiny, "def double(x):\n    return x + 2 if x > 0 else x / 0 if x == 0 else 5")
    assert [outcome.title for outcome in report.outcomes] == [
        "Twice nothing is nothing",
        "Twice <two> is four",
        "Signs stay",
    ]
    assert [outcome.status for outcome in report.outcomes] == ["failed", "passed", "failed"]
    assert report.passed == 1
    assert not report.all_passed


def test_a_property_that_fails_is_told_in_four_parts(tiny):
    _, outcome, _ = report_of(tiny, "def double(x):\n    return x").outcomes
    assert (outcome.expected, outcome.got) == ("value = 4", "2")
    assert (outcome.cause, outcome.read, outcome.line) == ("added & not multiplied", "the table of 2", "")


def test_an_exception_is_shown_with_the_students_own_line(tiny):
    source = (
        "import math\ndef double(x):\n    return helper(x)\ndef helper(x):\n    return math.fsum(x)  # mine"
    )
    outcome = report_of(tiny, source).outcomes[0]
    assert outcome.got.startswith("TypeError: 'float' object is not iterable")
    assert outcome.line == "return math.fsum(x)  # mine"
    assert "docstring" in outcome.read


def test_an_exit_is_only_another_exception_but_an_interrupt_stops_everything(tiny):
    assert report_of(tiny, "def double(x):\n    raise SystemExit").outcomes[0].got == "SystemExit"
    with pytest.raises(KeyboardInterrupt):
        report_of(tiny, "def double(x):\n    raise KeyboardInterrupt")


def test_what_is_not_written_is_no_error(tiny):
    report = report_of(tiny, 'def double(x):\n    raise NotImplementedError("Task 1 · double")')
    assert report.waiting
    text = report_text(report)
    assert text.splitlines()[0] == "Task 1 · Twice as much · not written yet"
    assert text.count("`double` is not written yet") == 1  # told once, not three times
    assert "✗" not in text


def test_a_missing_method_of_pytorch_is_an_error(tiny):
    module = "from torch.nn import Module\nmodule = type('Double', (Module,), {})()\n"
    source = module + "def double(x):\n    return module(x)"
    outcome = report_of(tiny, source).outcomes[0]
    assert outcome.status == "failed"
    assert "`forward`" in outcome.cause
    assert outcome.line == "return module(x)"


def test_a_missing_name_asks_to_run_the_cell(tiny):
    report = report_of(tiny, "pass")
    assert report.waiting
    assert "there is no `double` in the notebook: run the cell above first" in report_text(report)


def test_the_names_are_those_of_this_moment(tiny):
    work, _ = tiny
    namespace = written("def double(x):\n    return x")
    namespace["double"] = lambda x: 2 * x
    assert run_checks(work, work.tasks[0], namespace).all_passed


def test_one_line_that_fails_in_every_check_is_explained_once(tiny):
    text = report_text(report_of(tiny, "def double(x):\n    return x[0]"))
    assert text.count("likely cause") == 1
    assert text.count("TypeError") == 3
    assert text.count("same line as above") == 2


def test_html_escapes_what_it_shows_and_does_not_rest_on_colour(tiny):
    html = report_html(report_of(tiny, "def double(x):\n    return x"))
    assert "Twice &lt;two&gt; is four" in html
    assert "added &amp; not multiplied" in html
    for word in ("✓", "✗", "expected", "got", "likely cause", "read"):
        assert word in html


def test_check_prints_a_report_and_returns_nothing(tiny, capsys):
    namespace = written("def double(x):\n    return 2 * x\nresult = check('double')")
    assert namespace["result"] is None
    printed = capsys.readouterr().out
    assert "3 of 3 properties" in printed
    assert printed.count("✓") == 3


def test_check_shows_html_in_ipython(tiny, monkeypatch):
    from dgm_course.homework import checks

    shown = []
    monkeypatch.setattr(checks.InteractiveShell, "initialized", lambda: True)
    monkeypatch.setattr(checks, "display", lambda data, raw: shown.append(data))
    _, module = tiny
    module.picture = lambda student: Figure(figsize=(1, 1))
    written("def double(x):\n    return 2 * x\ncheck('double')")
    assert "data:image/png;base64" in shown[0]["text/html"]
    assert "✓" in shown[0]["text/plain"]

    module.picture = lambda student: student.double("a")[7]
    written("def double(x):\n    return 2 * x\ncheck('double')")
    assert "No picture: drawing what this code returns raises IndexError." in shown[1]["text/html"]


def test_no_picture_before_everything_is_written(tiny, capsys):
    _, module = tiny
    drawn = []
    module.picture = drawn.append
    written("check('double')")
    assert drawn == []


def test_an_unknown_task_is_one_line_that_names_the_tasks(tiny):
    with pytest.raises(UnknownTaskError) as raised:
        check("dubble")
    assert raised.value._render_traceback_() == ["There is no task 'dubble'. The tasks are: double."]
    with pytest.raises(UnknownTaskError, match="There is: hw0"):
        scoreboard("hw9")


def test_a_report_survives_the_way_through_json(tiny):
    work, _ = tiny
    report = report_of(tiny, "def double(x):\n    return x")
    assert CheckReport.from_json(work, report.to_json()) == report


def test_the_scoreboard_adds_up_and_is_honest(tiny, capsys):
    written("def double(x):\n    return x if x else 0\nscoreboard('hw0')")
    printed = capsys.readouterr().out
    assert "1/3 checks" in printed
    assert "worth 0 of 7 points" in printed
    assert "hidden tests" in printed
    written("def double(x):\n    return 2 * x\nscoreboard('hw0')")
    assert "worth 7 of 7 points" in capsys.readouterr().out


def test_the_scoreboard_in_a_notebook(tiny):
    from dgm_course.homework.render import scoreboard_html

    work, _ = tiny
    html = scoreboard_html(work, [report_of(tiny, "def double(x):\n    return x")])
    assert "1/3" in html
    assert "■" in html
    assert "hidden tests" in html
