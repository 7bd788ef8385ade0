"""Tries to escape from a worker in every way we know, and says what each needs where it succeeds.

`attempts.quick` runs at the start of every sandbox. Here are, besides, the attempts that take seconds: to outlive
a budget and to flood the machine.
"""

from collections.abc import Iterator

from grading.sandbox import attempts
from grading.sandbox.attempts import Attempt, Finding
from grading.sandbox.client import Budget, Cell, Sandbox, SandboxError

BUDGET = Budget(cpu_seconds=1, wall_seconds=1.5, memory_mib=512, disk_mib=8)

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
