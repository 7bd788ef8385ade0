"""MADE reads exactly what its order allows: nothing forbidden, nothing missing."""

from itertools import pairwise

import pytest
import torch

from dgm_course.models.autoregressive import made
from dgm_course.models.autoregressive.made import MADE, made_masks
from dgm_course.testing import PropertyError, all_strings, assert_causal, assert_normalized, randomize


def allowed(order):
    """Entry [i, j]: dimension j is generated before dimension i."""
    pairs = torch.zeros(len(order), len(order), dtype=torch.bool)
    for place, i in enumerate(order):
        pairs[i, list(order[:place])] = True
    return pairs


def assert_made(model, rng):
    x = torch.randint(model.num_levels, (16, *model.event_shape), generator=rng)
    assert_causal(randomize(model, rng).logits, x, allowed(model.order), alternatives=model.num_levels)


@pytest.mark.parametrize(
    ("num_dims", "hidden", "num_levels"),
    [(1, (3,), 2), (2, (9,), 5), (6, (40,), 3), (7, (40, 60), 2), (5, (), 4), (12, (64, 64), 17)],
)
def test_dependencies_are_exactly_the_dimensions_before(num_dims, hidden, num_levels, rng):
    for order in (torch.randperm(num_dims, generator=rng).tolist(), None):
        assert_made(MADE(num_dims, hidden, num_levels, order), rng)


@pytest.mark.parametrize("depth", range(4))
def test_one_unit_of_each_degree_is_enough(depth, rng):
    order = torch.randperm(6, generator=rng).tolist()
    paths = torch.eye(6, dtype=torch.long)
    for mask in made_masks(order, (5,) * depth):
        paths = mask.long() @ paths
    assert torch.equal(paths > 0, allowed(order))


def test_strings_over_more_than_two_symbols_sum_to_one(rng):
    model = randomize(MADE(4, (12,), num_levels=5, order=(1, 3, 0, 2)), rng)
    assert_normalized(model.log_prob, all_strings(5, 4), tolerance=1e-12)


def strict_hidden(order, hidden, inputs_per_dim=1, outputs_per_dim=1):
    """> where ≥ belongs: valid, and weaker with every layer."""
    place = torch.tensor(order).argsort() + 1
    degrees = [place.repeat_interleave(inputs_per_dim)]
    degrees += [1 + torch.arange(width) % (len(order) - 1) for width in hidden]
    masks = [after[:, None] > before for before, after in pairwise(degrees)]
    return [*masks, place.repeat_interleave(outputs_per_dim)[:, None] > degrees[-1]]


def loose_output(order, hidden, inputs_per_dim=1, outputs_per_dim=1):
    """≥ where > belongs: every dimension may see itself."""
    *masks, _ = made_masks(order, hidden, inputs_per_dim, outputs_per_dim)
    place = torch.tensor(order).argsort() + 1
    return [*masks, place.repeat_interleave(outputs_per_dim)[:, None] >= 1 + torch.arange(hidden[-1]) % 5]


def natural_order(order, *sizes):
    return made_masks(range(len(order)), *sizes)


def order_as_places(order, *sizes):
    """The permutation taken for its inverse."""
    return made_masks(torch.tensor(order).argsort().tolist(), *sizes)


def interleaved_outputs(order, *sizes):
    """The K outputs of a dimension lie D apart instead of next to each other."""
    *masks, last = made_masks(order, *sizes)
    return [*masks, last.view(len(order), -1, last.shape[1]).transpose(0, 1).flatten(0, 1)]


@pytest.mark.parametrize(
    "wrong", [strict_hidden, loose_output, natural_order, order_as_places, interleaved_outputs]
)
def test_wrong_masks_are_noticed(wrong, rng, monkeypatch):
    monkeypatch.setattr(made, "made_masks", wrong)
    with pytest.raises(PropertyError):
        assert_made(MADE(6, (10, 10), num_levels=3, order=(3, 0, 5, 1, 4, 2)), rng)
