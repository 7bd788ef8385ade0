"""Neural spline flows: rational-quadratic couplings (Durkan et al. 2019, arXiv:1906.04032).

An affine coupling can only stretch. Here each number that changes goes from data x to latent z through an increasing
curve on [−B, B] of K pieces between knots (x_k, z_k) with slopes δ_k. In piece k, with its width w and height h, its
chord's slope s = h / w and the place ξ = (x − x_k) / w in it,

    z = z_k + h (s ξ² + δ_k ξ (1 − ξ)) / q,     q = s + (δ_k + δ_{k+1} − 2 s) ξ (1 − ξ)
    ∂z/∂x = s² (δ_{k+1} ξ² + 2 s ξ (1 − ξ) + δ_k (1 − ξ)²) / q²

It meets value and slope at every knot, and the way back is the root of a quadratic equation. Outside [−B, B] it is the
identity, and the slopes at ±B are 1: far away nothing is stretched. A network of the half that stays makes 3K − 1
numbers for each that changes: K widths, K heights, K − 1 slopes.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgm_course.models.flows.base import Flow, Layer
from dgm_course.models.flows.coupling import halves, joined, mlp, roles

LEAST = 1e-3  # of a width and a height, as a share of 2B, and of a slope
# Where softplus is 1 − LEAST: a network that says zero makes the identity.
UNIT_SLOPE = math.log(math.expm1(1 - LEAST))


def knots(
    raw: Float[Tensor, "*batch numbers"], bound: float
) -> tuple[Float[Tensor, "*batch 2 knots"], Float[Tensor, "*batch knots"]]:
    """The places x_k and z_k of K + 1 knots, and their slopes, of any 3K − 1 numbers.

    Example:
        >>> places, slopes = knots(torch.zeros(5), bound=1.0)
        >>> places, slopes
        (tensor([[-1.,  0.,  1.],
                [-1.,  0.,  1.]]), tensor([1.0000, 1.0000, 1.0000]))
    """
    K = (raw.shape[-1] + 1) // 3
    sizes, slopes = raw.split((2 * K, K - 1), dim=-1)
    shares = LEAST + (1 - K * LEAST) * sizes.unflatten(-1, (2, K)).softmax(dim=-1)
    inner = 2 * bound * shares[..., :-1].cumsum(dim=-1) - bound
    places = F.pad(F.pad(inner, (1, 0), value=-bound), (0, 1), value=bound)
    return places, F.pad(LEAST + F.softplus(slopes + UNIT_SLOPE), (1, 1), value=1.0)


def rational_quadratic(
    v: Float[Tensor, " *batch"], raw: Float[Tensor, "*batch numbers"], bound: float, inverse: bool = False
) -> tuple[Float[Tensor, " *batch"], Float[Tensor, " *batch"]]:
    """The curve at v, or its inverse, and the logarithm of its slope there.

    Example:
        >>> rational_quadratic(torch.tensor([-3.0, 0.5]), torch.zeros(2, 5), bound=1.0)
        (tensor([-3.0000,  0.5000]), tensor([0., 0.]))
    """
    places, slopes = knots(raw, bound)
    inside = v.abs() < bound
    v_in = torch.where(inside, v, 0.0)
    k = (v_in.unsqueeze(-1) >= places[..., int(inverse), 1:-1]).sum(dim=-1)
    table = torch.cat([places, slopes.unsqueeze(-2)], dim=-2)
    ends = table.gather(-1, torch.stack([k, k + 1], dim=-1).unsqueeze(-2).expand(*table.shape[:-1], 2))
    (x0, x1), (z0, z1), (d0, d1) = (pair.unbind(dim=-1) for pair in ends.unbind(dim=-2))
    w, h = x1 - x0, z1 - z0
    s = h / w
    bend = d0 + d1 - 2 * s
    if inverse:
        rise = v_in - z0
        a, b, c = h * (s - d0) + rise * bend, h * d0 - rise * bend, -s * rise
        xi = 2 * c / (-b - (b.square() - 4 * a * c).clamp(min=0).sqrt())
    else:
        xi = (v_in - x0) / w
    across = xi * (1 - xi)
    q = s + bend * across
    image = x0 + xi * w if inverse else z0 + h * (s * xi.square() + d0 * across) / q
    slope = (s / q).square() * (d1 * xi.square() + 2 * s * across + d0 * (1 - xi).square())
    log_slope = -slope.log() if inverse else slope.log()
    return torch.where(inside, image, v), torch.where(inside, log_slope, 0.0)


class SplineCoupling(Layer):
    """One half of the dimensions goes through curves that the other half makes; `flip` swaps the halves.

    `network` makes 3K − 1 numbers for each that changes, those of one number side by side.

    Example:
        >>> layer = SplineCoupling(mlp(2, (8,), 1 * (3 * 4 - 1)), bound=3.0)
        >>> x, log_det = layer(torch.randn(5, 3))
        >>> x.shape, log_det.shape
        (torch.Size([5, 3]), torch.Size([5]))
    """

    def __init__(self, network: nn.Module, flip: bool = False, bound: float = 5.0) -> None:
        super().__init__()
        self.network, self.flip, self.bound = network, flip, bound

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        return self._bent(z, inverse=True)

    def inverse(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        return self._bent(x, inverse=False)

    def _bent(
        self, v: Float[Tensor, "batch dims"], inverse: bool
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        kept, changed = halves(v, self.flip)
        raw = self.network(kept).unflatten(1, (changed.shape[1], -1))
        image, log_slope = rational_quadratic(changed, raw, self.bound, inverse)
        return joined(kept, image, self.flip), log_slope.sum(dim=1)


class SplineFlow(Flow):
    """Spline couplings over D ≥ 2 dimensions with `num_bins` pieces, each with a network of its own.

    Example:
        >>> model = SplineFlow(num_dims=2, num_layers=2, hidden=(16,))
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape, model.encode(x).shape
        (torch.Size([5, 2]), torch.Size([5]), torch.Size([5, 2]))
    """

    def __init__(
        self,
        num_dims: int,
        num_layers: int = 4,
        hidden: Sequence[int] = (64, 64),
        num_bins: int = 8,
        bound: float = 5.0,
    ) -> None:
        super().__init__(
            [
                SplineCoupling(mlp(kept, hidden, changed * (3 * num_bins - 1)), flip, bound)
                for flip, kept, changed in roles(num_dims, num_layers)
            ],
            (num_dims,),
        )
