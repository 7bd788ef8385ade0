"""The maths of the demo on two directions, held to the library's own layer."""

import re

import pytest
import torch
from torch import nn

from dgm_course.demos.flows.maf_iaf import (
    WAYS,
    MafIaf,
    arithmetic,
    at_once,
    autoregressive,
    passes,
)
from dgm_course.models.flows.base import Reversed
from dgm_course.models.flows.iaf import IAF
from dgm_course.models.flows.maf import MAF

V = torch.randn(5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_way_back_takes_a_pass_for_each_entry_unless_hidden_units_are_remembered():
    layer = autoregressive(7, seed=0)
    assert passes(layer, lambda: layer.inverse(V)) == 1
    assert passes(layer, lambda: layer(V)) == 7
    assert passes(layer, torch.no_grad()(lambda: layer(V))) == 0


def test_counting_leaves_the_layer_as_it_was():
    layer = autoregressive(7, seed=0)
    with pytest.raises(TypeError):
        passes(layer, lambda: layer.inverse())
    assert "conditioner" not in vars(layer)


def test_in_one_pass_only_the_first_entry_is_right():
    layer = autoregressive(7, seed=0)
    off = (layer.inverse(at_once(layer, V)[0])[0] - V).abs().amax(dim=0)
    assert off[0] < 1e-12
    assert (off[1:] > 1e-3).all()


@pytest.mark.parametrize(("kind", "flow"), [("MAF", MAF), ("IAF", IAF)])
@pytest.mark.parametrize("way", ["draw", "density"])
def test_a_way_takes_one_pass_where_the_library_runs_its_network_once(kind, flow, way):
    model = flow(4, num_layers=1, hidden=(8,))
    layer = model.layers[0] if kind == "MAF" else model.layers[0].layer
    act = model if way == "draw" else model.inverse
    at_once = passes(layer, lambda: act(torch.zeros(1, 4))) == 1
    said = MafIaf(kind=kind, way=way, dims=4).says.value
    assert at_once == ("1 pass for" in said) == ((kind, way) in WAYS[:2])


@pytest.mark.parametrize("dims", [2, 5, 10])
def test_remembering_costs_about_one_pass(dims):
    assert 0 < arithmetic(dims) <= 1.1


def test_what_is_hurried_is_another_draw():
    assert "8 passes for 8 dimensions" in MafIaf().says.value
    assert "asked about the wrong side" in MafIaf(bug=True).says.value
    assert "wrong side" not in MafIaf(bug=True, way="density").says.value


class Own(nn.Module):
    """The homework's MAF, or a hurried one."""

    def __init__(self, net, hurry=False):
        super().__init__()
        self.net, self.hurry = net, hurry

    def inverse(self, x):
        shift, log_scale = self.net(x)
        return (x - shift) * torch.exp(-log_scale), -log_scale.sum(1)

    def forward(self, z):
        x = z if self.hurry else torch.zeros_like(z)
        for _ in range(1 if self.hurry else z.shape[1]):
            shift, log_scale = self.net(x)
            x = z * torch.exp(log_scale) + shift
        return x, log_scale.sum(1)


def test_layers_of_ones_own_are_counted_and_sent_there_and_back():
    said = MafIaf(maf=Own).says.value
    assert re.search(r"8 passes for 8 dimensions\. The round trip is off by (\de-1\d|0e\+00)\.", said)
    hurried = MafIaf(maf=lambda net: Own(net, hurry=True))
    assert "1 pass for 8 dimensions, but it asked about the wrong side" in hurried.says.value
    assert "bug" not in hurried.controls
    iaf = MafIaf(kind="IAF", way="density", iaf=lambda net: Reversed(Own(net)))
    assert "8 passes for 8 dimensions" in iaf.says.value
    iaf.controls["way"].value = "draw"
    assert "1 pass for 8 dimensions. All" in iaf.says.value
