"""The maths of the demo on coupling, held to the library's own layers."""

import pytest
import torch

from dgm_course.demos.flows.coupling_steps import NAMES, CouplingSteps, couplings, moments
from dgm_course.models.flows.base import Chain

Z = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_four_operations_are_the_flow_and_four_more_its_inverse():
    layers = couplings(seed=1)
    walk = moments(layers, Z)
    x, log_det = Chain(layers)(Z)
    assert len(walk) == len(NAMES)
    assert torch.allclose(walk[4].points, x)
    assert torch.allclose(walk[4].log_det, log_det)
    assert torch.allclose(walk[8].points, Z, atol=1e-12)
    assert walk[8].log_det.abs().max() < 1e-12


def test_an_operation_moves_one_coordinate():
    walk = moments(couplings(seed=1), Z)
    for place, moved in enumerate((1, 1, 0, 0, 0, 0, 1, 1)):
        before, after = walk[place].points, walk[place + 1].points
        assert torch.equal(before[:, 1 - moved], after[:, 1 - moved])
        assert not torch.isclose(before[:, moved], after[:, moved]).any()


def test_a_shift_changes_no_area():
    walk = moments(couplings(seed=1), Z)
    for place in (2, 4, 5, 7):
        assert torch.equal(walk[place].log_det, walk[place - 1].log_det)


def test_the_half_that_changed_does_not_know_the_way_back():
    walk = moments(couplings(seed=1), Z, wrong_half=True)
    assert torch.equal(walk[4].points, moments(couplings(seed=1), Z)[4].points)
    assert (walk[8].points - Z).abs().max() > 0.1
    assert "not the way back" in CouplingSteps(bug=True).says.value
    assert "rounding only" in CouplingSteps().says.value


def test_the_sum_on_the_right_is_the_move_on_the_left():
    demo = CouplingSteps(time=0)
    for _ in NAMES[1:]:
        demo.step()
        before, _, rest = demo.formula.get_text().partition(" ")
        sign, amount, _, after = rest.split(" ")
        amount = float(amount.strip("()"))
        results = {"·": float(before) * amount, "+": float(before) + amount}
        results |= {"−": float(before) - amount, "/": float(before) / amount}
        assert results[sign] == pytest.approx(float(after), abs=0.05)


def test_a_network_of_ones_own_is_walked():
    class Half(torch.nn.Module):
        def forward(self, kept):
            return torch.cat([torch.zeros_like(kept), kept / 2], dim=1)

    walk = CouplingSteps(time=2, z1=1.0, z2=0.0, network=lambda seed: Half())
    assert walk.formula.get_text() == "0.00 + 0.50 = 0.50"
