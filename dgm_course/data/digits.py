"""scikit-learn's handwritten digits: 1,797 images of 8×8 pixels with 17 levels, inside its wheel."""

import functools
from importlib.metadata import distribution
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
    x = torch.as_tensor(pixels).view(-1, 1, 8, 8)[order]
    y = torch.as_tensor(labels)[order]
    match binarize:
        case None:
            return cut(x, y, sizes=(1000, 350, 447), num_levels=17, classes=10)
        case "threshold":
            return cut((x >= 8).long(), y, sizes=(1500, 0, 297), num_levels=2, classes=10)
    raise ValueError(f'binarize is None or "threshold", not {binarize!r}')


@functools.cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    """Pixels `(1797, 64)` and labels `(1797,)`, from the file that `sklearn.datasets.load_digits` reads.

    To import scikit-learn takes a second or more, and to read the file a hundredth of one.
    """
    file = distribution("scikit-learn").locate_file("sklearn/datasets/data/digits.csv.gz")
    table = np.loadtxt(str(file), delimiter=",", dtype=np.int64)
    return table[:, :-1], table[:, -1]
