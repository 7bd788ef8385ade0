"""Visible checks of task 3: exactly the d symbols before, a start symbol of its own, and a sum of one."""

from typing import Any

import torch
from matplotlib.figure import Figure

from dgm_course.testing import (
    all_strings,
    assert_bound,
    assert_causal,
    assert_close,
    assert_normalized,
    dependencies,
    randomize,
)

READ = "task 3 of the notebook, and lecture 2, section 'Markov models'"


def _model(student: Any, num_symbols: int, context: int) -> Any:
    """A random model, so that nothing is right by the luck of its initialisation."""
    return randomize(student.MarkovMLP(num_symbols, context, 4, 16), torch.Generator().manual_seed(context))


def _strings() -> torch.Tensor:
    return torch.randint(3, (8, 7), generator=torch.Generator().manual_seed(3))


def _allowed(length: int, context: int) -> torch.Tensor:
    """[t, j] is true where position t may look at position j: the `context` places before t."""
    distance = torch.arange(length)[:, None] - torch.arange(length)
    return (distance >= 1) & (distance <= context)


def check_window(student: Any) -> None:
    """The logits of position t depend on exactly the d symbols before t"""
    for context in (1, 3):
        assert_causal(
            _model(student, 3, context),
            _strings(),
            _allowed(7, context),
            alternatives=3,
            cause="a window that is off by one: logits[:, t] look at x[:, t−d] … x[:, t−1]",
            read=READ,
        )


def check_normalized(student: Any) -> None:
    """The probabilities of all 64 strings of six bits sum to 1"""
    assert_normalized(
        _model(student, 2, 3).log_prob,
        all_strings(2, 6),
        cause="a window that contains x_t, a mean over the positions, or a first symbol that is never scored",
        read=READ,
    )


def check_start_symbol(student: Any) -> None:
    """The start symbol is none of the data's symbols"""
    model = _model(student, 3, 2)
    for symbol in range(3):
        logits = model(torch.full((1, 5), symbol))
        assert_bound(
            (logits[0, 2] - logits[0, 0]).abs().max(),
            lower=1e-6,
            what=f"change of the logits from the empty window to the window {symbol}, {symbol}",
            cause=f"the places before the string are filled with symbol {symbol} instead of K, the start symbol",
            read="task 3 of the notebook, 'start symbol', and lecture 2, section 'Markov models'",
        )


def check_log_prob(student: Any) -> None:
    """The log-probability sums the log-softmax of all positions at the symbols that occurred"""
    model, x = _model(student, 3, 2), _strings()
    log_probs = torch.log_softmax(model(x), dim=-1)
    assert_close(
        model.log_prob(x),
        torch.stack([log_probs[:, t].gather(1, x[:, t : t + 1])[:, 0] for t in range(7)]).sum(0),
        what="log p(x), from the logits of forward",
        cause="a mean over the positions, or logits and symbols shifted against each other a second time",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """Which position looks at which: yours beside the allowed ones, for a window of 3."""
    figure = Figure(figsize=(5.5, 2.8), layout="constrained")
    panels = {"yours": dependencies(_model(student, 3, 3), _strings(), 3), "allowed, d = 3": _allowed(7, 3)}
    for axes, (title, matrix) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        axes.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
        axes.set(title=title, xlabel="looks at position", ylabel="logits of position")
    return figure
