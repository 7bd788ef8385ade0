"""The maths of the demo on determinants, held to geometry."""

import math

import pytest
import torch

from dgm_course.demos.flows.jacobian_area import (
    SQUARE,
    JacobianArea,
    diagonal_only,
    log_det,
    without_absolute_value,
)
from dgm_course.demos.flows.lattice import signed_area

RANDOM = torch.randn(20, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_area_of_the_image_is_the_determinant_with_its_sign():
    assert torch.allclose(signed_area(SQUARE @ RANDOM.mT), RANDOM.det())
    assert torch.allclose(torch.stack([log_det(A) for A in RANDOM]), RANDOM.det().abs().log())


def test_an_area_does_not_depend_on_where_it_is():
    assert torch.allclose(signed_area(SQUARE + torch.tensor([3.0, -7.0])), torch.tensor(1.0).double())


@pytest.mark.parametrize("shear", [-2.0, 0.0, 1.25])
def test_one_shear_changes_no_area_and_two_at_once_do(shear):
    one, two = (JacobianArea(stretch_x=1.0, shear_x=shear, shear_y=other).says.value for other in (0.0, 0.5))
    assert "The area becomes 1.00" in one
    assert f"The area becomes {1 - shear / 2:.2f}" in two
    assert "Mass 1.00 is kept" in one
    assert "Mass 1.00 is kept" in two


def test_the_diagonal_is_enough_where_the_matrix_is_triangular():
    assert "is kept" in JacobianArea(formula="product of the diagonal").says.value
    said = JacobianArea(shear_x=1.0, shear_y=1.0, formula="product of the diagonal").says.value
    assert "The area becomes 0.50, a density is divided by 1.50. Mass 0.33 is not kept" in said
    assert diagonal_only(torch.tensor([[2.0, 5.0], [0.0, 3.0]])).exp().item() == pytest.approx(6.0)


def test_the_logarithm_of_a_mirror_image_needs_the_absolute_value():
    mirror = torch.tensor([[-1.0, 0.0], [0.0, 1.0]])
    assert math.isnan(without_absolute_value(mirror))
    assert log_det(mirror) == 0
    said = JacobianArea(stretch_x=-1.5, formula="no |·|").says.value
    assert "a mirror image" in said
    assert "Mass nan is not kept" in said
    assert "Mass 1.00 is kept" in JacobianArea(stretch_x=-1.5).says.value


def test_a_flat_image_has_no_density():
    assert "no density" in JacobianArea(stretch_x=1.0, shear_x=1.0, shear_y=1.0).says.value


def test_a_function_of_ones_own_is_judged_by_the_mass():
    demo = JacobianArea(log_det=lambda A: A.diagonal().sum().log())
    assert "Mass 0.60 is not kept" in demo.says.value
