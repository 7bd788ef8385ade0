"""Task 7: the first batch of data sets scale and shift, nothing else does, and from then on they are parameters."""

import pytest
import torch

from dgm_course.testing import (
    assert_close,
    assert_differentiable,
    assert_each_alone,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_moved,
    assert_shape,
    draw_responsive,
    keeps_parameters,
    randomize,
)

READ = "task 7 of the notebook, and lecture 5, section 'ActNorm'"
ONCE = "only the first call of inverse in training mode sets scale and shift"


def draw_data(rng, *shape):
    """(B, C, ...) with a mean and a standard deviation of its own in each channel, and in each site a little."""
    noise = torch.randn(*shape, generator=rng, dtype=torch.float64)
    mean, log_std = torch.randn(2, *shape[1:2], *[1] * (len(shape) - 2), generator=rng, dtype=torch.float64)
    return noise * log_std.exp() + 4 * mean + torch.randn(shape[1:], generator=rng, dtype=torch.float64)


def new(student, num_channels):
    layer = student.ActNorm(num_channels)
    layer.double()
    return layer


def statistics(x):
    """Mean and standard deviation of each channel, as they broadcast to x."""
    over = (0, *range(2, x.dim()))
    return x.mean(over, keepdim=True), x.std(over, correction=0, keepdim=True).clamp(min=1e-6)


def draw_parameters(student, rng, x):
    """A layer in evaluation mode whose parameters are seen to matter."""
    layer = new(student, x.shape[1])
    layer.eval()
    draw_responsive(layer, rng, x, output=lambda result: result[0], read=READ)
    log_det = layer(x)[1]
    assert_moved(log_det, torch.zeros(len(x)), "log_det", "nothing is scaled, or log_det is 0", READ)
    return layer


@pytest.mark.points(2)
def test_the_first_batch_sets_the_statistics(student, rng):
    """Images, vectors and a constant channel: z of the first batch is (x - mean) / std, and log_det belongs to it"""
    flat = draw_data(rng, 7, 3, 2, 2)
    flat[:, 1] = 2.5
    for x in (draw_data(rng, 9, 4, 3, 5), draw_data(rng, 12, 6), draw_data(rng, 2, 1, 1, 3), flat):
        mean, std = statistics(x)
        z, log_det = new(student, x.shape[1]).inverse(x)
        assert_shape(z, tuple(x.shape), what="z", read=READ)
        assert_close(
            z,
            (x - mean) / std,
            what="z of the first batch",
            cause="one mean and one standard deviation for each channel, over the batch and all sites, divided by the "
            "count; they are set before the first batch is sent through",
            read=READ,
        )
        assert_close(
            log_det,
            -(x[0, 0].numel() * std.log().sum()).expand(len(x)),
            what="log_det of inverse on the first batch",
            cause="minus H·W times the sum of log std over the channels, for each example",
            read=READ,
        )


@pytest.mark.points(1)
def test_nothing_else_sets_them(student, rng):
    """A later batch changes nothing, nor forward or evaluation mode before the first; parameters are set in place"""
    first, second = draw_data(rng, 6, 3, 2, 4), draw_data(rng, 5, 3, 2, 4)
    layer = new(student, 3)
    assert_close(layer(second)[0], second, what="x of forward of a new layer", cause=ONCE, read=READ)
    layer.eval()
    assert_close(layer.inverse(second)[0], second, what="z in evaluation mode", cause=ONCE, read=READ)
    layer.train()
    assert_close(
        keeps_parameters(layer, "inverse", first),
        True,
        what="'the first batch leaves the layer the parameters that an optimiser already holds'",
        cause="new parameters take the place of the old ones: set them in place, by copy_ under torch.no_grad",
        read=READ,
    )
    mean, std = statistics(first)
    for mode in (layer.train, layer.eval):
        mode()
        assert_close(
            layer.inverse(second)[0], (second - mean) / std, what="z of a later batch", cause=ONCE, read=READ
        )
        assert_close(layer(second)[0], second * std + mean, what="x of forward", cause=ONCE, read=READ)


@pytest.mark.points(1)
def test_the_state_is_saved(student, rng):
    """Loaded into a new layer, an initialised state stays as it is, and one without data still waits for its first"""
    first, second = draw_data(rng, 8, 2, 3, 3), draw_data(rng, 8, 2, 3, 3)
    trained, loaded = new(student, 2), new(student, 2)
    trained.inverse(first)
    randomize(trained, rng)
    z = trained.inverse(second)[0]
    loaded.load_state_dict(trained.state_dict())
    assert_close(
        loaded.inverse(second)[0],
        z,
        what="z of a layer that has loaded a trained one",
        cause="that the first batch has been seen is not in the state_dict: keep it in a buffer",
        read=READ,
    )
    blank, waiting = new(student, 2), new(student, 2)
    waiting.load_state_dict(blank.state_dict())
    mean, std = statistics(first)
    assert_close(
        waiting.inverse(first)[0],
        (first - mean) / std,
        what="z of the first batch, after the state of a new layer was loaded,",
        cause="loading alone counts as a first batch",
        read=READ,
    )


@pytest.mark.points(1)
def test_log_det_is_that_of_the_jacobian(student, rng):
    """With any parameters, log_det is log |det| of the Jacobian for images and vectors, and has their gradients"""
    for shape in ((3, 2, 3, 2), (4, 5), (2, 3, 1, 4)):
        x = draw_data(rng, *shape)
        layer = draw_parameters(student, rng, x)
        for transform in (layer, layer.inverse):
            assert_log_det_matches_jacobian(
                transform,
                x,
                cause="H·W is forgotten, the batch is counted, or both directions have the same sign",
                read=READ,
            )
        fresh = new(student, shape[1])
        fresh.inverse(x)  # parameters that no scale near 0 makes steep
        for direction in ("forward", "inverse"):
            assert_differentiable(fresh, rng, x, direction=direction, read=READ)


@pytest.mark.points(1)
def test_round_trip(student, rng):
    """With any parameters, each example alone is sent there and back exactly, in training as well"""
    x = draw_data(rng, 17, 3, 2, 3)
    layer = draw_parameters(student, rng, x)
    assert_invertible(layer, layer.inverse, x, tolerance=1e-10, read=READ)
    layer.train()
    layer.inverse(x)
    randomize(layer, rng)
    assert_invertible(layer, layer.inverse, x, tolerance=1e-10, read=READ)
    assert_each_alone(
        lambda x: layer.inverse(x)[0],
        x,
        what="z",
        shape=(3, 2, 3),
        cause="statistics of the batch at hand are in use, not the parameters",
        read=READ,
    )
