"""How a test speaks: what was expected, what came, the likely cause, and where to read about it."""

from typing import Any

READ = "the text of the task and the docstring of the function"


class PropertyError(AssertionError):
    """A property that does not hold, told in four parts.

    `picture` holds small matrices by name (such as "got" and "allowed") for whoever wants to draw the mistake.

    Example:
        >>> print(PropertyError("a sum of 1", "a sum of 1.31", "a leak", "lecture 2"))
        expected: a sum of 1
        got: a sum of 1.31
        likely cause: a leak
        read: lecture 2
    """

    def __init__(
        self, expected: str, got: str, cause: str, read: str = READ, picture: dict[str, Any] | None = None
    ) -> None:
        super().__init__(expected, got, cause, read, picture)
        self.expected, self.got, self.cause, self.read, self.picture = expected, got, cause, read, picture

    def __str__(self) -> str:
        return f"expected: {self.expected}\ngot: {self.got}\nlikely cause: {self.cause}\nread: {self.read}"


class StudentError(PropertyError):
    """The student's own code raised, took too long or died, so that the property could not be asked."""
