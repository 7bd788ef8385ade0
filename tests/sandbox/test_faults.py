"""Whatever a notebook does to its process or its connection ends as a clean error, within the budget."""

import select
import struct

import pytest

from dgm_course.testing import StudentError
from grading.sandbox import process
from grading.sandbox.client import Budget, Cell
from grading.sandbox.host import ZygoteProcess

BRIEF = Budget(wall_seconds=0.4)
SMALL = Budget(cpu_seconds=1, wall_seconds=60, memory_mib=512, disk_mib=8)
DEAF = """
import signal, time
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
"""
# The student's code shares a process with the worker: it may find it, and make it lie.
FIND = """
import gc
(worker,) = [found for found in gc.get_objects() if type(found).__name__ == 'Worker']
"""


def answer(id: int) -> str:
    """A cell that forges the answer to request `id`."""
    value = b'{"id":%d,"kind":"value","body":{"dict":[["outputs",[]],["error",null]]},"buffers":[]}' % id
    return f"import os, threading, time\nforged = {struct.pack('>I', len(value)) + value!r}\n"


def megabytes(count: int, after_each: str) -> str:
    """A cell that writes one file of a MiB after another."""
    return f"""
import os, time
held = []
for n in range({count}):
    held.append(open(f"file-{{n}}", "wb", 0))
    held[-1].write(bytes(2**20))
    {after_each}
time.sleep(60)
"""


# The limit of the kernel may refuse a thread before the watch has counted them: this cell does not give up.
THREADS = """
import threading, time
threading.stack_size(2**16)
while True:
    try:
        threading.Thread(target=time.sleep, args=(60,)).start()
    except RuntimeError:
        pass
"""
RECURSION = """
import ctypes, sys
sys.setrecursionlimit(10**9)
deeper = ctypes.CFUNCTYPE(None)(lambda: deeper())
deeper()
"""
LATE = {
    "sleep": "import time; time.sleep(60)",
    "sleep-deaf": DEAF + "while True: time.sleep(60)",
    "loop-deaf": DEAF + "while True: pass",
    "half-an-answer": "import os, time; os.write(3, bytes([0, 0, 1])); time.sleep(60)",
}
FAULTS = {
    "loop": ("while True: pass", "timeout", "CPU time"),
    "loop-deaf": (DEAF + "while True: pass", "timeout", "CPU time"),
    "exit": ("import os; os._exit(0)", "died", "closed its connection"),
    "hang-up": ("import os, time; os.close(3); time.sleep(60)", "died", "closed its connection"),
    "segfault": ("import ctypes; ctypes.string_at(0)", "died", "SIGSEGV"),
    "abort": ("import os; os.abort()", "died", "SIG"),
    "recursion": (RECURSION, "died", "SIGSEGV"),
    "threads": (THREADS, "died", "flood of threads"),
    "files": ("for n in range(10**9): open(str(n), 'w')", "died", "flood of files"),
    "folders": ("import os, time\nwhile True: os.mkdir('a'); os.chdir('a')", "died", "flood of files"),
    "disk": (megabytes(20, "pass"), "died", "flood of bytes"),
    "disk-deleted": (megabytes(20, "os.remove(f'file-{n}')"), "died", "flood of bytes"),
    "garbage": ("import os; os.write(3, b'x' * 1000)", "protocol", "length"),
    "wrong-answer": (answer(9) + "os.write(3, forged); time.sleep(60)", "protocol", "no question"),
}


@pytest.mark.parametrize("name", LATE)
def test_a_worker_that_gives_no_answer_is_ended(sandbox, name):
    with sandbox.worker(BRIEF) as worker:
        assert worker.run(Cell("late", LATE[name])).error.kind == "timeout"
        assert "no answer within 0.4 s" in worker.fault.what


@pytest.mark.parametrize("name", FAULTS)
def test_a_worker_that_misbehaves_is_ended_and_says_why(sandbox, name):
    source, kind, words = FAULTS[name]
    with sandbox.worker(SMALL) as worker:
        error = worker.run(Cell("bad", source)).error
        assert error.kind == kind, error
        assert words in error.type


