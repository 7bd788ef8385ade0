"""MAF and IAF: what depends on what, which direction is one pass, and a walk by degrees that equals the definition."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from dgm_course.models.flows import maf
from dgm_course.models.flows.base import Reversed
from dgm_course.models.flows.iaf import IAF
from dgm_course.models.flows.maf import MAF, AutoregressiveAffine
from dgm_course.testing import PropertyError, assert_causal, assert_close, randomize

ORDER = (3, 0, 4, 1, 2)


def allowed(order, itself):
    """Entry [i, j]: dimension i of the image depends on dimension j."""
    pairs = itself * torch.eye(len(order)).bool()
    for place, i in enumerate(order):
        pairs[i, list(order[:place])] = True
    return pairs


def assert_triangular(layer, rng):
    """Both directions, hence both Jacobians; 16 points find what a ReLU hides at one."""
    points = torch.randn(16, len(layer.order), generator=rng, dtype=torch.float64)
    randomize(layer, rng, 0.7)
    for function in (lambda x: layer.conditioner(x)[0], lambda x: layer.conditioner(x)[1]):
        assert_causal(function, points, allowed(layer.order, itself=False))
    with torch.no_grad():
        for direction in (layer, layer.inverse, Reversed(layer)):
            assert_causal(lambda x, to=direction: to(x)[0], points, allowed(layer.order, itself=True))


@pytest.mark.parametrize("hidden", [(4,), (9, 11), (30, 30, 30)])
def test_each_dimension_depends_on_those_before_and_on_itself(hidden, rng):
    assert_triangular(AutoregressiveAffine(ORDER, hidden), rng)


def test_a_wrong_order_or_a_loose_mask_is_noticed(rng, monkeypatch):
    right = maf.made_masks

    def loose(order, hidden):
        *masks, last = right(order, hidden)
        return [*masks, last | (torch.arange(len(order))[:, None] == order[0])]

    for wrong in (loose, lambda order, hidden: right(range(len(order)), hidden)):
        monkeypatch.setattr(maf, "made_masks", wrong)
        with pytest.raises(PropertyError):
            assert_triangular(AutoregressiveAffine(ORDER, (9, 11)), rng)


def assert_walk_is_the_definition(layer, rng):
    randomize(layer, rng, 0.5)
    z = torch.randn(20, len(layer.order), generator=rng, dtype=torch.float64)
    by_passes = layer(z)
    with torch.no_grad():
        by_degrees = layer(z)
    for fast, slow in zip(by_degrees, by_passes, strict=True):
        assert_close(fast, slow.detach(), tolerance=1e-12, what="the walk by degrees")


@pytest.mark.parametrize(
    ("order", "hidden"),
    [
        (ORDER, (9, 11)),
        (ORDER, (3,)),
        (ORDER, ()),
        ((0,), (5,)),
        ((1, 0), (4, 4)),
        (range(64)[::-1], (100, 70)),
    ],
)
def test_the_walk_by_degrees_is_the_definition(order, hidden, rng):
    assert_walk_is_the_definition(AutoregressiveAffine(order, hidden), rng)


def test_a_wrong_walk_is_noticed(rng):
    class OfTheFirstPass(AutoregressiveAffine):
        """All dimensions from one pass over the noise."""

        def _by_degrees(self, z):
            mu, alpha = self.conditioner(z)
            return mu + z * alpha.exp(), alpha.sum(dim=1)

    class OrderTakenForPlaces(AutoregressiveAffine):
        def _by_degrees(self, z):
            x, log_det = super()._by_degrees(z)
            return x[:, self.order], log_det

    for wrong in (OfTheFirstPass, OrderTakenForPlaces):
        with pytest.raises(PropertyError):
            assert_walk_is_the_definition(wrong(ORDER, (9, 11)), rng)


def passes(model, work):
    """The arithmetic of `work` in units of one pass through all networks, and how often a network was asked."""
    asked = []
    layers = [module for module in model.modules() if isinstance(module, AutoregressiveAffine)]
    for layer in layers:
        layer.conditioner = lambda x, ask=layer.conditioner: (asked.append(1), ask(x))[1]
    with FlopCounterMode(display=False) as counter:
        work()
    for layer in layers:
        del layer.conditioner
    one = sum(2 * 16 * layer.mask.numel() for layer in model.modules() if hasattr(layer, "mask"))
    return counter.get_total_flops() / one, len(asked) / len(layers)


@pytest.mark.parametrize(
    ("kind", "cheap", "dear"), [(MAF, "inverse", "forward"), (IAF, "forward", "inverse")]
)
def test_one_direction_is_a_pass_and_the_other_a_walk_or_d_passes(kind, cheap, dear, rng):
    model = kind(8, num_layers=2, hidden=(30, 30))
    x = torch.randn(16, 8, generator=rng)
    assert passes(model, lambda: getattr(model, cheap)(x)) == (1, 1)
    assert passes(model, lambda: getattr(model, dear)(x)) == (8, 8)
    with torch.no_grad():
        assert passes(model, lambda: getattr(model, dear)(x)) == (1, 0)


def test_the_order_is_reversed_from_layer_to_layer():
    for model in (MAF(4, num_layers=3), IAF(4, num_layers=3)):
        orders = [module.order for module in model.modules() if isinstance(module, AutoregressiveAffine)]
        assert orders == [(0, 1, 2, 3), (3, 2, 1, 0), (0, 1, 2, 3)]
