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
        self.hidden = nn.ModuleList(MaskedLinear(mask) for mask in hidden_masks)
        self.last = MaskedLinear(torch.cat([last_mask, last_mask]))

    def conditioner(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, "batch dims"]]:
        """μ and α of every dimension: entry i is a function of the x before i only."""
        h = x
        for layer in self.hidden:
            h = F.relu(layer(h))
        mu, alpha = self.last(h).chunk(2, dim=1)
        return mu, bounded(alpha)

    def inverse(
        self, x: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        mu, alpha = self.conditioner(x)
        return (x - mu) * (-alpha).exp(), -alpha.sum(dim=1)

    def forward(
        self, z: Float[Tensor, "batch dims"]
    ) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
        """Degree by degree: `known[l]` holds the units that layer l can read already, those of low degree first."""
        D, every = len(self.order), max(1, len(self.order) - 1)
        weights, biases = self._sorted_by_degree()
        known = [z.new_empty(len(z), 0) for _ in weights]
        alphas = []
        for place, i in enumerate(self.order):
            size = known[-1].shape[1]
            mu, alpha = F.linear(known[-1], weights[-1][place::D, :size], biases[-1][place::D]).unbind(dim=1)
            alphas.append(bounded(alpha))
            new = (mu + z[:, i] * alphas[-1].exp()).unsqueeze(1)
            known[0] = torch.cat([known[0], new], dim=1)
            for depth in range(len(weights) - 1 if place < every else 0):
                start = known[depth + 1].shape[1]
                units = slice(start, start + len(range(place, len(biases[depth]), every)))
                rows = weights[depth][units, : known[depth].shape[1]]
                known[depth + 1] = torch.cat(
                    [known[depth + 1], F.relu(F.linear(known[depth], rows, biases[depth][units]))], dim=1
                )
        places = torch.tensor(self.order, device=z.device).argsort()
        return known[0][:, places], torch.stack(alphas, dim=1).sum(dim=1)

    def _sorted_by_degree(self) -> tuple[list[Tensor], list[Tensor]]:
        """Weights and biases of all layers, their units in the order in which they come to be known."""
        layers = [*self.hidden, self.last]
        every = max(1, len(self.order) - 1)
        device = self.last.weight.device
        columns = torch.tensor(self.order, device=device)
        weights, biases = [], []
        for layer in layers:
            if layer is self.last:
                rows = torch.tensor([*self.order, *(len(self.order) + i for i in self.order)], device=device)
            else:
                rows = (torch.arange(layer.out_features, device=device) % every).argsort(stable=True)
            weights.append((layer.mask * layer.weight)[rows][:, columns])
            biases.append(layer.bias[rows])
            columns = rows
        return weights, biases


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
