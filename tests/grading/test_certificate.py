"""How often a hidden test fails right code: the bound is exact, failures count, the kept one covers every test."""

import ast
import io
import json
from types import SimpleNamespace

import pytest
from rich.console import Console
from scipy.stats import binom

from grading.pipeline.marking.suite import HIDDEN
from grading.pipeline.pages.tables import certificate_table
from grading.pipeline.proof import certificate
from grading.pipeline.proof.certificate import Rate, certificate_path, certify, keep_certificate, upper_bound
from grading.pipeline.proof.prove import cheap_tasks


@pytest.mark.parametrize(("failures", "runs"), [(0, 1), (0, 1000), (1, 20), (7, 1000), (19, 20)])
def test_at_the_bound_so_few_failures_have_a_probability_of_five_percent(failures, runs):
    assert binom.cdf(failures, runs, upper_bound(failures, runs)) == pytest.approx(0.05)


def test_what_always_fails_has_no_bound():
    assert upper_bound(3, 3) == 1.0


def graded(work, job, failing):
    """What grading a job gives, where one hidden test a task fails the students named."""
    tasks = [
        SimpleNamespace(id=task, tests=[SimpleNamespace(name="test_all", passed=job.student not in failing)])
        for task in job.tasks or [task.id for task in work.tasks]
    ]
    return SimpleNamespace(result=SimpleNamespace(tasks=tasks))


def test_every_student_counts_and_a_tenth_of_them_trains(work, monkeypatch, tmp_path):
    def grade_all(jobs, secret, *, processes):
        yield from ((job, graded(work, job, {"seed-0003", "seed-0010"})) for job in jobs)

    monkeypatch.setattr(certificate, "grade_all", grade_all)
    monkeypatch.setattr(certificate, "certificate_path", lambda work: tmp_path / "kept.json")
    rates = certify(work, 20)
    assert [rate.test for rate in rates] == [f"{task.id}::test_all" for task in work.tasks]
    for rate in rates:
        cheap = rate.test.split("::")[0] in cheap_tasks(work)
        assert rate.runs == (20 if cheap else 2)
        assert rate.failed == (("seed-0003", "seed-0010") if cheap else ("seed-0010",))
    keep_certificate(rates, work)
    kept = json.loads((tmp_path / "kept.json").read_text())
    assert kept["rates"][0]["bound"] == pytest.approx(rates[0].bound, abs=1e-6)


def test_an_interrupted_run_keeps_what_it_measured(work, monkeypatch):
    def grade_all(jobs, secret, *, processes):
        yield from ((job, graded(work, job, ())) for job, _ in zip(jobs, range(3), strict=False))
        raise KeyboardInterrupt

    monkeypatch.setattr(certificate, "grade_all", grade_all)
    assert {rate.runs for rate in certify(work, 20)} == {1, 3}


def test_the_table_shows_seeds_failures_and_the_bound():
    text = io.StringIO()
    rates = [Rate("made::test_all", 1000), Rate("made::test_some", 1000, ("seed-0007",))]
    certificate_table(rates, Console(file=text, width=120))
    right, wrong = (line.split() for line in text.getvalue().splitlines() if "made" in line)
    assert right == ["made", "all", "1000", "0", "0.30%"]
    assert wrong == ["made", "some", "1000", "✗", "1", "0.47%"]


def test_the_kept_certificate_is_of_every_hidden_test_and_none_failed(work):
    kept = json.loads(certificate_path(work).read_text(encoding="utf-8"))
    names = set()
    for task in work.tasks:
        tree = ast.parse((HIDDEN / work.id / f"test_{task.stem}.py").read_text(encoding="utf-8"))
        names |= {f"{task.id}::{node.name}" for node in tree.body if getattr(node, "decorator_list", ())}
    names = {name for name in names if "::test_" in name}
    assert {rate["test"] for rate in kept["rates"]} == names
    for rate in kept["rates"]:
        assert rate["failed"] == []
        assert rate["runs"] >= (1000 if rate["test"].split("::")[0] in cheap_tasks(work) else 100)
        assert rate["bound"] == pytest.approx(upper_bound(0, rate["runs"]), abs=1e-6)
