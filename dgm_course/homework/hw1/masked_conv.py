"""Task 7, visible checks: what a masked convolution reads, normalisation, colours and weights."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Bool
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from dgm_course.testing import (
    assert_causal,
    assert_close,
    assert_normalized,
    assert_shape,
    assert_unchanged,
    binary_strings,
    dependencies,
    randomize,
)

READ = "task 7 of the notebook, and lecture 2, section 'Masked convolutions'"


def _kernel_support(
    mask_type: str, kernel_size: int, height: int, width: int
) -> Bool[Tensor, "pixels pixels"]:
    """[output pixel, input pixel] for one grey layer, pixels numbered in raster order."""
    pixel = torch.arange(height * width)
    row, column = pixel // width, pixel % width
    down, right = row - row[:, None], column - column[:, None]
    near = torch.maximum(down.abs(), right.abs()) <= kernel_size // 2
    before = pixel < pixel[:, None] if mask_type == "A" else pixel <= pixel[:, None]
    return near & before


def _random(module: Any, seed: int) -> Any:
    return randomize(module, torch.Generator().manual_seed(seed))


def _flat(layer: Any) -> Callable[[Tensor], Tensor]:
    return lambda x: layer(x).flatten(1)


def check_type_a_reads_before_the_centre(student: Any) -> None:
    """Type A reads all of its kernel before the centre, and nothing else (k = 3 and 5)"""
    images = torch.randn(4, 1, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for kernel_size in (3, 5):
        layer = _random(student.MaskedConv2d("A", 1, 1, kernel_size), 2)
        assert_causal(
            _flat(layer),
            images,
            _kernel_support("A", kernel_size, 4, 5),
            cause="a pair too many: the centre, or the kernel's cells after it, are not masked (rows come before "
            "columns); a pair missing: the mask hides rows above, or the pixels left in the centre's own row",
            read=READ,
        )


def check_type_b_reads_the_centre_too(student: Any) -> None:
    """Type B reads the centre in addition, and nothing else (k = 3 and 5)"""
    images = torch.randn(4, 1, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    for kernel_size in (3, 5):
        layer = _random(student.MaskedConv2d("B", 1, 1, kernel_size), 4)
        assert_causal(
            _flat(layer),
            images,
            _kernel_support("B", kernel_size, 4, 5),
            cause="a pair too many: cells after the centre are not masked; a pair missing: type B hides its own "
            "pixel (is the mask type used?), or the pixels left of it",
            read=READ,
        )


def check_normalized(student: Any) -> None:
    """The probabilities of all 512 binary 3×3 images sum to 1"""
    assert_normalized(
        _random(student.PixelCNN(2, 6, 3, 2), 5).log_prob,
        binary_strings(9).reshape(-1, 1, 3, 3),
        cause="a logit reads the pixel it predicts, or a later one: the first layer must be type A",
        read=READ,
    )


def check_colours(student: Any) -> None:
    """Red, green and blue of a pixel are read in this order, for contiguous groups of channels"""
    pixels = torch.randn(8, 6, 1, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    group_in, group_out = torch.arange(6) // 2, torch.arange(9)[:, None] // 3
    for mask_type, allowed in (("A", group_in < group_out), ("B", group_in <= group_out)):
        layer = _random(student.MaskedConv2d(mask_type, 6, 9, 3, num_groups=3), 7)
        assert_causal(
            _flat(layer),
            pixels,
            allowed,
            cause=f"type {mask_type} at the centre: group of input channel c is c // (in_channels / num_groups), "
            f"and an output reads the groups {'before' if mask_type == 'A' else 'up to'} its own",
            read=READ,
        )


def check_padding(student: Any) -> None:
    """The image keeps its size, and beyond its border there are zeros"""
    image = torch.randn(2, 2, 3, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(8))
    framed = torch.nn.functional.pad(image, (3, 3, 3, 3))
    layer = _random(student.MaskedConv2d("B", 2, 3, 5), 9)
    assert_shape(layer(image), (2, 3, 3, 1), what="output for a 3×1 image", read=READ)
    assert_close(
        layer(image),
        layer(framed)[:, :, 3:-3, 3:-3],
        what="output, beside that for the same image in a frame of zeros,",
        cause="padding is kernel_size // 2 zeros on each side",
        read=READ,
    )


def check_weights_stay(student: Any) -> None:
    """forward leaves the weights as they are"""
    layer = _random(student.MaskedConv2d("A", 1, 2, 3), 10)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    layer(torch.ones(1, 1, 3, 3, dtype=torch.float64))
    assert_unchanged(
        before,
        layer.state_dict(),
        cause="the mask is written into weight.data; multiply weight * mask inside forward instead",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """What the centre of a 5×5 image reads through a 5×5 kernel: blue as it should, red by mistake or missing."""
    figure = Figure(figsize=(5, 2.6), layout="constrained")
    colours = ListedColormap(["white", "tab:blue", "tab:red"])
    images = torch.randn(4, 1, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(11))
    for axis, mask_type in zip(figure.subplots(1, 2), "AB", strict=True):
        layer = _random(student.MaskedConv2d(mask_type, 1, 1, 5), 12)
        got = dependencies(_flat(layer), images)[12]
        right = _kernel_support(mask_type, 5, 5, 5)[12]
        axis.imshow(torch.where(got == right, got.int(), 2).reshape(5, 5), cmap=colours, vmin=0, vmax=2)
        axis.scatter([2], [2], color="black", marker="x")
        axis.set(title=f"type {mask_type}", xticks=[], yticks=[])
    return figure
