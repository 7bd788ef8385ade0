"""Affine coupling: RealNVP on vectors (Dinh, Sohl-Dickstein & Bengio 2017, arXiv:1605.08803).

One half of the dimensions stays and tells how the other half is scaled and moved,

    x_a = z_a
    x_b = z_b ⊙ exp(s(z_a)) + t(z_a),          log |det ∂x/∂z| = Σ s(z_a)

The Jacobian is triangular with 1 and exp(s) on its diagonal whatever s and t are, so they are any network, and it is
never inverted: x_a = z_a says again what s and t were. The halves change roles from layer to layer, or one of them
would stay normal for ever. The network sees and makes only the half that is needed.

s is kept within ±4 by a tanh: far from the data a network says anything, and exp(50) is not far from infinity. (The
paper's tanh has a learned factor in place of the 4.)
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dgm_course.models.flows.base import Flow, Layer

LIMIT = 4.0


def bounded(log_scale: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """The identity near zero, and never beyond ±`LIMIT`.

    Example:
        >>> bounded(torch.tensor([-1e6, 0.1, 50.0]))
        tensor([-4.0000,  0.1000,  4.0000])
    """
    return LIMIT * torch.tanh(log_scale / LIMIT)


def mlp(num_inputs: int, hidden: Sequence[int], num_outputs: int) -> nn.Sequential:
    """A network that begins by saying zero, so that a layer begins as the identity.

    Example:
        >>> mlp(3, (16, 16), 4)(torch.ones(1, 3)).detach()
        tensor([[0., 0., 0., 0.]])
    """
    sizes = [num_inputs, *hidden]
    layers: list[nn.Module] = []
    for size, width in zip(sizes, hidden, strict=False):
        layers += [nn.Linear(size, width), nn.ReLU()]
    last = nn.Linear(sizes[-1], num_outputs)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*layers, last)


class AffineCoupling(Layer):
    """Scales and moves the second half of dimension 1 by what `network` makes of the first; `flip` swaps the halves.

    Of c numbers a half has ⌈c/2⌉, the second ⌊c/2⌋. The network gets those that stay, and after them the `context` if
    there is any; it says first s and then t of those that change.

    Example:
        >>> layer = AffineCoupling(mlp(2, (8,), 2), flip=False)
        >>> x, log_det = layer(torch.randn(5, 3))
        >>> x.shape, log_det.shape
        (torch.Size([5, 3]), torch.Size([5]))
    """

    def __init__(self, network: nn.Module, flip: bool = False) -> None:
        super().__init__()
        self.network, self.flip = network, flip

    def forward(
        self, z: Float[Tensor, "batch channels *space"], context: Float[Tensor, "batch ..."] | None = None
    ) -> tuple[Float[Tensor, "batch channels *space"], Float[Tensor, " batch"]]:
        kept, changed = halves(z, self.flip)
        s, t = self._scale_and_shift(kept, context)
        return joined(kept, changed * s.exp() + t, self.flip), s.flatten(1).sum(dim=1)

    def inverse(
        self, x: Float[Tensor, "batch channels *space"], context: Float[Tensor, "batch ..."] | None = None
    ) -> tuple[Float[Tensor, "batch channels *space"], Float[Tensor, " batch"]]:
        kept, changed = halves(x, self.flip)
        s, t = self._scale_and_shift(kept, context)
        shrink = -s
        return joined(kept, (changed - t) * shrink.exp(), self.flip), shrink.flatten(1).sum(dim=1)

    def _scale_and_shift(
        self, kept: Float[Tensor, "batch kept *space"], context: Float[Tensor, "batch ..."] | None
    ) -> tuple[Float[Tensor, "batch changed *space"], Float[Tensor, "batch changed *space"]]:
        s, t = self.network(kept if context is None else torch.cat([kept, context], dim=1)).chunk(2, dim=1)
        return bounded(s), t


def halves(
    x: Float[Tensor, "batch channels *space"], flip: bool
) -> tuple[Float[Tensor, "batch kept *space"], Float[Tensor, "batch changed *space"]]:
    """What stays and what changes, along dimension 1.

    Example:
        >>> halves(torch.tensor([[1, 2, 3]]), flip=True)
        (tensor([[3]]), tensor([[1, 2]]))
    """
    few = x.shape[1] // 2
    first, second = x.split((x.shape[1] - few, few), dim=1)
    return (second, first) if flip else (first, second)


def joined(
    kept: Float[Tensor, "batch kept *space"], changed: Float[Tensor, "batch changed *space"], flip: bool
) -> Float[Tensor, "batch channels *space"]:
    """The inverse of `halves`.

    Example:
        >>> joined(torch.tensor([[3]]), torch.tensor([[1, 2]]), flip=True)
        tensor([[1, 2, 3]])
    """
    return torch.cat((changed, kept) if flip else (kept, changed), dim=1)


def roles(num_dims: int, num_layers: int) -> list[tuple[bool, int, int]]:
    """For each layer of a chain: whether the halves are swapped, how many dimensions stay, how many change.

    Example:
        >>> roles(num_dims=5, num_layers=3)
        [(False, 3, 2), (True, 2, 3), (False, 3, 2)]
    """
    few = num_dims // 2
    many = num_dims - few
    return [(True, few, many) if layer % 2 else (False, many, few) for layer in range(num_layers)]


class RealNVP(Flow):
    """Affine couplings over D ≥ 2 dimensions, each with a network of its own.

    Example:
        >>> model = RealNVP(num_dims=2, num_layers=4, hidden=(16, 16))
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape, model.encode(x).shape
        (torch.Size([5, 2]), torch.Size([5]), torch.Size([5, 2]))
    """

    def __init__(self, num_dims: int, num_layers: int = 6, hidden: Sequence[int] = (64, 64)) -> None:
        super().__init__(
            [
                AffineCoupling(mlp(kept, hidden, 2 * changed), flip)
                for flip, kept, changed in roles(num_dims, num_layers)
            ],
            (num_dims,),
        )
