"""Distances between two samples that need no density and no trained network."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize


def sliced_wasserstein(
    x: Float[Tensor, "n dims"],
    y: Float[Tensor, "m dims"],
    *,
    projections: Float[Tensor, "dims slices"] | None = None,
    num_projections: int = 128,
    generator: torch.Generator | None = None,
) -> Float[Tensor, ""]:
    """The sliced 2-Wasserstein distance: the root mean square over directions of the distance on a line.

    On a line the optimal transport joins equal quantiles, so W₂² = ∫ (F⁻¹(q) − G⁻¹(q))² dq, which is exact here
    for samples of any two sizes. Directions are the columns of `projections`, scaled to length 1, or are drawn
    from `generator`: give the same ones to every model that you compare.

    Example:
        >>> x = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
        >>> sliced_wasserstein(x, x + torch.tensor([3.0, 4.0]), projections=torch.eye(2))
        tensor(3.5355)
    """
    if projections is None:
        if generator is None:
            raise ValueError("give projections, or a generator to draw them from")
        projections = torch.randn(x.shape[1], num_projections, generator=generator)
    directions = normalize(projections.to(x), dim=0)
    a, b = (x @ directions).sort(dim=0).values, (y @ directions).sort(dim=0).values
    # Both quantile functions are constant between the steps i/n and j/m.
    steps = torch.cat([torch.arange(1, len(part) + 1).double() / len(part) for part in (a, b)]).unique()
    ends = torch.cat([steps.new_zeros(1), steps])
    middle, width = (ends[1:] + ends[:-1]) / 2, ends.diff()
    gap = a[(middle * len(a)).long()] - b[(middle * len(b)).long()]
    return (width.to(x) @ gap.square()).mean().sqrt()


def mmd2(
    x: Float[Tensor, "n dims"], y: Float[Tensor, "m dims"], *, bandwidths: Sequence[float] = (1.0,)
) -> Float[Tensor, ""]:
    """The unbiased estimate of the squared maximum mean discrepancy (Gretton et al. 2012, equation 3).

        MMD² = E k(x, x') + E k(y, y') − 2 E k(x, y),   k(x, y) = Σ_h exp(−|x − y|² / 2h²)

    Pairs of a point with itself are left out, so the estimate may be negative, and its mean is 0 for two
    samples of one distribution. Differentiable in `x` and `y`.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> x, y = torch.randn(2, 500, 2, generator=generator)
        >>> mmd2(x, y).abs() < 0.01 < mmd2(x, y + 1)
        tensor(True)
    """

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        squares = (a.unsqueeze(1) - b).square().sum(2)
        return torch.stack([(-squares / (2 * h**2)).exp() for h in bandwidths]).sum(0)

    n, m = len(x), len(y)
    within_x = (kernel(x, x).sum() - n * len(bandwidths)) / (n * (n - 1))
    within_y = (kernel(y, y).sum() - m * len(bandwidths)) / (m * (m - 1))
    return within_x + within_y - 2 * kernel(x, y).mean()
