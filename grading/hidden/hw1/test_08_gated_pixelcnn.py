"""Task 8: two stacks that together read every earlier pixel, a gate, and labels that count.

One layer is held to the exact sets its contract states, the model to the full past and to sums of one.
"""

import pytest
import torch

from dgm_course.testing import (
    PropertyError,
    all_strings,
    assert_causal,
    assert_close,
    assert_moved,
    assert_normalized,
    assert_shape,
    binary_strings,
    draw_dependent,
    draw_responsive,
    outputs_over_weights,
)

READ = "task 8 of the notebook, and lecture 2, section 'Gated PixelCNN'"


def draw(low, high, rng):
    """An integer in low … high."""
    return int(torch.randint(low, high + 1, (), generator=rng))


def features(batch, channels, height, width, rng):
    return torch.randn(batch, channels, height, width, dtype=torch.float64, generator=rng)


def logits_over_weights(model, rng, *inputs):
    """(B, pixels, levels, draws): what one draw of the weights hides, another shows."""
    return outputs_over_weights(model, rng, *inputs, num_draws=8, scale=0.5).flatten(1, 3)


def draw_model(student, rng, num_levels, *arguments, **options):
    """Random weights under which the pixels of a row depend on each other, hence those of all images.

    A sum of one term for each earlier pixel reads all of them and is normalised, but has no layers.
    """
    model, labels = student.GatedPixelCNN(num_levels, *arguments, **options), "num_classes" in options
    return draw_dependent(
        model,
        rng,
        all_strings(num_levels, 3).reshape(-1, 1, 1, 3),
        log_prob=lambda x: model.log_prob(x, *([x.new_zeros(len(x))] if labels else [])),
        deep=True,
        read=READ,
    )


def draw_layer(student, rng, channels, kernel_size, first, size, output, scale=0.5):
    """A random layer whose output stack (0 for v, 1 for h) reads its weights and its inputs."""
    v, h = features(1, channels, *size, rng), features(1, channels, *size, rng)
    layer = student.GatedLayer(channels, kernel_size, first)
    return draw_responsive(layer, rng, v, h, scale=scale, output=lambda stacks: stacks[output], read=READ)


def offsets(height, width):
    """For every (output pixel, input pixel): how many rows further down and columns further right the input is."""
    row, column = torch.cartesian_prod(torch.arange(height), torch.arange(width)).T
    return row - row[:, None], column - column[:, None]


def assert_stack_reads(layer, reading, output, allowed, channels, size, rng, cause, residual=False):
    """Output stack (0 for v, 1 for h) of `layer`, less its residual, reads these pixels of input stack `reading`."""
    other = features(1, channels, *size, rng)

    def outputs(stack):
        stacks = [other.expand_as(stack)] * 2
        stacks[reading] = stack
        computed = layer(*stacks)[output] - (stacks[1] if residual else 0)
        return computed.flatten(2).movedim(1, -1)

    assert_causal(
        outputs,
        features(4, channels, *size, rng),
        allowed.repeat(1, channels),
        tolerance=1e-12,  # a dependency through a gate that is nearly saturated is small
        cause=cause,
        read=READ,
    )


@pytest.mark.points(3)
def test_every_pixel_reads_all_earlier_ones(student, rng):
    """Each logit depends on all earlier pixels and on no other: 36 of 36 on 3×3, and on other sizes"""
    draw_model(student, rng, 2, 6, 3, 3)
    for height, width in ((3, 3), (draw(1, 3, rng), draw(3, 5, rng))):
        kernel_size = 2 * draw(1, 2, rng) + 1
        layers = max(height, width) // (kernel_size // 2) + 1
        model = student.GatedPixelCNN(2, draw(5, 8, rng), kernel_size, layers)
        assert_causal(
            lambda x, model=model: logits_over_weights(model, rng, x),
            torch.randint(0, 2, (8, 1, height, width), generator=rng),
            torch.ones(height * width, height * width).tril(-1).bool(),
            alternatives=2,
            cause="forbidden pairs: s joins h without being moved down, or the first layer's h reads its own pixel; "
            "missing pairs: a blind spot, because h does not hear of v or v reads part of its rectangle",
            read=READ,
        )


@pytest.mark.points(2)
def test_all_images_sum_to_one(student, rng):
    """The probabilities of all 512 binary 3×3 images sum to 1, and those of all 2×3 images with three levels"""
    for levels, height, width in ((2, 3, 3), (3, 2, 3)):
        assert_normalized(
            draw_model(student, rng, levels, draw(2, 6, rng), 3, draw(2, 3, rng)).log_prob,
            all_strings(levels, height * width).reshape(-1, 1, height, width),
            dependent=True,
            cause="a logit reads the pixel it predicts or a later one",
            read=READ,
        )


@pytest.mark.points(1)
def test_the_vertical_stack_reads_rows_and_never_h(student, rng):
    """v' reads v in the rectangle rows i-r … i, columns j-r … j+r, and nothing of h"""
    for first in (True, False):
        r, channels, size = draw(1, 2, rng), draw(2, 4, rng), (draw(3, 5, rng), draw(3, 5, rng))
        layer = draw_layer(student, rng, channels, 2 * r + 1, first, size, 0)
        down, right = offsets(*size)
        rectangle = (-r <= down) & (down <= 0) & (right.abs() <= r)
        cause = "h is added to v or to s; the arrows go from v to h only"
        assert_stack_reads(layer, 1, 0, torch.zeros_like(rectangle), channels, size, rng, cause)
        cause = "the kernel of v is (r+1) × (2r+1), padded with r zeros on the left, on the right and on top"
        assert_stack_reads(layer, 0, 0, rectangle, channels, size, rng, cause)


