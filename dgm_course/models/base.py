"""The contract that every model of the course keeps.

A generative model can be trained and sampled: `loss(x)` is the scalar that `fit` minimises and
`sample(num_samples)` draws `(num_samples, *event_shape)`. A model whose density is tractable also has
`log_prob(x)`, and then its loss is the negative log-likelihood.

Units and shapes are the same everywhere: nats, summed over the event's dimensions, one number per example;
bits are a matter for the reader's eye (`dgm_course.metrics`). Logits, never probabilities, cross an interface.
Noise comes from an explicit `generator`. Discrete data are integer tensors with values in `0 … num_levels − 1`.
`forward` and its relatives never change a weight.
"""

from abc import ABC, abstractmethod
from typing import Any

from jaxtyping import Float, Shaped
from torch import Generator, Tensor, nn


class GenerativeModel(nn.Module, ABC):
    """Something that can be fitted to examples and that makes new ones.

    A conditional model takes its labels `y: Int[Tensor, " batch"]` after `x`, and `y=` in `sample`; a model that is
    not conditional refuses them.
    """

    event_shape: tuple[int, ...]

    @abstractmethod
    def loss(self, x: Shaped[Tensor, " batch *event"], *args: Any, **kwargs: Any) -> Float[Tensor, ""]:
        """What training minimises: nats per example where it is a likelihood."""

    @abstractmethod
    def sample(
        self, num_samples: int, *, generator: Generator | None = None
    ) -> Shaped[Tensor, " num_samples *event"]:
        """Independent draws from the model."""


class ExactLikelihood(GenerativeModel):
    """A model whose normalised density can be computed, so that maximum likelihood trains it."""

    @abstractmethod
    def log_prob(
        self, x: Shaped[Tensor, " batch *event"], *args: Any, **kwargs: Any
    ) -> Float[Tensor, " batch"]:
        """log p(x) in nats, summed over the event's dimensions."""

    def loss(self, x: Shaped[Tensor, " batch *event"], *args: Any, **kwargs: Any) -> Float[Tensor, ""]:
        """−mean log p(x): the negative log-likelihood in nats per example."""
        return -self.log_prob(x, *args, **kwargs).mean()
