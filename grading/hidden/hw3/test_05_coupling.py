"""Task 5: a coupling layer is its formula, reads what passes, and is inverted exactly; a flow adds up its layers.

A right sampler fails the statistical test with a probability of at most 1e-6.
"""

import math

import pytest
import torch

from dgm_course.testing import (
    assert_causal,
    assert_close,
    assert_each_alone,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_moved,
    assert_samples_follow,
    assert_shape,
    draw_responsive,
    randomize,
)

READ = "task 5 of the notebook, and lecture 5, section 'Coupling'"
NUM_SAMPLES = 10_000


def draw(*shape, rng):
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


def draw_mask(num_dims, rng):
    """Some dimensions pass and some do not."""
    mask = torch.rand(num_dims, generator=rng) < 0.5
    first = int(torch.randint(num_dims, (), generator=rng))
    mask[first], mask[first - 1] = True, False
    return mask


def draw_layer(student, rng, mask):
    """A layer with the student's own conditioner, whose weights and inputs are seen to matter: those that pass."""
    layer, z = student.AffineCoupling(len(mask), 12, mask), 1 + draw(6, len(mask), rng=rng)
    draw_responsive(layer, rng, z, scale=0.4, output=lambda result: result[1], read=READ)
    others = torch.where(mask, draw(6, len(mask), rng=rng), z)
    assert_moved(
        layer(others)[0][:, ~mask],
        layer(z)[0][:, ~mask],
        "what is transformed when what passes changes",
        "each dimension is transformed by itself, or the mask is the wrong way round",
        READ,
    )
    return layer


def draw_maps(student, num_dims, num_maps, rng):
    """Layers x = Az + b, and the mean and matrix of all of them together."""
    layers, mean, matrix = [], torch.zeros(num_dims).double(), torch.eye(num_dims).double()
    for _ in range(num_maps):
        turn, shift = draw(num_dims, num_dims, rng=rng), draw(num_dims, rng=rng)
        turn = torch.linalg.qr(turn).Q @ torch.diag(torch.linspace(0.5, 2, num_dims).double())
        layers.append(student.LinearMap(turn, shift))
        mean, matrix = turn @ mean + shift, turn @ matrix
    return layers, mean, matrix


@pytest.mark.points(2)
def test_a_layer_is_its_formula(student, rng):
    """With a known conditioner, x and log_det are those of the formula, for any mask"""
    for mask in (draw_mask(5, rng), draw_mask(2, rng), torch.tensor([False]), torch.tensor([True] * 3)):
        num_dims = len(mask)
        weight, bias = 2 * draw(2 * num_dims, num_dims, rng=rng), draw(2 * num_dims, rng=rng)
        layer = student.AffineCoupling(num_dims, 7, mask, student.LinearConditioner(weight, bias))
        z = draw(9, num_dims, rng=rng)
        raw, shift = (torch.where(mask, z, 0) @ weight.T + bias).chunk(2, dim=1)
        log_scale = torch.where(mask, 0, 3 * torch.tanh(raw / 3))
        x, log_det = layer(z)
        assert_shape(x, (9, num_dims), what="x", read=READ)
        assert_close(
            x,
            torch.where(mask, z, z * log_scale.exp() + shift),
            what="x of forward",
            cause="the first D outputs of the conditioner are r and the last D are t; s = 3 tanh(r/3); True passes",
            read=READ,
        )
        assert_close(
            log_det,
            log_scale.sum(1),
            what="log_det of forward",
            cause="the sum of s over the dimensions that are changed: no mean, no exp, no sum over the batch",
            read=READ,
        )


@pytest.mark.points(2)
def test_who_reads_whom(student, rng):
    """With any weights, a dimension that passes stays bit-identical, and the others read themselves and what passes"""
    for num_dims in (3, 6):
        mask = draw_mask(num_dims, rng)
        layer, z = draw_layer(student, rng, mask), draw(12, num_dims, rng=rng)
        reads_all = ~mask[:, None] & mask
        for transform in (layer, layer.inverse):
            values = transform(z)[0]
            assert_shape(values, (12, num_dims), what="the transformed values", read=READ)
            assert_close(
                values[:, mask],
                z[:, mask],
                tolerance=0.0,
                what="dimensions that pass",
                cause="they are scaled or shifted as well: set s and t to 0 where the mask is True",
                read=READ,
            )
            assert_moved(
                values[:, ~mask], z[:, ~mask], "the dimensions with mask False", "they pass as well", READ
            )
        assert_causal(
            lambda z, layer=layer: layer(z)[0],
            z,
            torch.eye(num_dims, dtype=torch.bool) | reads_all,
            cause="the conditioner reads what it changes, or only a part of what passes",
            read=READ,
        )


