"""How the zygote is started: a clean environment and, where `bwrap` works, namespaces around it."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from grading.sandbox.paths import CONFIGURATION, COURSE, GRADING, HIDDEN

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
TMPFS_BYTES = 2**30


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
        **dict.fromkeys(threads, "1"),
    }


def command(control: int, home: Path, isolation: str) -> list[str]:
    """The command line of a zygote that is reached through the file descriptor `control`."""
    confined = "unconfined" if isolation == "none" else "confined"
    python = [sys.executable, "-s", "-P", "-B", "-m"]  # nothing of the user's or the working directory's
    zygote = [*python, "grading.sandbox.zygote", str(control), str(home), confined]
    return [*_bwrap(home), *zygote] if isolation == "bwrap" else zygote


def _bwrap(home: Path) -> list[str]:
    program = shutil.which("bwrap")
    assert program, "asked for bwrap where there is none"
    shown = [*SYSTEM, *CONFIGURATION, sys.prefix, sys.base_prefix, COURSE]
    shown += [GRADING / "__init__.py", GRADING / "sandbox"]
    binds = [word for path in shown for word in ("--ro-bind-try", str(path), str(path))]
    absent = [path for path in HIDDEN if path.is_relative_to(COURSE) and path.exists()]
    hidden = [word for path in absent for word in ("--tmpfs", str(path))]
    walls = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    scratch = ["--size", str(TMPFS_BYTES), "--tmpfs", str(home)]
    return [program, *walls, *binds, *hidden, "--proc", "/proc", "--dev", "/dev", *scratch, "--"]


@cache
def bwrap_works() -> bool:
    """Whether an ordinary program starts behind the same walls; many systems deny namespaces to users."""
    if not shutil.which("bwrap"):
        return False
    home = Path("/tmp/dgm-sandbox-trial")
    trial = [*_bwrap(home), sys.executable, "-I", "-S", "-c", ""]
    return subprocess.run(trial, env=environment(home), capture_output=True).returncode == 0
