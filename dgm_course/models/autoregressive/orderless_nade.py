"""One network for every order: orderless NADE (Uria, Murray & Larochelle 2014, arXiv:1310.1757).

The network is told which dimensions are known, m, and gives the logits of all others: p(x_i | x_m) for any subset m.
For an order o that makes a distribution p_o(x) = Π_d p(x_{o_d} | x_{o_<d}), and training draws order and place,

    −log p ≈ D / (D − d + 1) · Σ_{i not in o_<d} −log p(x_i | x_{o_<d}),

which is unbiased for the mean over all orders and costs one pass. The D! distributions do not agree. An ensemble

    p(x) = 1/M Σ_o p_o(x)

of a few of them is better than each on average, by Jensen's inequality. It averages probabilities. The mean of their
logarithms sums to less than one. The mean of the logits of each dimension, taken before the softmax, can sum to
anything: the orders knew different dimensions, so together they may have known the answer.

Evidence may lie anywhere: what is known is told to the network before the first draw, so `complete` draws the rest
given all of it, where a model of one order hears only what comes before.
"""

from collections.abc import Sequence
from math import log

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn

from dgm_course.models.autoregressive.base import draw
from dgm_course.models.base import ExactLikelihood


class OrderlessNADE(ExactLikelihood):
    """The mixture of `num_orders` chain rules over D dimensions of K levels; the orders are drawn once, from `seed`.

    Example:
        >>> model = OrderlessNADE(num_dims=5, hidden=(16,), num_orders=3)
        >>> x = model.sample(4, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape, model.log_prob_each(x).shape
        (torch.Size([4, 5]), torch.Size([4]), torch.Size([3, 4]))
    """

    orders: Tensor

    def __init__(
        self,
        num_dims: int,
        hidden: Sequence[int] = (256, 256),
        num_levels: int = 2,
        num_orders: int = 8,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.event_shape, self.num_levels = (num_dims,), num_levels
        sizes = [num_dims * num_levels, *hidden]
        layers = [
            layer
            for size, width in zip(sizes, hidden, strict=False)
            for layer in (nn.Linear(size, width), nn.ReLU())
        ]
        self.network = nn.Sequential(*layers, nn.Linear(sizes[-1], num_dims * num_levels))
        rng = torch.Generator().manual_seed(seed)
        orders = torch.stack([torch.randperm(num_dims, generator=rng) for _ in range(num_orders)])
        self.register_buffer("orders", orders)

    def conditionals(
        self, x: Int[Tensor, "batch dims"], known: Bool[Tensor, "batch dims"]
    ) -> Float[Tensor, "batch dims levels"]:
        """log p(x_i = k | what is known of x) for every dimension; of a known one it means nothing.

        The input holds an indicator of each level, all zero where a dimension is not known.
        """
        dtype = next(self.parameters()).dtype
        seen = F.one_hot(x, self.num_levels) * known.unsqueeze(-1)
        logits = self.network(seen.flatten(1).to(dtype)).unflatten(1, (-1, self.num_levels))
        return F.log_softmax(logits, dim=-1)

    def log_prob_each(self, x: Int[Tensor, "batch dims"]) -> Float[Tensor, "orders batch"]:
        """log p_o(x) in nats for each order o of the ensemble: D passes each."""
        return torch.stack([self._log_prob(x, order) for order in self.orders])

    def log_prob(self, x: Int[Tensor, "batch dims"]) -> Float[Tensor, " batch"]:
        """log p(x) in nats: the logarithm of the mean of the ensemble's probabilities."""
        return self.log_prob_each(x).logsumexp(dim=0) - log(len(self.orders))

    def _log_prob(self, x: Tensor, order: Tensor) -> Tensor:
        known = torch.zeros_like(x, dtype=torch.bool)
        costs = []
        for i in order:
            costs.append(self.conditionals(x, known)[:, i].gather(1, x[:, [i]]))
            known[:, i] = True
        return torch.cat(costs, dim=1).sum(dim=1)

    def loss(self, x: Int[Tensor, "batch dims"], *, generator: Generator | None = None) -> Float[Tensor, ""]:
        """An unbiased estimate of the mean of −log p_o(x) over examples and all D! orders, in nats, from one pass."""
        D = x.shape[1]
        rank = torch.rand(x.shape, generator=generator, device=x.device).argsort(dim=1).argsort(dim=1)
        place = torch.randint(D, (len(x), 1), generator=generator, device=x.device)
        known = rank < place
        costs = -self.conditionals(x, known).gather(-1, x.unsqueeze(-1)).squeeze(-1)
        return (costs.masked_fill(known, 0.0).sum(dim=1) * D / (D - place[:, 0])).mean()

    def sample(
        self, num_samples: int, *, generator: Generator | None = None
    ) -> Int[Tensor, "num_samples dims"]:
        """A completion of nothing: each sample picks an order of the ensemble, and is drawn by it."""
        x = torch.zeros(num_samples, *self.event_shape, dtype=torch.long, device=self.orders.device)
        return self.complete(x, torch.zeros_like(x, dtype=torch.bool), generator=generator)

    @torch.no_grad()
    def complete(
        self,
        x: Int[Tensor, "batch dims"],
        known: Bool[Tensor, "batch dims"],
        *,
        generator: Generator | None = None,
    ) -> Int[Tensor, "batch dims"]:
        """Keep what is `known` and draw the rest given all of it, by an order of the ensemble for each row."""
        x, known = x.clone(), known.clone()
        picked = torch.randint(len(self.orders), (len(x),), generator=generator, device=x.device)
        rows = torch.arange(len(x), device=x.device)
        for i in self.orders[picked].T:
            drawn = draw(self.conditionals(x, known)[rows, i], generator)
            x[rows, i] = torch.where(known[rows, i], x[rows, i], drawn)
            known[rows, i] = True
        return x
