"""The two demos on training: runs can be repeated, masses are integrals, and wrong formulas are seen through."""

import math

import pytest
import torch

from dgm_course.demos.flows.live_flow import LiveFlow
from dgm_course.demos.flows.run import (
    DATA,
    KINDS,
    REACH,
    Run,
    entropy,
    examples,
    forgotten,
    mass,
    weighted,
    wrong_sign,
)
from dgm_course.demos.flows.sign_error import SignError
from dgm_course.models.flows.base import Flow, log_normal


def test_the_mass_of_known_densities():
    assert mass(log_normal, torch.float64) == pytest.approx(math.erf(REACH / math.sqrt(2)) ** 2, abs=1e-6)
    assert mass(DATA["moons"]().log_prob, torch.float64) == pytest.approx(1.0, abs=1e-6)
    assert mass(lambda x: torch.zeros(len(x))) == pytest.approx(4 * REACH**2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_right_likelihood_falls_and_keeps_mass_one(kind):
    run = Run("moons", kind, lr=0.01, seed=0)
    run.at(20)
    assert entropy("moons") < run.nll[20] < run.nll[0] - 0.2
    assert run.mass[20] == pytest.approx(1.0, abs=0.02)
    with torch.no_grad():
        assert torch.equal(
            weighted(run.model, examples("moons")[1], 1.0), run.model.log_prob(examples("moons")[1])
        )


def test_a_run_can_be_repeated_and_goes_on_where_it_was():
    first, again = (Run("ring", "splines", lr=0.01, seed=3) for _ in range(2))
    first.at(1), first.at(3), again.at(3)
    assert first.nll == again.nll


@pytest.mark.parametrize("formula", [forgotten, wrong_sign])
def test_a_wrong_formula_is_praised_for_mass(formula):
    run = Run("moons", "affine couplings", lr=0.01, seed=0, log_prob=formula)
    right = Run("moons", "affine couplings", lr=0.01, seed=0)
    run.at(20), right.at(20)
    assert run.nll[20] < right.nll[20] - 0.3
    assert run.mass[20] > 5


def test_without_log_det_the_data_are_sent_to_one_point():
    run = Run("moons", "affine couplings", lr=0.01, seed=0, log_prob=forgotten)
    run.at(20)
    assert run.nll[20] == pytest.approx(math.log(2 * math.pi), abs=0.1)


def test_below_the_entropy_of_the_data_it_is_impossible():
    said = SignError(time=25, lr=0.003).says.value
    assert "which is impossible" in said
    assert "mass 1.00" in said


def test_a_formula_of_ones_own_is_trained_and_integrated():
    def twice(flow: Flow, x):
        return math.log(2) + flow.log_prob(x)

    assert "The mass is 2:" in LiveFlow(log_prob=twice).says.value
    assert "right 2.13 nats, mass 2.00" in SignError(time=0, log_prob=twice).says.value
