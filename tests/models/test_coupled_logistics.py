"""The colours of a pixel are one distribution: its definition, its conditionals, and a component that is drawn once."""

import mpmath
import pytest
import torch

from dgm_course.models.autoregressive import coupled_logistics
from dgm_course.models.autoregressive.coupled_logistics import CoupledLogistics
from dgm_course.models.autoregressive.logistic_mixture import mixture_log_prob
from dgm_course.testing import PropertyError, all_strings, assert_close, assert_normalized


def mixtures(rng, *batch, num_colours=3, num_components=3, scale=2.0):
    size = CoupledLogistics.size(num_colours, num_components)
    numbers = scale * torch.randn(*batch, size, generator=rng, dtype=torch.float64)
    return CoupledLogistics.of(numbers, num_colours)


def expanded(mixture, count):
    return CoupledLogistics(*(part.expand(count, *part.shape) for part in mixture))


def in_sixty_digits(mixture, x, num_levels):
    """Σ_m π_m Π_c P(x_c; μ_mc + Σ_{c' < c} α_mcc' x̃_c', s_mc) as it is written."""
    pi, means, log_scales, coupling = (part.tolist() for part in mixture)
    values = []
    with mpmath.workdps(60):
        half = mpmath.mpf(1) / (num_levels - 1)
        cdf = lambda z: 1 / (1 + mpmath.exp(-z))  # noqa: E731
        for n, pixel in enumerate(x.tolist()):
            intensity = [2 * half * level - 1 for level in pixel]
            total = mpmath.mpf(0)
            for m, log_weight in enumerate(pi[n]):
                term = mpmath.exp(log_weight)
                for c, level in enumerate(pixel):
                    mean = means[n][c][m] + sum(coupling[n][c][d][m] * intensity[d] for d in range(c))
                    s = mpmath.exp(log_scales[n][c][m])
                    high = 1 if level == num_levels - 1 else cdf((intensity[c] + half - mean) / s)
                    low = 0 if level == 0 else cdf((intensity[c] - half - mean) / s)
                    term *= high - low
                total += term
            values.append(float(mpmath.log(total)))
    return torch.tensor(values, dtype=torch.float64)


def assert_is_its_definition(log_prob, rng):
    """With 256 levels, the edge bins among them."""
    mixture = mixtures(rng, 40)
    x = torch.randint(256, (40, 3), generator=rng)
    x[:8] = torch.tensor([0, 255])[all_strings(2, 3)]
    assert_close(log_prob(mixture, x), in_sixty_digits(mixture, x, 256), tolerance=1e-11)


def library(mixture, x):
    return mixture.log_prob(x, 256)


def component_for_each_colour(mixture, x):
    """The colours share their weights, but not the component that is drawn."""
    each = mixture._each(x, x.unsqueeze(-1), 256).squeeze(-2)
    return torch.logsumexp(mixture.log_weights.unsqueeze(-2) + each, dim=-1).sum(dim=-1)


def uncoupled(mixture, x):
    return mixture._replace(coupling=torch.zeros_like(mixture.coupling)).log_prob(x, 256)


def coupled_to_later_colours(mixture, x):
    return mixture._replace(coupling=mixture.coupling.transpose(1, 2)).log_prob(x, 256)


def coupled_to_means(mixture, x):
    """What the network expects of red in place of what red is."""
    means = mixture.means + torch.einsum("ncdm,ndm->ncm", mixture.coupling, mixture.means)
    return uncoupled(mixture._replace(means=means), x)


def no_edge_bins(x, means, log_scales, num_levels):
    centre, half = 2 * x / (num_levels - 1) - 1, 1 / (num_levels - 1)
    high, low = (((centre + sign * half - means) / log_scales.exp()).sigmoid() for sign in (1, -1))
    return (high - low).clamp(min=1e-300).log()


def test_equals_the_definition_in_sixty_digits(rng):
    assert_is_its_definition(library, rng)


@pytest.mark.parametrize(
    "wrong", [component_for_each_colour, uncoupled, coupled_to_later_colours, coupled_to_means]
)
def test_another_coupling_is_noticed(wrong, rng):
    with pytest.raises(PropertyError):
        assert_is_its_definition(wrong, rng)


def test_bins_without_edges_are_noticed(rng, monkeypatch):
    monkeypatch.setattr(coupled_logistics, "logistic_log_prob", no_edge_bins)
    with pytest.raises(PropertyError):
        assert_is_its_definition(library, rng)
    with pytest.raises(PropertyError):
        assert_conditionals(CoupledLogistics.conditionals, rng)


def assert_conditionals(conditionals, rng, K=5):
    """All colours of a pixel sum to one, and a conditional is a ratio of sums over the colours that come after."""
    x = all_strings(K, 3)
    for _ in range(10):
        mixture = expanded(mixtures(rng), len(x))
        assert_normalized(
            lambda x: CoupledLogistics(*(part[: len(x)] for part in mixture)).log_prob(x, K),  # noqa: B023
            x,
            tolerance=1e-12,
        )
        joint = mixture.log_prob(x, K).exp().view(K, K, K)
        red, red_green = joint.sum(dim=(1, 2)), joint.sum(dim=2)
        red_given, green_given, blue_given = conditionals(mixture, x, K).exp().view(K, K, K, 3, K).unbind(3)
        assert_close(red_given, red.expand(K, K, K, K), tolerance=1e-9, what="p(red)")
        green = (red_green / red[:, None])[:, None, None].expand(K, K, K, K)
        assert_close(green_given, green, tolerance=1e-9, what="p(green | red)")
        blue = (joint / red_green[:, :, None])[:, :, None].expand(K, K, K, K)
        assert_close(blue_given, blue, tolerance=1e-9, what="p(blue | red, green)")


def prior_weights(mixture, x, num_levels):
    """As if the colours that are known said nothing about the component."""
    every_level = mixture._each(x, torch.arange(num_levels), num_levels)
    return torch.logsumexp(mixture.log_weights[:, None, None] + every_level, dim=-1)


def own_colour_among_the_known(mixture, x, num_levels):
    said = mixture._each(x, x.unsqueeze(-1), num_levels).squeeze(-2).cumsum(dim=-2)
    weights = (mixture.log_weights.unsqueeze(-2) + said).log_softmax(dim=-1)
    return torch.logsumexp(
        weights.unsqueeze(-2) + mixture._each(x, torch.arange(num_levels), num_levels), dim=-1
    )


def test_conditionals_are_those_of_the_joint(rng):
    assert_conditionals(CoupledLogistics.conditionals, rng)
    for wrong in (prior_weights, own_colour_among_the_known):
        with pytest.raises(PropertyError):
            assert_conditionals(wrong, rng)


def test_256_levels_of_each_colour_sum_to_one(rng):
    mixture = mixtures(rng, 50)
    x = torch.randint(256, (50, 3), generator=rng)
    total = mixture.conditionals(x, 256).exp().sum(dim=-1)
    assert_close(total, torch.ones_like(total), tolerance=1e-11)


def test_one_colour_is_a_plain_mixture(rng):
    logits, means, log_scales = torch.randn(3, 40, 2, generator=rng, dtype=torch.float64)
    mixture = CoupledLogistics.of(torch.cat([logits, means, log_scales], dim=1), num_colours=1)
    x = torch.randint(17, (40,), generator=rng)
    expected = mixture_log_prob(x, logits, means, log_scales, 17)
    assert_close(mixture.log_prob(x[:, None], 17), expected, tolerance=1e-12)
