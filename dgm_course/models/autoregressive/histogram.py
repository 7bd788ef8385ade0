"""The histogram: a categorical distribution, and counting as maximum likelihood.

    p(x) = Π_i Cat(x_i; softmax(θ_i)),     θ̂_ik = log (n_ik + α) / (N + α K)

where n_ik is how often dimension i takes level k in N examples. The closed form with α = 0 is the maximum of the
likelihood; gradient descent on `loss` finds the same maximum, step by step. Smoothing α > 0 keeps a level that was
never seen from having probability zero. With several dimensions they are independent: every better model has to
beat this one, and the loss cannot fall below the sum of the entropies of the dimensions.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk, draw, require_labels


class Histogram(AutoregressiveModel):
    """Independent categoricals over the dimensions of `event_shape`, uniform until fitted.

    Example:
        >>> model = Histogram(num_levels=3)
        >>> _ = model.count(torch.tensor([0, 0, 1, 2]), smoothing=1.0)
        >>> model.log_prob(torch.tensor([0, 1, 2])).exp()    # (2 + 1) / (4 + 3), …
        tensor([0.4286, 0.2857, 0.2857], grad_fn=<ExpBackward0>)
    """

    def __init__(self, num_levels: int, event_shape: Sequence[int] = ()) -> None:
        super().__init__(event_shape, num_levels)
        self.theta = nn.Parameter(torch.zeros(*self.event_shape, num_levels))

    @torch.no_grad()
    def count(self, x: Int[Tensor, " batch *event"], smoothing: float = 0.0) -> "Histogram":
        """Set the parameters to the closed form; without smoothing an unseen level gets log-probability −∞."""
        counts = F.one_hot(x, self.num_levels).sum(dim=0).to(self.theta.dtype) + smoothing
        self.theta.copy_((counts / counts.sum(dim=-1, keepdim=True)).log())
        return self

    def logits(self, x: Int[Tensor, " batch *event"]) -> Float[Tensor, "batch *event levels"]:
        """The same whatever x is."""
        return self.theta.expand(*x.shape, -1)

    def log_prob(self, x: Int[Tensor, " batch *event"]) -> Float[Tensor, " batch"]:
        """log p(x) in nats, summed over the dimensions."""
        log_probs = self.theta.log_softmax(dim=-1).expand(*x.shape, -1)
        return log_probs.gather(-1, x.unsqueeze(-1)).flatten(1).sum(dim=1)

    @torch.no_grad()
    def complete(
        self,
        x: Int[Tensor, " batch *event"],
        known: Bool[Tensor, " batch *event"],
        *,
        y: Int[Tensor, " batch"] | None = None,
        generator: Generator | None = None,
    ) -> Int[Tensor, " batch *event"]:
        """All dimensions at once, in a sample, too: none of them waits for another."""
        require_labels(y, self.num_classes)
        return torch.where(known, x, draw(self.logits(x), generator))

    def walk(self, batch: int) -> Walk:
        """The values that are sent change nothing."""
        for theta_i in self.theta.view(-1, self.num_levels):
            yield theta_i.expand(batch, -1)
