"""The maths of the demo on areas, held to the library's own densities and to quadrature."""

import itertools
import math

import pytest
import torch

from dgm_course.demos.flows.change_of_variables import (
    ChangeOfVariables,
    layer,
    line,
    log_prob_through,
    standard_normal,
)
from dgm_course.models.flows.base import Flow

X = torch.linspace(-3, 3, 61, dtype=torch.float64)
MAPS = ["stretch", "push", "two humps"]


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("strength", [0.4, 1.5])
def test_the_density_is_that_of_the_flow(name, strength):
    made = layer(name, strength)
    expected = Flow([made], event_shape=(1,)).log_prob(X[:, None])
    assert torch.allclose(log_prob_through(X, line(made.inverse), standard_normal), expected, atol=1e-9)


def test_a_falling_map_has_the_density_of_its_mirror_image():
    inverse = line(layer("two humps", 1.3).inverse)
    rising, falling = (log_prob_through(X, lambda x, s=s: s * inverse(x), standard_normal) for s in (1, -1))
    assert torch.allclose(rising, falling)


def test_the_area_of_an_interval_is_kept():
    demo = ChangeOfVariables(start=-0.5, width=1.0)
    for name, falling in itertools.product(MAPS, (False, True)):
        demo.controls["map"].value, demo.controls["falling"].value = name, falling
        assert f"has area {math.erf(0.5 / math.sqrt(2)):.3f}" in demo.says.value
        assert demo.says.value.count("0.383") == 2
        assert "is 1.000: a density" in demo.says.value


def test_without_the_absolute_value_a_falling_map_has_areas_below_zero():
    assert "is -1.000: not a density" in ChangeOfVariables(falling=True, formula="no |·|").says.value
    assert "is 1.000: a density" in ChangeOfVariables(falling=False, formula="no |·|").says.value


def test_without_the_slope_stretching_makes_probability():
    said = ChangeOfVariables(map="stretch", strength=2.0, formula="no slope").says.value
    assert "is 2.000: not a density" in said


def test_a_formula_of_ones_own_is_integrated():
    def upside_down(x, inverse, base_log_prob):
        z = inverse(x)
        (slope,) = torch.autograd.grad(z.sum(), x)
        return base_log_prob(z) - slope.abs().log()

    demo = ChangeOfVariables(map="stretch", strength=2.0, log_prob_through=upside_down)
    assert "is 4.000: not a density" in demo.says.value


def test_a_layer_of_ones_own_is_drawn():
    demo = ChangeOfVariables(own=layer("stretch", 2.0), start=0.5, width=0.5)
    assert "x in [1.00, 2.00]" in demo.says.value
    assert not {"map", "strength"} & set(demo.controls)
