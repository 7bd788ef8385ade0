"""What a homework notebook imports: `check` after every task, and the `scoreboard` at the end."""

from dgm_course.homework.checks import check, scoreboard

__all__ = ["check", "scoreboard"]
