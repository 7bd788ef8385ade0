"""Task 5, visible checks: masks, dependencies, normalisation and weights of a MADE."""

from collections.abc import Callable
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from dgm_course.testing import (
    all_strings,
    assert_causal,
    assert_close,
    assert_normalized,
    assert_shape,
    assert_unchanged,
    binary_strings,
    dependencies,
    outputs_over_weights,
    randomize,
)

READ = "task 5 of the notebook, and lecture 2, section 'Masks'"
ORDERING = torch.tensor([3, 0, 4, 1, 2])
BEFORE = ORDERING[:, None] > ORDERING  # [i, j]: dimension j comes before dimension i


def _model(student: Any, seed: int, *arguments: Any) -> Any:
    return randomize(student.MADE(*arguments), torch.Generator().manual_seed(seed), scale=0.5)


def _logits(student: Any, hidden_dims: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    """x (B, 5) -> logits (B, 5, 12) under twelve draws of the weights: a ReLU silent in one speaks in another."""
    generator = torch.Generator().manual_seed(5)
    model = student.MADE(5, hidden_dims, ORDERING)
    return lambda x: outputs_over_weights(model, generator, x, num_draws=12)


def check_masks(student: Any) -> None:
    """The masks of a worked example with three dimensions are right"""
    masks = student.made_masks(torch.tensor([1, 2, 0]), [torch.tensor([0, 1, 0, 1])])
    expected = [
        torch.tensor([[0, 0, 1], [1, 0, 1], [0, 0, 1], [1, 0, 1]]),
        torch.tensor([[1, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]]),
    ]
    for number, (mask, right) in enumerate(zip(masks, expected, strict=True), start=1):
        assert_shape(mask, tuple(right.shape), what=f"mask {number}", cause="a mask is (out, in)", read=READ)
        assert_close(
            mask.double(),
            right.double(),
            what=f"mask {number} for ordering [1, 2, 0] and hidden degrees [0, 1, 0, 1]",
            cause="ordering[i] is the position of dimension i; inputs and hidden units connect where the "
            "numbers do not fall (<=), the last step is strict (<)",
            read=READ,
        )


def check_output_rows(student: Any) -> None:
    """With K outputs per dimension, rows i*K ... i*K + K-1 belong to dimension i"""
    last = student.made_masks(torch.tensor([1, 2, 0]), [torch.tensor([0, 1])], 2)[-1]
    assert_close(
        last.double(),
        torch.tensor([[1, 0], [1, 0], [1, 1], [1, 1], [0, 0], [0, 0]]).double(),
        what="last mask for ordering [1, 2, 0], hidden degrees [0, 1] and 2 outputs per dimension",
        cause="the rows of one dimension stand together: repeat each row K times, not the whole mask",
        read=READ,
    )


def check_dependencies(student: Any) -> None:
    """Each logit depends on the dimensions before it, on all of them and on nothing else"""
    for hidden_dims in ((16,), (16, 12)):
        assert_causal(
            _logits(student, hidden_dims),
            binary_strings(5),
            BEFORE,
            cause="a pair too many: a comparison should be strict, or the ordering is read backwards; "
            "a pair missing: a comparison is too strict, or a degree 0..D-2 never occurs in some layer",
            read=READ,
        )


def check_normalized(student: Any) -> None:
    """The probabilities of all 32 binary strings sum to 1"""
    model = _model(student, 7, 5, (16, 12), ORDERING)
    assert_normalized(
        model.log_prob,
        binary_strings(5),
        tolerance=1e-7,
        cause="a logit that sees its own dimension (a leak), or log_prob takes the mean where it should sum",
        read=READ,
    )


def check_normalized_levels(student: Any) -> None:
    """With three levels, the probabilities of all 243 strings sum to 1"""
    model = _model(student, 8, 5, (16, 12), ORDERING, 3)
    assert_normalized(
        model.log_prob,
        all_strings(3, 5),
        cause="the K logits of a dimension are not the K rows that its mask was built for",
        read=READ,
    )


def check_log_prob(student: Any) -> None:
    """log_prob(x) sums the log-probabilities that the logits of forward(x) give to x"""
    model, x = _model(student, 10, 5, (16, 12), ORDERING), binary_strings(5)
    likelihood = torch.distributions.Bernoulli(logits=model(x).detach())
    assert_close(
        model.log_prob(x),
        likelihood.log_prob(x.double()).sum(1),
        tolerance=1e-7,
        what="log_prob",
        cause="probabilities stand where logits are due, or the sigmoid is applied twice",
        read=READ,
    )


def check_weights_unchanged(student: Any) -> None:
    """A forward pass leaves every weight as it was"""
    model = _model(student, 9, 5, (16, 12), ORDERING)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(binary_strings(5))
    assert_unchanged(
        before,
        model.state_dict(),
        cause="the mask is written into weight.data; multiply weight * mask inside forward instead",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """The pairs that are connected, beside the pairs that should be."""
    got = dependencies(_logits(student, (16, 12)), binary_strings(5))
    figure = Figure(figsize=(6, 3), layout="constrained")
    for axis, title, matrix in zip(figure.subplots(1, 2), ("yours", "allowed"), (got, BEFORE), strict=True):
        axis.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
        axis.set(title=title, xlabel="input dimension", ylabel="logit of dimension")
    figure.suptitle(f"what depends on what, ordering {ORDERING.tolist()}")
    return figure
