"""Derivatives: gradients that arrive, gradients that must not, Jacobians that a flow promises."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dgm_course.testing.compare import assert_close
from dgm_course.testing.errors import READ, PropertyError
from dgm_course.testing.remote import where_it_lives
from dgm_course.testing.values import checked, describe


@where_it_lives
def gradient(fn: Callable[..., Any], *args: Any, wrt: tuple[int, ...] = (0,)) -> tuple[Tensor, ...]:
    """The gradients of the sum of all that `fn(*args)` returns, a tensor or a tuple of them, in the arguments `wrt`.

    Zeros where none arrives.

    Example:
        >>> (slope,) = gradient(lambda x: x**2, torch.tensor([1.0, 3.0]))
        >>> slope
        tensor([2., 6.])
    """
    leaves = {i: args[i].detach().clone().requires_grad_() for i in wrt}
    with torch.enable_grad():
        value = fn(*(leaves.get(i, argument) for i, argument in enumerate(args)))
        parts = value if isinstance(value, tuple) else (value,)
        for part in parts:
            if not isinstance(part, Tensor) or not part.is_floating_point():
                raise PropertyError(
                    "a floating-point tensor to differentiate",
                    describe(part),
                    "nothing, or something else, is returned",
                )
        total = torch.stack([part.sum() for part in parts]).sum()
        if not total.requires_grad:
            return tuple(torch.zeros_like(leaves[i]) for i in wrt)
        return torch.autograd.grad(total, [leaves[i] for i in wrt], allow_unused=True, materialize_grads=True)


def assert_gradients_reach(
    loss_fn: Callable[[], Tensor],
    module: nn.Module | Mapping[str, Tensor],
    *,
    cause: str = "a `detach`, `.data`, `torch.no_grad`, a round or argmax on the way, or a part that is never used",
    read: str = READ,
) -> None:
    """The gradient of `loss_fn()` is finite and not all zero for every parameter of the module (or mapping).

    Example:
        >>> layer = nn.Linear(2, 1)
        >>> assert_gradients_reach(lambda: layer(torch.ones(3, 2)).square().sum(), layer)
    """
    for name, slope in _slopes(loss_fn, module, read).items():
        checked(slope, what=f"the gradient of {name}", read=read)
        if not slope.any():
            raise PropertyError(f"a gradient that reaches {name}", "a gradient of zero", cause, read)


def assert_no_gradient(
    loss_fn: Callable[[], Tensor],
    module: nn.Module | Mapping[str, Tensor],
    *,
    cause: str = "a `detach` is missing: this part of the loss must leave these parameters alone",
    read: str = READ,
) -> None:
    """The gradient of `loss_fn()` is exactly zero, or absent, for every parameter of the module (or mapping).

    Example:
        >>> layer, other = nn.Linear(2, 1), nn.Linear(2, 2)
        >>> assert_no_gradient(lambda: layer(other(torch.ones(3, 2)).detach()).sum(), other)
    """
    for name, slope in _slopes(loss_fn, module, read).items():
        if slope.any():
            raise PropertyError(
                f"no gradient for {name}", f"a gradient of size {slope.abs().max():.4g}", cause, read
            )


def assert_invertible(
    forward: Callable[[Tensor], Any],
    inverse: Callable[[Tensor], Any],
    inputs: Float[Tensor, " batch *event"],
    *,
    tolerance: float = 1e-9,
    cause: str = "the two directions do not undo their steps in opposite order, or differ in a sign",
    read: str = READ,
) -> None:
    """`inverse(forward(x))` is x. Where both return `(value, log_det)`, their log-determinants cancel.

    Example:
        >>> assert_invertible(torch.exp, torch.log, torch.tensor([[0.5, 2.0]], dtype=torch.float64))
    """
    there, log_det = _split(forward(inputs))
    middle = checked(there, what="forward(x)", dtype=torch.float64, read=read).to(inputs.dtype)
    if middle[0].numel() != inputs[0].numel() or len(middle) != len(inputs):
        raise PropertyError(
            f"as many numbers as go in: {describe(inputs)}",
            describe(there),
            "an invertible map keeps them all",
            read,
        )
    back, inverse_log_det = _split(inverse(middle))
    assert_close(back, inputs, tolerance=tolerance, what="inverse(forward(x))", cause=cause, read=read)
    if isinstance(log_det, Tensor) and isinstance(inverse_log_det, Tensor):
        assert_close(
            inverse_log_det,
            -log_det,
            tolerance=tolerance,
            what="the inverse's log_det",
            cause="the inverse's log-determinant is the negative of the forward one, at the same point",
            read=read,
        )


def assert_log_det_matches_jacobian(
    transform: Callable[[Tensor], tuple[Tensor, Tensor]],
    inputs: Float[Tensor, " batch *event"],
    *,
    tolerance: float = 1e-6,
    cause: str = "a wrong sign, a mean where a sum belongs, a sum over the batch, or a factor H·W forgotten",
    read: str = READ,
) -> None:
    """`transform(x) -> (y, log_det)`: log_det (B,) is log |det ∂y/∂x| of every example.

    Example:
        >>> x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        >>> assert_log_det_matches_jacobian(lambda x: (x.exp(), x.sum(1)), x)
    """
    _, log_det = _split(transform(inputs))
    jacobian = _jacobian(lambda x: _split(transform(x))[0], inputs, read)
    assert_close(
        log_det,
        torch.linalg.slogdet(jacobian)[1],
        tolerance=tolerance,
        what="log_det",
        cause=cause,
        read=read,
    )


def _slopes(
    loss_fn: Callable[[], Tensor], module: nn.Module | Mapping[str, Tensor], read: str
) -> dict[str, Tensor]:
    """The gradient of a scalar loss for each named parameter, zeros where none arrives."""
    parameters = dict(module.named_parameters()) if isinstance(module, nn.Module) else dict(module)
    loss = loss_fn()
    checked(loss, what="the loss", shape=(), dtype=torch.float64, read=read)
    if not loss.requires_grad:
        return {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    slopes = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True, materialize_grads=True)
    return dict(zip(parameters, slopes, strict=True))


def _split(result: Any) -> tuple[Any, Any]:
    """A transform's value and log-determinant; a map that returns one thing has no log-determinant."""
    return result if isinstance(result, tuple) and len(result) == 2 else (result, None)


