"""Normalisation and samples: what sums to one passes, what leaks or is drawn otherwise does not."""

import math

import pytest
import torch
from torch import Generator, nn

from dgm_course.testing import (
    PropertyError,
    all_strings,
    assert_normalized,
    assert_not_independent,
    assert_samples_follow,
    binary_strings,
    draw_dependent,
)

LOGITS = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64)


def log_prob(x):
    return -torch.nn.functional.softplus(torch.where(x == 1, -LOGITS, LOGITS)).sum(-1)


def test_strings_count_in_order():
    assert all_strings(3, 2).tolist() == [[a, b] for a in range(3) for b in range(3)]
    assert binary_strings(1).tolist() == [[0], [1]]
    assert binary_strings(0).shape == (1, 0)
    assert binary_strings(3).dtype == torch.int64


def test_a_sum_over_all_strings_passes():
    assert_normalized(log_prob, binary_strings(3))


def test_variables_that_depend_on_each_other_pass():
    assert_not_independent(-binary_strings(3).sum(1).double().square(), binary_strings(3))
    assert_not_independent(torch.zeros(3, dtype=torch.float64), all_strings(3, 1))


@pytest.mark.parametrize("independent", [log_prob(binary_strings(3)), torch.full((8,), -3 * math.log(2))])
def test_independent_variables_are_named(independent):
    with pytest.raises(PropertyError, match="independent variables"):
        assert_not_independent(independent, binary_strings(3))


class Scored(nn.Module):
    """log p of strings of three bits is made from one weight."""

    def __init__(self, score):
        super().__init__()
        self.weight, self.score = nn.Parameter(torch.zeros(())), score

    def log_prob(self, x):
        return self.score(self.weight.detach(), x.flatten(1).sum(1).double())


def test_weights_are_drawn_until_variables_depend_on_each_other():
    signs = []

    def silent_below_zero(weight, total):
        signs.append(weight > 0)
        return weight.relu() * -total.square()

    for seed in range(8):
        model = Scored(silent_below_zero)
        assert draw_dependent(model, Generator().manual_seed(seed), binary_strings(3)) is model
        assert signs[-1]
    assert not all(signs)


@pytest.mark.parametrize(
    ("score", "part"),
    [
        (lambda weight, total: weight * total, "independent variables"),
        (lambda weight, total: -total.square(), "no parameters"),
        (lambda weight, total: total[:5], r"shape \(8,\)"),
    ],
)
def test_a_model_without_dependence_or_weights_is_not_drawn(score, part):
    with pytest.raises(PropertyError, match=part):
        draw_dependent(Scored(score), Generator().manual_seed(0), binary_strings(3))


@pytest.mark.parametrize(
    "score",
    [
        lambda weight, x: weight * x[:, -1] * x[:, :-1].sum(1),  # log-linear
        lambda weight, x: (
            weight * (x[:, 1:] * x[:, :-1]).sum(1) + x[:, :-1].prod(1)
        ),  # deep in others than the last
    ],
)
def test_where_a_hidden_layer_is_due_a_sum_of_one_term_for_each_variable_is_not_drawn(score):
    class Model(Scored):
        def log_prob(self, x):
            return score(self.weight.detach(), x.double())

    assert draw_dependent(Model(None), Generator().manual_seed(0), binary_strings(4))
    with pytest.raises(PropertyError, match="no hidden layer"):
        draw_dependent(Model(None), Generator().manual_seed(0), binary_strings(4), deep=True)


def test_a_last_logit_that_brings_variables_together_is_deep():
    model = Scored(lambda weight, total: weight * total.pow(3))
    assert draw_dependent(model, Generator().manual_seed(0), binary_strings(3), deep=True) is model


def test_probabilities_must_be_those_of_each_point_whatever_else_is_asked():
    def over_the_batch(x):
        return (-x.sum(1).double().square()).log_softmax(0)

    seen = []

    def noise(x):
        seen.append(len(x))
        return torch.randn(len(x), generator=Generator().manual_seed(len(seen))).double().log_softmax(0)

    for wrong in (over_the_batch, noise):
        with pytest.raises(PropertyError, match="asked by themselves"):
            assert_normalized(wrong, binary_strings(3))
    assert seen[0] < seen[1] == 8  # who is asked about all first could remember


def test_normalised_answers_can_be_asked_for_dependence():
    uniform = torch.full((8,), -3 * math.log(2), dtype=torch.float64)
    assert_normalized(lambda x: uniform[: len(x)], binary_strings(3))
    with pytest.raises(PropertyError, match="independent variables"):
        assert_normalized(lambda x: uniform[: len(x)], binary_strings(3), dependent=True)
    parity = (binary_strings(3).sum(1) % 2 * 0.2 + 0.025).log().double()
    images = binary_strings(3).reshape(8, 1, 3, 1)
    places = torch.tensor([4, 2, 1])
    assert_normalized(lambda x: parity[x.flatten(1) @ places], images, dependent=True, tolerance=1e-6)


