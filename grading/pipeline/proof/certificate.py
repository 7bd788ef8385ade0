"""`dgm-grade prove hw1 --seeds 1000`: how often does a hidden test fail right code?

Each student has secret inputs of their own, so right code could fail by bad luck: of a statistical test, or where a
tolerance is hit. The reference is graded as that many students. A test that failed k times in n has, with 95 %
confidence, a false-failure rate below the exact bound of Clopper and Pearson; for k = 0 that is 1 − 0.05^(1/n), about
3/n. Every tenth student also trains models, which takes most of a grading's time.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from scipy.stats import beta

from dgm_course.homework.course import Homework
from grading.pipeline.course.drafts import write_atomically
from grading.pipeline.marking.submission import suite_fingerprint
from grading.pipeline.material.bank import BANK, hand_in
from grading.pipeline.proof.prove import cheap_tasks
from grading.pipeline.running.run import Job, Progress, grade_all

SECRET = b"certificate"
CONFIDENCE = 0.95
DEAR_SHARE = 10


@dataclass(frozen=True)
class Rate:
    """How often one hidden test failed the reference, and for which students."""

    test: str
    runs: int
    failed: tuple[str, ...] = ()

    @property
    def bound(self) -> float:
        """The upper end of the exact one-sided confidence interval of the false-failure rate."""
        return upper_bound(len(self.failed), self.runs)


def upper_bound(failures: int, runs: int) -> float:
    """Clopper and Pearson's: the rate at which so few failures, or fewer, would have a probability of 5 %.

    Example:
        >>> round(upper_bound(0, 1000), 6)
        0.002991
    """
    return 1.0 if failures >= runs else float(beta.ppf(CONFIDENCE, failures + 1, runs - failures))


def certify(
    work: Homework, seeds: int, *, processes: int | None = None, progress: Progress | None = None
) -> list[Rate]:
    """Grade the reference as `seeds` students; a rate for each hidden test, in the order of the tasks.

    When it is interrupted, the rates are those of the seeds that were graded.
    """
    runs: dict[str, int] = defaultdict(int)
    failed: dict[str, list[str]] = defaultdict(list)
    with suppress(KeyboardInterrupt):
        for done, (job, outcome) in enumerate(grade_all(_jobs(work, seeds), SECRET, processes=processes), 1):
            if isinstance(outcome, Exception):
                raise outcome
            for task in outcome.result.tasks:
                for test in task.tests:
                    name = f"{task.id}::{test.name}"
                    runs[name] += 1
                    failed[name] += [] if test.passed else [job.student]
            if progress:
                progress(done, seeds, job.student)
    order = [task.id for task in work.tasks]
    names = sorted(runs, key=lambda name: order.index(name.split("::")[0]))
    return [Rate(name, runs[name], tuple(sorted(failed[name]))) for name in names]


def keep_certificate(rates: list[Rate], work: Homework) -> None:
    """Write the rates beside the bank, with the fingerprint of the tests that they are the rates of."""
    data = {
        "homework": work.id,
        "suite_sha256": suite_fingerprint(work),
        "confidence": CONFIDENCE,
        "rates": [asdict(rate) | {"bound": round(rate.bound, 6)} for rate in rates],
    }
    write_atomically(certificate_path(work), (json.dumps(data, indent=1) + "\n").encode())


def certificate_path(work: Homework) -> Path:
    """Where the rates are kept."""
    return BANK / work.id / "certificate.json"


def _jobs(work: Homework, seeds: int) -> Iterator[Job]:
    content = nbformat.writes(hand_in(work)).encode()
    for seed in range(seeds):
        yield Job(work.id, f"seed-{seed:04d}", content, cheap_tasks(work) if seed % DEAR_SHARE else None)
