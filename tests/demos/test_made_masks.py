"""The maths of the demo on MADE's masks, held to the definitions and to the network itself."""

import pytest
import torch

from dgm_course.demos.autoregressive.made_masks import MadeMasks
from dgm_course.demos.autoregressive.masked_network import library_masks, network, not_strict
from dgm_course.models.autoregressive.made import MADE
from dgm_course.testing import assert_causal, binary_strings, randomize


@pytest.mark.parametrize("order", ["natural", "reversed", "random"])
def test_with_enough_units_it_reaches_what_the_order_allows(order):
    for dims in range(2, 9):
        net = network(dims, dims - 1, order, seed=dims)
        assert torch.equal(net.reaches, net.allowed)


def test_its_paths_are_the_dependencies_of_the_network():
    net = network(5, 3, "random", seed=3)
    model = MADE(5, (3,), order=net.ordering.argsort().tolist())

    def logits(x):
        seeds = map(torch.Generator().manual_seed, range(20))
        return torch.cat([randomize(model, each).logits(x) for each in seeds], dim=-1)

    assert_causal(logits, binary_strings(5), net.reaches, alternatives=2)


def test_the_bug_is_the_diagonal_and_costs_the_distribution():
    right, wrong = network(4, 6, "natural"), network(4, 6, "natural", masks=not_strict)
    added = wrong.reaches & ~right.reaches
    assert added.nonzero().tolist() == [[0, 0], [1, 1], [2, 2]]
    assert right.total_probability(seed=0) == pytest.approx(1.0, abs=1e-12)
    assert abs(wrong.total_probability(seed=0) - 1.0) > 0.01


def test_degrees_that_the_library_does_not_have_are_refused():
    with pytest.raises(ValueError, match="degrees: those of the library for 6 units"):
        not_strict(torch.arange(4), [torch.arange(6) % 3])


def test_too_few_units_lose_dependencies_and_stay_a_distribution():
    net = network(6, 2, "natural")
    assert (net.allowed & ~net.reaches).sum() == 4  # degrees 3 and 5: nobody knows one or two only, or four
    assert net.total_probability(seed=1) == pytest.approx(1.0, abs=1e-12)


def test_a_function_of_ones_own_is_shown():
    def reversed_masks(ordering, hidden_degrees):
        return [mask.flip(0) for mask in library_masks(ordering, hidden_degrees)]

    assert "forbidden" in MadeMasks(masks=reversed_masks).says.value
    assert "forbidden" not in MadeMasks().says.value


def test_the_marked_output_follows_a_smaller_network():
    demo = MadeMasks(dims=8, output=8)
    demo.controls["dims"].value = 3
    assert demo.controls["output"].value == 3
    assert demo.says.value.count("x₃ reads x₁, x₂.") == 1
    demo.reset()
    assert repr(demo) == "MadeMasks(dims=8, output=8)"


def test_a_value_out_of_range_is_refused_by_name():
    with pytest.raises(ValueError, match="dimensions: 2 to 8, not 99"):
        MadeMasks(dims=99)
