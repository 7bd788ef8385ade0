"""The K levels sum to one for any parameters, and a tail keeps its logarithm and its gradient."""

import mpmath
import pytest
import torch
import torch.nn.functional as F

from dgm_course.models.autoregressive.logistic_mixture import LogisticMixture, mixture_log_prob
from dgm_course.testing import PropertyError, assert_close, assert_normalized


def parameters(rng, num_mixtures=40, num_components=3):
    """Mixtures with scales from e^-12 to e^12 and means far outside [−1, 1]."""
    logits, means, log_scales = torch.randn(
        3, num_mixtures, num_components, generator=rng, dtype=torch.float64
    )
    return 3 * logits, 4 * means, 4 * log_scales


def assert_levels_sum_to_one(log_prob, num_levels, rng):
    for logits, means, log_scales in zip(*parameters(rng), strict=True):
        assert_normalized(
            lambda x: log_prob(x, *(p.expand(len(x), -1) for p in (logits, means, log_scales)), num_levels),  # noqa: B023
            torch.arange(num_levels),
            tolerance=1e-10,
        )


@pytest.mark.parametrize("num_levels", [2, 3, 17, 256])
def test_levels_sum_to_one_for_any_parameters(num_levels, rng):
    assert_levels_sum_to_one(mixture_log_prob, num_levels, rng)


def bins(x, means, log_scales, num_levels):
    level, half_bin = x.unsqueeze(-1), 1 / (num_levels - 1)
    centred = 2 * half_bin * level - 1 - means
    return tuple((centred + sign * half_bin) / log_scales.exp() for sign in (-1, 1))


def no_edge_bins(x, logits, means, log_scales, num_levels):
    lower, upper = bins(x, means, log_scales, num_levels)
    each = (upper.sigmoid() - lower.sigmoid()).clamp(min=1e-300).log()
    return torch.logsumexp(logits.log_softmax(dim=-1) + each, dim=-1)


def mixture_of_logs(x, logits, means, log_scales, num_levels):
    each = [
        mixture_log_prob(x, *(p[..., m : m + 1] for p in (logits, means, log_scales)), num_levels)
        for m in range(3)
    ]
    return (logits.softmax(dim=-1) * torch.stack(each, dim=-1)).sum(dim=-1)


def weights_not_normalised(x, logits, means, log_scales, num_levels):
    return mixture_log_prob(x, logits, means, log_scales, num_levels) + logits.logsumexp(dim=-1)


def whole_bin_each_side(x, logits, means, log_scales, num_levels):
    return mixture_log_prob(x, logits, means, log_scales, (num_levels + 1) // 2)


@pytest.mark.parametrize(
    "wrong", [no_edge_bins, mixture_of_logs, weights_not_normalised, whole_bin_each_side]
)
def test_levels_that_do_not_sum_to_one_are_noticed(wrong, rng):
    with pytest.raises(PropertyError):
        assert_levels_sum_to_one(wrong, 17, rng)


def in_sixty_digits(x, logits, means, log_scales, num_levels):
    """The definition: differences of distribution functions, computed with enough digits to survive."""
    values = []
    with mpmath.workdps(60):
        cdf = lambda z: 1 / (1 + mpmath.exp(-z))  # noqa: E731
        for level, w, mu, log_s in zip(
            x.tolist(), logits.tolist(), means.tolist(), log_scales.tolist(), strict=True
        ):
            total = mpmath.mpf(0)
            for a, m, r in zip(w, mu, log_s, strict=True):
                centre, half, s = (
                    mpmath.mpf(2 * level) / (num_levels - 1) - 1,
                    mpmath.mpf(1) / (num_levels - 1),
                    mpmath.exp(r),
                )
                high = 1 if level == num_levels - 1 else cdf((centre + half - m) / s)
                low = 0 if level == 0 else cdf((centre - half - m) / s)
                total += mpmath.exp(a) * (high - low) / sum(mpmath.exp(b) for b in w)
            values.append(float(mpmath.log(total)))
    return torch.tensor(values, dtype=torch.float64)


def assert_exact(log_prob, rng):
    """Scales down to e^-5 with means off by up to 0.25 and more: probabilities as small as e^-100."""
    K = 256
    x = torch.randint(K, (60,), generator=rng)
    logits, noise, log_scales = torch.randn(3, 60, 2, generator=rng, dtype=torch.float64)
    means = (2 * x / (K - 1) - 1)[:, None] + 0.25 * noise
    arguments = (x, logits, means, log_scales - 4, K)
    assert_close(log_prob(*arguments), in_sixty_digits(*arguments), tolerance=1e-11)


def test_equals_the_definition_in_sixty_digits(rng):
    assert_exact(mixture_log_prob, rng)
    with pytest.raises(PropertyError):  # the plain difference of two sigmoids
        assert_exact(no_edge_bins, rng)


def assert_finite_gradients(log_prob, rng, dtype):
    logits, means, log_scales = (p.to(dtype).requires_grad_() for p in parameters(rng))
    for level in (0, 100, 255):
        value = log_prob(torch.full((40,), level), logits, means, log_scales, 256)
        slopes = torch.autograd.grad(value.sum(), (logits, means, log_scales))
        for slope in (value, *slopes):
            assert_close(slope.isfinite().double().mean().detach(), 1.0, what="share of finite entries")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_finite_far_out(dtype, rng):
    assert_finite_gradients(mixture_log_prob, rng, dtype)

    def plain_difference(x, logits, means, log_scales, num_levels):
        lower, upper = bins(x, means, log_scales, num_levels)
        return torch.logsumexp(F.log_softmax(logits, -1) + (upper.sigmoid() - lower.sigmoid()).log(), dim=-1)

    with pytest.raises(PropertyError):
        assert_finite_gradients(plain_difference, rng, dtype)


def test_one_component_starts_in_the_middle():
    assert LogisticMixture(num_levels=256, num_components=1).means.tolist() == [0.0]
