"""Every layer alone refuses what it claims to stop; without any layer every attempt succeeds."""

import os
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from grading.sandbox import landlock, launch
from grading.sandbox.attempts import BUDGET, REFUSALS, prey, try_all
from grading.sandbox.client import Cell, Sandbox
from grading.sandbox.escapes import ATTEMPTS, Attempt
from grading.sandbox.layers import LAYER

ROOT = os.geteuid() == 0
# Only root has accounts to lend and capabilities to lose.
SWITCHES = ["landlock", "seccomp", "rlimits", *(["uid", "capabilities"] if ROOT else [])]
ALONE = [*SWITCHES, *(["bwrap"] if launch.bwrap_works() else [])]
# What a machine may refuse an ordinary user by itself: Yama, AppArmor, the filter of a container.
MACHINE = {"trace another process", "read another process's memory", "make a user namespace"}
Open = Callable[..., Sandbox]


@pytest.fixture(scope="module")
def refusals(confined_by: Open) -> Callable[..., dict[str, str | None]]:
    """How each attempt is refused by these layers, None where it succeeds."""

    @cache
    def refusals(*layers: str) -> dict[str, str | None]:
        with prey() as names, confined_by(*layers).worker(BUDGET) as worker:
            return {attempt.name: refusal for attempt, refusal in try_all(worker, ATTEMPTS, names)}

    return refusals


def claims() -> Iterator[tuple[str, Attempt]]:
    for attempt in ATTEMPTS:
        for layer in attempt.stopped_by.split():
            if layer in ALONE and (layer != "landlock" or landlock.version() >= attempt.landlock):
                yield layer, attempt


@pytest.mark.parametrize(
    ("layer", "attempt"), [pytest.param(*claim, id=f"{claim[0]}-{claim[1].name}") for claim in claims()]
)
def test_a_layer_alone_refuses_what_it_claims_to_stop(refusals, layer, attempt):
    assert refusals(layer)[attempt.name] in REFUSALS


def test_without_any_layer_every_attempt_succeeds(refusals):
    failed = {name for name, refusal in refusals().items() if refusal in REFUSALS}
    needs_root = {attempt.name for attempt in ATTEMPTS if "capabilities" in attempt.stopped_by}
    assert failed <= (set() if ROOT else MACHINE | needs_root)


def test_every_layer_of_a_worker_stops_something():
    assert {layer for attempt in ATTEMPTS for layer in attempt.stopped_by.split()} == {*LAYER} - {"cgroup"}


DAEMON = """
import os, time
def leave():
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write, b"%d" % os.getpid())
            while True: time.sleep(60)
        os._exit(0)
    return int(os.read(read, 20))
"""


def test_a_daemon_of_a_worker_without_seccomp_dies_with_it(confined_by):
    with confined_by().worker() as first, confined_by().worker() as second:
        first.run(Cell("daemon", DAEMON))
        daemon = first.student.leave()
        assert os.path.exists(f"/proc/{daemon}")
        first.close()
        assert not os.path.exists(f"/proc/{daemon}")
        assert second.run(Cell("fine", "1")).error is None