@pytest.mark.points(1)
def test_the_horizontal_stack_reads_the_left_and_the_rows_above(student, rng):
    """h', less its residual, reads h from j-r to j-1 (first layer) or j (later), and v in the r+1 rows above"""
    for first in (True, False):
        r, channels, size = draw(1, 2, rng), draw(2, 4, rng), (draw(3, 5, rng), draw(3, 5, rng))
        layer = draw_layer(student, rng, channels, 2 * r + 1, first, size, 1)
        down, right = offsets(*size)
        row = (down == 0) & (-r <= right) & (right <= (-1 if first else 0))
        cause = "in the first layer W_h ends left of the pixel and nothing is added; later it reads the pixel"
        assert_stack_reads(layer, 1, 1, row, channels, size, rng, cause, residual=not first)
        rows_above = (-1 - r <= down) & (down <= -1) & (right.abs() <= r)
        cause = "s is moved down by exactly one row before it joins h"
        assert_stack_reads(layer, 0, 1, rows_above, channels, size, rng, cause)


@pytest.mark.points(1)
def test_gates_saturate_and_h_is_added_once(student, rng):
    """v' is tanh · σ: for huge inputs -1, 0 or 1; h' is a bounded term, plus h exactly once after the first layer"""
    for first in (True, False):
        channels = draw(6, 9, rng)
        layer = draw_layer(student, rng, channels, 3, first, (4, 5), 0, scale=1.0)
        v, h = features(8, channels, 4, 5, rng), features(8, channels, 4, 5, rng)
        far = 1e11  # so that a gate short of saturation comes less than once in a million tests
        (far_v, far_h), further_h = layer(far * v, far * h), layer(2 * far * v, 2 * far * h)[1]
        cause = "the gate is tanh(a) * sigmoid(b); v has no residual connection"
        assert_close(
            far_v,
            far_v.round().clamp(-1, 1),
            tolerance=1e-3,
            what="v' for huge inputs",
            cause=cause,
            read=READ,
        )
        for value, low, high in ((-1, 0.1, 0.4), (0, 0.25, 0.75), (1, 0.1, 0.4)):
            share = (far_v.round() == value).double().mean().item()
            if not low <= share <= high:
                raise PropertyError(
                    f"{low} to {high} of all gates at {value} for huge inputs of random sign",
                    f"{share:.2f}",
                    cause,
                    READ,
                )
        residual = 0.0 if first else far * h
        assert_close(
            further_h - 2 * residual,
            far_h - residual,
            tolerance=1e-3,
            what="the part of h' that is not the residual, for huge inputs and for twice as huge ones,",
            cause="h' = W_o g(...) + h, with + h exactly once, and not in the first layer; W_o is applied to the gate",
            read=READ,
        )


@pytest.mark.points(1)
def test_each_class_has_its_own_distribution(student, rng):
    """For every label the probabilities of all 512 images sum to 1, and each example uses its own label"""
    num_classes = draw(2, 4, rng)
    model = draw_model(student, rng, 2, draw(3, 6, rng), 3, 2, num_classes=num_classes)
    images = binary_strings(9).reshape(-1, 1, 3, 3)

    def log_prob_given(label):
        return lambda x: model.log_prob(x, torch.full((len(x),), label))

    for label in range(num_classes):
        assert_normalized(
            log_prob_given(label),
            images,
            dependent=label == 0,
            cause="with labels, a logit reads the pixel it predicts or a later one",
            read=READ,
        )
    given_first = log_prob_given(0)(images[::32])
    for label in range(1, num_classes):
        assert_moved(
            log_prob_given(label)(images[::32]),
            given_first,
            f"log p(x | y) when the label changes from 0 to {label}",
            "the label is ignored",
            READ,
        )
    order = torch.randperm(512, generator=rng)[: 2 * num_classes]
    labels = torch.arange(2 * num_classes) % num_classes
    one_by_one = [
        model.log_prob(images[i : i + 1], label[None]) for i, label in zip(order, labels, strict=True)
    ]
    assert_close(
        model.log_prob(images[order], labels),
        torch.cat(one_by_one),
        what="log p(x | y) of a batch with mixed labels, beside its examples one by one,",
        cause="one label is used for the whole batch, or labels are added along the wrong dimension",
        read=READ,
    )


@pytest.mark.points(1)
def test_the_label_reaches_every_pixel(student, rng):
    """Another label changes the logits at every pixel, the first one included"""
    draw_model(student, rng, 2, 6, 3, 3, num_classes=2)
    num_classes = draw(3, 5, rng)
    height, width = draw(1, 4, rng), draw(2, 4, rng)
    model = student.GatedPixelCNN(2, 6, 3, 2, num_classes=num_classes)
    image = torch.randint(0, 2, (1, 1, height, width), generator=rng)
    other = image.clone()
    other[..., -1, -2] = 1 - other[..., -1, -2]
    images = torch.cat([image, other]).repeat_interleave(num_classes, 0)
    logits = logits_over_weights(model, rng, images, torch.arange(num_classes).repeat(2))
    assert_shape(
        logits, (2 * num_classes, height * width, 2, 8), what="logits under 8 draws of weights", read=READ
    )
    assert_moved(
        logits[num_classes:, -1],
        logits[:num_classes, -1],
        "the logits of the last pixel when the pixel before it changes",
        "the image is not read",
        READ,
    )
    for label in range(1, num_classes):
        change = (logits[label] - logits[0]).abs().flatten(1).amax(1)
        if not (change > 1e-9).all():
            still = int((~(change > 1e-9)).sum())
            raise PropertyError(
                f"other logits at all {height * width} pixels when the label changes from 0 to {label}",
                f"the same logits at {still} of them",
                "the label is ignored, or it enters the vertical stack only: the first row hears nothing of that stack",
                READ,
            )
