"""Sandboxes at every level of isolation that works on this machine."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from grading.sandbox import launch
from grading.sandbox.client import Budget, Cell, Sandbox, Worker
from grading.sandbox.host import ZygoteProcess

LEVELS = ["landlock", "bwrap"] if launch.bwrap_works() else ["landlock"]


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


@pytest.fixture(scope="session", params=LEVELS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(request.param) as sandbox:
        yield sandbox


@pytest.fixture
def worker(sandbox: Sandbox) -> Iterator[Worker]:
    with sandbox.worker(Budget(cpu_seconds=20, wall_seconds=20, memory_mib=1024)) as worker:
        yield worker


@pytest.fixture
def define(worker: Worker):
    """Runs a cell and returns the student whose notebook it is."""

    def define(source: str):
        result = worker.run(Cell("task", source))
        assert result.error is None, result
        return worker.student

    return define


@pytest.fixture(scope="session")
def confined_by() -> Iterator[Callable[..., Sandbox]]:
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
