"""Fork, daemonise, exec, signal and trace: outlive the worker or end the processes above it."""

# %%
import atexit
import ctypes
import os
import signal
import subprocess
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)


def attempt(function, *args):
    try:
        return function(*args)
    except BaseException:
        return None


for number in range(1, 32):
    attempt(signal.signal, number, signal.SIG_IGN)
for target in (os.getppid(), -1, 0, 1, -os.getppid()):
    attempt(os.kill, target, signal.SIGKILL)
attempt(os.killpg, os.getpgrp(), signal.SIGKILL)
attempt(libc.prctl, 1, 0, 0, 0, 0)  # no death with the parent
attempt(libc.ptrace, 16, os.getppid(), None, None)
attempt(libc.syscall, 434, os.getppid(), 0)  # pidfd_open
attempt(libc.syscall, 310, os.getppid(), None, 0, None, 0, 0)  # process_vm_readv
for start in (os.fork, os.setsid, os.forkpty):
    if attempt(start) == 0:
        os.setsid()
        time.sleep(1)
        os._exit(0)
attempt(subprocess.Popen, ["/bin/sh", "-c", "sleep 5"])
attempt(os.execv, "/bin/true", ["true"])


class Undead:
    def __del__(self):
        Undead.kept = self


def haunt():
    while True:
        time.sleep(0.05)


keep = Undead()
atexit.register(haunt)
threading.Thread(target=haunt).start()
