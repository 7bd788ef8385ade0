"""The maths of the demo on the chain rule, held to plain counting and to the definition of temperature."""

import re

import pytest
import torch

from dgm_course.data.text import Text
from dgm_course.demos.autoregressive.next_symbol import (
    BEGIN,
    STEPS,
    NextSymbol,
    at_temperature,
    corpus,
    counts,
    grow,
)


@pytest.mark.parametrize("context", ["e", "The ", "statement", "\n\n"])
def test_it_counts_what_came_after_the_context(context):
    string = Text.decode(corpus()[0])
    followers = [
        string[found.start() + len(context)]
        for found in re.finditer(f"(?={re.escape(context)}.)", string, re.S)
    ]
    assert followers
    assert counts(context).tolist() == [followers.count(symbol) for symbol in Text.alphabet]


def test_temperature_one_changes_nothing_and_the_unseen_stays_impossible():
    table = counts("The ")
    assert torch.allclose(at_temperature(table, 1.0), table / table.sum().double())
    for temperature in (0.1, 3.0):
        p = at_temperature(table, temperature)
        assert p.sum() == pytest.approx(1.0)
        assert torch.equal(p > 0, table > 0)


def test_cold_is_sure_and_hot_is_even():
    table = torch.tensor([5, 3, 1])
    assert at_temperature(table, 0.1)[0] > 0.99
    assert at_temperature(table, 3.0).max() < at_temperature(table, 1.0).max()


def test_draws_follow_the_conditional():
    first = [grow(1, context=4, temperature=1.0, seed=seed)[0] for seed in range(2000)]
    p = at_temperature(counts(BEGIN), 1.0)
    for symbol in p.topk(3).indices.tolist():
        seen = sum(drawn == Text.alphabet[symbol] for drawn, _ in first) / len(first)
        assert abs(seen - p[symbol]) < 5 * (p[symbol] * (1 - p[symbol]) / len(first)) ** 0.5
    assert all(
        chance == pytest.approx(p[Text.alphabet.index(symbol)].item()) for symbol, chance in first[:50]
    )


def test_the_noise_of_a_step_is_the_same_whatever_came_before():
    assert grow(10, 3, 1.0, seed=2) == grow(STEPS, 3, 1.0, seed=2)[:10]
    assert grow(STEPS, 3, 1.0, seed=2) != grow(STEPS, 3, 1.0, seed=3)


def test_the_cost_is_the_chain_rule():
    drawn = grow(7, context=2, temperature=1.0, seed=1)
    written, bits = BEGIN, 0.0
    for symbol, _ in drawn:
        table = counts(written[-2:])
        bits -= (table[Text.alphabet.index(symbol)] / table.sum()).log2().item()
        written += symbol
    assert (
        f"The 7 symbols so far cost −Σ log₂ p = {bits:.1f} bits."
        in NextSymbol(time=7, context=2, seed=1).says.value
    )


def test_step_goes_on_and_from_the_end_back_to_the_start():
    demo = NextSymbol(time=STEPS - 1)
    demo.step()
    assert demo.controls["time"].value == STEPS
    demo.step()
    assert demo.controls["time"].value == 0
