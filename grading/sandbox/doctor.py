"""Tries to escape from a worker in every way we know, and says what each needs where it succeeds.

`attempts.quick` runs at the start of every sandbox. Here are, besides, the attempts that take seconds: to outlive
a budget and to flood the machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from grading.sandbox import attempts, landlock, launch
from grading.sandbox.attempts import Finding
from grading.sandbox.client import Budget, Cell, Sandbox, SandboxError
from grading.sandbox.escapes import Attempt
from grading.sandbox.layers import LAYERS

BUDGET = Budget(cpu_seconds=1, wall_seconds=1, memory_mib=512, disk_mib=8)

DEAF = """
import signal
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
"""

OUTLIVE = (
    Attempt("compute for ever, deaf to signals", DEAF + "while True: pass", "rlimits"),
    Attempt("sleep for ever, deaf to signals", DEAF + "import time\nwhile True: time.sleep(1)", "rlimits"),
    Attempt("hang up and live on", "import os, time\nos.close(3)\ntime.sleep(60)", "seccomp"),
    Attempt(
        "start threads without end",
        "import threading, time\n"
        "threading.stack_size(2**16)\n"
        "while True: threading.Thread(target=time.sleep, args=(60,)).start()",
        "seccomp",
    ),
    Attempt(
        "write files without end",
        "import itertools\nfor n in itertools.count(): open(f'{n}', 'wb').write(bytes(2**20))",
        "landlock",
    ),
)


# What later versions of Landlock brought; without it seccomp alone holds the same back.
LANDLOCK_SINCE = {
    3: "shortening files (Linux 6.2)",
    4: "connections (6.7)",
    5: "device commands (6.10)",
    6: "signals and abstract sockets (6.12)",
}


@dataclass(frozen=True)
class Holding:
    """A layer, whether it holds here, and what it holds back; or what its lack costs and how to mend it."""

    layer: str
    held: bool
    meaning: str


def holdings(isolation: str = "auto") -> Iterator[Holding]:
    """Every layer of the confinement at this level of isolation, on this machine and for this user."""
    names = launch.layers(launch.best() if isolation == "auto" else isolation)
    version = landlock.version()
    for layer in LAYERS:
        if layer.name not in names or (layer.name == "landlock" and not version):
            yield Holding(layer.name, False, f"{layer.cost} {layer.fix}")
            continue
        lacks = [
            what for since, what in LANDLOCK_SINCE.items() if layer.name == "landlock" and version < since
        ]
        but = f"; this kernel's leaves {', '.join(lacks)} to seccomp alone" if lacks else ""
        yield Holding(layer.name, True, layer.holds + but)


def diagnose(isolation: str = "auto") -> list[Finding]:
    """Everything that was tried, and whether it was held; a sandbox that does not even start is one finding."""
    try:
        with Sandbox(isolation, prove=False) as sandbox:
            return list(examine(sandbox))
    except SandboxError as error:
        return [Finding("not even be started", False, str(error))]


def examine(sandbox: Sandbox) -> Iterator[Finding]:
    """Tries everything in workers of this sandbox."""
    yield from attempts.quick(sandbox.worker)
    for attempt in OUTLIVE:
        yield _outlives(sandbox, attempt)


def _outlives(sandbox: Sandbox, attempt: Attempt) -> Finding:
    """A budget is held when the worker is gone; that it is gone is known, for the zygote has buried it."""
    with sandbox.worker(BUDGET) as worker:
        error = worker.run(Cell("attempt", attempt.source)).error
        return Finding(attempt.name, worker.fault is not None or error is not None, attempt.fix)
