"""Task 5: the masks are the stated ones, and a MADE with any weights is normalised, causal and complete.

A ReLU with random weights can be silent on every input, so a dependency counts as present when one of several
draws of the weights shows it.
"""

import pytest
import torch

from dgm_course.testing import (
    all_strings,
    assert_causal,
    assert_close,
    assert_each_alone,
    assert_normalized,
    assert_not_independent,
    assert_shape,
    assert_unchanged,
    binary_strings,
    draw_dependent,
    outputs_over_weights,
    randomize,
)

READ = "task 5 of the notebook, and lecture 2, section 'Masks'"


def draw_ordering(num_dims, rng):
    """A random ordering that differs from its own inverse, so that reading it backwards shows."""
    ordering = torch.randperm(num_dims, generator=rng)
    while torch.equal(ordering.argsort(), ordering):
        ordering = torch.randperm(num_dims, generator=rng)
    return ordering


def draw_degrees(num_dims, widths, rng):
    return [torch.randint(num_dims - 1, (width,), generator=rng) for width in widths]


def assert_has_hidden_layer(student, rng):
    """A sum of one term for each dimension before has the right dependencies, for any ordering, too."""
    draw_dependent(student.MADE(4, (9,)), rng, binary_strings(4), scale=0.5, deep=True, read=READ)


def draw_model(student, rng, *arguments):
    """A MADE with random weights; half the usual scale keeps the conditionals away from 0 and 1."""
    assert_has_hidden_layer(student, rng)
    num_levels = arguments[3] if len(arguments) > 3 else 2
    strings = all_strings(num_levels, arguments[0])
    return draw_dependent(student.MADE(*arguments), rng, strings, scale=0.5, read=READ)


def assert_dependencies(model, rng, inputs, ordering, *, cause, alternatives=None, draws=16):
    """Each logit depends on the dimensions before it in the order, and on no other."""
    assert_causal(
        lambda x: outputs_over_weights(model, rng, x, num_draws=draws),
        inputs,
        ordering[:, None] > ordering,
        alternatives=alternatives,
        cause=cause,
        read=READ,
    )


@pytest.mark.points(2)
def test_masks_follow_the_degrees(student, rng):
    """Every mask entry is the comparison of the two degrees it connects, for any ordering and any degrees"""
    for widths in ((7,), (5, 5), (6, 4, 8)):
        ordering = draw_ordering(5, rng)
        degrees = draw_degrees(5, widths, rng)
        masks = student.made_masks(ordering, degrees)
        assert_close(
            len(masks), len(widths) + 1, what="number of masks", cause="one mask per weight matrix", read=READ
        )
        units = [ordering.tolist(), *(layer.tolist() for layer in degrees)]
        for layer, mask in enumerate(masks[:-1]):
            expected = [[float(below <= above) for below in units[layer]] for above in units[layer + 1]]
            assert_shape(mask, (widths[layer], len(units[layer])), cause="a mask is (out, in)", read=READ)
            assert_close(
                mask.double(),
                torch.tensor(expected, dtype=torch.float64),
                what=f"mask {layer + 1} of {len(masks)}",
                cause="a unit feeds the units of its own degree or more (<=); ordering[i] is a position",
                read=READ,
            )
        assert_shape(masks[-1], (5, widths[-1]), cause="a mask is (out, in)", read=READ)
        assert_close(
            masks[-1].double(),
            torch.tensor(
                [[float(below < above) for below in units[-1]] for above in units[0]], dtype=torch.float64
            ),
            what="last mask",
            cause="the last step is strict: a unit of degree m feeds the dimensions at positions > m",
            read=READ,
        )


