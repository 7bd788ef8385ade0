"""Task 8, visible checks: the full past, sums of one, two stacks kept apart, gates and labels."""

from typing import Any

import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.testing import (
    PropertyError,
    assert_bound,
    assert_causal,
    assert_close,
    assert_normalized,
    binary_strings,
    dependencies,
    outputs_over_weights,
    randomize,
)

READ = "task 8 of the notebook, and lecture 2, section 'Gated PixelCNN'"
PAST = torch.ones(9, 9).tril(-1).bool()


def _features(seed: int) -> Tensor:
    return torch.randn(6, 4, 3, 4, dtype=torch.float64, generator=Generator().manual_seed(seed))


def _layer(student: Any, seed: int, first: bool, scale: float = 0.5) -> Any:
    return randomize(student.GatedLayer(4, 3, first), Generator().manual_seed(seed), scale)


def _logits(student: Any, seed: int, x: Tensor, *y: Tensor, num_classes: int | None = None) -> Tensor:
    """(B, pixels, levels, draws): what one draw of the weights hides, another shows."""
    model, generator = student.GatedPixelCNN(2, 6, 3, 2, num_classes), Generator().manual_seed(seed)
    return outputs_over_weights(model, generator, x, *y, num_draws=8, scale=0.5).flatten(1, 3)


def check_every_pixel_reads_all_earlier_ones(student: Any) -> None:
    """On a 3×3 image each logit depends on all earlier pixels, 36 of 36, and on no other"""
    assert_causal(
        lambda x: _logits(student, 1, x),
        torch.randint(0, 2, (8, 1, 3, 3), generator=Generator().manual_seed(2)),
        PAST,
        alternatives=2,
        cause="forbidden pairs: s joins h without being moved down, or the first layer's h reads its own pixel; "
        "missing pairs: a blind spot, because h does not hear of v or v reads part of its rectangle",
        read=READ,
    )


def check_normalized(student: Any) -> None:
    """The probabilities of all 512 binary 3×3 images sum to 1"""
    model = randomize(student.GatedPixelCNN(2, 6, 3, 2), Generator().manual_seed(3), scale=0.5)
    assert_normalized(
        model.log_prob,
        binary_strings(9).reshape(-1, 1, 3, 3),
        cause="a logit reads the pixel it predicts or a later one",
        read=READ,
    )


def check_vertical_never_reads_horizontal(student: Any) -> None:
    """The vertical stack never reads the horizontal one"""
    v, h, other = _features(4), _features(5), _features(6)
    for first in (True, False):
        layer = _layer(student, 7, first)
        assert_close(
            layer(v, other)[0],
            layer(v, h)[0],
            what="v', after h was replaced,",
            cause="h is added to v, or to s before v' is made from it",
            read=READ,
        )


def check_first_layer_hides_the_pixel(student: Any) -> None:
    """In the first layer h' hides its own pixel of h, in later layers it adds it"""
    v, h = _features(8), _features(9)
    moved = h.clone()
    moved[..., -1] += 1.0  # the last column has nothing on its right
    first, later = _layer(student, 10, True), _layer(student, 10, False)
    assert_close(
        first(v, moved)[1],
        first(v, h)[1],
        what="h' of the first layer, after the last column of h was changed,",
        cause="the first layer has a residual connection, or its kernel reads the own pixel",
        read=READ,
    )
    assert_close(
        later(1e8 * v, 1e8 * h)[1] / 1e8,
        h,
        tolerance=1e-5,
        what="h' / 1e8 of a later layer for inputs 1e8 v and 1e8 h, where only the residual is not negligible,",
        cause="later layers add h to the gated part, once",
        read=READ,
    )


def check_gate(student: Any) -> None:
    """The gate is tanh · σ: for huge inputs v' is 0 where it is shut, and -1 or 1 where it is open"""
    v, h = _features(11), _features(12)
    far = _layer(student, 13, False)(1e8 * v, 1e8 * h)[0]
    cause = "v' = tanh(a) * sigmoid(b) with a and b the two halves of 2C features, and nothing added"
    assert_bound(far, -1.0, 1.0, what="v' for huge inputs", cause=cause, read=READ)
    for value, low, high in ((-1, 0.1, 0.4), (0, 0.25, 0.75), (1, 0.1, 0.4)):
        share = ((far - value).abs() < 1e-4).double().mean()
        assert_bound(share, low, high, what=f"share of gates at {value}", cause=cause, read=READ)


def check_labels(student: Any) -> None:
    """With labels, each class sums to 1, and another label moves the logits of every pixel"""
    images, label = binary_strings(9).reshape(-1, 1, 3, 3), torch.ones(512, dtype=torch.int64)
    model = randomize(student.GatedPixelCNN(2, 6, 3, 2, 3), Generator().manual_seed(14), scale=0.5)
    assert_normalized(
        lambda x: model.log_prob(x, label[: len(x)]),
        images,
        cause="with labels, a logit reads its own pixel",
        read=READ,
    )
    one, two = (_logits(student, 14, images, y, num_classes=3) for y in (label, 2 * label))
    change = (one - two).abs().amax((0, 2, 3))
    still = [divmod(pixel, 3) for pixel in range(9) if change[pixel] < 1e-9]
    if still:
        raise PropertyError(
            "other logits at all 9 pixels with another label",
            f"the same logits at {still}",
            "the label is ignored, or it enters the vertical stack only: the first row hears nothing of that stack",
            READ,
        )


def picture(student: Any) -> Figure:
    """Which pixel (row) reads which (column) on a 3×3 image: blue as it should, red by mistake or missing."""
    images = torch.randint(0, 2, (8, 1, 3, 3), generator=Generator().manual_seed(2))
    got = dependencies(lambda x: _logits(student, 1, x), images, 2)
    figure = Figure(figsize=(3.2, 3.2), layout="constrained")
    axis = figure.subplots()
    colours = ListedColormap(["white", "tab:blue", "tab:red"])
    axis.imshow(torch.where(got == PAST, got.int(), 2), cmap=colours, vmin=0, vmax=2)
    pixels = [f"{i},{j}" for i in range(3) for j in range(3)]
    axis.set(xlabel="reads pixel", ylabel="the logits of pixel")
    axis.set_xticks(range(9), pixels, fontsize=7)
    axis.set_yticks(range(9), pixels, fontsize=7)
    return figure
