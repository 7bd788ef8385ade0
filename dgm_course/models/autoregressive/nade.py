"""NADE: the neural autoregressive distribution estimator (Larochelle & Murray, AISTATS 2011; arXiv:1605.02226).

    h_i = σ(c + W_{<i} x_{<i}),     p(x_i | x_<i) = Cat(softmax(V_i h_i + b_i))

A network of its own for each conditional, with the weights of the inputs shared: W_{<i} is the first columns of one
matrix W. So the sum inside h_{i+1} is the sum inside h_i plus one column,

    a_1 = c,     a_{i+1} = a_i + W_i x_i,

and all D conditionals cost O(DH) in place of O(D²H). MADE gets there by masks, NADE by keeping the sum.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk, indicators, with_first_level


class NADE(AutoregressiveModel):
    """p(x) = Π_i Cat(x_i | x_<i) over D dimensions of K levels each, in any order.

    A dimension enters as K − 1 indicators, one for each level but the first, and leaves as K − 1 logits; for binary
    data these are x itself and one number.

    Example:
        >>> model = NADE(num_dims=4, hidden=16, order=(3, 1, 0, 2))
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.logits(x).shape, model.log_prob(x).shape
        (torch.Size([5, 4]), torch.Size([5, 4, 2]), torch.Size([5]))
    """

    def __init__(
        self, num_dims: int, hidden: int = 256, num_levels: int = 2, order: Sequence[int] | None = None
    ) -> None:
        super().__init__((num_dims,), num_levels, order)
        self.W = nn.Parameter(torch.randn(num_dims, num_levels - 1, hidden) / num_dims**0.5)
        self.c = nn.Parameter(torch.zeros(hidden))
        self.V = nn.Parameter(torch.randn(num_dims, hidden, num_levels - 1) / hidden**0.5)
        self.b = nn.Parameter(torch.zeros(num_dims, num_levels - 1))

    def logits(self, x: Int[Tensor, "batch dims"]) -> Float[Tensor, "batch dims levels"]:
        """All D conditionals, one after another: the sums of all steps at once would fill the memory."""
        seen = indicators(x, self.num_levels, self.c.dtype).unbind(dim=1)
        W, V = self.W.unbind(), self.V.unbind()  # W[i] alone has a gradient as large as W
        a, each = self.c.expand(len(x), -1), {}
        for i in self.order:
            each[i] = torch.sigmoid(a) @ V[i]
            a = a + seen[i] @ W[i]
        return with_first_level(torch.stack([each[i] for i in range(len(W))], dim=1) + self.b)

    def walk(self, batch: int) -> Walk:
        """The running sum itself: one column is added for each value that comes."""
        a = self.c.expand(batch, -1)
        for i in self.order:
            x_i = yield with_first_level(torch.sigmoid(a) @ self.V[i] + self.b[i])
            a = a + indicators(x_i, self.num_levels, self.c.dtype) @ self.W[i]
