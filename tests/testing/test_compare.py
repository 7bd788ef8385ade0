"""The asserts on values accept what is right, and name what is wrong in four parts."""

import math
import pickle

import pytest
import torch

from dgm_course.testing import (
    PropertyError,
    StudentError,
    assert_bound,
    assert_close,
    assert_shape,
    assert_unchanged,
)


def test_an_error_has_its_four_parts_on_four_lines():
    error = PropertyError("a sum of 1", "1.31", "a leak", "lecture 2", picture={"got": 3})
    assert str(error).splitlines() == [
        "expected: a sum of 1",
        "got: 1.31",
        "likely cause: a leak",
        "read: lecture 2",
    ]
    assert isinstance(error, AssertionError)
    assert error.picture == {"got": 3}
    assert issubclass(StudentError, PropertyError)


def test_an_error_survives_the_way_between_processes():
    error = pickle.loads(pickle.dumps(PropertyError("a", "b", "c", "d")))
    assert (error.expected, error.got, error.cause, error.read) == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (0.5, 0.5),
        (1, 1.0),
        (torch.tensor(0.5), 0.5),
        (0.5, torch.tensor(0.5)),
        (torch.arange(3), torch.arange(3)),
        (torch.ones(2), torch.ones(2, dtype=torch.bool)),
        (torch.ones(2, 3, requires_grad=True), torch.ones(2, 3)),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
        (torch.tensor([-math.inf, 0.0]), torch.tensor([-math.inf, 0.0])),
        (torch.tensor([1e9 + 0.1], dtype=torch.float64), torch.tensor([1e9], dtype=torch.float64)),
    ],
)
def test_close_values_pass(got, expected):
    assert_close(got, expected)


@pytest.mark.parametrize(
    ("got", "expected", "parts"),
    [
        (None, 0.5, ["got: None", "return"]),
        ([0.5], torch.tensor([0.5]), ["a tensor", "a list of length 1"]),
        ("0.5", 0.5, ["type str"]),
        (torch.tensor([0, 1]), torch.tensor([0.0, 1.0]), ["floating-point", "int64"]),
        (torch.tensor([0.0, 1.0]), torch.tensor([0, 1]), ["integer", "float32"]),
        (torch.tensor([1j]), torch.tensor([1.0]), ["floating-point", "complex64"]),
        (torch.tensor([1j]), torch.tensor([True]), ["real", "complex64"]),
        (torch.zeros(3, 2), torch.zeros(2, 3), ["shape (2, 3)", "shape (3, 2)", "swapped"]),
        (torch.zeros(()), torch.zeros(2), ["the batch too"]),
        (torch.zeros(2, 1), torch.zeros(2), ["left over"]),
        (torch.tensor([0.0, math.nan]), torch.zeros(2), ["finite", "nan in 1 of 2", "(1,)"]),
        (torch.tensor([0.0, -math.inf]), torch.zeros(2), ["finite", "-inf"]),
        (torch.tensor([0.0, math.nan]), torch.tensor([0.0, -math.inf]), ["finite", "nan"]),
        (torch.tensor([0.0, math.inf]), torch.tensor([0.0, -math.inf]), ["= -inf at index (1,)", "got: inf"]),
        (math.nan, 0.5, ["finite", "nan"]),
        (0.6, 0.5, ["expected: entropy = 0.5", "got: 0.6"]),
        (
            torch.tensor([[1.0, 2.0], [3.0, 5.0]]),
            torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
            ["(1, 1)", "1 of 4"],
        ),
    ],
)
def test_other_values_fail(got, expected, parts):
    with pytest.raises(PropertyError) as raised:
        assert_close(got, expected, what="entropy", read="lecture 1")
    for part in [*parts, "entropy", "read: lecture 1"]:
        assert part in str(raised.value)


def test_single_precision_is_named_as_the_cause():
    third = torch.tensor([1 / 3], dtype=torch.float64)
    with pytest.raises(PropertyError, match="fell to float32"):
        assert_close(third.float(), third)


def test_shape_asks_for_a_tensor_and_guesses_the_cause():
    assert_shape(torch.zeros(2, 3), (2, 3))
    with pytest.raises(PropertyError, match="a list of length 2"):
        assert_shape([1, 2], (2,))
    with pytest.raises(PropertyError, match="swapped"):
        assert_shape(torch.zeros(3, 2), (2, 3))
    with pytest.raises(PropertyError, match="likely cause: a mask is \\(out, in\\)"):
        assert_shape(torch.zeros(3, 2), (2, 3), cause="a mask is (out, in)")


def test_bound_is_two_sided_and_includes_its_ends():
    assert_bound(0.24, 0.24, 0.325)
    assert_bound(torch.tensor([0.3, 0.31]), torch.tensor([0.0, 0.31]), 1.0)
    for value in (0.17, 0.69):
        with pytest.raises(PropertyError, match=r"0\.24 <= NLL <= 0\.325") as raised:
            assert_bound(value, 0.24, 0.325, what="NLL")
        assert str(value) in raised.value.got
    with pytest.raises(PropertyError, match=r"at index \(1,\)"):
        assert_bound(torch.tensor([0.0, 2.0]), upper=1.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, None, [0.3]])
def test_bound_rejects_what_is_no_finite_number(value):
    with pytest.raises(PropertyError):
        assert_bound(value)


def test_unchanged_sees_a_single_bit():
    before = {"weight": torch.ones(2, 2), "bias": torch.zeros(2)}
    after = {name: tensor.clone() for name, tensor in before.items()}
    assert_unchanged(before, after)
    assert_unchanged(before["bias"], after["bias"])
    after["weight"][1, 0] = 1 + 2**-23
    with pytest.raises(PropertyError, match=r"number 1 of 2, stays 1 at index \(1, 0\)") as raised:
        assert_unchanged(before, after)
    assert "1 of 4" in raised.value.got


def test_unchanged_sees_names_shapes_and_other_types():
    before = {"weight": torch.ones(2)}
    for after in (
        {},
        {"weight": torch.ones(3)},
        {"weight": None},
        {"weight": torch.ones(2), "mask": torch.ones(2)},
    ):
        with pytest.raises(PropertyError):
            assert_unchanged(before, after)


def test_unchanged_refuses_to_compare_memory_with_itself():
    weight = torch.ones(2)
    with pytest.raises(ValueError, match="clone"):
        assert_unchanged(weight, weight)


def test_a_step_in_float32_is_named_also_where_the_result_is_float64():
    exact = torch.tensor([1 / 3], dtype=torch.float64)
    with pytest.raises(PropertyError) as caught:
        assert_close((torch.tensor([1]) / torch.tensor([3])).double(), exact)
    assert "float32" in caught.value.cause


def test_a_bound_on_one_side_shows_one_side():
    with pytest.raises(PropertyError) as caught:
        assert_bound(torch.tensor(0.0), lower=1e-6, what="the change")
    assert caught.value.expected == "1e-06 <= the change"
