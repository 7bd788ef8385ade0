"""Change of variables, which is all that flows have in common.

A layer is an invertible map between latents z and data x, of which both directions know their volume change:

    x, log_det = layer(z)                log_det = log |det ∂x/∂z|
    z, log_det = layer.inverse(x)        log_det = log |det ∂z/∂x|

in nats, one number per example; at the same point the two are each other's negative. Maps are composed by applying one
after the other and adding up what they say. Under a standard normal latent the data have the density

    log p(x) = log N(z; 0, I) + log |det ∂z/∂x|,     z = f⁻¹(x)

and any other base density is one more layer.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from dgm_course.models.base import ExactLikelihood


class Layer(nn.Module, ABC):
    """An invertible map; `forward` goes from latents to data, `inverse` from data to latents."""

    @abstractmethod
    def forward(
        self, z: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        """x = f(z), and log |det ∂x/∂z| in nats."""

    @abstractmethod
    def inverse(
        self, x: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        """z = f⁻¹(x), and log |det ∂z/∂x| in nats."""

    def initialize(self, x: Float[Tensor, " batch *event"]) -> Float[Tensor, " batch *event"]:
        """Set what depends on data, if anything does, and return the latents, which are the data of the next layer."""
        return self.inverse(x)[0]


class Reversed(Layer):
    """A layer read backwards: its latents are the data."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer

    def forward(
        self, z: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        return self.layer.inverse(z)

    def inverse(
        self, x: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        return self.layer(x)


class Chain(Layer):
    """Layers in the order in which they make data of latents."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.layers: Any = nn.ModuleList(layers)

    def forward(
        self, z: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        total = z.new_zeros(len(z))
        for layer in self.layers:
            z, log_det = layer(z)
            total = total + log_det
        return z, total

    def inverse(
        self, x: Float[Tensor, " batch *event"]
    ) -> tuple[Float[Tensor, " batch *event"], Float[Tensor, " batch"]]:
        total = x.new_zeros(len(x))
        for layer in reversed(self.layers):
            x, log_det = layer.inverse(x)
            total = total + log_det
        return x, total

    @torch.no_grad()
    def initialize(self, x: Float[Tensor, " batch *event"]) -> Float[Tensor, " batch *event"]:
        for layer in reversed(self.layers):
            x = layer.initialize(x)
        return x


class Flow(Chain, ExactLikelihood):
    """A standard normal seen through a chain of layers.

    Example:
        >>> from dgm_course.models.flows.planar import Planar
        >>> flow = Flow([Planar(2), Planar(2)], event_shape=(2,))
        >>> x = flow.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.shape, flow.log_prob(x).shape, flow.encode(x).shape
        (torch.Size([5, 2]), torch.Size([5]), torch.Size([5, 2]))
    """

    def __init__(self, layers: Sequence[Layer], event_shape: Sequence[int]) -> None:
        super().__init__(layers)
        self.event_shape = tuple(event_shape)

    def log_prob(self, x: Float[Tensor, " batch *event"]) -> Float[Tensor, " batch"]:
        """log p(x) in nats by the change of variables."""
        z, log_det = self.inverse(x)
        return log_normal(z) + log_det

    @torch.no_grad()
    def sample(
        self, num_samples: int, *, generator: Generator | None = None
    ) -> Float[Tensor, " num_samples *event"]:
        """Draw latents and push them forward."""
        like = next(self.parameters(), torch.zeros(()))
        shape = (num_samples, *self.event_shape)
        return self(torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device))[0]

    def encode(self, x: Float[Tensor, " batch *event"]) -> Float[Tensor, " batch *event"]:
        """The latents of x: of the same size, and nothing is lost."""
        return self.inverse(x)[0]


def log_normal(z: Float[Tensor, " batch *event"]) -> Float[Tensor, " batch"]:
    """log N(z; 0, I) in nats.

    Example:
        >>> log_normal(torch.zeros(1, 2))
        tensor([-1.8379])
    """
    flat = z.flatten(1)
    return -0.5 * (flat.square().sum(dim=1) + flat.shape[1] * math.log(2 * math.pi))
