"""Integers under a density: uniform and variational dequantisation (Ho et al. 2019, arXiv:1902.00275).

A density can put any height on the single point 3.0, so a flow that is fitted to integers learns nothing but spikes.
Its probability of an integer is the mass of a cell, and noise u in the cell makes a lower bound of that:

    P(x) = ∫_[0,1)^D p(x + u) du  ≥  exp E_{u ~ q(u|x)} [ log p(x + u) − log q(u | x) ]

With q uniform the second term is 0 (Uria et al. 2013, Theis et al. 2016). But then the flow has to be flat in each
cell, which smooth flows are bad at; q(u | x) learned is another flow, and the bound is tighter. k particles inside the
logarithm (importance weighting) are tighter still, and exact in the limit.

The flow itself lives on the line: y = x + u in [0, K) goes through logit(α + (1 − 2α) y / K), α = 0.05, and what the
flow puts beyond [0, K) belongs to the outermost levels when it is sampled.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from dgm_course.models.base import GenerativeModel
from dgm_course.models.flows.base import Flow, Layer, log_normal
from dgm_course.models.flows.coupling import AffineCoupling, bounded, mlp, roles

ALPHA = 0.05


class Logit(Layer):
    """From the line to a little more than [0, K].

    Example:
        >>> layer = Logit(num_levels=17)
        >>> layer.inverse(torch.tensor([[8.5]]))[0], layer(torch.tensor([[-100.0, 100.0]]))[0]
        (tensor([[0.]]), tensor([[-0.9444, 17.9444]]))
    """

    def __init__(self, num_levels: int, alpha: float = ALPHA) -> None:
        super().__init__()
        self.num_levels, self.alpha = num_levels, alpha

    def forward(
        self, z: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        x = self.num_levels * (torch.sigmoid(z) - self.alpha) / (1 - 2 * self.alpha)
        return x, self._log_det(z)

    def inverse(
        self, x: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        z = torch.logit(self.alpha + (1 - 2 * self.alpha) * x / self.num_levels)
        return z, -self._log_det(z)

    def _log_det(self, z: Tensor) -> Float[Tensor, " batch"]:
        scale = math.log(self.num_levels / (1 - 2 * self.alpha))
        return (F.logsigmoid(z) + F.logsigmoid(-z) + scale).flatten(1).sum(dim=1)


class UniformDequantization(GenerativeModel):
    """Integers 0 … K − 1 of any shape, under a flow of that shape.

    Example:
        >>> from dgm_course.models.flows.coupling import RealNVP
        >>> model = UniformDequantization(RealNVP(4, num_layers=2), num_levels=17)
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.dtype, model.elbo(x).shape, model.log_prob(x, num_particles=100).shape
        (torch.int64, torch.Size([5]), torch.Size([5]))
    """

    def __init__(self, flow: Flow, num_levels: int) -> None:
        super().__init__()
        self.event_shape, self.num_levels = flow.event_shape, num_levels
        self.flow, self.logit = flow, Logit(num_levels)

    def noise(
        self, x: Int[Tensor, " batch *event"], generator: Generator | None = None
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        """u ~ q(u | x) in [0, 1), and log q(u | x) in nats."""
        like = next(self.flow.parameters(), torch.zeros(()))
        u = torch.rand(x.shape, generator=generator, dtype=like.dtype, device=x.device)
        return u, u.new_zeros(len(x))

    def elbo(
        self, x: Int[Tensor, " batch *event"], *, num_particles: int = 1, generator: Generator | None = None
    ) -> Float[Tensor, " batch"]:
        """A lower bound of log P(x) in nats, averaged over `num_particles` draws of the noise."""
        return self._log_weights(x, num_particles, generator).mean(dim=0)

    def log_prob(
        self, x: Int[Tensor, " batch *event"], *, num_particles: int = 100, generator: Generator | None = None
    ) -> Float[Tensor, " batch"]:
        """The importance-weighted estimate of log P(x) in nats: a bound on average, tighter with each particle."""
        weights = self._log_weights(x, num_particles, generator)
        return weights.logsumexp(dim=0) - math.log(num_particles)

    def loss(self, x: Int[Tensor, " batch *event"]) -> Float[Tensor, ""]:
        """−mean ELBO in nats per example."""
        return -self.elbo(x).mean()

    @torch.no_grad()
    def sample(
        self, num_samples: int, *, generator: Generator | None = None
    ) -> Int[Tensor, " num_samples *event"]:
        """The cell in which a draw of the flow falls."""
        y, _ = self.logit(self.flow.sample(num_samples, generator=generator))
        return y.floor().clamp(0, self.num_levels - 1).long()

    def initialize(self, x: Int[Tensor, " batch *event"], *, generator: Generator | None = None) -> None:
        """Let the flow take from these data what it takes from data."""
        u, _ = self.noise(x, generator)
        self.flow.initialize(self.logit.inverse(x + u)[0])

    def _log_weights(
        self, x: Int[Tensor, " batch *event"], num_particles: int, generator: Generator | None
    ) -> Float[Tensor, "particles batch"]:
        copies = x.repeat(num_particles, *[1] * (x.dim() - 1))
        u, log_q = self.noise(copies, generator)
        y, log_det = self.logit.inverse(copies + u)
        return (self.flow.log_prob(y) + log_det - log_q).view(num_particles, len(x))


class VariationalDequantization(UniformDequantization):
    """Noise that a conditional flow makes of x: u = sigmoid(g(ε; x)), ε ~ N(0, I).

    g scales and moves each ε by what a network makes of x, then couples the two halves, given x, in turn.

    Example:
        >>> from dgm_course.models.flows.coupling import RealNVP
        >>> model = VariationalDequantization(RealNVP(4, num_layers=2), num_levels=17, hidden=(16,))
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> u, log_q = model.noise(x)
        >>> u.shape, log_q.shape, bool((u > 0).all() and (u < 1).all())
        (torch.Size([5, 4]), torch.Size([5]), True)
    """

    def __init__(
        self, flow: Flow, num_levels: int, hidden: Sequence[int] = (64,), num_layers: int = 2
    ) -> None:
        super().__init__(flow, num_levels)
        D = math.prod(flow.event_shape)
        self.place = mlp(D, hidden, 2 * D)
        self.couplings = nn.ModuleList(
            AffineCoupling(mlp(kept + D, hidden, 2 * changed), flip)
            for flip, kept, changed in roles(D, num_layers)
        )

    def noise(
        self, x: Int[Tensor, " batch *event"], generator: Generator | None = None
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        like = next(self.flow.parameters())
        context = (2 * x.flatten(1) / (self.num_levels - 1) - 1).to(like.dtype)
        noise = torch.randn(context.shape, generator=generator, dtype=like.dtype, device=x.device)
        s, t = self.place(context).chunk(2, dim=1)
        v, total = noise * bounded(s).exp() + t, bounded(s).sum(dim=1)
        for coupling in self.couplings:
            v, log_det = coupling(v, context)
            total = total + log_det
        squash = (F.logsigmoid(v) + F.logsigmoid(-v)).sum(dim=1)
        return torch.sigmoid(v).view(x.shape), log_normal(noise) - total - squash
