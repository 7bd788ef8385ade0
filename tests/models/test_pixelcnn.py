"""Masked convolutions read exactly the pixels and colours before: all those the kernels can reach, and no other."""

import pytest
import torch

from dgm_course.models.autoregressive import masked_conv
from dgm_course.models.autoregressive.masked_conv import MaskedConv2d, conv_mask
from dgm_course.models.autoregressive.pixelcnn import PixelCNN
from dgm_course.models.autoregressive.raster import raster_order
from dgm_course.testing import PropertyError, assert_causal, assert_normalized, binary_strings, randomize


def places(colours, height, width):
    """The (row, column, colour) of every position in a flattened (colours, height, width) image."""
    return [(r, c, g) for g in range(colours) for r in range(height) for c in range(width)]


def relation(shape, holds):
    where = places(*shape)
    return torch.tensor([[holds(i, j) for j in where] for i in where])


def before(shape):
    return relation(shape, lambda i, j: j < i)


def layer_reads(kind, shape, kernel_size):
    """Pairs (output, input) at most k // 2 apart whose input comes before, in the order of tuples; B: or is equal."""

    def holds(i, j):
        near = max(abs(i[0] - j[0]), abs(i[1] - j[1])) <= kernel_size // 2
        return near and (j <= i if kind == "B" else j < i)

    return relation(shape, holds)


def assert_layer(kind, kernel_size, colours, rng):
    shape = (colours, 4, 5)
    layer = randomize(MaskedConv2d(kind, colours, 2 * colours, kernel_size, colours), rng)
    x = torch.randn(4, *shape, generator=rng, dtype=torch.float64)
    assert_causal(
        lambda x: layer(x).unflatten(1, (colours, 2)).movedim(2, -1).flatten(1, 3),
        x,
        layer_reads(kind, shape, kernel_size),
    )


@pytest.mark.parametrize("kind", ["A", "B"])
@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7])
@pytest.mark.parametrize("colours", [1, 3])
def test_a_layer_reads_what_its_kernel_covers_up_to_itself(kind, kernel_size, colours, rng):
    assert_layer(kind, kernel_size, colours, rng)


def reachable(shape, first_kernel, kernel_size, num_blocks):
    reads = layer_reads("A", shape, first_kernel).long()
    step = layer_reads("B", shape, kernel_size).long()
    colours = layer_reads("B", shape, 1).long()
    for _ in range(num_blocks):
        reads = (reads + step @ reads).clamp(max=1)
    return (colours @ reads) > 0


def assert_pixelcnn(image_shape, rng, num_levels=2, first_kernel=3, num_blocks=2, expected=None):
    model = randomize(
        PixelCNN(image_shape, num_levels, channels=24, num_blocks=num_blocks, first_kernel=first_kernel),
        rng,
        0.5,
    )
    allowed = reachable(image_shape, first_kernel, 3, num_blocks) if expected is None else expected
    x = torch.randint(num_levels, (24, *image_shape), generator=rng)
    assert_causal(
        lambda x: model.logits(x).flatten(1, -2), x, allowed, alternatives=num_levels, tolerance=1e-12
    )
    return int(allowed.sum())


def test_small_kernels_leave_the_blind_spot_and_a_large_first_kernel_does_not(rng):
    assert assert_pixelcnn((1, 3, 3), rng) == 34
    assert assert_pixelcnn((1, 3, 3), rng, first_kernel=7) == 36


def test_colours_are_generated_one_after_another(rng):
    assert assert_pixelcnn((3, 2, 3), rng, num_levels=5, first_kernel=5, expected=before((3, 2, 3))) == 153
    assert_pixelcnn((2, 4, 3), rng, num_levels=3)


def test_order_lists_positions_as_they_are_generated():
    for shape in ((1, 3, 3), (3, 2, 4)):
        where = places(*shape)
        assert [where[i] for i in raster_order(*shape)] == sorted(where)


def edited(edit):
    def wrong(kind, in_channels, out_channels, kernel_size, num_colours=1):
        mask = conv_mask(kind, in_channels, out_channels, kernel_size, num_colours)
        return edit(mask, kind, kernel_size // 2)

    return wrong


@edited
def own_pixel_in_the_first_layer(mask, kind, centre):
    mask[:, :, centre, centre] = True
    return mask


@edited
def own_row_lost(mask, kind, centre):
    if kind == "B":
        mask[:, :, centre, :centre] = False
    return mask


@edited
def column_major(mask, kind, centre):
    return mask.mT


@edited
def a_row_too_many(mask, kind, centre):
    mask[:, :, centre] = True
    return mask


def type_a_everywhere(kind, *sizes):
    return conv_mask("A", *sizes)


def colours_reversed(kind, *sizes):
    return conv_mask(kind, *sizes).flip(0, 1)


def colours_see_each_other(kind, in_channels, out_channels, kernel_size, num_colours):
    mask = conv_mask(kind, in_channels, out_channels, kernel_size, num_colours)
    if kind == "B":
        mask[:, :, kernel_size // 2, kernel_size // 2] = True
    return mask


WRONG_PIXELS = [own_pixel_in_the_first_layer, own_row_lost, column_major, a_row_too_many, type_a_everywhere]
WRONG_COLOURS = [colours_reversed, colours_see_each_other]


@pytest.mark.parametrize("wrong", WRONG_PIXELS + WRONG_COLOURS)
def test_a_wrong_mask_is_noticed(wrong, rng, monkeypatch):
    monkeypatch.setattr(masked_conv, "conv_mask", wrong)
    shape = (3, 2, 3) if wrong in WRONG_COLOURS else (1, 3, 3)
    with pytest.raises(PropertyError):
        assert_pixelcnn(shape, rng)


def test_a_valid_but_weak_mask_passes_normalisation_which_is_why_completeness_is_asked(rng, monkeypatch):
    monkeypatch.setattr(masked_conv, "conv_mask", own_row_lost)
    model = randomize(PixelCNN((1, 3, 3), channels=4, num_blocks=1, first_kernel=3), rng)
    assert_normalized(model.log_prob, binary_strings(9).view(-1, 1, 3, 3), tolerance=1e-12)


def test_sizes_that_cannot_work_are_refused():
    with pytest.raises(ValueError, match="odd"):
        MaskedConv2d("A", 1, 1, kernel_size=4)
    with pytest.raises(ValueError, match="shared equally"):
        MaskedConv2d("B", 4, 6, kernel_size=3, num_colours=3)
