"""The guard that every assert begins with: is it a number or tensor at all, of that shape, and finite?"""

from numbers import Real
from typing import Any

import torch
from torch import Tensor

from dgm_course.testing.errors import READ, PropertyError


def describe(value: Any) -> str:
    """What a value is, in the words of an error message.

    Example:
        >>> describe(torch.zeros(2, 3))
        'a float32 tensor of shape (2, 3)'
        >>> describe([1, 2])
        'a list of length 2'
    """
    if value is None:
        return "None"
    if isinstance(value, Tensor):
        return f"a {str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
    if isinstance(value, bool | Real):
        return _named_number(value)
    if isinstance(value, list | tuple | dict | set):
        return f"a {type(value).__name__} of length {len(value)}"
    return f"an object of type {type(value).__name__}"


def checked(
    value: Any,
    *,
    what: str,
    shape: tuple[int, ...] | None = None,
    dtype: torch.dtype | None = None,
    allow_infinite: bool = False,
    read: str = READ,
) -> Tensor:
    """The value as a detached tensor on the CPU, after everything that may be wrong with it was asked.

    A plain number counts as a tensor of shape (). With a floating `dtype` the value must be floating (any
    precision), with an integer one it must be an integer, with `torch.bool` or `None` any real number will do.
    """

    def fail(expected: str, got: str, cause: str) -> PropertyError:
        return PropertyError(f"{what} is {expected}", got, cause, read)

    if not isinstance(value, Tensor | Real):
        cause = (
            "the function ends without `return`" if value is None else "a tensor was never made of the result"
        )
        raise fail("a tensor" if shape else "a number or a tensor", describe(value), cause)
    tensor = (
        value.detach().cpu()
        if isinstance(value, Tensor)
        else torch.as_tensor(value, dtype=_number_dtype(value))
    )
    if shape is not None and tuple(tensor.shape) != shape:
        raise fail(f"of shape {shape}", describe(value), shape_cause(tuple(tensor.shape), shape))
    if dtype is not None and dtype.is_floating_point and not tensor.is_floating_point():
        raise fail("a floating-point tensor", describe(value), "integers or booleans were never made floats")
    if tensor.is_complex():
        raise fail("real", describe(value), "a complex operation in the middle of a real computation")
    if (
        dtype is not None
        and not (dtype.is_floating_point or dtype == torch.bool)
        and tensor.is_floating_point()
    ):
        raise fail(
            "an integer tensor",
            describe(value),
            "a `.long()` is missing, or a probability stands for a symbol",
        )
    good = ~tensor.isnan() if allow_infinite else tensor.isfinite()
    if not good.all():
        bad = ~good
        where = f" at index {first(bad)}" if tensor.dim() else ""
        raise fail(
            "finite",
            f"{tensor[bad][0].item()} in {int(bad.sum())} of {tensor.numel()} entries, first{where}",
            "log of 0, 0/0, exp of a large number, or a row of which everything is masked",
        )
    return tensor


def first(mask: Tensor) -> tuple[int, ...]:
    """The index of the first true entry."""
    return tuple(mask.nonzero()[0].tolist())


def shown(number: Tensor) -> str:
    """A number as a message prints it: enough digits to see a difference of 1e-9."""
    return f"{number.item():.10g}" if number.is_floating_point() else str(number.item())


def _named_number(value: Any) -> str:
    """A few digits: a message has no room for all that a student's code might put into a number."""
    if isinstance(value, int):
        return f"the number {value}" if abs(value) < 10**9 else "a whole number of ten digits or more"
    return f"the number {float(value):.6g}"


def _number_dtype(number: Any) -> torch.dtype:
    if isinstance(number, bool):
        return torch.bool
    return torch.int64 if isinstance(number, int) else torch.float64


def shape_cause(got: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """The usual reason for one shape to come out as another."""
    if not got and expected:
        return "the mean or sum runs over the batch too; keep one number per example"
    if len(got) == len(expected) + 1:
        return "a dimension is left over: sum over it, or squeeze it"
    if len(got) == len(expected) - 1:
        return "a dimension too many was summed or indexed away"
    if sorted(got) == sorted(expected):
        return "two dimensions are swapped"
    return "a size was written down as a number, or a broadcast made the tensor larger"