def _jacobian(fn: Callable[[Tensor], Any], inputs: Tensor, read: str) -> Float[Tensor, "batch dims dims"]:
    """∂y/∂x of each example: by autograd where the value carries a graph, otherwise by differences of fourth order."""
    flat = inputs.detach().reshape(len(inputs), -1).clone().requires_grad_()
    dims = flat.shape[1]

    def outputs(x: Tensor) -> Tensor:
        value = fn(x.reshape(-1, *inputs.shape[1:]))
        checked(value, what="the transformed x", dtype=torch.float64, read=read)
        return value.reshape(len(x), -1)

    with torch.enable_grad():
        y = outputs(flat)
        if y.shape != flat.shape:
            raise PropertyError(
                f"{dims} numbers per example", f"{y.shape[1]}", "an invertible map keeps them all", read
            )
        if y.requires_grad:
            rows = [torch.autograd.grad(y[:, i].sum(), flat, retain_graph=True)[0] for i in range(dims)]
            return torch.stack(rows, dim=1)
    step = 1e-3
    offsets = torch.tensor([1.0, -1.0, 2.0, -2.0], dtype=flat.dtype)[:, None, None, None]
    moved = flat.detach()[:, None] + step * offsets * torch.eye(dims, dtype=flat.dtype)
    near_up, near_down, far_up, far_down = outputs(moved.reshape(-1, dims)).reshape(4, -1, dims, dims)
    return ((8 * (near_up - near_down) - (far_up - far_down)) / (12 * step)).transpose(1, 2)