@pytest.mark.points(1)
def test_output_rows_of_a_dimension_are_adjacent(student, rng):
    """Row i*K + k of the last mask is output k of dimension i"""
    ordering = draw_ordering(4, rng)
    degrees = draw_degrees(4, (6, 5), rng)
    for outputs in (1, 3):
        last = student.made_masks(ordering, degrees, outputs)[-1]
        rows = [ordering[row // outputs] > degrees[-1] for row in range(4 * outputs)]
        assert_shape(last, (4 * outputs, 5), what="last mask", cause="a mask is (out, in)", read=READ)
        assert_close(
            last.double(),
            torch.stack(rows).double(),
            what=f"last mask with {outputs} outputs per dimension",
            cause="the whole mask is repeated K times; repeat each row K times",
            read=READ,
        )


@pytest.mark.points(1)
def test_masked_linear_uses_exactly_its_mask(student, rng):
    """MaskedLinear: with any weights, output a depends on the inputs b where the mask is 1"""
    mask = torch.rand(6, 4, generator=rng) < 0.5
    for given in (mask, mask.float()):
        layer = student.MaskedLinear(given)
        assert_causal(
            lambda x, layer=layer: outputs_over_weights(layer, rng, x, num_draws=2),
            torch.randn(5, 4, generator=rng, dtype=torch.float64),
            mask,
            cause="the mask is used once, at construction; multiply weight * mask in every forward pass",
            read=READ,
        )


@pytest.mark.points(2)
def test_binary_dependencies_are_exact(student, rng):
    """Binary MADE, 1 to 3 hidden layers, any ordering: nothing forbidden and nothing missing"""
    assert_has_hidden_layer(student, rng)
    for hidden_dims in ((14,), (17, 13), (15, 19, 16)):
        ordering = draw_ordering(5, rng)
        assert_dependencies(
            student.MADE(5, hidden_dims, ordering),
            rng,
            binary_strings(5),
            ordering,
            alternatives=2,
            cause="too many: a strict comparison became <=, or the ordering is read backwards or not at all; "
            "missing: a comparison is too strict, or some degree 0..D-2 never occurs",
        )


@pytest.mark.points(1)
def test_categorical_dependencies_are_exact(student, rng):
    """MADE with K levels: the K logits of a dimension see exactly the dimensions before it"""
    assert_has_hidden_layer(student, rng)
    ordering = draw_ordering(4, rng)
    assert_dependencies(
        student.MADE(4, (13, 16), ordering, 3),
        rng,
        all_strings(3, 4),
        ordering,
        alternatives=3,
        cause="the K outputs of one dimension are not the K rows that its mask was built for",
    )


@pytest.mark.points(1)
def test_narrowest_complete_network(student, rng):
    """Hidden layers of D-1 units are enough to be complete, and one dimension alone is a model too"""
    assert_has_hidden_layer(student, rng)
    ordering = draw_ordering(6, rng)
    wide = torch.randn(40, 6, generator=rng, dtype=torch.float64).mul(5)
    for hidden_dims in ((5,), (5, 5)):
        assert_dependencies(
            student.MADE(6, hidden_dims, ordering),
            rng,
            wide,
            ordering,
            draws=48,
            cause="missing: the degrees 0..D-2 do not all occur; unit h has degree h mod (D-1), not 1..D-1 "
            "and not a random one",
        )
    alone = draw_model(student, rng, 1, (3,))
    assert_normalized(alone.log_prob, binary_strings(1), cause="D = 1: the only logit is a bias", read=READ)


@pytest.mark.points(1)
def test_binary_probabilities_sum_to_one(student, rng):
    """The probabilities of all 2^D binary strings sum to 1, for any ordering and depth"""
    for num_dims, hidden_dims in ((6, (12,)), (5, (9, 14)), (4, (8, 11, 7))):
        model = draw_model(student, rng, num_dims, hidden_dims, draw_ordering(num_dims, rng))
        assert_normalized(
            model.log_prob,
            binary_strings(num_dims).T.contiguous().T,
            dependent=True,
            tolerance=1e-7,  # F.softplus is the identity above 20: a legitimate log_prob is off by 1e-9
            cause="a logit sees its own or a later dimension, or log_prob takes a mean over the dimensions",
            read=READ,
        )


@pytest.mark.points(1)
def test_categorical_probabilities_sum_to_one(student, rng):
    """The probabilities of all K^D strings sum to 1"""
    model = draw_model(student, rng, 4, (10, 12), draw_ordering(4, rng), 4)
    assert_normalized(
        model.log_prob,
        all_strings(4, 4),
        dependent=True,
        cause="the softmax runs over the wrong axis, or a dimension's logits are mixed with another's",
        read=READ,
    )


@pytest.mark.points(1)
def test_log_prob_is_the_likelihood_of_the_logits(student, rng):
    """log_prob(x) sums log p(x_i | logits_i), with logits from forward(x)"""
    cause = "forward returns probabilities where logits are due, or log_prob treats probabilities as logits"
    binary, x = draw_model(student, rng, 5, (11, 9), draw_ordering(5, rng)), binary_strings(5)
    logits = assert_each_alone(binary, x, what="binary logits", shape=(5,), read=READ)
    signed = torch.where(x == 1, logits, -logits)
    expected = (-torch.log1p(torch.exp(-signed.abs())) + signed.clamp(max=0)).sum(1)
    assert_not_independent(expected, x, read=READ)
    assert_close(binary.log_prob(x), expected, tolerance=1e-7, what="binary log_prob", cause=cause, read=READ)

    categorical, x = draw_model(student, rng, 4, (11, 9), draw_ordering(4, rng), 3), all_strings(3, 4)
    logits = assert_each_alone(categorical, x, what="categorical logits", shape=(4, 3), read=READ)
    expected = ((logits * torch.nn.functional.one_hot(x, 3)).sum(-1) - logits.logsumexp(-1)).sum(1)
    assert_not_independent(expected, x, read=READ)
    assert_close(categorical.log_prob(x), expected, what="categorical log_prob", cause=cause, read=READ)


@pytest.mark.points(1)
def test_forward_leaves_the_weights_alone(student, rng):
    """forward and log_prob leave every parameter and buffer bit-identical"""
    x = binary_strings(5)
    model = draw_model(student, rng, 5, (11, 9), draw_ordering(5, rng))
    logits = outputs_over_weights(model, rng, x, num_draws=8, scale=0.5)
    assert_shape(logits, (32, 5, 8), what="binary logits under 8 draws of the weights", read=READ)
    moves = (logits - logits[:1]).abs().amax(dim=(0, 2)) > 1e-9
    assert_close(
        bool(moves.any() and not moves.all()),
        True,
        what="'some logit moves with the input, and that of the first dimension does not'",
        cause="no mask is in use, or no input",
        read=READ,
    )
    randomize(model, rng, scale=0.5)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(x)
    model.log_prob(x)
    assert_unchanged(
        before,
        model.state_dict(),
        cause="the mask is written into weight.data; multiply weight * mask inside forward instead",
        read=READ,
    )
