"""What every data set of the course is: integer tensors in three parts, the same parts for everyone."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor


@dataclass(frozen=True)
class Split:
    """Three parts of one data set; every entry is an int64 in `range(num_levels)`.

    A part may hold no example where there are too few to spare: `digits(binarize="threshold")` has no
    validation images.

    Example:
        >>> import torch
        >>> x = torch.zeros(12, 2, dtype=torch.int64)
        >>> parts = Split(train=x[:8], validation=x[8:9], test=x[9:], num_levels=2)
        >>> parts
        Split(train=(8, 2), validation=(1, 2), test=(3, 2), num_levels=2)
        >>> parts.event_shape
        (2,)
    """

    train: Int[Tensor, "train ..."]
    validation: Int[Tensor, "validation ..."]
    test: Int[Tensor, "test ..."]
    num_levels: int

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one example: `(channels, height, width)` for an image."""
        return tuple(self.train.shape[1:])

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{name}={tuple(getattr(self, name).shape)}" for name in ("train", "validation", "test")
        )
        return f"{type(self).__name__}({parts}, num_levels={self.num_levels})"


@dataclass(frozen=True, repr=False)
class LabelledSplit(Split):
    """A `Split` whose `labels` are a `Split` of class numbers in the same order.

    Example:
        >>> import torch
        >>> x, y = torch.zeros(6, 2, dtype=torch.int64), torch.tensor([0, 1, 2, 0, 1, 2])
        >>> parts = cut(x, y, sizes=(3, 1, 2), num_levels=2, classes=3)
        >>> parts.labels.test
        tensor([1, 2])
    """

    labels: Split


def cut(
    x: Int[Tensor, "examples ..."],
    y: Int[Tensor, " examples"],
    *,
    sizes: Sequence[int],
    num_levels: int,
    classes: int,
) -> LabelledSplit:
    """The first `sizes[0]` examples, the next `sizes[1]`, and the last `sizes[2]`.

    Example:
        >>> import torch
        >>> x, y = torch.arange(5).unsqueeze(1), torch.tensor([0, 1, 0, 1, 0])
        >>> cut(x, y, sizes=(3, 0, 2), num_levels=5, classes=2).test.flatten()
        tensor([3, 4])
    """
    train, validation, test = x.split(list(sizes))
    of_train, of_validation, of_test = y.split(list(sizes))
    labels = Split(of_train, of_validation, of_test, num_levels=classes)
    return LabelledSplit(train, validation, test, num_levels, labels)


def shuffled(num_examples: int) -> Int[Tensor, " num_examples"]:
    """The course's one shuffle: `torch.randperm` from a generator seeded with 0.

    Files arrive sorted by class or by writer; every data set that needs another order uses this one.

    Example:
        >>> shuffled(1797)[:4]
        tensor([ 362, 1568, 1440, 1761])
    """
    return torch.randperm(num_examples, generator=torch.Generator().manual_seed(0))
