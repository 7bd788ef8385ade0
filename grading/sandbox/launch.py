"""How the zygote is started: a clean environment and, where they work, namespaces and a control group around it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection
from functools import cache
from pathlib import Path

from grading.sandbox import paths
from grading.sandbox.layers import LAYERS, REQUIRED
from grading.sandbox.paths import CONFIGURATION, COURSE, GRADING, HIDDEN

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
TMPFS_BYTES = 2**30
# Of a range that no distribution gives to anybody, see systemd's UIDS-GIDS.
FIRST_UID, LAST_UID = 0x70000000, 0x77FFFFFF
# What a zygote keeps that is root behind walls: enough to lend accounts, and to count, end and bury their owners.
POWERS = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "KILL": 5, "SETGID": 6, "SETUID": 7, "SYS_PTRACE": 19}
MEMORY_MAX, TASKS_MAX = str(8 << 30), "1024"  # of all workers of one zygote together

LOOK = """
import os, sys
uid = int(sys.argv[1])
if uid:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
for path in sys.argv[2:]:
    os.listdir(path) if os.path.isdir(path) else open(path).close()
"""
BOUNDS = 'cd "/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)" && cat memory.max pids.max'


@cache
def layers(level: str) -> tuple[str, ...]:
    """The layers that hold at a level of isolation, on this machine and for this user; the outermost first."""
    if level == "none":
        return ("rlimits",)
    held = {*REQUIRED, *(["bwrap"] if level == "bwrap" else [])}
    if _may_lend_accounts() and _works({*held, "uid"}):
        held.add("uid")
    if _bounds_bind():
        held.add("cgroup")
    return tuple(layer.name for layer in LAYERS if layer.name in held)


def best() -> str:
    """The level that has the most layers here."""
    return "bwrap" if bwrap_works() else "landlock"


@cache
def bwrap_works() -> bool:
    """Whether a program starts behind walls; many systems deny namespaces to users."""
    return bool(shutil.which("bwrap")) and (
        _works({"bwrap"}) or (_may_lend_accounts() and _works({"bwrap", "uid"}))
    )


def environment(home: Path) -> dict[str, str]:
    """Nothing of the grader's own environment: it may hold tokens."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home),
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONHASHSEED": "0",  # the same submission must get the same score again
        "MALLOC_ARENA_MAX": "2",  # an arena reserves 64 MiB of address space, which counts as memory
        "XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}",  # where systemd-run finds the user's manager
        **dict.fromkeys(threads, "1"),
    }


def command(control: int, home: Path, layers: Collection[str]) -> list[str]:
    """The command line of a zygote that is reached through the file descriptor `control`."""
    python = [sys.executable, "-s", "-P", "-B", "-m"]  # nothing of the user's or the working directory's
    zygote = [*python, "grading.sandbox.zygote", str(control), str(home), "+".join(layers)]
    return [*_around(home, layers), *zygote]


def _around(home: Path, layers: Collection[str]) -> list[str]:
    return [*(_scope() if "cgroup" in layers else []), *(_bwrap(home, layers) if "bwrap" in layers else [])]


def _bwrap(home: Path, layers: Collection[str]) -> list[str]:
    program = shutil.which("bwrap")
    assert program, "asked for bwrap where there is none"
    shown = [Path(path) for path in (*SYSTEM, *CONFIGURATION, sys.prefix, sys.base_prefix)]
    shown += [COURSE, GRADING / "__init__.py", GRADING / "sandbox"]
    binds = [word for path in shown for word in ("--ro-bind-try", str(path), str(path))]
    absent = [path for path in HIDDEN if path.is_relative_to(COURSE) and path.exists()]
    hidden = [word for path in absent for word in ("--tmpfs", str(path))]
    walls = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    walls += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if "uid" in layers:  # a namespace of users would know one uid only
        walls += [word for power in POWERS for word in ("--cap-add", f"CAP_{power}")]
        # else what lies below /root stays root's alone
        above = sorted({folder for path in shown for folder in path.parents})[1:]
        walls += [word for folder in above for word in ("--perms", "0755", "--dir", str(folder))]
    else:
        walls += ["--unshare-user-try"]
    scratch = ["--size", str(TMPFS_BYTES), "--tmpfs", str(home)]
    return [program, *walls, *binds, *hidden, "--proc", "/proc", "--dev", "/dev", *scratch, "--"]


def _may_lend_accounts() -> bool:
    """Whether this is root with the powers of root; in a container some are missing."""
    (held,) = re.findall(r"CapEff:\t(\w+)", Path("/proc/self/status").read_text())
    return os.geteuid() == 0 and all(int(held, 16) >> bit & 1 for bit in POWERS.values())


def _works(layers: Collection[str]) -> bool:
    """Whether a program starts within these layers and then can read all that a worker needs."""
    home = Path("/tmp/dgm-sandbox-trial")
    uid = FIRST_UID if "uid" in layers else 0
    look = [sys.executable, "-I", "-S", "-c", LOOK, str(uid), *map(str, dict(paths.readable()))]
    trial = subprocess.run([*_around(home, layers), *look], env=environment(home), capture_output=True)
    return trial.returncode == 0


def _scope() -> list[str]:
    user = [] if os.geteuid() == 0 else ["--user"]
    bounds = ["-p", f"MemoryMax={MEMORY_MAX}", "-p", f"TasksMax={TASKS_MAX}"]
    program = shutil.which("systemd-run") or "systemd-run"
    return [program, *user, "--scope", "--quiet", "--collect", *bounds, "--"]


def _bounds_bind() -> bool:
    """Whether systemd gives us a control group whose bounds on memory and tasks can be read back in it."""
    trial = [*_scope(), "sh", "-c", BOUNDS]
    try:
        read = subprocess.run(trial, env=environment(Path("/")), capture_output=True, text=True, timeout=10)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return read.stdout.split() == [MEMORY_MAX, TASKS_MAX]
