"""Landlock: the kernel's own allow-list of paths for a process that asks for it, no privilege needed.

The three system calls have the same numbers on every architecture, so they are called directly; the bindings
on the package index are pre-releases or older than the scopes used here.
https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
from collections.abc import Iterable
from enum import IntFlag
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1

libc = ctypes.CDLL(None, use_errno=True)


class Access(IntFlag):
    EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
    REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, MAKE_DIR = 1 << 4, 1 << 5, 1 << 6, 1 << 7
    MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK = 1 << 8, 1 << 9, 1 << 10, 1 << 11
    MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = 1 << 12, 1 << 13, 1 << 14, 1 << 15


# The kernel's version that brought each group; bits it does not know are errors, so they are left out.
ACCESS_SINCE = {1: Access(0x1FFF), 2: Access.REFER, 3: Access.TRUNCATE, 5: Access.IOCTL_DEV}
TCP_SINCE, TCP = 4, 0b11  # bind and connect
SCOPES_SINCE, SCOPES = 6, 0b11  # abstract unix sockets and signals stay inside

FILE = Access.READ_FILE | Access.WRITE_FILE | Access.TRUNCATE
READ = Access.READ_FILE | Access.READ_DIR
WRITE = FILE | Access.READ_DIR | Access.MAKE_REG | Access.MAKE_DIR | Access.REFER
WRITE |= Access.REMOVE_FILE | Access.REMOVE_DIR


class _Ruleset(ctypes.Structure):
    _fields_ = [("access_fs", ctypes.c_uint64), ("access_net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def _call(number: int, *arguments: object) -> int:
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"landlock: {os.strerror(ctypes.get_errno())}")
    return result


def version() -> int:
    """The kernel's Landlock version; 0 where it has none or it is switched off."""
    try:
        return _call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(CREATE_RULESET_VERSION))
    except OSError:
        return 0


def restrict(allowed: Iterable[tuple[Path, Access]]) -> None:
    """From now on this process and its threads reach only `allowed`; needs `no_new_privs`."""
    abi = version()
    if abi == 0:
        raise OSError("Landlock is off: boot Linux 5.13 or newer with landlock in its lsm= list.")
    known = Access(sum(access for since, access in ACCESS_SINCE.items() if abi >= since))
    attributes = _Ruleset(known, TCP if abi >= TCP_SINCE else 0, SCOPES if abi >= SCOPES_SINCE else 0)
    size = 24 if abi >= SCOPES_SINCE else 16 if abi >= TCP_SINCE else 8
    ruleset = _call(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    for path, access in allowed:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = _PathBeneath(access & known & (FILE if not path.is_dir() else ~0), fd)
        _call(
            ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(RULE_PATH_BENEATH),
            ctypes.byref(rule),
            ctypes.c_uint32(0),
        )
        os.close(fd)
    _call(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)
