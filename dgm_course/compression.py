"""Lossless compression by any autoregressive model: a good predictor is a good compressor (Shannon 1948).

A symbol of probability p needs −log₂ p bits, so by the chain rule an event x needs −log₂ p(x), and an entropy coder
gets there but for a few bits a file and next to nothing a symbol (Rissanen 1976; here the range coder of
`constriction`, Bamler 2022, arXiv:2201.01741). It is told the conditional of every symbol before the symbol; the
decoder, which knows all symbols before, asks the same model for the same conditional.

The same to the last bit: a probability that differs by rounding shifts everything that follows. So coder and decoder
both walk, symbol by symbol, though the coder could have all conditionals from one pass.
"""

import numpy as np
import torch
from constriction import stream
from jaxtyping import Int
from torch import Tensor

from dgm_course.models.autoregressive.base import AutoregressiveModel, require_labels, require_levels

CATEGORICAL = stream.model.Categorical(perfect=False)  # probabilities in 24 bits, none of them zero
# A stream ends on a word of 32 bits and may need one more.
OVERHEAD_BITS = 64
# The coder's interval, at least 2³² wide, is cut into 2²⁴ steps of a whole width, and what remains is lost: at most
# log₂ (1 + 2⁻⁸) bits. K levels, each of which gets at least one step, take K 2⁻²⁴ of the others' probability.
OVERHEAD_BITS_PER_SYMBOL = 0.006


@torch.no_grad()
def encode(
    model: AutoregressiveModel, x: Int[Tensor, " batch *event"], y: Int[Tensor, " batch"] | None = None
) -> bytes:
    """The events as one stream of about −log₂ p(x_1) − … − log₂ p(x_n) bits.

    For up to 4,000 levels it is at most `OVERHEAD_BITS`, and `OVERHEAD_BITS_PER_SYMBOL` for each symbol, longer. It is
    shorter where the model holds an event for all but impossible: no symbol costs much more than 24 bits.

    Raises `ValueError` for values that the model does not know, and for labels of a model without classes.

    Example:
        >>> from dgm_course.models.autoregressive.made import MADE
        >>> model = MADE(num_dims=64)
        >>> x = model.sample(100, generator=torch.Generator().manual_seed(0))
        >>> packed = encode(model, x)
        >>> torch.equal(decode(model, packed, num_events=100), x)
        True
    """
    require_levels(x, model.num_levels)
    coder, values = stream.queue.RangeEncoder(), x.reshape(len(x), len(model.order))
    walk, value = model.walk(len(x), *require_labels(y, model.num_classes)), None
    for i in model.order:
        conditional = walk.send(value)
        value = values[:, i]
        coder.encode(value.cpu().numpy().astype(np.int32), CATEGORICAL, _probabilities(conditional))
    return coder.get_compressed().astype("<u4").tobytes()


@torch.no_grad()
def decode(
    model: AutoregressiveModel, packed: bytes, num_events: int, y: Int[Tensor, " batch"] | None = None
) -> Int[Tensor, " num_events *event"]:
    """The events that `encode` packed with the same model, on the same kind of machine.

    Raises `ValueError` where it is noticed that it was another; mostly wrong events come out then.
    """
    coder = stream.queue.RangeDecoder(np.frombuffer(packed, "<u4").astype(np.uint32))
    x, _ = model.blank(num_events)
    values = x.view(num_events, len(model.order))
    walk, value = model.walk(num_events, *require_labels(y, model.num_classes)), None
    for i in model.order:
        try:
            symbols = coder.decode(CATEGORICAL, _probabilities(walk.send(value)))
        except AssertionError:  # how the library says it
            raise ValueError("these bytes were packed with another model, or on another machine") from None
        value = torch.from_numpy(symbols).to(values)
        values[:, i] = value
    return x


def _probabilities(logits: Tensor) -> np.ndarray:
    return logits.double().softmax(dim=-1).cpu().numpy()
