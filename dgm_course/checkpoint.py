"""Checkpoints that are whole or absent: what a run needs in order to go on after it was cut."""

import os
from pathlib import Path
from typing import Any

import torch


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors, numbers, strings, and lists and dicts of them) beside `path`, then rename.

    A cut at any moment leaves a whole file: the one before or this one.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "run.pt"
        ...     save(path, {"settings": {"seed": 0}, "weights": torch.ones(2)})
        ...     load(path, settings={"seed": 0})["weights"]
        tensor([1., 1.])
    """
    beside = path.with_name(path.name + ".part")
    try:
        torch.save(state, beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def load(path: Path, *, settings: dict[str, Any]) -> dict[str, Any]:
    """The state in `path`, on the CPU; a `ValueError` where it was written under other `settings`.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "run.pt"
        ...     save(path, {"settings": {"seed": 0}, "step": 7})
        ...     load(path, settings={"seed": 0})
        {'settings': {'seed': 0}, 'step': 7}
    """
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["settings"] != settings:
        raise ValueError(f"{path} was written under {state['settings']}, not {settings}: name another file")
    return state
