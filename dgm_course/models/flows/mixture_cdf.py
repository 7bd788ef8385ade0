"""Change of variables in one dimension: a mixture of distribution functions (Ho et al. 2019, arXiv:1902.00275).

Any distribution function F maps its own data to uniform numbers: density is how steep F is. Followed by a logit,

    z = log F(x) − log (1 − F(x)),     F(x) = Σ_k π_k σ((x − μ_k) / s_k),     σ(a) = 1 / (1 + e⁻ᵃ)
    ∂z/∂x = f(x) / (F(x) (1 − F(x))),     f = F′

it maps the line onto the line, increasing everywhere, and the mixture bends it as finely as it has components. With
1 − F(x) = Σ_k π_k σ(−(x − μ_k) / s_k) every term is a log-sum-exp, so that tails keep all their digits. The way back
has no formula. Since F lies between the smallest and the largest of its components, x lies between the smallest and
the largest of μ_k + s_k z, and a bracketed Newton search finds it.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgm_course.models.flows.base import Layer
from dgm_course.models.flows.roots import increasing_root


class MixtureCDF(Layer):
    """Every dimension is bent by a mixture of its own, and none looks at another.

    Example:
        >>> layer = MixtureCDF(event_shape=(1,), num_components=4)
        >>> z, log_det = layer.inverse(torch.tensor([[-2.0], [1.0], [3.0]]))
        >>> z.shape, log_det.shape, layer(z)[0].detach().round(decimals=3).flatten()
        (torch.Size([3, 1]), torch.Size([3]), tensor([-2.,  1.,  3.]))
    """

    def __init__(self, event_shape: Sequence[int] = (1,), num_components: int = 8) -> None:
        super().__init__()
        shape = (*event_shape, num_components)
        self.logits = nn.Parameter(torch.zeros(shape))
        self.means = nn.Parameter(torch.linspace(-2, 2, num_components).expand(shape).clone())
        self.log_scales = nn.Parameter(torch.full(shape, -0.5))

    def inverse(
        self, x: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        z, log_slope = self._curve(x)
        return z, log_slope.flatten(1).sum(dim=1)

    def forward(
        self, z: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        with torch.no_grad():
            lower, upper = (self.means + self.log_scales.exp() * z.unsqueeze(-1)).aminmax(dim=-1)

        def curve(x: Tensor) -> tuple[Tensor, Tensor]:
            value, log_slope = self._curve(x)
            return value, log_slope.exp()

        x = increasing_root(curve, z, lower, upper)
        return x, -self._curve(x)[1].flatten(1).sum(dim=1)

    def _curve(
        self, x: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch *event"]]:
        """z(x) and log ∂z/∂x of each dimension."""
        log_weights = self.logits.log_softmax(dim=-1)
        a = (x.unsqueeze(-1) - self.means) * (-self.log_scales).exp()
        below, above = F.logsigmoid(a), F.logsigmoid(-a)
        log_below = (log_weights + below).logsumexp(dim=-1)
        log_above = (log_weights + above).logsumexp(dim=-1)
        log_density = (log_weights - self.log_scales + below + above).logsumexp(dim=-1)
        return log_below - log_above, log_density - log_below - log_above
