"""The process that workers are forked from: it has imported everything once, knows no secret, runs no student code.

It obeys one trusted client over a SEQPACKET socket, one JSON reply to one JSON request:

    fork   (with one end of a socket pair)   a new confined worker that answers on the other end
    usage                                    what a living worker has spent so far
    reap                                     kill the worker if it lives, and say how it ended
"""

import gc
import importlib
import json
import os
import random
import resource
import secrets
import select
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch

from grading.sandbox import launch, paths, procfs, scratch, wire, worker
from grading.sandbox.absent import make_absent
from grading.sandbox.confine import MAX_THREADS, confine
from grading.sandbox.landlock import libc
from grading.sandbox.seccomp import new_filter
from grading.sandbox.shell import Shell, new_shell

PRELOAD = (
    "torch._dynamo",  # the first step of an optimiser imports it, which takes a second
    "scipy.stats",
    "dgm_course.data",
    "dgm_course.plots",
    "dgm_course.testing",
    "dgm_course.training",
    "dgm_course.homework",
)
WATCH_MS = 200
UIDS = 32  # of a zygote; it never has as many workers at once
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Child:
    pid: int
    pidfd: int
    folder: Path
    disk_bytes: int
    cause: str | None = None


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    home, layers = Path(sys.argv[2]), frozenset(sys.argv[3].split("+"))
    torch.set_num_threads(1)
    make_absent(
        "solutions", *paths.REFERENCE
    )  # before anything is imported, so that no worker finds it in memory
    for name in PRELOAD:
        if find_spec(name):
            importlib.import_module(name)
    shell = new_shell()
    make_absent("grading")
    np.random.seed(0)  # noqa: NPY002 - what students may use must give the same again
    torch.manual_seed(0)
    gc.collect()
    gc.freeze()
    Zygote(control, home, layers, shell).serve()


class Zygote:
    def __init__(self, control: socket.socket, home: Path, layers: frozenset[str], shell: Shell) -> None:
        self.control = control
        self.home = home
        self.layers = layers
        self.shell = shell
        self.pid = os.getpid()
        self.calls = new_filter()
        self.readable = list(paths.readable())
        self.first_uid = secrets.randbelow(launch.LAST_UID - launch.FIRST_UID) + launch.FIRST_UID
        self.children: dict[int, Child] = {}
        if "uid" in layers:
            home.chmod(0o711)  # for its workers to pass through
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def serve(self) -> None:
        """Obeys until the client hangs up; then nothing that was forked here lives on."""
        self.control.send(json.dumps({"pid": os.getpid()}).encode())
        ready = select.poll()
        ready.register(self.control, select.POLLIN)
        while True:
            if not ready.poll(WATCH_MS if self.children else None):
                self.watch()
                continue
            message, fds, _, _ = socket.recv_fds(self.control, 2**16, 1)
            if not message:
                break
            request = json.loads(message)
            reply = getattr(self, f"on_{request.pop('op')}")(*fds, **request)
            self.control.send(json.dumps(reply).encode())
        for number in list(self.children):
            self.on_reap(number)
        with suppress(OSError):  # a mount point stays, and ends with us
            scratch.remove(self.home)

    def on_fork(
        self, fd: int, number: int, cpu_seconds: float, memory_mib: int, disk_mib: int
    ) -> dict[str, Any]:
        folder = self.home / f"worker-{number}"
        folder.mkdir(mode=0o700)
        pid = os.fork()
        if pid == 0:
            self.become_worker(fd, folder, number, (cpu_seconds, memory_mib, disk_mib))
        os.close(fd)
        self.children[number] = Child(pid, os.pidfd_open(pid), folder, disk_mib << 20)
        return {"pid": pid}

    def become_worker(self, fd: int, folder: Path, number: int, limits: tuple[float, int, int]) -> NoReturn:
        try:
            close_other_files(fd)
            self.children.clear()  # which the student's code would find
            os.chdir(folder)
            os.environ.update(HOME=str(folder), TMPDIR=str(folder))
            tempfile.tempdir = None
            random.seed(0)  # the fork has drawn a new one
            resident = procfs.status(os.getpid(), "VmRSS")
            Path("/proc/self/oom_score_adj").write_text("1000")  # before the grader dies of lack of memory
            try:
                uid = self.first_uid + number % UIDS
                confine(self.layers, folder, self.readable, self.calls, uid, self.pid, limits)
            except Exception as error:
                os.write(3, wire.pack(0, "refused", str(error)))
                raise
            sys.modules["__mp_main__"] = sys.modules["__main__"]  # else it still names the zygote
            os.write(3, wire.pack(0, "ready", resident))
            worker.serve(3, self.shell)
        finally:
            os._exit(0)

    def on_usage(self, number: int) -> dict[str, Any]:
        pid = self.children[number].pid
        return {
            "cpu_seconds": procfs.cpu_seconds(pid),
            "queued_seconds": procfs.queued_seconds(pid),
            "peak_mib": procfs.status(pid, "VmHWM") / 1024,
        }

    def on_reap(self, number: int) -> dict[str, Any]:
        child = self.children.pop(number)
        signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        _, status, spent = os.wait4(child.pid, 0)
        os.close(child.pidfd)
        self.bury_orphans()
        scratch.remove(child.folder)
        return {
            "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
            "cause": child.cause,
            "cpu_seconds": spent.ru_utime + spent.ru_stime,
            "peak_mib": spent.ru_maxrss / 1024,
        }

    def bury_orphans(self) -> None:
        """Ends what a worker left behind: it became ours when the worker died, even if it called setsid."""
        known = {child.pid for child in self.children.values()}
        while orphans := procfs.children(self.pid) - known:
            for pid in orphans:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def watch(self) -> None:
        """Stops what no resource limit stops: a flood of threads (root has no limit) or of files."""
        for child in self.children.values():
            child.cause = child.cause or flood(child)
            if child.cause:
                signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)


def flood(child: Child) -> str | None:
    """What a worker has too much of, if anything."""
    if procfs.status(child.pid, "Threads") > MAX_THREADS:
        return "threads"
    try:
        written = sum(scratch.sizes(child.folder)) + procfs.deleted_bytes(child.pid, child.folder)
    except OSError:
        return "files"  # too many or too deep, or hidden from us by a folder's mode
    return "bytes on disk" if written > child.disk_bytes else None


def close_other_files(fd: int) -> None:
    """Leaves null as 0, 1, 2 and the worker's own socket as 3."""
    null = os.open(os.devnull, os.O_RDWR)
    socket_copy = os.dup2(fd, max(fd, null, 3) + 1)
    for number in range(3):
        os.dup2(null, number)
    os.dup2(socket_copy, 3)
    os.closerange(4, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


if __name__ == "__main__":
    main()
