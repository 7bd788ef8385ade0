"""Send signals in roundabout ways: file owners, message queues, timers, terminals and the grader's own line."""

# %%
import ctypes
import fcntl
import os
import signal
import termios

libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()


def attempt(function, *args):
    try:
        function(*args)
    except (OSError, ValueError):
        pass


for target in (parent, -parent, 1):
    attempt(fcntl.fcntl, 3, fcntl.F_SETOWN, target)
    attempt(fcntl.fcntl, 3, 10, signal.SIGTERM)  # F_SETSIG
    for number in (129, 200, 234, 297, 424):  # queueinfo, tkill, tgkill, tgsigqueueinfo, pidfd_send_signal
        libc.syscall(number, target, target, int(signal.SIGTERM), None, 0)
attempt(fcntl.fcntl, 3, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
attempt(fcntl.ioctl, 0, termios.TIOCSTI, b"x")
libc.prctl(1, int(signal.SIGTERM), 0, 0, 0)
libc.prctl(36, 1, 0, 0, 0)  # adopt orphans
libc.syscall(222, 1, None, None)  # timer_create
