"""Task 1: densities behind rising and falling cubics, and a mixture of logistics held to its definition.

Right samples fail the statistical test with a probability of at most 1e-6.
"""

import math

import pytest
import torch
import torch.nn.functional as F

from dgm_course.testing import (
    assert_close,
    assert_each_alone,
    assert_normalized,
    assert_samples_follow,
    assert_shape,
    gradient,
)

READ = "task 1 of the notebook, and lecture 5, section 'Change of variables'"
NUM_SAMPLES = 8_000
DRAWS_A_ZERO = 1423  # a seed whose first 8,000 uniform float32 numbers hold one


def normal(z):
    return -0.5 * z**2 - 0.5 * math.log(2 * math.pi), -z


def logistic(z):
    return F.logsigmoid(z) + F.logsigmoid(-z), 1 - 2 * torch.sigmoid(z)


def draw_maps(rng):
    """Cubics that rise and fall, with two base densities: (slope, bend, name, log-density and slope)."""
    for sign in (1, -1):
        for name, base in (("normal_log_prob", normal), ("logistic_log_prob", logistic)):
            slope, bend = (sign * (0.3 + torch.rand(2, generator=rng, dtype=torch.float64))).tolist()
            yield slope, bend, name, base


def draw_points(rng):
    return torch.randn(9, generator=rng, dtype=torch.float64)


def draw_mixture(student, num_components, rng, around=0.0):
    """A mixture of the student's with known parameters, and the parameters."""
    logits, means, log_scales = (
        torch.rand(3, num_components, generator=rng, dtype=torch.float64).mul(2).sub(1)
    )
    weights = {"logits": 2 * logits, "means": 5 * means + around, "log_scales": log_scales - 0.5}
    mixture = student.MixtureCDF(num_components)
    mixture.double()
    mixture.load_state_dict(weights, strict=False)
    return mixture, weights


def definition(x, weights):
    """F(x) and log F′(x)."""
    z = (x[:, None] - weights["means"]) / weights["log_scales"].exp()
    log_weights = weights["logits"].log_softmax(0)
    log_slopes = log_weights - weights["log_scales"] + F.logsigmoid(z) + F.logsigmoid(-z)
    return (log_weights.exp() * torch.sigmoid(z)).sum(1), log_slopes.logsumexp(1)


def draw_softplus(student, rng):
    """Another map, the softplus: itself, and of points z, log dz/dx and the derivatives of both."""
    beta = float(0.5 + 1.5 * torch.rand((), generator=rng, dtype=torch.float64))
    x = draw_points(rng)
    slope = torch.sigmoid(beta * x)
    return student.nn.Softplus(beta), x, F.softplus(x, beta), slope.log(), slope, beta * (1 - slope)


@pytest.mark.points(1)
def test_density_behind_a_monotone_map(student, rng):
    """log p(x) behind rising and falling maps, for two base densities, each number by itself"""
    for slope, bend, name, base in draw_maps(rng):
        x, cubic = draw_points(rng), student.Cubic(slope, bend)
        got = assert_each_alone(
            lambda x, cubic=cubic, name=name: student.log_prob_through(x, cubic, getattr(student, name)),
            x,
            what="log p(x)",
            shape=(),
            cause="the derivative is summed or averaged over the numbers",
            read=READ,
        )
        assert_close(
            got,
            base(slope * x + bend * x**3)[0] + (slope + 3 * bend * x**2).abs().log(),
            what=f"log p(x) behind a {'rising' if slope > 0 else 'falling'} map",
            cause="the derivative is left out, has the sign of the other direction, or lacks its absolute value; or "
            "the base density is taken at x, or is always the normal one",
            read=READ,
        )
    softplus, x, z, log_slope, _, _ = draw_softplus(student, rng)
    assert_close(
        student.log_prob_through(x, softplus, student.logistic_log_prob),
        logistic(z)[0] + log_slope,
        what="log p(x) behind a softplus",
        cause="the derivative is that of a cubic: `inverse` is any monotone function",
        read=READ,
    )


@pytest.mark.points(1)
def test_density_can_be_differentiated(student, rng):
    """d log p(x) / dx holds the slope of the base density and that of the determinant"""
    for slope, bend, name, base in draw_maps(rng):
        x = draw_points(rng)
        (got,) = gradient(
            student.log_prob_through, x, student.Cubic(slope, bend), getattr(student, name), wrt=(0,)
        )
        rate = slope + 3 * bend * x**2
        assert_close(
            got,
            base(slope * x + bend * x**3)[1] * rate + 6 * bend * x / rate,
            what="d log p(x) / dx",
            cause="no create_graph=True, or a detach: the determinant counts in the value but not in the gradient",
            read=READ,
        )
    softplus, x, z, _, slope, bend = draw_softplus(student, rng)
    (got,) = gradient(student.log_prob_through, x, softplus, student.logistic_log_prob, wrt=(0,))
    assert_close(
        got,
        logistic(z)[1] * slope + bend,
        what="d log p(x) / dx behind a softplus",
        cause="the derivative is that of a cubic: `inverse` is any monotone function",
        read=READ,
    )


