"""The course key: one secret file a course folder, from which every other secret of the course is derived."""

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from grading.pipeline.course.drafts import draft
from grading.pipeline.course.errors import CourseError

FILE = ".course-key"
KEY_BYTES = 32


def course_key(course: Path) -> bytes:
    """The 32-byte key of a course folder, made on first use and readable by its owner only.

    Linking a finished file into place means that two processes that start together agree on one key.
    """
    path = course / FILE
    if not path.exists():
        fresh = secrets.token_hex(KEY_BYTES).encode()
        with draft(path, fresh, mode=0o600) as place, contextlib.suppress(FileExistsError):
            os.link(place, path)  # else another process came first, and its key is the course's
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise CourseError(
            f"{path} is damaged: put its copy back, or delete it and grade all hand-ins again with new inputs."
        )
    return key


def subkey(key: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose, from which neither the course key nor another subkey can be found."""
    return hmac.new(key, purpose.encode(), hashlib.sha256).digest()
