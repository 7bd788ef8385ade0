"""`dgm-grade`: the instructor's command line, a file a group of commands."""

from grading.cli import course, marking, pages, proof  # in the order of `--help`
from grading.cli.base import app, main

__all__ = ["app", "course", "main", "marking", "pages", "proof"]
