"""Visible checks of task 4: two ways of running one network agree, padding and earlier calls change nothing."""

from typing import Any

import torch

from dgm_course.testing import (
    all_strings,
    assert_close,
    assert_normalized,
    assert_samples_follow,
    assert_shape,
    randomize,
)

READ = "task 4 of the notebook, and lecture 2, section 'Recurrent models'"


def _model(student: Any, num_symbols: int) -> Any:
    """A random model, so that nothing is right by the luck of its initialisation."""
    return randomize(student.CharRNN(num_symbols, 4, 8), torch.Generator().manual_seed(num_symbols))


def _strings() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randint(4, (5, 6), generator=torch.Generator().manual_seed(4))
    return x, torch.tensor([6, 1, 3, 5, 2])


def check_stepwise(student: Any) -> None:
    """Stepping through a string gives the same log-probability as the whole batch at once"""
    model, (x, _) = _model(student, 4), _strings()
    symbol, state = torch.full((5,), 4), model.initial_state(5)
    total = torch.zeros(5, dtype=torch.float64)
    for target in x.T:
        logits, state = model.step(symbol, state)
        total += torch.log_softmax(logits, dim=-1).gather(1, target[:, None])[:, 0]
        symbol = target
    assert_close(
        model.log_prob(x, torch.full((5,), 6)),
        total,
        tolerance=1e-10,
        what="log p(x), from stepping through x after the start symbol K",
        cause="inputs that are not shifted (the start symbol K comes first), or a state that is not carried along",
        read=READ,
    )


def check_normalized(student: Any) -> None:
    """The probabilities of all 81 strings of four symbols out of three sum to 1"""
    model = _model(student, 3)
    assert_normalized(
        lambda x: model.log_prob(x, torch.full((len(x),), 4)),
        all_strings(3, 4),
        cause="unshifted inputs (the network reads what it should predict), a mean, or a symbol left out",
        read=READ,
    )


def check_padding(student: Any) -> None:
    """What stands behind the end of a string changes nothing"""
    model, (x, lengths) = _model(student, 4), _strings()
    alone = [model.log_prob(x[b : b + 1, :n], lengths[b : b + 1])[0] for b, n in enumerate(lengths.tolist())]
    assert_close(
        model.log_prob(x, lengths),
        torch.stack(alone),
        tolerance=1e-10,
        what="log p of strings of lengths 6, 1, 3, 5, 2 in one array, from each string alone",
        cause="log-probabilities of the padding in the sum, or a length that is off by one",
        read="task 4 of the notebook, 'Batched', and lecture 2, section 'Recurrent models'",
    )


def check_memory(student: Any) -> None:
    """Asking twice gives the same answer: no state is left over from the last call"""
    model, (x, lengths) = _model(student, 4), _strings()
    assert_close(
        model.log_prob(x, lengths),
        model.log_prob(x, lengths),
        tolerance=1e-12,
        what="log p(x) when asked again",
        cause="the state is kept in the module between calls; begin each call from the initial state",
        read="task 4 of the notebook, 'What breaks if', and lecture 2, section 'Recurrent models'",
    )


def check_samples(student: Any) -> None:
    """Samples come from the distribution that log_prob describes"""
    model = _model(student, 3)
    samples = model.sample(4000, 3, torch.Generator().manual_seed(0))
    assert_shape(samples, (4000, 3), what="samples", read="the docstring of sample in task 4")
    assert_samples_follow(
        samples,
        model.log_prob(all_strings(3, 3), torch.full((27,), 3)).exp(),
        cause="the drawn symbol is not the next input, the state is not carried along, or argmax in place of a draw",
        read="task 4 of the notebook, 'Stepwise', and lecture 2, section 'Sampling'",
    )
