"""Importing what is not there while grading says so, in a sentence."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Absent(MetaPathFinder):
    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if any(name == absent or name.startswith(f"{absent}.") for absent in self.names):
            raise ImportError(
                f"{name} is absent while grading: write it yourself, from the task's text.", name=name
            )
        return None


def make_absent(*names: str) -> None:
    """Forgets the modules of these names and everything below them, and refuses to find them again."""
    sys.meta_path.insert(0, _Absent(names))
    for module in list(sys.modules):
        if any(module == name or module.startswith(f"{name}.") for name in names):
            del sys.modules[module]
