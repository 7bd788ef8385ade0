"""The char-RNN, a recurrent language model of characters.

After Mikolov et al. 2010 (Interspeech), whose symbols are words; GRU: Cho et al. 2014, arXiv:1406.1078.

    h_t = GRU(h_{t−1}, x_{t−1}),     p(x_t | x_<t) = Cat(softmax(V h_t + b))

The state h_t is a summary of everything before t, of a size that does not grow with t. That makes drawing cheap: the
state is kept, and each new symbol costs one step instead of one pass over all that came before.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk, shift_right


class CharRNN(AutoregressiveModel):
    """Sequences of up to `length` symbols; a sequence's own length is given, not modelled.

    Example:
        >>> model = CharRNN(length=8, num_levels=5)
        >>> x = model.sample(3, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x, lengths=torch.tensor([8, 5, 1])).shape
        (torch.Size([3, 8]), torch.Size([3]))
    """

    def __init__(self, length: int, num_levels: int, hidden: int = 128) -> None:
        super().__init__((length,), num_levels)
        self.start = num_levels
        self.embed = nn.Embedding(num_levels + 1, hidden)
        self.rnn = nn.GRU(hidden, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, num_levels)

    def logits(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length levels"]:
        """All positions in one call; position t reads the symbols before t."""
        states, _ = self.rnn(self.embed(shift_right(x, self.start)))
        return self.readout(states)

    def log_prob(
        self, x: Int[Tensor, "batch length"], *, lengths: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        """log p(x) in nats of the first `lengths` symbols of each row; what comes after them is padding."""
        each = self.log_conditionals(x)
        if lengths is None:
            return each.sum(dim=1)
        inside = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
        return (each * inside).sum(dim=1)

    def step(
        self, previous: Int[Tensor, " batch"], state: Float[Tensor, "1 batch hidden"] | None = None
    ) -> tuple[Float[Tensor, "batch levels"], Float[Tensor, "1 batch hidden"]]:
        """Logits of the next symbol and the state after reading `previous`; no state means the beginning."""
        output, state = self.rnn(self.embed(previous[:, None]), state)
        return self.readout(output[:, 0]), state

    def walk(self, batch: int) -> Walk:
        """One step of the recurrence for each symbol."""
        symbol, state = torch.full((batch,), self.start, device=self.embed.weight.device), None
        for _ in range(self.event_shape[0]):
            logits, state = self.step(symbol, state)
            symbol = yield logits
