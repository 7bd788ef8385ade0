"""Make processes by raw calls: clone with every useful flag, clone3, vfork, and a thread of its own kind."""

# %%
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
VM, FILES, SIGHAND, VFORK, PARENT, NEWPID, NEWUSER = (
    0x100,
    0x400,
    0x800,
    0x4000,
    0x8000,
    0x20000000,
    0x10000000,
)
me = os.getpid()
for flags in (17, 17 | PARENT, 17 | NEWPID | NEWUSER, 17 | 0x1000, 0x100000000 | 17):
    libc.syscall(56, flags, 0, 0, 0, 0)  # clone
    if os.getpid() != me:
        os._exit(0)
libc.syscall(435, (ctypes.c_uint64 * 11)(), 88)  # clone3
if os.getpid() != me:
    os._exit(0)
for number in (57, 58, 59, 322):  # fork, vfork, execve, execveat of nothing
    libc.syscall(number, None, None, None)
    if os.getpid() != me:
        os._exit(0)
