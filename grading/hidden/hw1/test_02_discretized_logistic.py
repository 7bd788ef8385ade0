"""Task 2: masses that sum to one for any parameters and equal the definition evaluated with 60 digits."""

import decimal
from decimal import Decimal

import pytest
import torch

from dgm_course.testing import assert_bound, assert_close, assert_moved, assert_normalized, gradient

READ = "task 2 of the notebook, and lecture 2, section 'Discretised logistics'"
PRODUCT = "task 2 of the notebook, the product form, and lecture 2, section 'Discretised logistics'"


def draw(shape, num_components, log_scales, reach, rng):
    """Means within ±reach, log-scales in the stated range, logits; not contiguous."""
    low, high = log_scales
    means, widths, logits = torch.rand(3, num_components, *shape, generator=rng, dtype=torch.float64)
    parameters = reach * (2 * means - 1), low + (high - low) * widths, 4 * logits - 2
    return tuple(parameter.movedim(0, -1) for parameter in parameters)


def edges_and_inside(num_levels, size, rng):
    """The lowest level, the highest, and others between them."""
    inside = torch.randint(1, num_levels - 1, (size - 2,), generator=rng)
    return torch.cat([torch.tensor([0, num_levels - 1]), inside])


def logistic_mass(low, high):
    """σ(high) − σ(low) in decimals; infinite ends are None. Mirrored to the side where nothing cancels."""
    if low is not None and (high is None or low + high > 0):
        low, high = (None if high is None else -high), -low
    return 1 / (1 + (-high).exp()) - (0 if low is None else 1 / (1 + (-low).exp()))


def reference(level, means, log_scales, logits, num_levels):
    """The definition for one level, as a Decimal of 60 digits; parameters are lists of Decimals."""
    half = Decimal(1) / (num_levels - 1)
    value = 2 * level * half - 1
    weights = [logit.exp() for logit in logits]
    mass = Decimal(0)
    for mean, log_scale, weight in zip(means, log_scales, weights, strict=True):
        scale = log_scale.exp()
        low = None if level == 0 else (value - half - mean) / scale
        high = None if level == num_levels - 1 else (value + half - mean) / scale
        mass += weight * logistic_mass(low, high)
    return (mass / sum(weights)).ln()


def decimals(parameters, index):
    return [[Decimal(value) for value in parameter[index].tolist()] for parameter in parameters]


def assert_equals_reference(student, x, parameters, num_levels, cause):
    with decimal.localcontext(prec=60):
        expected = [
            float(reference(level, *decimals(parameters, i), num_levels))
            for i, level in enumerate(x.tolist())
        ]
    assert_close(
        student.discretized_logistic_log_prob(x, *parameters, num_levels),
        torch.tensor(expected, dtype=torch.float64),
        what=f"the log-mass of {len(x)} levels out of {num_levels}",
        cause=cause,
        read=PRODUCT,
    )


def assert_reads_its_parameters(student):
    """A function that takes no notice of its parameters keeps every sum and every shape, too."""
    x = torch.arange(9)
    pairs = ((-0.4, 0.5), (-1.5, -1.0), (0.3, -0.3))
    parameters = [torch.tensor(pair, dtype=torch.float64).expand(9, -1) for pair in pairs]
    there = student.discretized_logistic_log_prob(x, *parameters, 9)
    assert_bound(
        there.exp().sum(),
        0.4,
        2.5,
        what="the sum of the masses of all levels, roughly",
        cause="these are no log-masses",
        read=READ,
    )
    for which, name in enumerate(("means", "log-scales", "mixture logits")):
        moved = list(parameters)
        moved[which] = moved[which] + torch.tensor([0.5, 0.0], dtype=torch.float64)
        assert_moved(
            student.discretized_logistic_log_prob(x, *moved, 9),
            there,
            f"the log-masses when the first component's entry of the {name} changes",
            f"the {name} are not used",
            READ,
        )


@pytest.mark.points(2)
def test_masses_sum_to_one(student, rng):
    """The masses of all levels sum to 1 to 1e-10, for tiny scales and means outside too"""
    assert_reads_its_parameters(student)
    for num_levels, num_components in ((2, 3), (17, 1), (256, 4)):
        parameters = draw((), num_components, (-7.0, 3.0), 3.0, rng)
        assert_normalized(
            lambda x, p=parameters, K=num_levels: student.discretized_logistic_log_prob(
                x, *(parameter.expand(len(x), -1) for parameter in p), K
            ),
            torch.arange(num_levels),
            cause="edge bins without their tails, a half-width other than 1/(K−1), or weights that are not a softmax",
            read=READ,
        )