def test_every_later_call_repeats_the_fault(sandbox):
    with sandbox.worker() as worker:
        worker.run(Cell("bad", "import os; os._exit(0)"))
        with pytest.raises(StudentError, match="closed its connection") as caught:
            worker.student.f()
        assert caught.value.kind == "died"
        assert worker.run(Cell("again", "1")).error.kind == "died"
        assert worker.usage() == worker.usage()


def test_an_answer_before_the_question_is_a_violation(worker):
    source = answer(2) + "threading.Timer(0.05, os.write, (3, forged)).start()"
    assert worker.run(Cell("forge", source)).error is None
    select.select([worker.connection.socket], [], [])
    assert worker.run(Cell("next", "1")).error.kind == "protocol"


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {"outputs": 3, "error": None},
        {"outputs": [{"output_type": "stream", "name": "stdlog", "text": ""}], "error": None},
        {"outputs": [{"output_type": "display_data", "data": {"image/svg+xml": "<svg/>"}}], "error": None},
        {"outputs": [], "error": {"kind": "raised", "type": "Leak12345", "cell": None, "line": None}},
        {"outputs": [], "error": {"kind": "invented", "type": "ValueError", "cell": None, "line": None}},
    ],
)
def test_a_forged_result_of_no_known_form_is_a_violation(worker, reply):
    worker.run(Cell("forge", f"{FIND}worker.on_run = lambda **_: {reply!r}"))
    assert worker.run(Cell("next", "1")).error.kind == "protocol"


def test_a_forged_line_number_shows_nothing_but_the_students_source(worker):
    error = {"kind": "raised", "type": "ValueError", "cell": "next", "line": 10**6}
    reply = {"outputs": [], "error": error}
    worker.run(Cell("forge", f"{FIND}worker.on_run = lambda **_: {reply!r}"))
    assert worker.run(Cell("next", "1")).error.line is None


def test_a_forged_handle_is_a_violation(define):
    student = define(
        FIND
        + """
handle = type(worker)._keep.__globals__['Handle']
worker._keep = lambda value: handle('open')
def f(): return object()
"""
    )
    with pytest.raises(StudentError) as caught:
        student.f()
    assert caught.value.kind == "protocol"


def test_too_much_memory_is_an_ordinary_error(worker):
    assert worker.run(Cell("big", "bytearray(2**31)")).error.type == "MemoryError"
    assert worker.run(Cell("big", "import torch; torch.ones(2**29)")).error.type == "RuntimeError"
    assert worker.run(Cell("small", "1")).error is None


def test_waiting_is_charged_to_the_worker_only_while_it_works(sandbox):
    with sandbox.worker(Budget(wall_seconds=1)) as worker:
        worker.run(Cell("nap", "import time; time.sleep(0.4)"))
        worker.run(Cell("nap", "time.sleep(0.4)"))
        assert worker.run(Cell("nap", "time.sleep(0.4)")).error.kind == "timeout"
    assert worker.usage().busy_seconds >= 1


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(process, "SLEEP_SECONDS", 0.4)


def test_who_sleeps_is_ended_long_before_the_wall_budget(sandbox, impatient):
    with sandbox.worker(Budget(cpu_seconds=20, wall_seconds=60)) as worker:
        worker.run(Cell("nap", "import time; time.sleep(0.3)"))
        assert worker.run(Cell("nap", "time.sleep(60)")).error.kind == "timeout"
        assert "asleep" in worker.fault.what


def test_who_computes_or_waits_for_a_core_is_not_asleep(sandbox, impatient, monkeypatch):
    spin = "import time\nend = time.monotonic() + 0.7\nwhile time.monotonic() < end: pass"
    with sandbox.worker(Budget(cpu_seconds=20, wall_seconds=60)) as worker:
        assert worker.run(Cell("spin", spin)).error is None
        usage = ZygoteProcess.ask
        monkeypatch.setattr(ZygoteProcess, "ask", lambda *a, **b: {**usage(*a, **b), "queued_seconds": 60})
        assert worker.run(Cell("queue", "time.sleep(0.7)")).error is None


def test_too_large_an_answer_is_the_students_error(define):
    with pytest.raises(StudentError, match="huge result"):
        define("import torch\ndef f(): return torch.ones(2**25)").f()
