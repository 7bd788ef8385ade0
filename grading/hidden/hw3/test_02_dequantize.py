"""Task 2: the noise fills whole cells, the logit is a layer with its determinant, and bits count the levels.

Right noise fails the statistical test with a probability of at most 1e-6. With 65,536 levels even
float64 rounds x + u up to the next level where u > 1 − 2⁻³⁸: right code fails by one of 12,000 such sums in 4e-8 of all
tests.
"""

import math

import pytest
import torch
import torch.nn.functional as F

from dgm_course.testing import (
    assert_bound,
    assert_close,
    assert_each_alone,
    assert_log_det_matches_jacobian,
    assert_samples_follow,
    assert_shape,
)

READ = "task 2 of the notebook, and lecture 5, section 'Dequantisation'"


def draw_generator(rng):
    return torch.Generator().manual_seed(int(torch.randint(2**31, (), generator=rng)))


def draw_noise(student, x, num_levels, generator):
    """Where in its cell each entry of y lies: K·y − x."""
    y = student.dequantize(x, num_levels, generator)
    assert_shape(y, tuple(x.shape), what="y", read=READ)
    noise = y.double() * num_levels - x
    assert_bound(
        noise,
        -1e-9,
        1 + 1e-9,
        what="K·y − x",
        cause="noise around 0, another K, or no division by K",
        read=READ,
    )
    return noise.clamp(0, 1 - 1e-9)


@pytest.mark.points(2)
def test_noise_fills_the_whole_cell(student, rng):
    """The noise is uniform on [0, 1) for every level, and that of one entry tells nothing about another's"""
    num_levels = 5
    x = torch.arange(num_levels).repeat(6, 600)[:, torch.randperm(3000, generator=rng)]  # 3600 of each
    noise = draw_noise(student, x, num_levels, draw_generator(rng))
    assert_samples_follow(
        torch.stack([x.flatten(), (11 * noise).long().flatten()], dim=1),
        torch.full((num_levels, 11), 1 / (11 * num_levels), dtype=torch.float64),
        false_alarm=1e-6 / 3,
        what="pairs of a level and the eleventh of its cell",
        cause="the noise fills a part of the cell only, is not uniform, or differs between the levels",
        read=READ,
    )
    fifths = (5 * noise).long()
    for name, pairs in (
        ("the noise of neighbours in one example", fifths.reshape(-1, 2)),
        ("the noise of two examples at the same place", fifths[:2].T),
    ):
        assert_samples_follow(
            pairs,
            torch.full((5, 5), 1 / 25, dtype=torch.float64),
            false_alarm=1e-6 / 3,
            what=f"pairs of {name}, as fifths of the cell,",
            cause="noise is drawn once for a whole example, or once for all of them",
            read=READ,
        )


@pytest.mark.points(1)
def test_the_generator_alone_decides(student, rng):
    """The same seed gives the same noise, another seed other noise, for vectors and images"""
    for shape in ((7, 4), (3, 2, 5, 4)):
        x = torch.randint(9, shape, generator=rng)
        seed = int(torch.randint(2**31, (), generator=rng))
        first, again, other = (
            draw_noise(student, x, 9, torch.Generator().manual_seed(number))
            for number in (seed, seed, seed + 1)
        )
        cause = "a draw without generator=generator, a seed set inside the function, or no noise at all"
        assert_close(again, first, what="the noise with the same seed again", cause=cause, read=READ)
        changed = (other - first).abs().flatten(1).amax(1)
        assert_bound(
            changed, 1e-6, 1.0, what="the change of the noise with another seed", cause=cause, read=READ
        )


