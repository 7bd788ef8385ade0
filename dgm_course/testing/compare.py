"""Are these the right numbers? Type and shape first, then NaN and infinity, then the values."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from dgm_course.testing.errors import READ, PropertyError
from dgm_course.testing.values import checked, describe, first, shape_cause, shown

FLOAT32_ROUNDING = 1e-6  # what a few operations in float32 leave of a number near 1


def assert_close(
    got: Any,
    expected: float | Tensor,
    *,
    tolerance: float = 1e-9,
    what: str = "value",
    cause: str = "the formula differs in a sign, a factor or a dimension that is summed",
    read: str = READ,
) -> None:
    """`got` has the type, shape and values of `expected`, up to `tolerance` (absolute, and relative above 1).

    Example:
        >>> assert_close(torch.tensor([0.5, 0.25]), torch.tensor([0.5, 0.25]))
        >>> assert_close(0.3, 0.1, what="the entropy")
        Traceback (most recent call last):
        dgm_course.testing.errors.PropertyError: expected: the entropy = 0.1
        got: 0.3
        likely cause: ...
    """
    wanted = (
        expected.detach().cpu()
        if isinstance(expected, Tensor)
        else torch.tensor(expected, dtype=torch.float64)
    )
    kind = wanted.dtype if isinstance(expected, Tensor) else None
    value = checked(
        got,
        what=what,
        shape=tuple(wanted.shape),
        dtype=kind,
        allow_infinite=bool(wanted.isinf().any()),
        read=read,
    )
    if value.numel() == 0:
        return
    value64, wanted64 = value.double(), wanted.double()
    difference = torch.where(value64 == wanted64, 0.0, (value64 - wanted64).abs())
    excess = difference - tolerance * wanted64.abs().nan_to_num(posinf=0.0).clamp(min=1.0)
    if (excess <= 0).all():
        return
    worst = tuple(int(i) for i in torch.unravel_index(excess.argmax(), excess.shape))
    place = f" at index {worst}" if worst else ""
    extent = f", {int((excess > 0).sum())} of {excess.numel()} entries differ" if worst else ""
    relative = (difference / wanted64.abs().clamp(min=1.0)).max()
    if value.dtype in (torch.float32, torch.float16, torch.bfloat16) and relative < 1e-4:
        cause = (
            f"the computation fell to {str(value.dtype).removeprefix('torch.')}: keep the dtype of the input"
        )
    elif value.dtype == torch.float64 and relative < FLOAT32_ROUNDING:
        cause = "a step was taken in float32, as dividing integer tensors does: make them float64 first"
    raise PropertyError(
        f"{what} = {shown(wanted[worst])}{place}", f"{shown(value[worst])}{extent}", cause, read
    )


def assert_shape(
    got: Any,
    shape: tuple[int, ...],
    *,
    what: str = "value",
    cause: str | None = None,
    read: str = READ,
) -> None:
    """`got` is a tensor of this shape; without a `cause`, the message guesses one from the two shapes.

    Example:
        >>> assert_shape(torch.zeros(5, 2), (5, 2))
    """
    shape = tuple(shape)
    if not isinstance(got, Tensor):
        reason = (
            "the function ends without `return`" if got is None else "a tensor was never made of the result"
        )
        raise PropertyError(f"{what} is a tensor of shape {shape}", describe(got), reason, read)
    if tuple(got.shape) != shape:
        reason = cause or shape_cause(tuple(got.shape), shape)
        raise PropertyError(f"{what} is a tensor of shape {shape}", describe(got), reason, read)


def assert_bound(
    value: Any,
    lower: float | Tensor = -float("inf"),
    upper: float | Tensor = float("inf"),
    *,
    what: str = "value",
    cause: str = "too low: it saw what it should predict; too high: it has not learned, or a sign is wrong",
    read: str = READ,
) -> None:
    """Every entry of `value` is finite and lies in [lower, upper]; the bounds broadcast against it.

    Example:
        >>> assert_bound(torch.tensor([0.27]), 0.24, 0.325, what="nats per dimension")
    """
    number = checked(value, what=what, read=read).double()
    low, high = (torch.as_tensor(bound, dtype=torch.float64).expand_as(number) for bound in (lower, upper))
    outside = (number < low) | (number > high)
    if outside.any():
        where = first(outside)
        above = "" if low[where] == -torch.inf else f"{shown(low[where])} <= "
        below = "" if high[where] == torch.inf else f" <= {shown(high[where])}"
        raise PropertyError(
            f"{above}{what}{below}" + (f" at index {where}" if where else ""),
            shown(number[where])
            + (f", {int(outside.sum())} of {outside.numel()} entries outside" if where else ""),
            cause,
            read,
        )


def assert_moved(after: Any, before: Tensor, what: str, cause: str, read: str = READ) -> None:
    """Some entry of `after` differs from `before`, by more than rounding leaves.

    Example:
        >>> assert_moved(torch.ones(2), torch.zeros(2), "the output", "a step is missing")
    """
    change = (checked(after, what=what, read=read).double() - before.detach().cpu().double()).abs()
    if not (change > 1e-9).any():
        raise PropertyError(f"a change of {what}", "none at all", cause, read)


def assert_unchanged(
    before: Tensor | Mapping[str, Tensor],
    after: Any,
    *,
    what: str = "the weights",
    cause: str = "an operation in place (`weight.data *= mask`, `x[...] =`, `+=`) where a new tensor should be made",
    read: str = READ,
) -> None:
    """Tensors (or a `state_dict`) are bit-identical. `before` must be a copy: `state_dict()` shares its memory.

    Example:
        >>> x = torch.ones(3)
        >>> before = x.clone()
        >>> y = x * 2
        >>> assert_unchanged(before, x, what="the input")
    """
    old = {"": before} if isinstance(before, Tensor) else dict(before)
    new = {"": after} if not isinstance(after, Mapping) else dict(after)
    if old.keys() != new.keys():
        changed = len(old.keys() ^ new.keys())
        raise PropertyError(
            f"{what} keep their names", f"{changed} names are there only before or only after", cause, read
        )
    for number, (name, tensor) in enumerate(old.items(), 1):
        label = f"{what}, number {number} of {len(old)}," if isinstance(before, Mapping) else what
        if not isinstance(new[name], Tensor) or new[name].shape != tensor.shape:
            raise PropertyError(f"{label} stays {describe(tensor)}", describe(new[name]), cause, read)
        if tensor.numel() and tensor.data_ptr() == new[name].data_ptr():
            raise ValueError(f"{label}: `before` shares its memory with `after`, compare with a clone")
        moved = (tensor.cpu() != new[name].detach().cpu()) & ~(
            tensor.cpu().isnan() & new[name].detach().cpu().isnan()
        )
        if moved.any():
            where = first(moved)
            raise PropertyError(
                f"{label} stays {shown(tensor.cpu()[where])} at index {where}",
                f"{shown(new[name].detach().cpu()[where])}, {int(moved.sum())} of {moved.numel()} entries changed",
                cause,
                read,
            )
