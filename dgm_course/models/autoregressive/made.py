"""MADE: masked autoencoder for distribution estimation (Germain et al. 2015, arXiv:1502.03509).

An ordinary multilayer perceptron becomes autoregressive when each weight that would let a dimension see itself or a
later one is multiplied by zero. Every unit gets a degree: dimension i has m(i), its place in the order, counted
from 1; a hidden unit has a degree between 1 and D − 1 that says up to which place it may look. A weight stays if

    hidden unit k, from unit j of the layer before:   m(k) ≥ m(j)
    output for dimension i, from hidden unit k:       m(i) > m(k)

The second inequality is strict and the first is not; exactly one of them has to be, or x_i reaches its own
conditional. One pass gives all D conditionals. The first dimension's output has no inputs left and keeps its bias.

A draw needs no D passes either: a hidden unit of degree m is known for good once m dimensions are, so it is computed
then and never again, and a whole draw costs the arithmetic of one pass.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk, indicators, with_first_level
from dgm_course.models.autoregressive.masked_linear import MaskedLinear


def hidden_degrees(width: int, num_dims: int) -> Int[Tensor, " width"]:
    """The degrees of a hidden layer, rising from the smallest to D − 1.

    A layer of at least D − 1 units has all of them and leaves no permitted dependency out; in a narrower one they are
    spread, so that its last units still read everything.

    Example:
        >>> hidden_degrees(6, num_dims=4), hidden_degrees(3, num_dims=10)
        (tensor([1, 1, 2, 2, 3, 3]), tensor([3, 6, 9]))
    """
    most = max(1, num_dims - 1)
    return 1 + (torch.arange(1, width + 1) * most - 1) // width


def units_by_degree(width: int, num_dims: int) -> list[slice]:
    """Where the units of degree 1 … D lie in a hidden layer.

    Example:
        >>> units_by_degree(6, num_dims=4)
        [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None), slice(6, 6, None)]
    """
    starts = torch.searchsorted(hidden_degrees(width, num_dims), torch.arange(1, num_dims + 2)).tolist()
    return [slice(*ends) for ends in pairwise(starts)]


def made_masks(
    order: Sequence[int], hidden: Sequence[int], inputs_per_dim: int = 1, outputs_per_dim: int = 1
) -> list[Bool[Tensor, "out_features in_features"]]:
    """One mask for each layer, of shape (out_features, in_features), for dimensions generated in `order`.

    Units that belong to the same dimension lie next to each other.

    Example:
        >>> first, last = made_masks(order=(2, 0, 1), hidden=(2,))
        >>> first.int()                       # hidden units that look at the first one and two dimensions
        tensor([[0, 0, 1],
                [1, 0, 1]], dtype=torch.int32)
        >>> (last.int() @ first.int() > 0)    # dimension 2 sees nothing, 0 sees 2, 1 sees 0 and 2
        tensor([[False, False,  True],
                [ True, False,  True],
                [False, False, False]])
    """
    D = len(order)
    place = torch.empty(D, dtype=torch.long)
    place[torch.tensor(order)] = torch.arange(1, D + 1)
    degrees = [place.repeat_interleave(inputs_per_dim)]
    degrees += [hidden_degrees(width, D) for width in hidden]
    masks = [after[:, None] >= before for before, after in pairwise(degrees)]
    return [*masks, place.repeat_interleave(outputs_per_dim)[:, None] > degrees[-1]]


class MADE(AutoregressiveModel):
    """p(x) = Π_i Cat(x_i | x_<i) over D dimensions of K levels each, in any order.

    A dimension enters as K − 1 indicators, one for each level but the first, and leaves as K − 1 logits; for binary
    data these are x itself and one number.

    Example:
        >>> model = MADE(num_dims=4, hidden=(16, 16), order=(3, 1, 0, 2))
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.logits(x).shape, model.log_prob(x).shape
        (torch.Size([5, 4]), torch.Size([5, 4, 2]), torch.Size([5]))
    """

    def __init__(
        self,
        num_dims: int,
        hidden: Sequence[int] = (256,),
        num_levels: int = 2,
        order: Sequence[int] | None = None,
    ) -> None:
        super().__init__((num_dims,), num_levels, order)
        *hidden_masks, last_mask = made_masks(self.order, hidden, num_levels - 1, num_levels - 1)
        self.hidden = nn.ModuleList(MaskedLinear(mask) for mask in hidden_masks)
        self.last = MaskedLinear(last_mask)

    def logits(self, x: Int[Tensor, "batch dims"]) -> Float[Tensor, "batch dims levels"]:
        """All D conditionals in one pass."""
        h = indicators(x, self.num_levels, self.last.weight.dtype).flatten(1)
        for layer in self.hidden:
            h = F.relu(layer(h))
        return with_first_level(self.last(h).unflatten(1, (-1, self.num_levels - 1)))

    def walk(self, batch: int) -> Walk:
        """Degree by degree: every unit is computed once, when the last dimension that it reads has come."""
        but_one = self.num_levels - 1
        layers = [layer for layer in self.modules() if isinstance(layer, MaskedLinear)]
        degrees = [units_by_degree(layer.out_features, len(self.order)) for layer in layers[:-1]]
        weights = [layer.mask * layer.weight for layer in layers]
        known = [
            w.new_zeros(batch, w.shape[1]) for w in weights
        ]  # what each layer reads, zero until it comes
        for place, i in enumerate(self.order):
            own = slice(i * but_one, (i + 1) * but_one)
            x_i = yield with_first_level(F.linear(known[-1], weights[-1][own], self.last.bias[own]))
            known[0].view(batch, -1, but_one)[:, i] = indicators(x_i, self.num_levels, self.last.weight.dtype)
            for depth, layer in enumerate(layers[:-1]):
                units = degrees[depth][place]
                if units.start < units.stop:
                    new = F.linear(known[depth], weights[depth][units], layer.bias[units])
                    known[depth + 1][:, units] = F.relu(new)
