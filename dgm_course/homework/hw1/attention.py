"""Task 9, visible checks: attention weights, what the outputs read, and the cache."""

from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.testing import assert_causal, assert_close, assert_shape, randomize

READ = "task 9 of the notebook, and lecture 2, section 'Attention'"


def _draw(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


def _attention(student: Any) -> Any:
    return randomize(student.CausalSelfAttention(6, 2), Generator().manual_seed(9), scale=0.5)


def check_rows(student: Any) -> None:
    """Each row of weights sums to 1, the first is 1, 0, 0, ..., and the future gets nothing"""
    weights = student.causal_attention_weights(_draw(1, 2, 3, 5, 4), _draw(2, 2, 3, 5, 4))
    assert_shape(weights, (2, 3, 5, 5), what="weights", read=READ)
    assert_close(
        weights.sum(-1),
        torch.ones(2, 3, 5).double(),
        what="the sum of a row",
        cause="a mask applied after the softmax, a softmax over the queries, or a row with nothing left (NaN)",
        read=READ,
    )
    assert_close(
        weights.triu(1),
        torch.zeros(2, 3, 5, 5).double(),
        what="a weight on the future",
        cause="forbidden scores are set to 0 instead of -inf, or the mask is transposed",
        read=READ,
    )


def check_example(student: Any) -> None:
    """A worked example: scores 2, 4 and 6 with d = 4 give weights in the ratio e¹ : e² : e³"""
    q = torch.zeros(1, 2, 3, 4, dtype=torch.float64)
    k = torch.zeros(1, 2, 3, 4, dtype=torch.float64)
    q[..., 0], k[..., 0] = 1.0, torch.tensor([2.0, 4.0, 6.0]).double()
    assert_close(
        student.causal_attention_weights(q, k)[0, 0, -1],
        torch.tensor([1.0, 2.0, 3.0]).double().softmax(0),
        what="the last row",
        cause="the scores are not divided by sqrt(d), d = 4 being the size of one head",
        read=READ,
    )


def check_dependencies(student: Any) -> None:
    """Output t reads the steps 0 to t, all of them"""
    attention, direction = _attention(student), _draw(3, 6)
    assert_causal(
        lambda x: attention(x[..., None] * direction)[0],
        _draw(4, 6, 5),
        torch.ones(5, 5).tril().bool(),
        cause="a future step enters through the softmax, or heads and steps are mixed up by a `view` "
        "without `transpose`",
        read=READ,
    )


def check_cache(student: Any) -> None:
    """A sequence in pieces of 1, 1, 2 and 1 steps with a cache gives the outputs of the whole"""
    attention, x = _attention(student), _draw(5, 2, 5, 6)
    whole, _ = attention(x)
    assert_shape(whole, (2, 5, 6), what="y", read=READ)
    cache, outputs = None, []
    for piece in x.split((1, 1, 2, 1), dim=1):
        y, cache = attention(piece, cache)
        outputs.append(y)
    assert_close(
        torch.cat(outputs, dim=1),
        whole,
        what="y, computed in pieces",
        cause="new queries stand at the last steps and new keys behind the old ones; the cache keeps all of them",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """The weights of two heads, and of the last two queries against a cache."""
    q, k = _draw(1, 1, 2, 8, 4), _draw(2, 1, 2, 8, 4)
    weights = student.causal_attention_weights(q, k)[0]
    last = student.causal_attention_weights(q[:, :, -2:], k)[0, 0]
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    panels = {"head 1": weights[0], "head 2": weights[1], "head 1, last two queries": last}
    for axis, (title, matrix) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        axis.imshow(matrix.detach(), cmap="Blues", vmin=0, vmax=1)
        axis.set(title=title, xlabel="key", ylabel="query")
    return figure
