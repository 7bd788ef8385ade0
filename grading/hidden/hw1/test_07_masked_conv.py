"""Task 7: a masked convolution reads exactly what its kernel reaches of the earlier (row, column, group)s.

Nothing forbidden and nothing missing, for one layer of every kernel size and for the stacks of the given
`PixelCNN`; then what follows from it: all probabilities sum to 1, grey and in colour.
"""

import pytest
import torch
from torch.nn.functional import one_hot, pad

from dgm_course.testing import (
    assert_causal,
    assert_close,
    assert_moved,
    assert_normalized,
    assert_shape,
    assert_unchanged,
    binary_strings,
    draw_dependent,
    draw_responsive,
    outputs_over_weights,
    randomize,
)

READ = "task 7 of the notebook, and lecture 2, section 'Masked convolutions'"


def draw(low, high, rng):
    """An integer in low … high."""
    return int(torch.randint(low, high + 1, (), generator=rng))


def support(mask_type, kernel_size, size_in, size_out, num_groups=1):
    """[output, input] for one layer, by comparing places; sizes are (channels, height, width)."""
    places = [
        torch.cartesian_prod(torch.arange(c) * num_groups // c, torch.arange(h), torch.arange(w))
        for c, h, w in (size_in, size_out)
    ]
    (group, row, column), (own_group, own_row, own_column) = places[0].T, places[1].T[:, :, None]
    near = torch.maximum((row - own_row).abs(), (column - own_column).abs()) <= kernel_size // 2
    above, left = row < own_row, (row == own_row) & (column < own_column)
    centre = (row == own_row) & (column == own_column)
    earlier = group < own_group if mask_type == "A" else group <= own_group
    return near & (above | left | centre & earlier)


def assert_layer_reads(student, rng, mask_type, kernel_size, size_in, out_channels, num_groups, cause):
    images = torch.randn(2, *size_in, dtype=torch.float64, generator=rng)
    layer = student.MaskedConv2d(mask_type, size_in[0], out_channels, kernel_size, num_groups)
    draw_responsive(layer, rng, images, read=READ)
    assert_causal(
        lambda x: layer(x).flatten(1),
        images,
        support(mask_type, kernel_size, size_in, (out_channels, *size_in[1:]), num_groups),
        tolerance=1e-12,  # one weight alone carries a dependency: it may be small
        cause=cause,
        read=READ,
    )


@pytest.mark.points(3)
def test_each_layer_reads_exactly_the_earlier_pixels(student, rng):
    """One layer reads all earlier pixels in its kernel and no others, for types A and B and k = 3, 5, 7"""
    for kernel_size in (3, 5, 7):
        for mask_type in "AB":
            channels = draw(1, 3, rng)
            assert_layer_reads(
                student,
                rng,
                mask_type,
                kernel_size,
                (channels, kernel_size, kernel_size + 1),
                channels,
                1,
                cause=f"the mask of type {mask_type} for a {kernel_size}×{kernel_size} kernel: rows above are read in "
                "full, the own row left of the centre, the centre by type B only",
            )


@pytest.mark.points(2)
def test_colour_groups_are_ordered_at_the_centre_only(student, rng):
    """Red, green, blue: at its own pixel a group sees the groups before it (B: and itself), elsewhere all groups"""
    for mask_type in "AB":
        for kernel_size in (3, 5):
            assert_layer_reads(
                student,
                rng,
                mask_type,
                kernel_size,
                (3 * draw(1, 2, rng), 2, 3),
                3 * draw(2, 3, rng),
                3,
                cause="group of channel c is c // (channels / num_groups), of inputs and outputs alike; the order of "
                "the groups counts at the centre, all groups see all earlier pixels",
            )


@pytest.mark.points(2)
def test_a_stack_reads_all_that_its_layers_can(student, rng):
    """A then B, 3×3 on a 3×3 image: 34 of the 36 earlier pixels, all but the blind spot"""
    image = (1, 3, 3)
    reach = support("B", 3, image, image).double() @ support("A", 3, image, image).double() > 0
    model = student.PixelCNN(2, draw(8, 12, rng), 3, 2)
    assert_causal(
        lambda x: outputs_over_weights(model, rng, x, num_draws=8).flatten(1, 3),
        torch.randint(0, 2, (8, *image), generator=rng),
        reach,
        alternatives=(0, 1),
        cause="type A is for the first layer and hides the centre; type B shows it, and both read the pixels left "
        "of it in their own row",
        read=READ,
    )


@pytest.mark.points(2)
def test_all_grey_images_sum_to_one(student, rng):
    """The probabilities of all 512 binary 3×3 images sum to 1"""
    images = binary_strings(9).reshape(-1, 1, 3, 3)
    model = student.PixelCNN(2, draw(3, 8, rng), 2 * draw(1, 2, rng) + 1, draw(2, 3, rng))
    first_rows = binary_strings(3).reshape(-1, 1, 1, 3)
    draw_dependent(model, rng, first_rows, read=READ)
    assert_normalized(
        model.log_prob,
        images,
        dependent=True,
        cause="a logit reads the pixel it predicts or a later one",
        read=READ,
    )


@pytest.mark.points(1)
def test_all_colour_images_sum_to_one(student, rng):
    """The probabilities of all 4096 binary 2×2 images with three colours sum to 1"""
    images = binary_strings(12).reshape(-1, 3, 2, 2)
    model = student.PixelCNN(2, 3 * draw(1, 3, rng), 3, 2, image_channels=3)
    first_pixels = binary_strings(3).reshape(-1, 3, 1, 1)
    draw_dependent(model, rng, first_pixels, read=READ)
    assert_normalized(
        model.log_prob,
        images,
        dependent=True,
        cause="a colour reads itself, or one that comes after it, at its own pixel",
        read=READ,
    )


@pytest.mark.points(1)
def test_the_border_is_zeros_and_sizes_stay(student, rng):
    """Any image size, one pixel included: the output has the same, and outside the image there are zeros"""
    for height, width in ((1, 1), (1, draw(2, 5, rng)), (draw(2, 5, rng), 1)):
        kernel_size = 2 * draw(1, 3, rng) + 1
        image = torch.randn(2, 2, height, width, dtype=torch.float64, generator=rng)
        layer = draw_responsive(student.MaskedConv2d("B", 2, 3, kernel_size), rng, image, read=READ)
        frame = kernel_size // 2 + 1
        within_zeros, within_ones = (
            layer(pad(pad(image, (frame, frame, frame, 0), value=value), (0, 0, 0, frame), value=1.0))
            for value in (0.0, 1.0)
        )
        inside = slice(frame, -frame)
        output = layer(image)
        assert_shape(output, (2, 3, height, width), what=f"output for {height}×{width}", read=READ)
        assert_moved(
            within_ones[..., inside, inside],
            output,
            "the output when ones surround the image",
            "no pixel reads another",
            READ,
        )
        assert_close(
            output,
            within_zeros[..., inside, inside],
            what="output, beside that for the same image with zeros above, left and right, and ones below,",
            cause="padding is kernel_size // 2 zeros on each side, not copies or reflections of the border",
            read=READ,
        )


@pytest.mark.points(1)
def test_forward_leaves_the_weights_alone(student, rng):
    """forward leaves every parameter and buffer bit-identical"""
    image = torch.randn(2, 3, 4, 3, dtype=torch.float64, generator=rng)
    layer = draw_responsive(student.MaskedConv2d("A", 3, 6, 3, num_groups=3), rng, image, read=READ)
    last_only = one_hot(torch.tensor(11), 12).reshape(4, 3).expand_as(image)
    assert_close(
        layer(image + last_only).flatten(2)[..., :-1],
        layer(image).flatten(2)[..., :-1],
        what="the output at all pixels before the only one that changes, the last,",
        cause="no mask is in use",
        read=READ,
    )
    randomize(layer, rng)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    layer(image)
    assert_unchanged(
        before,
        layer.state_dict(),
        cause="the mask is written into weight.data; multiply weight * mask inside forward instead",
        read=READ,
    )
