"""The maths of the demo on planar flows, held to closed forms and to the library's density."""

import math

import pytest
import torch

from dgm_course.demos.flows.lattice import corners, quadrilaterals, signed_area
from dgm_course.demos.flows.planar_bend import PlanarBend, Unconstrained, planar, profile
from dgm_course.models.flows.planar import Planar


@pytest.mark.parametrize(("push", "steepness", "b"), [(-2.0, 4.0, 1.0), (1.5, 2.0, 0.0), (-1.0, 0.5, -3.0)])
def test_the_library_keeps_all_mass(push, steepness, b):
    measured = profile(planar(30.0, steepness, push, across=0.5, b=b))
    assert measured.mass == pytest.approx(1.0, abs=5e-4)
    assert measured.folded == 0
    assert measured.first.all()


def test_what_folds_is_where_the_determinant_is_below_zero():
    measured = profile(planar(0.0, 2.0, push=-1.5, across=0.0, b=0.0, kind=Unconstrained))
    edge = math.acosh(math.sqrt(3.0)) / 2  # 1 = 3 / cosh²(2 z)
    assert measured.folded == pytest.approx(math.erf(edge / math.sqrt(2)), abs=2e-3)


def test_the_first_of_three_latents_is_less_than_all():
    measured = profile(planar(0.0, 2.0, push=-1.5, across=0.0, b=0.0, kind=Unconstrained))
    z, top = measured.z, measured.x[:2001].max()
    again = z[(measured.x > top) & (z > 0)][0].item()  # from here on x is new
    turn = -math.acosh(math.sqrt(3.0)) / 2
    expected = 1 - (math.erf(again / math.sqrt(2)) - math.erf(turn / math.sqrt(2))) / 2
    assert measured.mass == pytest.approx(expected, abs=5e-3)


def test_below_the_bound_the_bug_changes_nothing_but_where_u_is_needed():
    free = profile(planar(0.0, 2.0, push=1.0, across=0.0, b=0.0, kind=Unconstrained))
    assert free.mass == pytest.approx(1.0, abs=5e-4)


def test_the_drawing_folds_with_the_maths():
    for kind, folds in ((Unconstrained, True), (Planar, False)):
        layer = planar(30.0, 2.0, push=-1.5, across=0.5, b=0.0, kind=kind)
        areas = signed_area(quadrilaterals(layer(corners(24, 3.0))[0]))
        assert bool((areas < 0).any()) == folds


def test_cells_add_up_to_the_square():
    areas = signed_area(quadrilaterals(corners(7, 3.0)))
    assert torch.allclose(areas, torch.full_like(areas, 36 / 49))


def test_it_says_what_is_lost():
    assert "mass 1.000" in PlanarBend().says.value
    said = PlanarBend(bug=True).says.value
    assert "uᵀw = -3.00" in said
    assert "the plane folds" in said


@pytest.mark.parametrize("steepness", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("b", [-3.0, 0.0, 3.0])
def test_the_u_that_is_used_is_that_of_the_layer(steepness, b):
    said = PlanarBend(steepness=steepness, b=b, bug=True).says.value
    assert f"what is used is -1.50, so uᵀw = {-1.5 * steepness:.2f}. " in said
    used = math.log1p(math.exp(-1.5 * steepness)) - 1
    assert f"so uᵀw = {used:.2f}. " in PlanarBend(steepness=steepness, b=b).says.value


def test_a_layer_of_ones_own_is_judged_by_its_mass():
    class NoLogDet(Planar):
        def forward(self, z):
            x, log_det = super().forward(z)
            return x, 0 * log_det

    assert "mass 1.000" not in PlanarBend(layer=NoLogDet, push=1.0).says.value
