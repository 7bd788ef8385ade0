"""Curves that increase and have no kinks, and a push that never folds the space."""

import pytest
import torch

from dgm_course.models.flows import spline
from dgm_course.models.flows.mixture_cdf import MixtureCDF
from dgm_course.models.flows.planar import Planar
from dgm_course.models.flows.spline import knots, rational_quadratic
from dgm_course.testing import PropertyError, assert_bound, assert_close, randomize

BOUND = 3.0


def raw_numbers(rng, curves=20, bins=6):
    return 2 * torch.randn(curves, 3 * bins - 1, generator=rng, dtype=torch.float64)


def at_knots(raw, side):
    """Value and slope of each curve just before or after its inner knots and its ends."""
    places, _ = knots(raw, BOUND)
    x = places[:, 0] + side * 1e-9
    value, log_slope = rational_quadratic(x, raw.unsqueeze(1).expand(-1, x.shape[1], -1), BOUND)
    return places[:, 1], value, log_slope.exp()


def assert_smooth(rng):
    raw = raw_numbers(rng)
    (z, before, slope_before), (_, after, slope_after) = at_knots(raw, -1), at_knots(raw, 1)
    for value in (before, after):
        assert_close(value, z, tolerance=1e-6, what="the curve at its knots")
    assert_close(slope_after, slope_before, tolerance=1e-3, what="the slope after a knot")
    x = torch.linspace(-4, 4, 2001, dtype=torch.float64).expand(20, -1)
    value, _ = rational_quadratic(x, raw.unsqueeze(1).expand(-1, 2001, -1), BOUND)
    assert_bound(value.diff(dim=1), 1e-9, what="the rise of the curve")
    outside = x.abs() >= BOUND
    assert_close(value[outside], x[outside], what="the curve outside its square")


def test_curves_increase_and_have_no_kinks(rng):
    assert_smooth(rng)


def test_wrong_knots_are_noticed(rng, monkeypatch):
    right = spline.knots

    def loose_ends(raw, bound):
        """The slopes at the ends are not 1."""
        places, slopes = right(raw, bound)
        return places, torch.cat([slopes[..., 1:2], slopes[..., 1:-1], slopes[..., 1:2]], dim=-1)

    def beyond(raw, bound):
        """Widths are not normalised: the last knot is not at B."""
        places, slopes = right(raw, bound)
        return 1.1 * places, slopes

    for wrong in (loose_ends, beyond):
        monkeypatch.setattr(spline, "knots", wrong)
        monkeypatch.setitem(globals(), "knots", wrong)
        with pytest.raises(PropertyError):
            assert_smooth(rng)


def assert_never_folds(kind, rng):
    """Along w the push increases, for weights that would fold the plane if they were taken as they are."""
    for dims in (1, 2, 8):
        layer = kind(dims).double()
        layer.w.data = 3 * torch.randn(dims, generator=rng, dtype=torch.float64)
        layer.u.data = -2 * layer.w.data
        line = torch.linspace(-3, 3, 400, dtype=torch.float64)[:, None] * layer.w.data
        assert_bound((layer(line)[0] @ layer.w).diff().detach(), 0.0, what="what the push makes of a step")


def test_a_push_never_folds_the_space(rng):
    assert_never_folds(Planar, rng)


def test_an_unguarded_push_is_noticed(rng):
    class Unguarded(Planar):
        def _direction(self):
            return self.u, 1 + self.w @ self.u

    with pytest.raises(PropertyError):
        assert_never_folds(Unguarded, rng)


def test_the_density_of_one_dimension_is_that_of_the_mixture(rng):
    """Under a logistic latent, p(x) = Σ π f: the derivative of what the layer calls F."""
    layer = randomize(MixtureCDF((1,), 3), rng)
    x = torch.linspace(-5, 5, 50, dtype=torch.float64)[:, None]
    z, log_det = layer.inverse(x)
    log_logistic = (torch.nn.functional.logsigmoid(z) + torch.nn.functional.logsigmoid(-z)).sum(dim=1)
    a = (x - layer.means[0]) / layer.log_scales[0].exp()
    density = layer.logits[0].softmax(0) * torch.sigmoid(a) * torch.sigmoid(-a) / layer.log_scales[0].exp()
    assert_close((log_logistic + log_det).detach(), density.sum(dim=1).log().detach(), tolerance=1e-10)
