"""MAF: masked autoregressive flow (Papamakarios, Pavlakou & Murray 2017, arXiv:1705.07057).

The chain rule with Gaussian conditionals, read as a map from noise to data: in some order of the dimensions

    x_i = μ_i(x_<i) + z_i exp(α_i(x_<i))
    z_i = (x_i − μ_i(x_<i)) exp(−α_i(x_<i)),     log |det ∂z/∂x| = −Σ_i α_i(x_<i)

A MADE makes all μ and α of a given x in one pass, so densities are cheap. To draw, x_i is needed before μ_{i+1} can be
known: D steps. They are not D passes. A hidden unit of degree m reads the first m dimensions, so it is computed when
these are there, and never again; a draw costs the arithmetic of one pass. The order is reversed from layer to layer,
as in the paper; its batch normalisation between the layers is left out.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgm_course.models.autoregressive.made import made_masks, units_by_degree
from dgm_course.models.autoregressive.masked_linear import MaskedLinear
from dgm_course.models.flows.base import Flow, Layer
from dgm_course.models.flows.coupling import bounded


class AutoregressiveAffine(Layer):
    """Each dimension is scaled and moved by what comes before it in `order`.

    Example:
        >>> layer = AutoregressiveAffine(order=(2, 0, 1), hidden=(16,))
        >>> z, log_det = layer.inverse(torch.randn(5, 3))       # one pass
        >>> z.shape, log_det.shape, layer(z)[0].shape           # three steps
        (torch.Size([5, 3]), torch.Size([5]), torch.Size([5, 3]))
    """

    def __init__(self, order: Sequence[int], hidden: Sequence[int] = (64, 64)) -> None:
        super().__init__()
        self.order = tuple(order)
        *hidden_masks, last_mask = made_masks(self.order, hidden)
        self.hidden: Any = nn.ModuleList(MaskedLinear(mask) for mask in hidden_masks)
        self.last = MaskedLinear(torch.cat([last_mask, last_mask]))

    def conditioner(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch dims"]]:
        """μ and α of every dimension: entry i is a function of the x before i only."""
        h = x
        for layer in self.hidden:
            h = F.relu(_linear(layer, h))
        mu, alpha = _linear(self.last, h).chunk(2, dim=1)
        return mu, bounded(alpha)

    def inverse(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        mu, alpha = self.conditioner(x)
        shrink = -alpha
        return (x - mu) * shrink.exp(), shrink.sum(dim=1)

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        """D steps. With gradients each is a whole pass, for autograd forbids overwriting; without, by degrees."""
        return self._by_passes(z) if torch.is_grad_enabled() else self._by_degrees(z)

    def _by_passes(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        """The definition: after each pass one more dimension is right."""
        x = torch.zeros_like(z)
        for i in self.order:
            mu, alpha = self.conditioner(x)
            here = torch.arange(len(self.order), device=z.device) == i
            x = torch.where(here, mu + z * alpha.exp(), x)
        return x, alpha.sum(dim=1)

    def _by_degrees(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        """Every unit once, at the place of the order where all that it reads is known; a row is a unit.

        `arrivals[l][place]` are the units of layer l that come to be known there; layer 0 is x, the last one μ and α.
        `known[l]` holds them as they arrive, zeros until then, and `slots[l][place]` is where these go in it.
        `blocks[l][place]` are the weights, over all of `known[l]`, and biases of those that arrive in layer l + 1.
        """
        D = len(self.order)
        arrivals = [[[i] for i in self.order]]
        for layer in self.hidden:
            arrivals.append([[*range(at.start, at.stop)] for at in units_by_degree(layer.out_features, D)])
        arrivals.append([[i, D + i] for i in self.order])
        known = [z.new_zeros(sum(map(len, units)), len(z)) for units in arrivals[:-1]]
        slots = [rows.split([len(at) for at in units]) for rows, units in zip(known, arrivals, strict=False)]
        blocks = []
        for layer, inputs, outputs in zip((*self.hidden, self.last), arrivals, arrivals[1:], strict=False):
            columns, rows = ([unit for at in units for unit in at] for units in (inputs, outputs))
            weight, bias = (layer.mask * layer.weight)[rows][:, columns], layer.bias[rows].unsqueeze(1)
            counts = [len(at) for at in outputs]
            blocks.append(list(zip(weight.split(counts), bias.split(counts), strict=True)))
        alphas, z_rows, x_rows = [], z.T.contiguous().unbind(), known[0].unbind()
        for place, i in enumerate(self.order):
            weight, bias = blocks[-1][place]
            mu, alpha = torch.addmm(bias, weight, known[-1]).unbind()
            alphas.append(bounded(alpha))
            torch.addcmul(mu, z_rows[i], alphas[-1].exp(), out=x_rows[place])
            for depth in range(len(self.hidden)):
                weight, bias = blocks[depth][place]
                if len(weight):
                    torch.addmm(bias, weight, known[depth], out=slots[depth + 1][place]).relu_()
        back = sorted(range(D), key=self.order.__getitem__)
        return known[0][back].T, torch.stack(alphas).sum(dim=0)


def _linear(
    layer: MaskedLinear, x: Float[Tensor, "batch in_features"]
) -> Float[Tensor, "batch out_features"]:
    """`layer(x)`, in one operation with its bias: at a flow's sizes that is faster than sparing a masked gradient."""
    return F.linear(x, layer.mask * layer.weight, layer.bias)


def alternating_orders(num_dims: int, num_layers: int) -> list[range]:
    """0 … D − 1, and the other way round in every second layer.

    Example:
        >>> [list(order) for order in alternating_orders(num_dims=3, num_layers=2)]
        [[0, 1, 2], [2, 1, 0]]
    """
    forwards = range(num_dims)
    return [forwards[::-1] if layer % 2 else forwards for layer in range(num_layers)]


class MAF(Flow):
    """A chain of autoregressive layers over D dimensions, in alternating order.

    Example:
        >>> model = MAF(num_dims=3, num_layers=2, hidden=(16,))
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape, model.encode(x).shape
        (torch.Size([5, 3]), torch.Size([5]), torch.Size([5, 3]))
    """

    def __init__(self, num_dims: int, num_layers: int = 5, hidden: Sequence[int] = (64, 64)) -> None:
        orders = alternating_orders(num_dims, num_layers)
        super().__init__([AutoregressiveAffine(order, hidden) for order in orders], (num_dims,))