@pytest.mark.points(2)
def test_equals_the_definition(student, rng):
    """The log-mass equals the definition, for any number of levels and components"""
    for num_levels, num_components in ((2, 2), (9, 1), (31, 3)):
        x = torch.randint(num_levels, (6,), generator=rng)
        parameters = draw((6,), num_components, (-1.0, 1.0), 1.0, rng)
        cause = "levels not on [−1, 1], log s taken for s, a wrong half-width, or a mean of logarithms"
        assert_equals_reference(student, x, parameters, num_levels, cause)


@pytest.mark.points(2)
def test_tails_are_exact(student, rng):
    """The log-mass stays finite and exact far out in the tails"""
    for num_levels, side in ((5, -2.0), (17, 2.0), (256, -2.0)):
        x = edges_and_inside(num_levels, 4, rng)
        means, log_scales, logits = draw((4,), 2, (-7.0, -5.0), 0.5, rng)
        cause = "the logarithm of a difference that rounds to 0, a clamp, or a density in place of the mass"
        assert_equals_reference(student, x, (means + side, log_scales, logits), num_levels, cause)


@pytest.mark.points(2)
def test_gradients_are_exact(student, rng):
    """The derivatives in means, log-scales and logits are finite and exact, in the tails too"""
    num_levels, step = 17, Decimal("1e-30")
    x = edges_and_inside(num_levels, 4, rng).repeat(3)
    near, left, right = (draw((4,), 2, (low, low + 2.0), 0.5, rng) for low in (-2.0, -7.0, -7.0))
    far = ((mean + side, *others) for side, (mean, *others) in ((-2.0, left), (2.0, right)))
    parameters = tuple(torch.cat(parts) for parts in zip(near, *far, strict=True))
    slopes = [torch.empty(12, 2, dtype=torch.float64) for _ in parameters]
    with decimal.localcontext(prec=60):
        for i, level in enumerate(x.tolist()):
            here = reference(level, *decimals(parameters, i), num_levels)
            for which in range(3):
                for component in range(2):
                    moved = decimals(parameters, i)
                    moved[which][component] += step
                    slopes[which][i, component] = float((reference(level, *moved, num_levels) - here) / step)
    got = gradient(student.discretized_logistic_log_prob, x, *parameters, num_levels, wrt=(1, 2, 3))
    for name, mine, exact in zip(("means", "log-scales", "mixture logits"), got, slopes, strict=True):
        assert_close(
            mine,
            exact,
            tolerance=1e-7,
            what=f"the derivative in the {name}",
            cause="a clamp (derivative 0), or a `where` whose unused branch is infinite (0 · ∞ is NaN)",
            read=PRODUCT,
        )


@pytest.mark.points(1)
def test_any_shape(student, rng):
    """Each entry of x has a mixture of its own, whatever the shape: (), (1, 3) or (2, 1, 4)"""
    assert_reads_its_parameters(student)
    num_levels = 6
    for shape in ((), (1, 3), (2, 1, 4)):
        x = torch.randint(num_levels, shape, generator=rng)
        parameters = draw(shape, 3, (-2.0, 0.0), 1.5, rng)
        flat = [x.reshape(-1), *(parameter.reshape(-1, 3) for parameter in parameters)]
        assert_close(
            student.discretized_logistic_log_prob(x, *parameters, num_levels),
            student.discretized_logistic_log_prob(*flat, num_levels).reshape(shape),
            what=f"log-masses in an array of shape {shape}",
            cause="a sum over the wrong dimension, or mixtures shared between the entries",
            read="the docstring of task 2",
        )


@pytest.mark.points(1)
def test_only_differences_of_logits_count(student, rng):
    """Adding a constant to the mixture logits changes nothing"""
    assert_reads_its_parameters(student)
    x = torch.randint(17, (5,), generator=rng)
    means, log_scales, logits = draw((5,), 3, (-2.0, 0.0), 1.0, rng)
    assert_close(
        student.discretized_logistic_log_prob(x, means, log_scales, logits + 1.5, 17),
        student.discretized_logistic_log_prob(x, means, log_scales, logits, 17),
        what="the log-mass after adding 1.5 to all logits",
        cause="mixture weights that are not a softmax over the last dimension",
        read="task 2 of the notebook, the mixture, and lecture 2, section 'Mixtures'",
    )
