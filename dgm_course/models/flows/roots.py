"""The direction that has no formula: a root of an increasing function, with its derivatives.

Newton's method finds x₀ with g(x₀) = y in a few steps, kept inside a bracket that shrinks: where a step would leave it,
or is not half as long as the one before the last, the bracket is halved instead (Numerical Recipes' `rtsafe`). None of
that knows a gradient. One more step of Newton's method from there,

    x = x₀ − (g(x₀) − y) / g′(x₀),

moves it by rounding only, and has the gradients that the implicit function theorem says: ∂x/∂y = 1 / g′ and
∂x/∂θ = −(∂g/∂θ) / g′.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def increasing_root(
    function: Callable[[Tensor], tuple[Tensor, Tensor]],
    y: Float[Tensor, " *points"],
    lower: Float[Tensor, " *points"],
    upper: Float[Tensor, " *points"],
) -> Float[Tensor, " *points"]:
    """x in [lower, upper] with g(x) = y, for `function(x) -> (g(x), g′(x))`, g increasing in each entry by itself.

    Example:
        >>> y = torch.tensor([1.0, 8.0], requires_grad=True)
        >>> x = increasing_root(lambda x: (x**3, 3 * x**2), y, torch.zeros(2), torch.full((2,), 10.0))
        >>> x.detach(), torch.autograd.grad(x.sum(), y)[0]
        (tensor([1., 2.]), tensor([0.3333, 0.0833]))
    """
    eps = torch.finfo(y.dtype).eps
    with torch.no_grad():
        x = (lower + upper) / 2
        last, before = upper - lower, upper - lower
        while (last > 2 * eps * (1 + x.abs())).any():
            value, slope = function(x)
            excess = value - y
            lower, upper = torch.where(excess < 0, x, lower), torch.where(excess < 0, upper, x)
            step = excess / slope
            newton = x - step
            good = (newton >= lower) & (newton <= upper) & (2 * step.abs() <= before)
            moved = torch.where(good, newton, (lower + upper) / 2)
            before, last, x = last, (moved - x).abs(), moved
    value, slope = function(x)
    return x - (value - y) / slope.detach()