def test_a_quadrature_takes_a_cell_volume_or_weights():
    grid = torch.linspace(-9, 9, 2001, dtype=torch.float64)
    normal = torch.distributions.Normal(*torch.tensor([0.1, 0.8], dtype=torch.float64))
    assert_normalized(normal.log_prob, grid, volume=18 / 2000)
    assert_normalized(normal.log_prob, grid, volume=torch.full((2001,), 18 / 2000, dtype=torch.float64))


@pytest.mark.parametrize(
    ("wrong", "parts"),
    [
        (lambda x: log_prob(x) + 0.01, ["is 1", "got: 1.01"]),
        (lambda x: log_prob(x) / 3, ["got: 3.51"]),
        (lambda x: log_prob(x).mean(), ["shape (8,)", "the batch too"]),
        (lambda x: log_prob(x)[:, None], ["left over"]),
        (lambda x: None, ["got: None"]),
        (lambda x: log_prob(x).tolist(), ["a list of length 8"]),
        (lambda x: torch.zeros(len(x), dtype=torch.int64), ["int64"]),
        (lambda x: torch.full((len(x),), math.nan), ["nan in 8 of 8"]),
        (lambda x: torch.tensor([0.0] + 7 * [-math.inf]), ["-inf"]),
        (lambda x: log_prob(x).float(), ["fell to float32"]),
    ],
)
def test_other_functions_fail(wrong, parts):
    with pytest.raises(PropertyError) as raised:
        assert_normalized(wrong, binary_strings(3), read="lecture 2")
    for part in [*parts, "read: lecture 2"]:
        assert part in str(raised.value)


def test_probability_zero_is_allowed_on_request():
    certain = torch.tensor([0.0] + 7 * [-math.inf], dtype=torch.float64)
    assert_normalized(lambda x: certain[x @ torch.tensor([4, 2, 1])], binary_strings(3), allow_zero=True)


def draws(probabilities, n=40_000, seed=1):
    return torch.multinomial(probabilities, n, replacement=True, generator=Generator().manual_seed(seed))


TABLE = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)


@pytest.mark.parametrize("seed", range(20))
def test_right_samples_pass(seed):
    samples = draws(TABLE, seed=seed)
    assert_samples_follow(samples, TABLE)
    strings = torch.stack([samples // 2, samples % 2], dim=1)
    assert_samples_follow(strings, TABLE)
    assert_samples_follow(strings, TABLE.reshape(2, 2))


def test_the_false_alarm_rate_is_held():
    alarms = 0
    for seed in range(200):
        try:
            assert_samples_follow(draws(TABLE, n=500, seed=seed), TABLE, false_alarm=0.1)
        except PropertyError:
            alarms += 1
    assert 2 <= alarms <= 35  # 20 expected at most; both ends are beyond three standard deviations


def test_a_small_difference_is_found():
    with pytest.raises(PropertyError) as raised:
        assert_samples_follow(draws(torch.tensor([0.53, 0.27, 0.15, 0.05])), TABLE)
    assert "probability 0.5" in raised.value.expected or "probability 0.3" in raised.value.expected


def test_an_impossible_symbol_is_found_by_a_single_draw():
    samples = torch.zeros(1000, dtype=torch.int64)
    assert_samples_follow(samples, torch.tensor([1.0, 0.0]))
    samples[0] = 1
    with pytest.raises(PropertyError, match="got: 999, with 2 of 2"):
        assert_samples_follow(samples, torch.tensor([1.0, 0.0]))


def test_the_dependence_within_a_string_is_asked():
    joint = torch.tensor([[0.5, 0.0], [0.0, 0.5]])
    coins = torch.randint(2, (1000, 2), generator=Generator().manual_seed(0))
    with pytest.raises(PropertyError, match="before the symbols it depends on"):
        assert_samples_follow(coins, joint)


@pytest.mark.parametrize(
    "samples",
    [
        None,
        [0, 1],
        torch.tensor([0.0, 1.0]),
        torch.tensor([0, 4]),
        torch.tensor([-1, 0]),
        torch.zeros(2, 2, 2, dtype=torch.int64),
        torch.zeros(0, dtype=torch.int64),
    ],
)
def test_what_is_no_sample_fails(samples):
    with pytest.raises(PropertyError):
        assert_samples_follow(samples, TABLE)
