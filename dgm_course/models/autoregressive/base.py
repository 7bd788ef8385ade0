"""The chain rule, which is all that autoregressive models have in common.

    log p(x) = Σ_i log p(x_i | x_<i)

for any order of the dimensions. A model states the order and computes the logits of all conditionals in one pass,
`logits(x)`, with the promise that those of dimension i are a function of the dimensions before i only. Then the
likelihood costs one pass. Drawing is a walk along the order, for dimension i cannot be drawn before those it depends
on are known; by this file a step costs a pass of the whole network, and most models do better in a `walk` of their own.
"""

from abc import abstractmethod
from collections import abc
from collections.abc import Sequence
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from dgm_course.models.base import ExactLikelihood

Walk = abc.Generator[Float[Tensor, "batch levels"], Any, None]


class AutoregressiveModel(ExactLikelihood):
    """Discrete data of shape `event_shape` with `num_levels` values, modelled one dimension after another.

    `order` lists the positions in the flattened event in the order in which they are generated. A conditional model
    says how many classes it has, and needs labels wherever it is asked; the `logits` and the `walk` of any other take
    none.
    """

    num_classes = 0

    def __init__(
        self, event_shape: Sequence[int], num_levels: int, order: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.event_shape = tuple(event_shape)
        self.num_levels = num_levels
        self.order = tuple(range(prod(self.event_shape)) if order is None else order)
        if sorted(self.order) != list(range(prod(self.event_shape))):
            raise ValueError(f"order must name each of the {prod(self.event_shape)} dimensions once")

    @abstractmethod
    def logits(
        self, x: Int[Tensor, " batch *event"], *args: Any, **kwargs: Any
    ) -> Float[Tensor, "batch *event levels"]:
        """The unnormalised log-probabilities of every conditional p(x_i | x_<i)."""

    def log_conditionals(
        self, x: Int[Tensor, " batch *event"], y: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch *event"]:
        """log p(x_i | x_<i) in nats: what dimension i costs once those before it are known."""
        require_levels(x, self.num_levels)
        logits = self.logits(x, *require_labels(y, self.num_classes))
        if self.num_levels == 2:  # one number decides, and softmax over pairs is slow
            zero, one = logits.movedim(-1, 0)
            return -F.binary_cross_entropy_with_logits(one - zero, x.to(logits.dtype), reduction="none")
        return logits.log_softmax(dim=-1).gather(-1, x.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, x: Int[Tensor, " batch *event"], *args: Any, **kwargs: Any) -> Float[Tensor, " batch"]:
        """log p(x) in nats by the chain rule."""
        return self.log_conditionals(x, *args, **kwargs).flatten(1).sum(dim=1)

    def sample(
        self,
        num_samples: int,
        *,
        y: Int[Tensor, " num_samples"] | None = None,
        generator: Generator | None = None,
    ) -> Int[Tensor, " num_samples *event"]:
        """Ancestral sampling: each dimension is drawn given those before it, and sample i given its class y_i."""
        return self.complete(*self.blank(num_samples), y=y, generator=generator)

    def blank(
        self, num_samples: int
    ) -> tuple[Int[Tensor, " num_samples *event"], Bool[Tensor, " num_samples *event"]]:
        """Events of which nothing is known, as `complete` takes them."""
        shape = (num_samples, *self.event_shape)
        device = next(self.parameters()).device
        return (
            torch.zeros(shape, dtype=torch.long, device=device),
            torch.zeros(shape, dtype=torch.bool, device=device),
        )

    @torch.no_grad()
    def complete(
        self,
        x: Int[Tensor, " batch *event"],
        known: Bool[Tensor, " batch *event"],
        *,
        y: Int[Tensor, " batch"] | None = None,
        generator: Generator | None = None,
    ) -> Int[Tensor, " batch *event"]:
        """Keep the dimensions that are `known` and draw each other one given those before it.

        Evidence influences only what comes after it in the order: this is inpainting by ancestral sampling, and a
        draw from p(unknown | known) only if what is known comes first.
        """
        values, fixed = x.flatten(1).clone(), known.flatten(1)
        walk, value = self.walk(len(x), *require_labels(y, self.num_classes)), None
        for i in self.order:
            logits = walk.send(value)
            if not fixed[:, i].all():
                values[:, i] = torch.where(fixed[:, i], values[:, i], draw(logits, generator))
            value = values[:, i]
        return values.view(x.shape)

    def walk(self, batch: int, *args: Any, **kwargs: Any) -> Walk:
        """The conditionals of `batch` events in the model's order: yields the logits of a dimension, is sent its value.

        Whoever sends values decides what the walk is: draws make it a sample, evidence a completion, and a decoder's
        symbols lossless compression. Labels come after `batch`. This is the definition; what a model overrides it with
        must give the same logits.

        Example:
            >>> from dgm_course.models.autoregressive.made import MADE
            >>> walk = MADE(num_dims=3).walk(batch=2)
            >>> first = next(walk)
            >>> second = walk.send(torch.tensor([0, 1]))
            >>> first.shape, second.shape
            (torch.Size([2, 2]), torch.Size([2, 2]))
        """
        x, _ = self.blank(batch)
        values = x.flatten(1)
        for i in self.order:
            values[:, i] = yield self.logits(x, *args, **kwargs).flatten(1, -2)[:, i]


def draw(logits: Float[Tensor, "*batch levels"], generator: Generator | None) -> Int[Tensor, " *batch"]:
    """One category from each row of logits.

    Example:
        >>> logits = torch.tensor([[0.0, 50.0], [50.0, 0.0]])
        >>> draw(logits, torch.Generator().manual_seed(0))
        tensor([1, 0])
    """
    rows = logits.softmax(dim=-1).flatten(0, -2)
    return torch.multinomial(rows, 1, generator=generator).view(logits.shape[:-1])


def with_first_level(
    logits: Float[Tensor, "*batch levels_but_one"],
) -> Float[Tensor, "*batch levels"]:
    """Logits of all K levels from those of 1 … K − 1: only differences count, and level 0 can have 0.

    Example:
        >>> with_first_level(torch.tensor([[3.0], [-1.0]]))
        tensor([[ 0.,  3.],
                [ 0., -1.]])
    """
    return F.pad(logits, (1, 0))


def indicators(
    x: Int[Tensor, "*dims"], num_levels: int, dtype: torch.dtype
) -> Float[Tensor, "*dims levels_but_one"]:
    """Which of the levels 1 … K − 1 each dimension has: what enters, as `with_first_level` is what leaves.

    Example:
        >>> indicators(torch.tensor([0, 2, 1]), num_levels=3, dtype=torch.float32)
        tensor([[0., 0.],
                [0., 1.],
                [1., 0.]])
    """
    return (x.unsqueeze(-1) == torch.arange(1, num_levels, device=x.device)).to(dtype)


def require_levels(x: Int[Tensor, " batch *event"], num_levels: int) -> None:
    """Raises `ValueError` when a value is none of 0 … K − 1.

    Example:
        >>> require_levels(torch.tensor([[0, 1, 1]]), num_levels=2)
    """
    if x.numel() and (x.min() < 0 or x.max() >= num_levels):
        raise ValueError(f"values must be 0 … {num_levels - 1}")


def require_labels(y: Int[Tensor, " batch"] | None, num_classes: int) -> tuple[Int[Tensor, " batch"], ...]:
    """The labels as a model takes them: `(y,)` with classes, `()` without.

    Raises `ValueError` when labels are missing, or given to a model without classes.

    Example:
        >>> require_labels(torch.tensor([3, 7]), num_classes=10), require_labels(None, num_classes=0)
        ((tensor([3, 7]),), ())
    """
    if (y is None) == (num_classes > 0):
        raise ValueError("labels go with num_classes: a conditional model needs y, the other takes none")
    return () if y is None else (y,)


def shift_right(
    x: Int[Tensor, "batch length"], start: int | Int[Tensor, " batch"]
) -> Int[Tensor, "batch length"]:
    """What a sequence model may read at each step: the previous symbol, and `start` before the first.

    `start` has to be a symbol that the data do not use: with a shared one the model cannot tell the beginning of
    a sequence from its middle. One for each row can say what the row is of.

    Example:
        >>> shift_right(torch.tensor([[0, 1, 1]]), start=2)
        tensor([[2, 0, 1]])
    """
    first = torch.as_tensor(start, device=x.device).expand(len(x))
    return torch.cat([first[:, None], x[:, :-1]], dim=1)
