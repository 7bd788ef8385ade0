"""What all image models agree on: pixels come row by row, in each its colours, and levels are read as intensities."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def raster_order(colours: int, height: int, width: int) -> list[int]:
    """Positions in a flattened (colours, height, width) image: row by row, pixel by pixel, colour by colour.

    Example:
        >>> raster_order(2, 1, 2)    # both colours of the left pixel, then those of the right one
        [0, 2, 1, 3]
    """
    return (
        torch.arange(colours * height * width)
        .view(colours, height, width)
        .permute(1, 2, 0)
        .flatten()
        .tolist()
    )


def intensities(
    x: Int[Tensor, " batch *event"], num_levels: int, dtype: torch.dtype
) -> Float[Tensor, " batch *event"]:
    """Levels 0 … K − 1 spread evenly over [−1, 1]: what a network reads of an image.

    Example:
        >>> intensities(torch.tensor([[0, 1, 2]]), num_levels=3, dtype=torch.float32)
        tensor([[-1.,  0.,  1.]])
    """
    return x.to(dtype) * (2 / (num_levels - 1)) - 1
