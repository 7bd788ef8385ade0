"""The maths of the demo on warped grids, held to areas and to the density of the moons."""

import pytest
import torch

from dgm_course.data import moons
from dgm_course.demos.flows.grid_warp import GridWarp, depths
from dgm_course.demos.flows.lattice import corners, quadrilaterals, signed_area
from dgm_course.demos.flows.moons_model import KINDS, moons_model
from dgm_course.models.flows.base import Layer

Z = torch.randn(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_depth_is_the_flow(kind):
    flow = moons_model(kind)
    x, log_det = flow(Z)
    walk = depths(flow.layers, Z)
    assert torch.equal(walk[-1].points, x)
    assert torch.allclose(walk[-1].so_far, log_det)
    assert torch.allclose(sum(each.last for each in walk), log_det)


@pytest.mark.parametrize("kind", KINDS)
def test_small_cells_have_the_area_that_the_determinant_says(kind):
    around = Z[:40, None] + quadrilaterals(corners(1, 1e-6))
    walk = depths(moons_model(kind).layers, around.flatten(0, 1))[-1]
    grown = signed_area(walk.points.view(-1, 4, 2)) / 4e-12
    off = (grown.log() - walk.so_far.view(-1, 4).mean(dim=1)).abs()
    assert (off < 1e-3).double().mean() > 0.9  # a cell that lies across a kink of a ReLU has two determinants


def test_what_takes_turns_has_learned_the_moons_and_the_same_half_has_not():
    x = moons().sample(2000, generator=torch.Generator().manual_seed(1)).double()
    best, (turns, same) = -moons().log_prob(x).mean(), (moons_model(kind).loss(x) for kind in KINDS)
    assert turns - best < 0.06
    assert same - best > 0.3


def test_a_half_that_never_moves_stays_normal():
    assert torch.equal(moons_model("same half")(Z)[0][:, 0], Z[:, 0])


def test_layers_of_ones_own_are_judged_by_the_area_drawn():
    class Twice(Layer):
        def forward(self, z):
            return 2 * z, z.new_zeros(len(z))

        def inverse(self, x):
            return x / 2, x.new_zeros(len(x))

    demo = GridWarp(layers=[Twice()], depth=1)
    assert "is 64.0 as drawn and 16.0 by log |det|" in demo.says.value
    assert "bug" not in demo.controls
