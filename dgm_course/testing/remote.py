"""Asserts ask much of a model; where the model lives in another process, the asking is done there in one go."""

from collections.abc import Callable
from functools import wraps
from typing import Any


def where_it_lives(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: `function(subject, ...)` is computed in the process where the subject lives.

    The handle of an object of another process has a method `compute_there(name, *args, **kwargs)`, which calls the
    function of `dgm_course.testing` with that name on the object itself.
    """

    @wraps(function)
    def call(subject: Any, *args: Any, **kwargs: Any) -> Any:
        if hasattr(subject, "compute_there"):
            return subject.compute_there(function.__name__, *args, **kwargs)
        return function(subject, *args, **kwargs)

    return call
