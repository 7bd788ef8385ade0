"""The maths of the demo on two directions, held to the library's own layer."""

import pytest
import torch

from dgm_course.demos.flows.maf_iaf import (
    WAYS,
    MafIaf,
    arithmetic,
    at_once,
    autoregressive,
    passes,
    step_by_step,
)
from dgm_course.models.flows.iaf import IAF
from dgm_course.models.flows.maf import MAF

V = torch.randn(5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_step_by_step_is_the_way_back():
    layer = autoregressive(7, seed=0)
    assert torch.allclose(step_by_step(layer, V), layer(V)[0])
    assert passes(layer, lambda: step_by_step(layer, V)) == 7
    assert passes(layer, lambda: layer.inverse(V)) == 1


def test_in_one_pass_only_the_first_entry_is_right():
    layer = autoregressive(7, seed=0)
    off = (layer.inverse(at_once(layer, V))[0] - V).abs().amax(dim=0)
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
