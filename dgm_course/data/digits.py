"""scikit-learn's handwritten digits: 1,797 images of 8×8 pixels with 17 levels, inside its wheel."""

import functools
from typing import Literal

import numpy as np
import torch

from dgm_course.data.split import LabelledSplit, cut, shuffled


def digits(*, binarize: Literal["threshold"] | None = None) -> LabelledSplit:
    """Images of shape `(1, 8, 8)` with 17 levels, or with 2 when `binarize="threshold"` (ink at 8 and above).

    All images in the course's order (`shuffled`), then cut in sequence: 1000 train, 350 validation and 447
    test images with 17 levels; 1500 train, none for validation and 297 test images when binarised, so that
    recipes with a fixed number of epochs see as many of these few images as possible.

    Example:
        >>> digits(binarize="threshold")
        LabelledSplit(train=(1500, 1, 8, 8), validation=(0, 1, 8, 8), test=(297, 1, 8, 8), num_levels=2)
        >>> grey = digits()
        >>> grey.num_levels, grey.labels.validation.shape
        (17, torch.Size([350]))
    """
    pixels, labels = _table()
    order = shuffled(len(labels))
    x = torch.as_tensor(pixels).long().view(-1, 1, 8, 8)[order]
    y = torch.as_tensor(labels).long()[order]
    match binarize:
        case None:
            return cut(x, y, sizes=(1000, 350, 447), num_levels=17, classes=10)
        case "threshold":
            return cut((x >= 8).long(), y, sizes=(1500, 0, 297), num_levels=2, classes=10)
    raise ValueError(f'binarize is None or "threshold", not {binarize!r}')


@functools.cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    """Pixels `(1797, 64)` and labels `(1797,)`; to read them from text takes longer than all that follows."""
    from sklearn.datasets import load_digits  # a second to import, so not before somebody wants digits

    pixels, labels = load_digits(return_X_y=True)
    return pixels, labels
