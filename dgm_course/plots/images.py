"""Many small images as one."""

import math

import torch
from jaxtyping import Float, Shaped
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import pad

from dgm_course.plots.style import styled

_GAP = 0.6  # lighter than any dark background and darker than white ink: an image's edge can be seen


def mosaic(
    images: Shaped[Tensor, "batch channels height width"], *, num_levels: int = 2, columns: int | None = None
) -> Float[Tensor, "rows columns 3"]:
    """One RGB image in [0, 1] of `batch` images whose entries lie in 0 … num_levels - 1, a grey pixel between.

    Example:
        >>> import torch
        >>> mosaic(torch.ones(6, 1, 8, 8), columns=3).shape
        torch.Size([19, 28, 3])
    """
    batch, channels, height, width = images.shape
    if channels not in (1, 3):
        raise ValueError(f"images have 1 channel or 3 (red, green, blue), not {channels}")
    columns = columns or math.ceil(math.sqrt(batch))
    rows = math.ceil(batch / columns)
    colour = (images.detach().cpu().double() / (num_levels - 1)).clamp(0, 1).expand(-1, 3, -1, -1)
    tiles = torch.full((rows * columns, 3, height + 1, width + 1), _GAP, dtype=torch.float64)
    tiles[:batch] = pad(colour, (1, 0, 1, 0), value=_GAP)
    grid = tiles.unflatten(0, (rows, columns)).permute(0, 3, 1, 4, 2).reshape(rows * (height + 1), -1, 3)
    return pad(grid.movedim(2, 0), (0, 1, 0, 1), value=_GAP).movedim(0, 2)


@styled
def show_images(
    images: Shaped[Tensor, "batch channels height width"],
    *,
    num_levels: int = 2,
    columns: int | None = None,
    title: str = "",
) -> Figure:
    """Images side by side, row by row; black is 0 and white is `num_levels - 1`.

    Example:
        >>> import torch
        >>> figure = show_images(torch.rand(16, 1, 8, 8), title="16 samples")
        >>> figure.axes[0].get_title()
        '16 samples'
    """
    picture = mosaic(images, num_levels=num_levels, columns=columns)
    rows, width = picture.shape[:2]
    figure = Figure(figsize=(6, 6 * rows / width + (0.5 if title else 0)))
    axes = figure.subplots()
    axes.imshow(picture, interpolation="nearest")
    axes.set_title(title)
    axes.set_axis_off()
    return figure
