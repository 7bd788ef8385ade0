"""What exists for a worker: the interpreter, its libraries, the course without the reference solution."""

import sys
from collections.abc import Iterator
from pathlib import Path

import dgm_course
import grading

COURSE = Path(dgm_course.__file__).parent.resolve()
GRADING = Path(grading.__file__).parent.resolve()
# What a homework asks students to write must not lie where they can import it, nor what demos compute of the same.
REFERENCE = ("dgm_course.models.autoregressive", "dgm_course.demos")
HIDDEN = (
    *(COURSE.parent.joinpath(*name.split(".")) for name in REFERENCE),
    GRADING,
    GRADING.parent / "solutions",
)
LIBRARIES = tuple(
    Path(prefix) / folder
    for prefix in ("/", "/usr", sys.base_prefix, sys.prefix)
    for folder in ("lib", "lib64")
)
CONFIGURATION = (Path("/etc/ld.so.cache"), Path("/etc/localtime"), Path("/etc/fonts"))
SHARED = (Path("/usr/share/fonts"), Path("/usr/share/zoneinfo"))
DEVICES = (Path("/dev/null"), Path("/dev/urandom"))
READABLE = (*LIBRARIES, *CONFIGURATION, *SHARED, COURSE)


def readable() -> Iterator[tuple[Path, bool]]:
    """Paths a worker may read; true where the whole tree below may be read, false where only names may."""
    for path in READABLE:
        yield from _without_hidden(path.resolve())


def _without_hidden(path: Path) -> Iterator[tuple[Path, bool]]:
    if path in HIDDEN or not path.exists():
        return
    if not any(hidden.is_relative_to(path) for hidden in HIDDEN):
        yield path, True
        return
    yield path, False
    for entry in path.iterdir():
        if not entry.is_symlink():
            yield from _without_hidden(entry)