@pytest.mark.points(1)
def test_levels_come_back(student, rng):
    """y stays in [0, 1) and in the cell of its level, for 2 to 65,536 levels; outside the box the end levels count"""
    for num_levels in (2, 17, 256, 65536):
        x = torch.randint(num_levels, (40, 300), generator=rng)
        x[:, 0], x[:, 150:] = 0, num_levels - 1
        y = student.dequantize(x, num_levels, draw_generator(rng))
        assert_shape(y, (40, 300), what="y", read=READ)
        cause = "x + u was rounded up in float32: draw and add in float64; or division by K − 1"
        assert_bound(y, 0.0, 1 - 2**-53, what=f"y with {num_levels} levels", cause=cause, read=READ)
        assert_close((y.double() * num_levels).floor().long(), x, what="floor(K·y)", cause=cause, read=READ)
        inside = torch.rand(40, generator=rng, dtype=torch.float64).mul(0.8).add(0.1)
        outside = torch.tensor([-0.4, -1e-3, 1.0, 1.3], dtype=torch.float64)
        level = torch.randint(num_levels, (40,), generator=rng)
        ends = torch.tensor([0, 0, num_levels - 1, num_levels - 1])
        assert_close(
            student.quantize(torch.cat([(level + inside) / num_levels, outside])[:, None], num_levels),
            torch.cat([level, ends])[:, None],
            what=f"the levels of given y with {num_levels} levels, four of them outside [0, 1),",
            cause="rounding in place of floor, another K, or no clamp to 0 … K − 1",
            read=READ,
        )


@pytest.mark.points(2)
def test_logits_and_their_determinant(student, rng):
    """z is the logit of α + (1 − 2α) y and log_det that of the Jacobian, for vectors and images, each by itself"""
    for shape, alpha in (((9, 1), 0.0), ((17, 5), 1e-3), ((9, 2, 3, 1), 0.2)):
        y = 0.05 + 0.9 * torch.rand(shape, generator=rng, dtype=torch.float64)
        s = alpha + (1 - 2 * alpha) * y
        z, _ = student.to_logits(y, alpha)
        cause = "α + (1 − α) y in place of α + (1 − 2α) y, or α left out"
        assert_close(z, s.log() - (1 - s).log(), what="z", cause=cause, read=READ)
        cause = "1 − 2α forgotten, a mean in place of a sum, a sum over the batch too, or a sign"
        log_det = assert_each_alone(
            lambda y, alpha=alpha: student.to_logits(y, alpha)[1],
            y,
            what="log_det",
            shape=(),
            cause=cause,
            read=READ,
        )
        expected = (math.log1p(-2 * alpha) - s.log() - (1 - s).log()).flatten(1).sum(1)
        assert_close(log_det, expected, what="log_det", cause=cause, read=READ)
    assert_log_det_matches_jacobian(
        lambda y: student.to_logits(y, alpha), y * 0.9 + 0.05, cause=cause, read=READ
    )


@pytest.mark.points(1)
def test_the_way_back(student, rng):
    """`from_logits` undoes the logit with the opposite log_det, and both stay exact at z of some hundreds"""
    for shape, alpha in (((6, 4), 0.0), ((5, 1, 2, 3), 0.15)):
        z = 3 * torch.randn(shape, generator=rng, dtype=torch.float64)
        z[0] = 150 * z[0].sign() + 100 * z[0]
        y, log_det = student.from_logits(z, alpha)
        cause = "the squeeze by α is not undone after the sigmoid"
        assert_close(y, (torch.sigmoid(z) - alpha) / (1 - 2 * alpha), what="y", cause=cause, read=READ)
        log_slopes = F.logsigmoid(z) + F.logsigmoid(-z) - math.log1p(-2 * alpha)
        assert_close(
            log_det,
            log_slopes.flatten(1).sum(1),
            what="log |det ∂y/∂z|",
            cause="the sign of the other direction, 1 − 2α forgotten, or the logarithm of a product that underflows",
            read=READ,
        )


@pytest.mark.points(1)
def test_bits_count_the_levels(student, rng):
    """bits/dim = (log K − log p(y) / D) / log 2, for each example; a constant image under a sure model has 0 bits"""
    for num_dims, num_levels in ((1, 2), (64, 17), (3072, 256)):
        sure = torch.full((1,), num_dims * math.log(num_levels), dtype=torch.float64)
        log_prob = torch.cat([sure, num_dims * torch.randn(6, generator=rng, dtype=torch.float64)])
        assert_close(
            student.bits_per_dim(log_prob, num_dims, num_levels),
            (math.log(num_levels) - log_prob / num_dims) / math.log(2),
            what=f"bits/dim with D = {num_dims} and K = {num_levels}",
            cause="log K forgotten, in nats or counted once for all dimensions; no division by D; or a sign",
            read=READ,
        )
