"""Task 9: splines have the knots, values, slopes and inverses that are computed here, alone and in a coupling."""

import math

import pytest
import torch

from dgm_course.testing import (
    assert_bound,
    assert_causal,
    assert_close,
    assert_differentiable,
    assert_each_alone,
    assert_invertible,
    assert_moved,
    assert_shape,
    draw_responsive,
    gradient,
)

READ = "task 9 of the notebook, and lecture 5, section 'Splines'"
EPS = 1e-3


def normal(rng, *shape, scale=1.0):
    return scale * torch.randn(shape, generator=rng, dtype=torch.float64)


def uniform(rng, low, high, *shape):
    return low + (high - low) * torch.rand(shape, generator=rng, dtype=torch.float64)


def draw_numbers(rng, *shape, num_bins, scale=1.5):
    """Widths, heights and slopes without a constraint."""
    return [normal(rng, *shape, size, scale=scale) for size in (num_bins, num_bins, num_bins - 1)]


def knots_of(widths, heights, slopes, bound):
    def edges(numbers):
        exps = (numbers - numbers.amax(-1, keepdim=True)).exp()
        shares = EPS + (1 - EPS * numbers.shape[-1]) * exps / exps.sum(-1, keepdim=True)
        return torch.cat([torch.zeros_like(shares[..., :1]), shares.cumsum(-1)], dim=-1) * 2 * bound - bound

    ones = torch.ones_like(widths[..., :1])
    return edges(widths), edges(heights), torch.cat([ones, EPS + torch.log1p(slopes.exp()), ones], dim=-1)


def spline(x, widths, heights, slopes, bound):
    """y and log dy/dx."""
    xs, ys, deltas = knots_of(widths, heights, slopes, bound)
    k = (torch.searchsorted(xs, x.unsqueeze(-1).contiguous(), right=True) - 1).clamp(0, xs.shape[-1] - 2)
    (x0, x1), (y0, y1), (d0, d1) = (
        (knots.gather(-1, k).squeeze(-1), knots.gather(-1, k + 1).squeeze(-1)) for knots in (xs, ys, deltas)
    )
    s, t = (y1 - y0) / (x1 - x0), (x - x0) / (x1 - x0)
    below = s + (d0 + d1 - 2 * s) * t * (1 - t)
    y = y0 + (y1 - y0) * (s * t**2 + d0 * t * (1 - t)) / below
    slope = s**2 * (d1 * t**2 + 2 * s * t * (1 - t) + d0 * (1 - t) ** 2) / below**2
    inside = x.abs() < bound
    return torch.where(inside, y, x), torch.where(inside, slope.log(), 0.0)


def settings(rng):
    """Shape, number of bins and bound of some splines."""
    return (((200,), 8, 3.0), ((7, 5), 3, float(uniform(rng, 0.5, 6))), ((20, 2, 3), 1, 1.0), ((1,), 6, 0.2))


def alone(direction, values, numbers, bound):
    """(value, log-slope) of every entry, which does not depend on the batch it comes in."""
    sizes = [part.shape[-1] for part in numbers]

    def stacked(packed):
        parts = packed.split([1, *sizes], dim=-1)
        result, log_slope = direction(parts[0].squeeze(-1), *parts[1:], bound)
        shape = tuple(packed.shape[:-1])
        assert_shape(result, shape, what="the value", read=READ)
        assert_shape(log_slope, shape, what="the log-slope", read=READ)
        return torch.stack([result, log_slope], dim=-1)

    packed = torch.cat([values.unsqueeze(-1), *numbers], dim=-1)
    return assert_each_alone(stacked, packed, what="(value, log-slope)", read=READ).unbind(-1)


@pytest.mark.points(1)
def test_knots(student, rng):
    """The knots are those of the formula, from -B to B, for any numbers, also large ones, and any shape"""
    for shape, num_bins, bound in settings(rng):
        for scale in (1.5, 20.0):
            numbers = draw_numbers(rng, *shape, num_bins=num_bins, scale=scale)
            wanted = knots_of(*numbers, bound)
            knots = student.spline_knots(*numbers, bound)
            for name, got, right in zip(("x", "y", "slope"), knots, wanted, strict=True):
                assert_close(
                    got,
                    right,
                    what=f"the {name} of the knots, {num_bins} bins",
                    cause="softmax over the bins, shares ε + (1 − Kε) softmax, times 2B, summed up from −B; slopes "
                    "ε + softplus, and 1 at both ends",
                    read=READ,
                )


@pytest.mark.points(1)
def test_values(student, rng):
    """y is the rational quadratic of the bin that x falls into"""
    for shape, num_bins, bound in settings(rng):
        numbers = draw_numbers(rng, *shape, num_bins=num_bins)
        x = uniform(rng, -1.3 * bound, 1.3 * bound, *shape)
        y, _ = alone(student.rational_quadratic, x, numbers, bound)
        assert_close(
            y,
            spline(x, *numbers, bound)[0],
            what="y",
            cause="another bin than that of x, ξ not divided by the width, or δ_k and δ_{k+1} exchanged",
            read=READ,
        )


