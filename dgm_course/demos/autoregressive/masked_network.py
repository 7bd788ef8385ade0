"""A MADE of one hidden layer: its order, its masks, and what reaches what.

An output depends on an input when a path of unmasked weights leads from one to the other. The masks are the library's
own (`dgm_course.models.autoregressive.made`), or those of the classic bug: its last comparison is ≥ in place of >, so
that every x_i reaches its own conditional, and what is computed sums to anything but one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Int
from torch import Generator, Tensor

from dgm_course.models.autoregressive.made import MADE, hidden_degrees, made_masks
from dgm_course.testing import binary_strings, randomize

Masks = Callable[[Int[Tensor, " dims"], list[Int[Tensor, " hidden"]]], list[Tensor]]
Order = Literal["natural", "reversed", "random"]


def in_order(order: Order, dims: int, seed: int = 0) -> Int[Tensor, " dims"]:
    """The dimensions in the order in which they are generated.

    Example:
        >>> in_order("reversed", 4)
        tensor([3, 2, 1, 0])
    """
    match order:
        case "natural":
            return torch.arange(dims)
        case "reversed":
            return torch.arange(dims).flip(0)
        case "random":
            return torch.randperm(dims, generator=Generator().manual_seed(seed))


def library_masks(
    ordering: Int[Tensor, " dims"], degrees: list[Int[Tensor, " hidden"]]
) -> list[Bool[Tensor, "out_features in_features"]]:
    """The library's masks in the homework's words: `ordering[i]` is the place of dimension i, degrees count from 0.

    They know the library's degrees only; others are refused.

    Example:
        >>> first, last = library_masks(torch.arange(3), [torch.tensor([0, 1])])
        >>> last.int() @ first.int()
        tensor([[0, 0, 0],
                [1, 0, 0],
                [2, 1, 0]], dtype=torch.int32)
    """
    widths = [len(each) for each in degrees]
    for width, each in zip(widths, degrees, strict=True):
        if not torch.equal(each, hidden_degrees(width, len(ordering)) - 1):
            raise ValueError(f"degrees: those of the library for {width} units, not {each.tolist()}")
    return made_masks(ordering.argsort().tolist(), widths)


def not_strict(
    ordering: Int[Tensor, " dims"], degrees: list[Int[Tensor, " hidden"]]
) -> list[Bool[Tensor, "out_features in_features"]]:
    """The classic bug: an output may know its own place."""
    *masks, _ = library_masks(ordering, degrees)
    return [*masks, ordering[:, None] >= degrees[-1]]


def use_masks(model: MADE, masks: list[Bool[Tensor, "out_features in_features"]]) -> MADE:
    """Give a MADE of binary data other masks, of which the last has a row a dimension.

    Example:
        >>> model = use_masks(MADE(3, (2,)), not_strict(torch.arange(3), [torch.tensor([0, 1])]))
        >>> model.hidden[0].mask.int().tolist()
        [[1, 0, 0], [1, 1, 0]]
    """
    *hidden, last = masks
    for layer, mask in zip(model.hidden, hidden, strict=True):
        layer.get_buffer("mask").copy_(mask)
    model.last.mask.copy_(last.repeat_interleave(len(model.last.mask) // len(last), dim=0))
    return model


@dataclass(frozen=True)
class MaskedNetwork:
    """One hidden layer between D inputs and D outputs, and which weights are left."""

    ordering: Int[Tensor, " dims"]
    degrees: Int[Tensor, " hidden"]
    first: Bool[Tensor, "hidden dims"]
    last: Bool[Tensor, "dims hidden"]

    @property
    def reaches(self) -> Bool[Tensor, "dims dims"]:
        """Entry [i, j]: a path leads from input j to output i."""
        return self.last.int() @ self.first.int() > 0

    @property
    def allowed(self) -> Bool[Tensor, "dims dims"]:
        """Entry [i, j]: j comes before i."""
        return self.ordering[:, None] > self.ordering

    @torch.no_grad()
    def total_probability(self, seed: int) -> float:
        """Σ_x Π_i p(x_i | …) over all 2^D binary x, for random weights."""
        dims, hidden = self.last.shape
        model = MADE(dims, (hidden,), order=self.ordering.argsort().tolist())
        randomize(use_masks(model, [self.first, self.last]), Generator().manual_seed(seed))
        return model.log_prob(binary_strings(dims)).exp().sum().item()


def network(
    dims: int, hidden: int, order: Order, seed: int = 0, masks: Masks = library_masks
) -> MaskedNetwork:
    """The network that `masks` makes.

    Example:
        >>> network(4, 6, "natural").reaches.int().tolist()
        [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]]
        >>> network(4, 6, "natural", masks=not_strict).reaches.diagonal()
        tensor([ True,  True,  True, False])
    """
    ordering = in_order(order, dims, seed).argsort()
    degrees = hidden_degrees(hidden, dims) - 1
    first, last = (mask.bool() for mask in masks(ordering, [degrees]))
    return MaskedNetwork(ordering, degrees, first, last)
