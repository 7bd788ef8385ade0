"""The zygote as its client sees it: a process of ours, started, asked and ended."""

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Collection
from typing import Any

from grading.sandbox import launch, scratch
from grading.sandbox.outcome import SandboxError

START_SECONDS = 120
ANSWER_SECONDS = 30


class ZygoteProcess:
    """A running zygote whose workers are confined by these layers."""

    def __init__(self, layers: Collection[str]) -> None:
        scratch.sweep()
        self.home, self.lock = scratch.claim()
        if "bwrap" in layers:
            self.home.rmdir()  # there it is a file system of its own, of which nothing lies here
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, tempfile.TemporaryFile() as complaints:
            self.process = subprocess.Popen(
                launch.command(theirs.fileno(), self.home, layers),
                env=launch.environment(self.home),
                cwd="/",
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
            )
            theirs.close()
            self.control.settimeout(START_SECONDS)
            if not self._hears_it():
                complaints.seek(0)
                last = complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
                self.stop()
                raise SandboxError(f"The sandbox did not start: {last or 'no answer'}")
        self.control.settimeout(ANSWER_SECONDS)

    def _hears_it(self) -> bool:
        try:
            return bool(self.control.recv(2**16))
        except TimeoutError:
            return False

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, op: str, number: int, *fds: int, **request: Any) -> dict[str, Any]:
        """The zygote's answer. It is ours, so silence or garbage is a fault of the machine, not of a student."""
        try:
            message = json.dumps({"op": op, "number": number, **request}).encode()
            socket.send_fds(self.control, [message], fds)
            return json.loads(self.control.recv(2**16))
        except (OSError, ValueError) as error:
            self.process.kill()  # a late answer would be taken for that to the next question
            self.process.wait()
            raise SandboxError("The sandbox's own process died: look for a lack of memory.") from error

    def stop(self) -> None:
        """Hangs up, upon which the zygote ends its workers and itself, and sweeps."""
        self.control.close()
        try:
            self.process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.home.exists():  # the zygote was killed
            scratch.remove(self.home)
        os.close(self.lock)
