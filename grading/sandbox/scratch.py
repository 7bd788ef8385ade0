"""The folder a worker may write in: measured and removed by those who must not trip over what they find there."""

import fcntl
import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MAX_FILES = 2_000
MAX_DEPTH = 16
PREFIX = "dgm-sandbox-"


def sizes(root: Path) -> Iterator[int]:
    """The size on disk of everything below `root`; `OSError` where there is too much or too deep to count."""
    count, folders = 0, [(str(root), 0)]
    while folders:
        folder, depth = folders.pop()
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                count += 1
                if count > MAX_FILES or depth > MAX_DEPTH:
                    raise OSError(f"more than {MAX_FILES} files or {MAX_DEPTH} levels in {root}")
                with suppress(FileNotFoundError):
                    yield entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append((entry.path, depth + 1))


def remove(root: Path) -> None:
    """Removes a tree of any depth: folders are moved up one by one, where `shutil.rmtree` would recurse.

    They go beside `root`, into a folder that no worker can write in.
    """
    folders, names = [root], itertools.count()
    while folders:
        folder = folders.pop()
        folder.chmod(0o700)
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    os.chmod(entry.path, 0o700)  # else its owner may not move it
                    folders.append(root.with_name(f"{root.name}.{next(names)}"))
                    os.rename(entry.path, folders[-1])
                else:
                    os.unlink(entry.path)
        folder.rmdir()


def claim() -> tuple[Path, int]:
    """A new folder, and a descriptor whose lock keeps it from `sweep` for as long as this process lives."""
    while True:
        home = Path(tempfile.mkdtemp(prefix=PREFIX))
        with suppress(FileNotFoundError):  # swept before it was locked
            lock = os.open(home, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if home.exists():
                return home, lock
            os.close(lock)


def sweep() -> None:
    """Remove the folders whose owners were killed, and everybody with them who would have removed them."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            lock = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_uid == os.geteuid():
                    remove(home)
            finally:
                os.close(lock)
