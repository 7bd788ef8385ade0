"""What a worker gives up before it sees a line of student code; nothing here can be undone."""

from pathlib import Path


def confine(scratch: Path, cpu_seconds: float, memory_mib: int, confined: bool) -> None:
    """Called in the worker, before it serves."""
