"""Dependencies are found exactly: none forbidden, none missing, whatever the inputs are."""

import pytest
import torch
from torch import Generator

from dgm_course.testing import (
    PropertyError,
    assert_causal,
    assert_each_alone,
    binary_strings,
    dependencies,
)

BEFORE = torch.ones(4, 4).tril(-1).bool()


def weights(mask, seed=0):
    return torch.randn(mask.shape, generator=Generator().manual_seed(seed), dtype=torch.float64) * mask


def linear(mask):
    return lambda x: x.double() @ weights(mask).T


def base(*shape):
    return torch.randn(*shape, generator=Generator().manual_seed(3), dtype=torch.float64)


def test_float_integer_and_boolean_inputs_find_the_same():
    for inputs in (base(2, 4), binary_strings(4), binary_strings(4).bool(), binary_strings(4).T[:, ::4].T):
        assert torch.equal(dependencies(linear(BEFORE), inputs), BEFORE)


def test_one_base_point_and_one_input_suffice():
    assert dependencies(lambda x: 2 * x, base(1, 1)).tolist() == [[True]]


def test_alternatives_are_all_the_values_an_input_takes():
    seen = []

    def record(x):
        seen.append(x)
        return x.double()

    dependencies(record, torch.zeros(6, 3, dtype=torch.int64), 4)
    assert len(seen) == 1
    assert seen[0].unique().tolist() == [0, 1, 2, 3]
    dependencies(record, torch.full((2, 3), 5), alternatives=(5, 9))
    assert seen[1].unique().tolist() == [5, 9]


def test_integers_need_an_alternative():
    with pytest.raises(ValueError, match="alternatives"):
        dependencies(lambda x: x.double(), torch.zeros(2, 3, dtype=torch.int64))


def test_trailing_dimensions_are_reduced_and_images_are_flattened():
    def logits(x):
        flat = x.reshape(len(x), -1)
        return torch.stack([torch.zeros_like(flat), linear(BEFORE)(flat)], dim=-1)

    assert torch.equal(dependencies(logits, base(2, 1, 2, 2)), BEFORE)


def test_a_silent_relu_is_heard_at_another_base_point():
    def dead_below_two(x):
        return (x - 2).relu()

    assert not dependencies(dead_below_two, torch.tensor([[-30.0]])).any()
    assert dependencies(dead_below_two, torch.tensor([[-30.0], [30.0]])).all()


def test_rounding_in_single_precision_is_no_dependency():
    def noisy(x):
        shaken = x + torch.randn(x.shape, generator=Generator().manual_seed(0)) * 1e-7
        return shaken.flip(1) * 0 + torch.ones(len(x), 1) + 1e-7 * shaken[:, :1]

    assert not dependencies(noisy, base(2, 3).float()).any()


def test_the_right_order_passes():
    assert_causal(linear(BEFORE), binary_strings(4), BEFORE)


def test_forbidden_and_missing_pairs_are_both_named():
    mask = BEFORE.clone()
    mask[1, 2] = True
    mask[3, 0] = False
    with pytest.raises(PropertyError) as raised:
        assert_causal(linear(mask), binary_strings(4), BEFORE, read="lecture 2")
    assert "1 forbidden: output 1 on input 2" in raised.value.got
    assert "1 missing: output 3 on input 0" in raised.value.got
    assert raised.value.read == "lecture 2"
    assert torch.equal(raised.value.picture["got"], mask)
    assert torch.equal(raised.value.picture["allowed"], BEFORE)


def test_pixels_are_named_by_channel_row_and_column():
    mask = BEFORE.clone()
    mask[0, 3] = True
    with pytest.raises(PropertyError, match=r"output \(0, 0, 0\) on input \(0, 1, 1\)"):
        assert_causal(lambda x: linear(mask)(x.reshape(len(x), -1)), base(2, 1, 2, 2), BEFORE)


def test_a_function_that_is_only_too_weak_is_told_so():
    with pytest.raises(PropertyError, match="weaker") as raised:
        assert_causal(lambda x: x.double() * 0, binary_strings(4), BEFORE)
    assert "forbidden" not in raised.value.got
    assert raised.value.got.endswith("...")


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        (lambda x: None, "None"),
        (lambda x: x.double().tolist(), "a list"),
        (lambda x: x, "int64"),
        (lambda x: x.double().log() * 0, "nan"),
        (lambda x: x.double().sum(), "batch dimension"),
        (lambda x: x.double()[:5], "batch size"),
        (lambda x: x.double()[:, :3], "3 outputs"),
    ],
)
def test_other_outputs_fail(wrong, part):
    with pytest.raises(PropertyError, match=part):
        assert_causal(wrong, binary_strings(4), BEFORE)


def test_what_is_computed_example_by_example_passes_and_comes_back():
    for x in (base(1, 4), base(2, 4), base(9, 4), base(9, 4).float()):
        assert torch.equal(assert_each_alone(torch.exp, x), x.exp())


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        (lambda x: x - x.mean(0), "asked by themselves"),
        (lambda x: x.softmax(0), "asked by themselves"),
        (lambda x: x * len(x), "asked by themselves"),
        (lambda x: x.sum(), "batch dimension"),
        (lambda x: x[:0], "batch dimension"),
        (lambda x: None, "None"),
    ],
)
def test_what_examples_tell_each_other_is_seen(wrong, part):
    with pytest.raises(PropertyError, match=part):
        assert_each_alone(wrong, base(9, 4))
