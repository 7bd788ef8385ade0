"""MAF: masked autoregressive flow (Papamakarios, Pavlakou & Murray 2017, arXiv:1705.07057).

The chain rule with Gaussian conditionals, read as a map from noise to data: in some order of the dimensions

    x_i = μ_i(x_<i) + z_i exp(α_i(x_<i))
    z_i = (x_i − μ_i(x_<i)) exp(−α_i(x_<i)),     log |det ∂z/∂x| = −Σ_i α_i(x_<i)

A MADE makes all μ and α of a given x in one pass, so densities are cheap. To draw, x_i is needed before μ_{i+1} can be
known: D steps. They are not D passes. A hidden unit of degree m reads the first m dimensions, so it is computed when
these are there, and never again; a draw costs the arithmetic of one pass. With units sorted by degree, all that is
known is a prefix of each layer. The order is reversed from layer to layer, as in the paper; its batch normalisation
between the layers is left out.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgm_course.models.autoregressive.made import MaskedLinear, made_masks
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
        """Degree by degree: of the units that layer l reads, the first `size[l]` are known, by degree."""
        weights, biases = self._sorted_by_degree()
        in_place = not torch.is_grad_enabled()
        known = [z.new_empty(len(z), weight.shape[1] if in_place else 0) for weight in weights]
        size = [0] * len(weights)

        def learn(depth: int, new: Tensor) -> None:
            end = size[depth] + new.shape[1]
            if in_place:
                known[depth][:, size[depth] : end] = new
            else:
                known[depth] = torch.cat([known[depth], new], dim=1)
            size[depth] = end

        def units(depth: int, rows: slice) -> Tensor:
            return F.linear(
                known[depth][:, : size[depth]], weights[depth][rows, : size[depth]], biases[depth][rows]
            )

        D, every = len(self.order), max(1, len(self.order) - 1)
        alphas = []
        for place, z_i in enumerate(z[:, self.order].split(1, dim=1)):
            mu, alpha = units(-1, slice(2 * place, 2 * place + 2)).split(1, dim=1)
            alphas.append(bounded(alpha))
            learn(0, mu + z_i * alphas[-1].exp())
            for depth, layer in enumerate(self.hidden if place < every else ()):
                count = len(range(place, layer.out_features, every))
                learn(depth + 1, F.relu(units(depth, slice(size[depth + 1], size[depth + 1] + count))))
        back = torch.tensor(self.order, device=z.device).argsort()
        return known[0][:, back].view(len(z), D), torch.cat(alphas, dim=1).sum(dim=1)

    def _sorted_by_degree(self) -> tuple[list[Tensor], list[Tensor]]:
        """Weights and biases of all layers, their units in the order in which they come to be known."""
        device = self.last.weight.device
        columns = torch.tensor(self.order, device=device)
        pairs = torch.stack([columns, columns + len(self.order)], dim=1).flatten()
        weights, biases = [], []
        for layer in (*self.hidden, self.last):
            degrees = torch.arange(layer.out_features, device=device) % max(1, len(self.order) - 1)
            rows = pairs if layer is self.last else degrees.argsort(stable=True)
            weights.append((layer.mask * layer.weight)[rows][:, columns])
            biases.append(layer.bias[rows])
            columns = rows
        return weights, biases


def _linear(
    layer: MaskedLinear, x: Float[Tensor, "batch in_features"]
) -> Float[Tensor, "batch out_features"]:
    """`layer(x)`, in one operation with its bias: at a flow's sizes that is faster than sparing a masked gradient."""
    return F.linear(x, layer.mask * layer.weight, layer.bias)


class MAF(Flow):
    """A chain of autoregressive layers over D dimensions, in alternating order.

    Example:
        >>> model = MAF(num_dims=3, num_layers=2, hidden=(16,))
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape, model.encode(x).shape
        (torch.Size([5, 3]), torch.Size([5]), torch.Size([5, 3]))
    """

    def __init__(self, num_dims: int, num_layers: int = 5, hidden: Sequence[int] = (64, 64)) -> None:
        orders = [range(num_dims)[:: 1 - 2 * (layer % 2)] for layer in range(num_layers)]
        super().__init__([AutoregressiveAffine(order, hidden) for order in orders], (num_dims,))