@pytest.mark.points(2)
def test_log_det_is_that_of_the_jacobian(student, rng):
    """With any weights, log_det is log |det| of the Jacobian, in both directions, one number for each example"""
    for num_dims in (2, 5):
        layer, z = draw_layer(student, rng, draw_mask(num_dims, rng)), draw(9, num_dims, rng=rng)
        for transform in (layer, layer.inverse):
            assert_each_alone(lambda z, t=transform: t(z)[1], z, what="log_det", shape=(), read=READ)
            assert_log_det_matches_jacobian(
                transform,
                z,
                cause="a wrong sign, a mean where a sum belongs, passing dimensions counted, or a conditioner that "
                "reads what it changes",
                read=READ,
            )


@pytest.mark.points(2)
def test_round_trip(student, rng):
    """inverse(forward(z)) is z to 1e-10 for any weights, for one layer and for a flow of three"""
    layers = [
        draw_layer(student, rng, mask) for mask in (draw_mask(4, rng), draw_mask(4, rng), draw_mask(4, rng))
    ]
    for transform in (*layers, student.Flow(layers, 4)):
        assert_invertible(
            transform,
            transform.inverse,
            draw(10, 4, rng=rng),
            tolerance=1e-10,
            cause="subtract t before dividing by exp(s); the last layer is undone first",
            read=READ,
        )


@pytest.mark.points(1)
def test_conditioner_outputs_of_fifty(student, rng):
    """When the conditioner answers with r = ±50 or ±1000, everything stays finite and the round trip exact"""
    for size in (50.0, 1000.0):
        bias = torch.cat([size * draw(3, rng=rng).sign(), draw(3, rng=rng)])
        bias[:2] = torch.tensor([size, -size])
        weight = torch.zeros(6, 3, dtype=torch.float64)
        layer = student.AffineCoupling(3, 5, torch.zeros(3).bool(), student.LinearConditioner(weight, bias))
        z = draw(10, 3, rng=rng)
        assert_close(
            layer(z)[0],
            z * torch.exp(3 * torch.tanh(bias[:3] / 3)) + bias[3:],
            what=f"x where r = {size:g} or {-size:g}",
            cause="the log-scale is s = 3 tanh(r/3), so that exp(s) is at most 20",
            read=READ,
        )
        assert_invertible(
            layer,
            layer.inverse,
            z,
            tolerance=1e-10,
            cause="exp(r) overflows, or z exp(-50) + t keeps nothing of z: the log-scale is s = 3 tanh(r/3)",
            read=READ,
        )


@pytest.mark.points(2)
def test_log_prob_of_a_flow(student, rng):
    """A flow of linear maps has the log-density of its Gaussian: any number of layers, in their order"""
    for num_dims, num_maps in ((3, 2), (2, 3), (1, 1), (4, 0)):
        layers, mean, matrix = draw_maps(student, num_dims, num_maps, rng)
        x = draw(11, num_dims, rng=rng)
        assert_close(
            student.Flow(layers, num_dims).log_prob(x),
            torch.distributions.MultivariateNormal(mean, matrix @ matrix.T).log_prob(x),
            what=f"log_prob of a flow of {num_maps} linear maps in {num_dims} dimensions",
            cause="inverse starts with the last layer; its log-determinants are added, of all layers; the base is "
            "a sum over dimensions with log(2π)/2 for each",
            read=READ,
        )


@pytest.mark.points(1)
def test_samples_of_a_flow(student, rng):
    """10,000 samples of a flow of linear maps follow its Gaussian, and the generator alone decides them"""
    layers, mean, matrix = draw_maps(student, 2, 3, rng)
    flow, seed = student.Flow(layers, 2), int(torch.randint(2**31, (), generator=rng))
    samples, again, other = (
        flow.sample(number, torch.Generator().manual_seed(seed + extra))
        for number, extra in ((NUM_SAMPLES, 0), (NUM_SAMPLES, 0), (20, 1))
    )
    assert_shape(samples, (NUM_SAMPLES, 2), what="samples", read=READ)
    assert_close(again, samples, what="samples from the same seed", cause="generator is not used", read=READ)
    assert_moved(other, samples[:20], "samples with the seed", "generator is not used", READ)
    z = torch.linalg.solve(matrix, (samples.double() - mean).T).T  # standard normal, if the sampler is right
    eighths = (4 * (1 + torch.erf(z / math.sqrt(2)))).long().clamp(0, 7)
    assert_samples_follow(
        eighths,
        torch.full((8, 8), 1 / 64, dtype=torch.float64),
        what="samples, sent back through the exact inverse, in eighths of the normal distribution,",
        cause="the noise is not standard normal, the layers run in another order, or inverse stands for forward",
        read=READ,
    )
    for dtype in (torch.float32, torch.float64):
        layer = student.AffineCoupling(2, 4, torch.tensor([True, False]))
        if dtype == torch.float64:
            randomize(layer, rng)
        drawn = student.Flow([layer], 2).sample(1, torch.Generator().manual_seed(seed))
        assert_close(
            drawn.dtype == dtype,
            True,
            what=f"'a flow of {str(dtype).removeprefix('torch.')} parameters gives samples of that dtype'",
            cause="torch.randn without dtype=, or with a fixed one",
            read=READ,
        )
