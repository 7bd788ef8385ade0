"""A Markov window: the next symbol from the last d symbols (Bengio et al. 2003, jmlr.org/papers/v3/bengio03a).

    p(x) = Π_t Cat(x_t | x_{t−d}, …, x_{t−1})

One multilayer perceptron serves every position. Where the window reaches back over the beginning it reads a start
symbol that no datum has, so the model knows how much of its window is real.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk


class MarkovMLP(AutoregressiveModel):
    """Sequences of `length` symbols, each of which depends on exactly the `context` symbols before it.

    Example:
        >>> model = MarkovMLP(length=6, num_levels=2, context=3)
        >>> x = model.sample(4, generator=torch.Generator().manual_seed(0))
        >>> model.logits(x).shape, model.log_prob(x).shape
        (torch.Size([4, 6, 2]), torch.Size([4]))
    """

    def __init__(self, length: int, num_levels: int, context: int, hidden: int = 128) -> None:
        super().__init__((length,), num_levels)
        self.context = context
        self.start = num_levels
        self.network = nn.Sequential(
            nn.Linear(context * (num_levels + 1), hidden), nn.ReLU(), nn.Linear(hidden, num_levels)
        )

    def windows(self, x: Int[Tensor, "batch length"]) -> Int[Tensor, "batch length context"]:
        """The d symbols before each position, oldest first.

        Example:
            >>> MarkovMLP(length=3, num_levels=2, context=2).windows(torch.tensor([[0, 1, 1]]))
            tensor([[[2, 2],
                     [2, 0],
                     [0, 1]]])
        """
        padded = F.pad(x, (self.context, 0), value=self.start)
        return padded[:, :-1].unfold(1, self.context, 1)

    def logits(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length levels"]:
        """The same network at every position."""
        return self.read(self.windows(x))

    def read(self, window: Int[Tensor, "*batch context"]) -> Float[Tensor, "*batch levels"]:
        """Logits of the symbol after a window."""
        indicators = F.one_hot(window, self.num_levels + 1).flatten(-2)
        return self.network(indicators.to(next(self.parameters()).dtype))

    def walk(self, batch: int) -> Walk:
        """The window moves on by one symbol."""
        window = self.windows(self.blank(batch)[0])[:, 0]
        for _ in range(self.event_shape[0]):
            symbol = yield self.read(window)
            window = torch.cat([window[:, 1:], symbol[:, None]], dim=1)
