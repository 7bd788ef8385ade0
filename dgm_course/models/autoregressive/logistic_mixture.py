"""A mixture of discretised logistics (Salimans et al. 2017, arXiv:1701.05517).

A pixel's level is a rounded continuous intensity. With K levels spread over [−1, 1], half a bin δ = 1 / (K − 1),
centre c_x = 2 x / (K − 1) − 1 and the logistic distribution function σ((c − μ) / s),

    P(x) = Σ_m π_m [ σ((c_x + δ − μ_m) / s_m) − σ((c_x − δ − μ_m) / s_m) ]

where the lowest bin begins at −∞ and the highest ends at +∞, so that the K probabilities sum to one whatever the
parameters are. Three numbers a component, instead of K logits, and levels that are near are alike.

The difference of two sigmoids is computed without cancellation. With a < b,

    log (σ(b) − σ(a)) = log σ(b) + log σ(−a) + log (1 − e^{−(b − a)}),     b − a = 2 δ / s

so that a bin far out in the tail keeps its logarithm and its gradient, for all s with |log s| < 80.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk, draw, require_labels


def logistic_log_prob(
    x: Int[Tensor, " *batch"],
    means: Float[Tensor, " *batch"],
    log_scales: Float[Tensor, " *batch"],
    num_levels: int,
) -> Float[Tensor, " *batch"]:
    """log P(x) in nats of each level x in 0 … K − 1 under one logistic; the arguments broadcast.

    Example:
        >>> logistic_log_prob(torch.arange(5), torch.tensor(0.3), torch.tensor(-1.0), num_levels=5).exp().sum()
        tensor(1.)
    """
    twice_centre = (2 * x - (num_levels - 1)).to(means.dtype)
    lower_edge, upper_edge = (twice_centre - 1) / (num_levels - 1), (twice_centre + 1) / (num_levels - 1)
    inverse_scale = torch.exp(-log_scales)
    below_upper_edge = F.logsigmoid((upper_edge - means) * inverse_scale)
    above_lower_edge = F.logsigmoid((means - lower_edge) * inverse_scale)
    bin_width = 2 / (num_levels - 1)
    inside = below_upper_edge + above_lower_edge + torch.log(-torch.expm1(-bin_width * inverse_scale))
    not_lowest = torch.where(x == num_levels - 1, above_lower_edge, inside)
    return torch.where(x == 0, below_upper_edge, not_lowest)


def mixture_log_prob(
    x: Int[Tensor, " *batch"],
    mixture_logits: Float[Tensor, "*batch components"],
    means: Float[Tensor, "*batch components"],
    log_scales: Float[Tensor, "*batch components"],
    num_levels: int,
) -> Float[Tensor, " *batch"]:
    """log P(x) in nats of each level x in 0 … K − 1; means and scales are in units in which the levels span [−1, 1].

    Example:
        >>> x = torch.arange(5)
        >>> logits, means, log_scales = torch.zeros(3, 5, 2).unbind()
        >>> mixture_log_prob(x, logits, means, log_scales, num_levels=5).exp().sum()
        tensor(1.)
    """
    each = logistic_log_prob(x.unsqueeze(-1), means, log_scales, num_levels)
    return torch.logsumexp(mixture_logits.log_softmax(dim=-1) + each, dim=-1)


def mixture_sample(
    mixture_logits: Float[Tensor, "*batch components"],
    means: Float[Tensor, "*batch components"],
    log_scales: Float[Tensor, "*batch components"],
    num_levels: int,
    generator: Generator | None = None,
) -> Int[Tensor, " *batch"]:
    """Choose a component, draw a logistic intensity μ + s log(u / (1 − u)), and round it to the nearest level.

    Example:
        >>> logits, means, log_scales = torch.zeros(2, 3, 5), torch.full((2, 3, 5), 0.5), torch.full((2, 3, 5), -9.0)
        >>> mixture_sample(logits, means, log_scales, num_levels=9, generator=torch.Generator().manual_seed(0))
        tensor([[6, 6, 6],
                [6, 6, 6]])
    """
    chosen = draw(mixture_logits, generator).unsqueeze(-1)
    mean, log_scale = (p.gather(-1, chosen).squeeze(-1) for p in (means, log_scales))
    u = torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    intensity = mean + log_scale.exp() * torch.logit(u)
    return ((intensity.clamp(-1, 1) + 1) / 2 * (num_levels - 1)).round().long()


class LogisticMixture(AutoregressiveModel):
    """Independent dimensions, each with its own mixture: what a `Histogram` is with K numbers a dimension.

    Example:
        >>> model = LogisticMixture(num_levels=256, event_shape=(3,), num_components=5)
        >>> x = model.sample(4, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape
        (torch.Size([4, 3]), torch.Size([4]))
    """

    def __init__(self, num_levels: int, event_shape: Sequence[int] = (), num_components: int = 5) -> None:
        super().__init__(event_shape, num_levels)
        shape = (*self.event_shape, num_components)
        self.mixture_logits = nn.Parameter(torch.zeros(shape))
        self.means = nn.Parameter(
            ((2 * torch.arange(num_components) + 1) / num_components - 1).expand(shape).clone()
        )
        self.log_scales = nn.Parameter(torch.full(shape, -1.0))

    def logits(self, x: Int[Tensor, " batch *event"]) -> Float[Tensor, "batch *event levels"]:
        """log P of every level, the same whatever x is."""
        logits, means, log_scales = (
            p.unsqueeze(-2) for p in (self.mixture_logits, self.means, self.log_scales)
        )
        levels = torch.arange(self.num_levels, device=x.device)
        return mixture_log_prob(levels, logits, means, log_scales, self.num_levels).expand(*x.shape, -1)

    def log_prob(self, x: Int[Tensor, " batch *event"]) -> Float[Tensor, " batch"]:
        """log p(x) in nats, summed over the dimensions."""
        each = mixture_log_prob(x, self.mixture_logits, self.means, self.log_scales, self.num_levels)
        return each.reshape(len(x), -1).sum(dim=1)

    @torch.no_grad()
    def complete(
        self,
        x: Int[Tensor, " batch *event"],
        known: Bool[Tensor, " batch *event"],
        *,
        y: Int[Tensor, " batch"] | None = None,
        generator: Generator | None = None,
    ) -> Int[Tensor, " batch *event"]:
        """All dimensions at once, in a sample, too."""
        require_labels(y, self.num_classes)
        logits, means, log_scales = (
            p.expand(*x.shape, -1) for p in (self.mixture_logits, self.means, self.log_scales)
        )
        return torch.where(known, x, mixture_sample(logits, means, log_scales, self.num_levels, generator))

    def walk(self, batch: int) -> Walk:
        """The values that are sent change nothing."""
        for log_p in self.logits(self.blank(1)[0]).view(-1, self.num_levels):
            yield log_p.expand(batch, -1)
