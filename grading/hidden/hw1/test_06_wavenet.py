"""Task 6: causal convolutions have exactly the stated taps, and a WaveNet reads exactly its receptive field."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from dgm_course.testing import (
    all_strings,
    assert_causal,
    assert_close,
    assert_each_alone,
    assert_moved,
    assert_normalized,
    assert_not_independent,
    assert_shape,
    draw_dependent,
    draw_responsive,
    outputs_over_weights,
)

READ = "task 6 of the notebook, and lecture 2, section 'Causal convolutions'"


def draw(rng, *shape):
    """Inputs (batch, channels, time) that are not contiguous in memory."""
    return torch.randn(shape[0], shape[2], shape[1], generator=rng, dtype=torch.float64).transpose(1, 2)


def assert_has_hidden_layers(student, rng):
    """A sum of one term for each symbol in reach has the right receptive field, too."""
    draw_dependent(student.WaveNet(3, 6, 2, (1, 2)), rng, all_strings(3, 4), scale=0.5, deep=True, read=READ)


def draw_model(student, rng, num_levels, *arguments):
    """Random weights under which three symbols depend on each other, hence those of all longer sequences."""
    assert_has_hidden_layers(student, rng)
    model = student.WaveNet(num_levels, *arguments)
    return draw_dependent(model, rng, all_strings(num_levels, 3), scale=0.5, read=READ)


def lag(length):
    """[t, s]: how many steps s lies before t."""
    return torch.arange(length)[:, None] - torch.arange(length)


def reads(length, lags):
    return torch.isin(lag(length), torch.tensor(sorted(lags)))


@pytest.mark.points(2)
def test_convolution_has_exactly_its_taps(student, rng):
    """CausalConv1d: output t reads the times t, t-d, ..., t-(k-1)d and no others"""
    for kernel_size, dilation, length in ((1, 3, 5), (2, 1, 9), (3, 2, 11), (2, 5, 12), (4, 3, 6), (3, 1, 1)):
        x = draw(rng, 5, 1, length)
        conv = draw_responsive(student.CausalConv1d(1, 2, kernel_size, dilation), rng, x, read=READ)
        assert_shape(
            conv(x), (5, 2, length), what=f"output for {kernel_size} taps, dilation {dilation}", read=READ
        )
        assert_causal(
            lambda x, conv=conv: conv(x[:, None]).transpose(1, 2),
            x[:, 0],
            reads(length, {tap * dilation for tap in range(kernel_size)}),
            cause="the future: zeros are added on both sides or the wrong end is cut off; other taps: the "
            "dilation is not passed on",
            read=READ,
        )


@pytest.mark.points(1)
def test_before_the_start_there_are_zeros(student, rng):
    """CausalConv1d: zeros put before a sequence, and what comes after it, leave its outputs as they were"""
    for channels, kernel_size, dilation in ((3, 2, 4), (1, 3, 1)):
        x = draw(rng, 2, channels, 7)
        conv = draw_responsive(student.CausalConv1d(channels, 4, kernel_size, dilation), rng, x, read=READ)
        first_only = F.one_hot(torch.tensor(0), 7).expand_as(x)
        assert_moved(
            conv(x + first_only)[..., 1:],
            conv(x)[..., 1:],
            "the outputs after the only input that changes",
            "no tap reaches back in time",
            READ,
        )
        extended = torch.cat([torch.zeros(2, channels, 6).double(), x, draw(rng, 2, channels, 3)], dim=2)
        assert_close(
            conv(extended)[..., 6:13],
            conv(x),
            what="the outputs of a sequence",
            cause="the edge is repeated or wrapped around; x_s = 0 for s < 0",
            read=READ,
        )


@pytest.mark.points(1)
def test_gated_block_formula(student, rng):
    """GatedBlock: z = tanh(filter) · sigmoid(gate); x + W z + b; V z + c"""
    for channels, kernel_size, dilation in ((3, 2, 2), (1, 3, 1)):
        constant = float(0.2 + 0.3 * torch.rand((), generator=rng, dtype=torch.float64))
        block = student.GatedBlock(channels, kernel_size, dilation)
        block.double()
        names = dict(block.named_parameters())
        block.load_state_dict(
            {name: torch.full_like(names[name], constant).double() for name in names}, strict=False
        )

        x = draw(rng, 2, channels, 8)
        padded = F.pad(x.sum(1), ((kernel_size - 1) * dilation, 0))
        taps = sum(padded[:, tap * dilation : tap * dilation + 8] for tap in range(kernel_size))
        z = torch.tanh(constant * (taps + 1)) * torch.sigmoid(constant * (taps + 1))
        mixed = (constant * (channels * z + 1))[:, None].expand_as(x)
        output, skip = block(x)
        what = "with all weights and biases equal, the"
        cause = "tanh times sigmoid; x is added once, to the residual only; all four convolutions have a bias"
        assert_close(output, x + mixed, what=f"{what} output", cause=cause, read=READ)
        assert_close(skip, mixed, what=f"{what} skip", cause=cause, read=READ)


@pytest.mark.points(2)
def test_receptive_field_is_exact(student, rng):
    """WaveNet: logits t read x[t-1-n] for every sum n of tap offsets, and nothing else"""
    assert_has_hidden_layers(student, rng)
    for kernel_size, dilations, length in (
        (2, (1, 2, 4), 11),
        (3, (1, 3), 12),
        (2, (2, 4), 10),
        (2, (1, 1), 6),
    ):
        offsets = [[tap * dilation for tap in range(kernel_size)] for dilation in dilations]
        model = student.WaveNet(3, 6, kernel_size, dilations)
        assert_causal(
            lambda x, model=model: outputs_over_weights(model, rng, x, num_draws=3, scale=0.5),
            torch.randint(3, (16, length), generator=rng),
            reads(length, {1 + sum(taps) for taps in itertools.product(*offsets)}),
            alternatives=3,
            cause="own symbol: the input is not shifted; the symbol before is missing: it is shifted more than once; "
            "otherwise: a dilation is not the stated one",
            read=READ,
        )


@pytest.mark.points(1)
def test_probabilities_sum_to_one(student, rng):
    """WaveNet: the probabilities of all sequences of a length sum to 1"""
    for num_levels, length, dilations in ((3, 5, (1, 2)), (2, 7, (1, 2, 4)), (4, 1, (1,))):
        assert_normalized(
            draw_model(student, rng, num_levels, 5, 2, dilations).log_prob,
            all_strings(num_levels, length),
            dependent=True,
            cause="a logit sees its own symbol, or log_prob leaves out the first symbol or averages over time",
            read=READ,
        )


@pytest.mark.points(1)
def test_log_prob_is_the_likelihood_of_the_logits(student, rng):
    """WaveNet: logits[:, t] are the logits of x[:, t], and the same for any continuation"""
    x = all_strings(3, 4).T.contiguous().T
    model = draw_model(student, rng, 3, 4, 3, (1, 2))
    logits = assert_each_alone(
        model, x, what="the logits, time in the middle and levels last,", shape=(4, 3), read=READ
    )
    expected = (logits * F.one_hot(x, 3)).sum((1, 2)) - logits.logsumexp(-1).sum(1)
    assert_not_independent(expected, x, read=READ)
    assert_close(
        model.log_prob(x),
        expected,
        what="log_prob",
        cause="the logits are lined up with other symbols than those they predict",
        read=READ,
    )
    for length in (1, 3):
        assert_close(
            model(x[:, :length]),
            logits[:, :length],
            what=f"the first {length} logits of a sequence cut off there",
            cause="the logits depend on what follows or on the length of the sequence",
            read=READ,
        )