@pytest.mark.points(1)
def test_slopes(student, rng):
    """The log-slope is that of the curve"""
    for shape, num_bins, bound in settings(rng):
        numbers = draw_numbers(rng, *shape, num_bins=num_bins)
        x = uniform(rng, -1.3 * bound, 1.3 * bound, *shape)
        _, log_slope = alone(student.rational_quadratic, x, numbers, bound)
        assert_close(
            log_slope,
            spline(x, *numbers, bound)[1],
            what="log dy/dx",
            cause="the logarithm is missing, a square is, or δ_k and δ_{k+1} are exchanged",
            read=READ,
        )


@pytest.mark.points(1)
def test_the_curve_meets_its_knots_and_has_no_corner_there(student, rng):
    """At a knot and on both sides of it: its y, and its slope"""
    numbers = draw_numbers(rng, 1, num_bins=6, scale=0.7)
    bound, tiny = float(uniform(rng, 1, 4)), 1e-10
    xs, ys, deltas = (knots[0] for knots in knots_of(*numbers, bound))
    for offset in (-tiny, 0.0, tiny):
        each = [part.expand(len(xs), -1) for part in numbers]
        y, log_slope = student.rational_quadratic(xs + offset, *each, bound)
        cause = "the bin is one too far or too near, or the slopes at the bound are not 1"
        assert_close(y, ys, tolerance=1e-7, what="y at the knots, ± 1e-10", cause=cause, read=READ)
        assert_close(log_slope, deltas.log(), tolerance=1e-6, what="log dy/dx there", cause=cause, read=READ)


@pytest.mark.points(1)
def test_tails(student, rng):
    """Beyond the bound both directions are the identity, and finite; inside they are not"""
    bound = float(uniform(rng, 0.5, 3))
    far = torch.cat(
        [uniform(rng, bound, 3 * bound, 20), torch.tensor([bound, 1e6, 1e30], dtype=torch.float64)]
    )
    x = torch.cat([far, -far, uniform(rng, -0.9 * bound, 0.9 * bound, 10)])
    numbers = [part.expand(len(x), -1) for part in draw_numbers(rng, 1, num_bins=5)]
    for direction in (student.rational_quadratic, student.rational_quadratic_inverse):
        value, log_slope = alone(direction, x, numbers, bound)
        cause = "outside values are clamped, or get a bin; x = bound is outside"
        assert_close(value[:-10], x[:-10], tolerance=1e-14, what="the value outside", cause=cause, read=READ)
        assert_close(
            log_slope[:-10], torch.zeros_like(x[:-10]), what="the log-slope there", cause=cause, read=READ
        )
        assert_bound(
            (value[-10:] - x[-10:]).abs().amax(),
            1e-4 * bound,
            2 * bound,
            what="the largest distance from the identity inside",
            cause="there is no spline",
            read=READ,
        )


@pytest.mark.points(2)
def test_inverse(student, rng):
    """The inverse finds x to 1e-9 and has the negative log-slope, also where the spline is straight"""
    for shape, num_bins, bound in (*settings(rng), ((40,), 4, 2.0)):
        numbers = draw_numbers(rng, *shape, num_bins=num_bins, scale=0.75)
        if num_bins == 4:  # all shares are the same and all slopes are 1
            numbers = [torch.full_like(part, math.log(math.exp(1 - EPS) - 1)) for part in numbers]
        x = uniform(rng, -1.3 * bound, 1.3 * bound, *shape)
        y, log_slope = spline(x, *numbers, bound)
        back, inverse_log_slope = alone(student.rational_quadratic_inverse, y, numbers, bound)
        assert_close(
            back,
            x,
            what="x of rational_quadratic_inverse(y)",
            cause="the bin of y is searched among the x_k; the other root; or a division by a, which is 0 where it is "
            "straight",
            read=READ,
        )
        assert_close(
            inverse_log_slope,
            -log_slope,
            tolerance=1e-8,
            what="log dx/dy",
            cause="the sign of the forward direction, or the slope at another point",
            read=READ,
        )


