"""Every layer alone refuses what it claims to stop; without any layer every attempt succeeds."""

import os
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from grading.sandbox import landlock, launch
from grading.sandbox.attempts import ATTEMPTS, BUDGET, REFUSALS, Attempt, prey, try_all
from grading.sandbox.client import Cell, Sandbox
from grading.sandbox.host import ZygoteProcess
from grading.sandbox.layers import LAYER

ROOT = os.geteuid() == 0
# Only root has accounts to lend and capabilities to lose.
SWITCHES = ["landlock", "seccomp", "rlimits", *(["uid", "capabilities"] if ROOT else [])]
ALONE = [*SWITCHES, *(["bwrap"] if launch.bwrap_works() else [])]
# What a machine may refuse an ordinary user by itself: Yama, AppArmor, the filter of a container.
MACHINE = {"trace another process", "read another process's memory", "make a user namespace"}
# A zygote that puts on its workers the layers it was asked for last; no other lets go of any. It imports what the
# attempts need: where Python lies below /root a worker with an account of its own cannot.
ANY_LAYERS = """
import bdb, encodings.idna, fcntl, resource
from grading.sandbox import zygote
class AnyLayers(zygote.Zygote):
    def on_layers(self, number, layers):
        self.layers = frozenset(layers)
        self.home.chmod(0o711)
        return {}
zygote.Zygote = AnyLayers
zygote.main()
"""

Open = Callable[..., Sandbox]


@pytest.fixture(scope="module")
def confined_by() -> Iterator[Open]:
    """Sandboxes with these layers and no other; two zygotes serve them all, one behind walls and one not."""
    command = launch.command

    def any_layers(*arguments):
        line = command(*arguments)
        at = line.index("grading.sandbox.zygote")
        return [*line[: at - 1], "-c", ANY_LAYERS, *line[at + 1 :]]

    @cache
    def sandbox(walls: tuple[str, ...]) -> Sandbox:
        sandbox = Sandbox("none", trust=True)
        sandbox.zygote = ZygoteProcess(walls)
        return sandbox

    def confined_by(*layers: str) -> Sandbox:
        found = sandbox(("bwrap",) if "bwrap" in layers else ())
        found.zygote.ask("layers", 0, layers=layers)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "command", any_layers)
        yield confined_by
        for walls in ((), ("bwrap",)):
            sandbox(walls).__exit__()


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
