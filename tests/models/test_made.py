"""MADE reads exactly what its order allows: nothing forbidden, nothing missing."""

from copy import deepcopy
from itertools import pairwise

import pytest
import torch

from dgm_course.models.autoregressive import made
from dgm_course.models.autoregressive.made import MADE, hidden_degrees, made_masks
from dgm_course.models.autoregressive.masked_linear import MaskedLinear
from dgm_course.testing import (
    PropertyError,
    all_strings,
    assert_causal,
    assert_close,
    assert_normalized,
    randomize,
)


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


def assert_gradients(layer, rng):
    """Those of the product that the layer stands for, and exact zeros where the mask is zero."""
    sizes = layer.in_features, layer.out_features
    x, out = (torch.randn(5, size, generator=rng, dtype=torch.float64) for size in sizes)
    x.requires_grad_()
    plain = torch.nn.functional.linear(x, layer.mask * layer.weight, layer.bias)
    inputs = x, layer.weight, layer.bias
    expected = torch.autograd.grad((plain * out).sum(), inputs)
    got = torch.autograd.grad((layer(x) * out).sum(), inputs)
    assert_close(layer(x).detach(), plain.detach(), tolerance=1e-12)
    for one, other in zip(got, expected, strict=True):
        assert_close(one, other, tolerance=1e-12)
    assert_close(got[1][layer.mask == 0].abs().sum(), torch.tensor(0.0, dtype=torch.float64), tolerance=0.0)


class MaskedForward(MaskedLinear):
    """Masked weights take no part, and are trained all the same."""

    def forward(self, x):
        hidden = self.weight - self.weight.detach() + (self.mask * self.weight).detach()
        return torch.nn.functional.linear(x, hidden, self.bias)


class MaskedBackward(MaskedLinear):
    """A hook on the gradient only: whatever was written into the weights takes part."""

    def forward(self, x):
        weight = (1 - self.mask) * self.weight.detach() + self.mask * self.weight
        return torch.nn.functional.linear(x, weight, self.bias)


class OneColumnShort(MaskedLinear):
    """The last column that a block of rows reaches is left out."""

    def blocks(self):
        return [(rows, reach - 1) for rows, reach in super().blocks()]


def test_a_mask_may_be_written_over(rng):
    (mask, _), (other, _) = (made_masks(order, (3,)) for order in (range(450), range(450)[::-1]))
    layer = randomize(MaskedLinear(mask), rng)
    for one in (layer, deepcopy(layer)):
        one.mask.copy_(other)
        assert_gradients(one, rng)


def test_a_masked_weight_takes_no_part_forward_or_backward(rng):
    first, last = made_masks(range(450), (430,))
    reversed_order, _ = made_masks(range(450)[::-1], (3,))
    for mask in (
        torch.rand(3, 4, generator=rng) < 0.5,
        torch.zeros(3, 4).bool(),
        first,
        last,
        reversed_order,
    ):
        assert_gradients(randomize(MaskedLinear(mask), rng), rng)
    for wrong in (MaskedForward, MaskedBackward, OneColumnShort):
        with pytest.raises(PropertyError):
            assert_gradients(randomize(wrong(last), rng), rng)


def strict_hidden(order, hidden, inputs_per_dim=1, outputs_per_dim=1):
    """> where ≥ belongs: valid, and weaker with every layer."""
    place = torch.tensor(order).argsort() + 1
    degrees = [place.repeat_interleave(inputs_per_dim)]
    degrees += [hidden_degrees(width, len(order)) for width in hidden]
    masks = [after[:, None] > before for before, after in pairwise(degrees)]
    return [*masks, place.repeat_interleave(outputs_per_dim)[:, None] > degrees[-1]]


def loose_output(order, hidden, inputs_per_dim=1, outputs_per_dim=1):
    """≥ where > belongs: every dimension may see itself."""
    *masks, _ = made_masks(order, hidden, inputs_per_dim, outputs_per_dim)
    place = torch.tensor(order).argsort() + 1
    return [
        *masks,
        place.repeat_interleave(outputs_per_dim)[:, None] >= hidden_degrees(hidden[-1], len(order)),
    ]


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


def test_a_narrow_layer_spreads_its_degrees():
    """With the degrees 1, 2, 3 nobody would read 6 of the 10 dimensions."""
    first, last = made_masks(range(10), (3,))
    reads = last.int() @ first.int() > 0
    assert reads[-1].tolist() == [True] * 9 + [False]
    assert not reads.triu().any()