@pytest.mark.points(1)
def test_cdf_and_its_slope(student, rng):
    """`inverse` gives F(x) and log F′(x) of the stated mixture, exactly, also far outside"""
    for num_components in (1, 2, 5):
        mixture, weights = draw_mixture(student, num_components, rng)
        x = torch.cat([3 * draw_points(rng), torch.tensor([-2000.0, 1500.0], dtype=torch.float64)])
        u, log_det = mixture.inverse(x)
        expected_u, expected_log_det = definition(x, weights)
        cause = "logits without a softmax, log s taken for s, or a forgotten 1/s; if only the last two differ: the "
        cause += "logarithm of a sum that underflows"
        assert_close(u, expected_u, what="F(x)", cause=cause, read=READ)
        assert_close(log_det, expected_log_det, what="log F′(x)", cause=cause, read=READ)


@pytest.mark.points(1)
def test_density_integrates_to_one(student, rng):
    """The density of a mixture integrates to 1 and gives every interval the mass F(b) − F(a)"""
    mixture, weights = draw_mixture(student, 4, rng)
    nodes = torch.linspace(-60.0, 60.0, 12_001, dtype=torch.float64)
    step = 120 / 12_000
    assert_normalized(
        mixture.log_prob,
        nodes,
        volume=step,
        tolerance=1e-6,
        what="the integral of the density",
        cause="a forgotten 1/s, weights that are no softmax, or a sign",
        read=READ,
    )
    masses = mixture.log_prob(nodes).exp().cumsum(0) * step
    edges = torch.tensor([5_700, 5_900, 6_100, 6_300])
    assert_close(
        masses[edges] - mixture.log_prob(nodes[edges]).exp() * step / 2,  # the trapezoidal rule
        definition(nodes[edges], weights)[0],
        tolerance=1e-3,
        what="the mass to the left of −3, −1, 1 and 3",
        cause="log_prob is not the density of this mixture",
        read=READ,
    )


@pytest.mark.points(1)
def test_forward_is_the_inverse_cdf(student, rng):
    """`forward` finds the x with F(x) = u, for u from 1e-6 to 1 − 1e-6, and log dx/du"""
    for num_components, around in ((1, 0.0), (2, -400.0), (6, 25.0)):
        mixture, weights = draw_mixture(student, num_components, rng, around)
        inside = torch.rand(11, generator=rng, dtype=torch.float64)
        u = torch.cat([inside, torch.tensor([1e-6, 1 - 1e-6], dtype=torch.float64)])
        x, log_det = mixture(u)
        assert_shape(x, u.shape, what="x", read=READ)
        back, slope = definition(x, weights)
        assert_close(
            back,
            u,
            tolerance=1e-10,
            what="F(forward(u)), with the F of the parameters,",
            cause="an interval without the solution, the wrong half kept, too few halvings, or a mixture of quantiles",
            read=READ,
        )
        assert_close(
            log_det,
            -slope,
            tolerance=1e-7,
            what="log dx/du",
            cause="dx/du is 1 / F′(x), at the x that was found: a minus sign",
            read=READ,
        )


@pytest.mark.points(1)
def test_samples_follow_the_density(student, rng):
    """8,000 samples are independent, finite and have the stated distribution; the generator alone decides"""
    mixture, weights = draw_mixture(student, 3, rng)
    seed = int(torch.randint(2**31, (), generator=rng))
    first, again, other = (
        mixture.sample(NUM_SAMPLES, torch.Generator().manual_seed(number))
        for number in (seed, seed, seed + 1)
    )
    assert_shape(first, (NUM_SAMPLES,), what="the samples", read=READ)
    cause = "a draw without generator=generator, or a seed set inside the function"
    assert_close(again, first, what="the samples with the same seed again", cause=cause, read=READ)
    assert_close(
        bool((other != first).any()), True, what="'other samples with another seed'", cause=cause, read=READ
    )
    u = definition(first.double(), weights)[0]
    assert_samples_follow(
        (7 * u).long().clamp(0, 6).reshape(-1, 2),
        torch.full((7, 7), 1 / 49, dtype=torch.float64),
        what="pairs of neighbouring samples, as sevenths of F(x),",
        cause="u is not uniform on (0, 1), x is not F⁻¹(u), or one sample tells of the next",
        read=READ,
    )
    single = student.MixtureCDF(3).sample(NUM_SAMPLES, torch.Generator().manual_seed(DRAWS_A_ZERO))
    assert_close(
        first.dtype == torch.float64 and single.dtype == torch.float32,
        True,
        what="'samples have the dtype of the means, float32 in a new mixture and float64 after double()'",
        cause="torch.rand without dtype=, or with a fixed one",
        read=READ,
    )
    assert_close(
        bool(single.isfinite().all()),
        True,
        what="'samples in float32 are finite'",
        cause="one in 2²⁴ float32 draws is exactly 0, whose quantile is −∞: clamp u",
        read=READ,
    )
