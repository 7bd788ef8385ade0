"""Planar flows: a push along one direction, across one plane (Rezende & Mohamed 2015, arXiv:1505.05770).

    x = z + u h(wᵀz + b),     h = tanh
    log |det ∂x/∂z| = log |1 + uᵀw h′(wᵀz + b)|

The Jacobian is the identity plus a matrix of rank one, so its determinant is a dot product. The map is invertible if
uᵀw > −1, so that no two points on a line along w are pushed past each other; u is moved along w to make it so:

    û = u + (m(wᵀu) − wᵀu) w / ‖w‖²,     m(a) = −1 + log(1 + eᵃ),     then ûᵀw = m(wᵀu) > −1

The inverse has no formula, but only one unknown: with α = wᵀz, multiplying by wᵀ gives wᵀx = α + ûᵀw h(α + b), which
increases in α. One layer does little: D dimensions are bent along a single direction.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgm_course.models.flows.base import Flow, Layer
from dgm_course.models.flows.roots import increasing_root


class Planar(Layer):
    """One push over D dimensions.

    Example:
        >>> layer = Planar(num_dims=3)
        >>> x, log_det = layer(torch.zeros(5, 3))
        >>> x.shape, log_det.shape, layer.inverse(x)[0].abs().max() < 1e-5
        (torch.Size([5, 3]), torch.Size([5]), tensor(True))
    """

    def __init__(self, num_dims: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(num_dims) / num_dims**0.5)
        self.u = nn.Parameter(0.1 * torch.randn(num_dims))
        self.b = nn.Parameter(torch.zeros(()))

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        u, gap = self._direction()
        h = torch.tanh(z @ self.w + self.b)
        return z + h[:, None] * u, self._log_det(h, gap)

    def inverse(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        u, gap = self._direction()
        along = x @ self.w

        def push(alpha: Tensor) -> tuple[Tensor, Tensor]:
            h = torch.tanh(alpha + self.b)
            return alpha + (gap - 1) * h, h.square() + gap * (1 - h.square())

        reach = (gap - 1).abs().detach() + 1e-3
        h = torch.tanh(increasing_root(push, along, along.detach() - reach, along.detach() + reach) + self.b)
        return x - h[:, None] * u, -self._log_det(h, gap)

    def _direction(self) -> tuple[Float[Tensor, " dims"], Float[Tensor, ""]]:
        """û, and how far ûᵀw is from −1."""
        along = self.w @ self.u
        gap = F.softplus(along)
        return self.u + (gap - 1 - along) * self.w / self.w.square().sum(), gap

    @staticmethod
    def _log_det(h: Float[Tensor, " batch"], gap: Float[Tensor, ""]) -> Float[Tensor, " batch"]:
        """log (1 + ûᵀw h′) with h′ = 1 − h², written so that nothing cancels: the number is positive."""
        return (h.square() + gap * (1 - h.square())).log()


class PlanarFlow(Flow):
    """`num_layers` pushes over D dimensions.

    Example:
        >>> model = PlanarFlow(num_dims=2, num_layers=8)
        >>> model.log_prob(model.sample(5, generator=torch.Generator().manual_seed(0))).shape
        torch.Size([5])
    """

    def __init__(self, num_dims: int, num_layers: int = 16) -> None:
        super().__init__([Planar(num_dims) for _ in range(num_layers)], (num_dims,))