@pytest.mark.points(1)
def test_gradients(student, rng):
    """Gradients are finite at the knots, at ±B and outside, where y = x; between knots those of a coupling are right"""
    numbers, bound = draw_numbers(rng, 30, num_bins=4), float(uniform(rng, 0.5, 3))
    xs, ys, _ = knots_of(*numbers, bound)
    far = bound * torch.tensor([-30.0, -1.5, 1.5, 30.0], dtype=torch.float64).expand(30, -1)
    for name, knots in (("rational_quadratic", xs), ("rational_quadratic_inverse", ys)):
        values = torch.cat([far, knots], dim=1)  # the first and last knot are -B and B
        each = [part.unsqueeze(1).expand(-1, values.shape[1], -1) for part in numbers]
        slopes = gradient(getattr(student, name), values, *each, bound, wrt=(0, 1, 2, 3))
        for what, slope in zip(("its input", "widths", "heights", "slopes"), slopes, strict=True):
            assert_close(
                bool(slope.isfinite().all()),
                True,
                what=f"'the gradient of {name} in {what} is finite outside, at ±B and at the knots'",
                cause="a NaN in the branch that torch.where does not pick: 0 · NaN is NaN in the gradient",
                read=READ,
            )
        for what, slope in zip(("widths", "heights", "slopes"), slopes[1:], strict=True):
            assert_moved(
                slope,
                torch.zeros_like(slope),
                what=f"what {name} returns as the {what} move",
                cause="they are not used, or cut from the graph: a conditioner could not be trained",
                read=READ,
            )
        assert_close(
            slopes[0][:, :4],
            torch.ones_like(far),
            what=f"the gradient of {name} in its input, where |x| > B",
            cause="outside it is the identity, with the log-slope 0",
            read=READ,
        )
    mask, width = torch.tensor([True, False, False]), 3 * 4 - 1
    weight, bias = (normal(rng, 3 * width, *end, scale=0.3) for end in ((3,), ()))
    layer = student.SplineCoupling(3, 5, mask, 4, bound, student.LinearConditioner(weight, bias))
    layer.double()
    z = bound * normal(rng, 40, 3)
    rows = (z * mask @ weight.T + bias).unflatten(1, (3, width))
    xs, ys, _ = knots_of(*rows.split((4, 4, 3), dim=-1), bound)
    for direction, knots in (("forward", xs), ("inverse", ys)):
        # at a knot the slope has a corner
        between = ((z.unsqueeze(-1) - knots).abs() > 1e-3 * bound).flatten(1).all(1)
        assert_differentiable(layer, rng, z[between][:9], direction=direction, read=READ)


@pytest.mark.points(1)
def test_coupling_follows_its_conditioner(student, rng):
    """With a known conditioner: what passes, what is bent, and log_det of both directions"""
    for num_dims, num_bins in ((3, 4), (2, 1), (5, 3)):
        mask = torch.rand(num_dims, generator=rng) < 0.5
        mask[:2] = torch.tensor([True, False])
        width, bound = 3 * num_bins - 1, float(uniform(rng, 1.5, 3))
        # the way back through steeper splines loses half of the digits
        weight, bias = (normal(rng, num_dims * width, *end, scale=0.3) for end in ((num_dims,), ()))
        conditioner = student.LinearConditioner(weight, bias)
        layer = student.SplineCoupling(num_dims, 5, mask, num_bins, bound, conditioner)
        layer.double()
        z = normal(rng, 17, num_dims, scale=1.5)
        numbers = (z * mask @ weight.T + bias).reshape(17, num_dims, width)
        bent, log_slope = spline(z, *numbers.split((num_bins, num_bins, num_bins - 1), dim=-1), bound)
        x, log_det = torch.where(mask, z, bent), (log_slope * ~mask).sum(1)
        for name, direction, values, right, total in (
            ("forward", layer.forward, z, x, log_det),
            ("inverse", layer.inverse, x, z, -log_det),
        ):
            answers = assert_each_alone(
                lambda v, direction=direction: torch.cat(
                    [direction(v)[0], direction(v)[1].reshape(len(v), -1)], dim=1
                ),
                values,
                what=f"values and log_det of {name}",
                shape=(num_dims + 1,),
                read=READ,
            )
            assert_close(
                answers[:, :-1],
                right,
                tolerance=1e-8,
                what=f"the values of {name}, mask {mask.tolist()}",
                cause="the mask is inverted, or widths, heights and slopes are cut in another order",
                read=READ,
            )
            assert_close(
                answers[:, -1],
                total,
                tolerance=1e-8,
                what=f"log_det of {name}",
                cause="a mean, or the log-slopes of passing dimensions are counted",
                read=READ,
            )


@pytest.mark.points(1)
def test_coupling_with_its_own_network(student, rng):
    """Without a conditioner: every spline reads all that passes and nothing that changes, and there is a way back"""
    mask = torch.tensor([True, False, True, False, False])[torch.randperm(5, generator=rng)]
    z = normal(rng, 12, 5, scale=1.2)
    layer = draw_responsive(
        student.SplineCoupling(5, 13, mask, 4, 3.0),
        rng,
        z,
        scale=0.6,
        output=lambda pair: pair[0],
        read=READ,
    )
    assert_invertible(
        layer, layer.inverse, z, tolerance=1e-8, cause="the splines read what they change", read=READ
    )
    assert_causal(
        lambda z: layer(z)[0],
        z,
        torch.eye(5).bool() | (~mask[:, None] & mask),
        cause="a spline reads a dimension that changes, or does not read all that pass",
        read=READ,
    )
