"""The maths of the demo on discretised logistics, held to scipy's logistic distribution and to sums."""

import numpy as np
import pytest
import torch
from scipy import stats

from dgm_course.demos.autoregressive.discretised_logistic import (
    LEVELS,
    DiscretisedLogistic,
    density,
    mixture,
    probabilities,
    without_edges,
)

MIXTURES = [(0.9, -2.0, "one"), (-1.4, 0.5, "one"), (0.3, -1.0, "two"), (0.0, 1.0, "two")]


def share(function, mean, log_scale, logistics):
    """What scipy says: the function of one logistic, or of two of which the other is paper."""
    own = function(stats.logistic(mean, np.exp(log_scale)))
    return own if logistics == "one" else 0.6 * own + 0.4 * function(stats.logistic(-0.8, np.exp(-2.5)))


@pytest.mark.parametrize("setting", MIXTURES)
@pytest.mark.parametrize("levels", LEVELS)
def test_a_level_has_the_area_of_its_bin(setting, levels):
    edges = np.linspace(-1, 1, levels + 1) * levels / (levels - 1)
    bins = share(lambda logistic: np.diff(logistic.cdf(edges)), *setting)
    assert probabilities(mixture(*setting), levels, without_edges).numpy() == pytest.approx(bins)
    edges[[0, -1]] = -np.inf, np.inf
    bins = share(lambda logistic: np.diff(logistic.cdf(edges)), *setting)
    assert probabilities(mixture(*setting), levels).numpy() == pytest.approx(bins)


@pytest.mark.parametrize("setting", MIXTURES)
def test_the_line_is_the_density(setting):
    t = torch.linspace(-1.6, 1.6, 33).double()
    expected = share(lambda logistic: logistic.pdf(t.numpy()), *setting)
    assert density(mixture(*setting), t).numpy() == pytest.approx(expected)


def test_with_edge_bins_the_sum_is_one_wherever_the_controls_stand():
    for mean in (-1.5, 0.0, 1.0, 1.5):
        for log_scale in (-7.0, -3.0, 1.0):
            for levels in LEVELS:
                total = probabilities(mixture(mean, log_scale, "two"), levels).sum()
                assert abs(total - 1) < 1e-12


def test_a_density_grows_without_bound_where_a_probability_does_not():
    narrow = mixture(0.0, -7.0)
    assert density(narrow, torch.zeros(1).double()).item() == pytest.approx(np.exp(7) / 4)
    assert probabilities(narrow, 17).max() <= 1
    said = DiscretisedLogistic(mean=0.0, log_scale=-7.0).says.value
    assert "Level 8 has the most, 1.000; the density, times the width of a bin, reaches 34.3." in said


def test_what_the_bug_loses_is_what_the_picture_shows_in_orange():
    demo = DiscretisedLogistic(mean=0.9, log_scale=-1.0, levels=5)
    caught = [np.ptp(path.vertices[:, 1]) for path in demo.caught.get_paths()]
    demo.controls["bug"].value = True
    total = probabilities(mixture(0.9, -1.0), 5, without_edges).sum().item()
    assert sum(caught) == pytest.approx(1 - total)
    assert f"= {total:.4f}: not a distribution." in demo.says.value
    assert demo.sum.get_text() == f"Σ P(x) = {total:.4f}"
    assert all(np.ptp(path.vertices[:, 1]) == 0 for path in demo.caught.get_paths())


def test_a_function_of_ones_own_is_called_by_name_and_its_fault_is_seen():
    def mean_of_logs(x, means, log_scales, mixture_logits, num_levels):
        """The homework's signature, with the mixture outside of the logarithm."""
        value, half = 2 * x[:, None] / (num_levels - 1) - 1, 1 / (num_levels - 1)
        assert means.shape == log_scales.shape == mixture_logits.shape == (num_levels, 2)
        upper, lower = (value + half - means) / log_scales.exp(), (value - half - means) / log_scales.exp()
        each = upper.sigmoid() - lower.sigmoid()
        return (mixture_logits.softmax(-1) * each.clamp(min=1e-30).log()).sum(-1)

    assert "= 1.0000. " in DiscretisedLogistic(logistics="two").says.value
    assert "not a distribution" in DiscretisedLogistic(logistics="two", log_prob=mean_of_logs).says.value
