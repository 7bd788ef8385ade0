"""Task 6, visible checks: the taps of a causal convolution, the gate, and what the logits of a WaveNet read."""

from typing import Any

import torch
from matplotlib.figure import Figure

from dgm_course.testing import (
    all_strings,
    assert_causal,
    assert_close,
    assert_normalized,
    assert_shape,
    dependencies,
    randomize,
)

READ = "task 6 of the notebook, and lecture 2, section 'Causal convolutions'"
LAG = torch.arange(14)[:, None] - torch.arange(14)  # [t, s]: how many steps s lies before t
SEQUENCES = torch.randint(3, (24, 14), generator=torch.Generator().manual_seed(1))


def _wavenet(student: Any, dilations: tuple[int, ...]) -> Any:
    return randomize(student.WaveNet(3, 5, 2, dilations), torch.Generator().manual_seed(6), scale=0.5)


def check_taps(student: Any) -> None:
    """A causal convolution with 3 taps and dilation 2 reads the times t, t-2 and t-4"""
    generator = torch.Generator().manual_seed(2)
    conv = randomize(student.CausalConv1d(1, 3, 3, 2), generator)
    x = torch.randn(4, 14, generator=generator, dtype=torch.float64)
    assert_shape(conv(x[:, None]), (4, 3, 14), what="CausalConv1d(1, 3, 3, 2)(x)", read=READ)
    assert_causal(
        lambda x: conv(x[:, None]).transpose(1, 2),
        x,
        (LAG == 0) | (LAG == 2) | (LAG == 4),
        cause="reads the future: zeros are added on both sides, only the left needs (k-1)*d of them; "
        "other taps: the dilation is not passed on, or something else than zeros stands before the start",
        read=READ,
    )


def check_gate(student: Any) -> None:
    """A gated block is x + W z + b and V z + c with z = tanh · sigmoid"""
    block = student.GatedBlock(2, 2, 3).double()
    block.load_state_dict(
        {name: torch.full_like(value, 0.4) for name, value in dict(block.named_parameters()).items()},
        strict=False,
    )
    x = torch.linspace(-1.0, 1.5, 20, dtype=torch.float64).reshape(1, 2, 10).sin()
    taps = x.sum(1, keepdim=True)
    taps = taps + torch.nn.functional.pad(taps, (3, 0))[..., :-3]
    z = torch.tanh(0.4 * taps + 0.4) * torch.sigmoid(0.4 * taps + 0.4)
    mixed = (0.4 * 2 * z + 0.4).expand(1, 2, 10)
    output, skip = block(x)
    what = "with every weight and bias 0.4, the"
    cause = "tanh times sigmoid; x is added once, to the residual only; all four convolutions have a bias"
    assert_close(output, x + mixed, what=f"{what} output", cause=cause, read=READ)
    assert_close(skip, mixed, what=f"{what} skip", cause=cause, read=READ)


def check_receptive_field(student: Any) -> None:
    """Logits t read exactly the last 1 + Σ(k-1)d symbols before t"""
    for dilations in ((1,), (1, 2, 4)):
        reach = 1 + sum(dilations)
        model = _wavenet(student, dilations)
        assert_shape(model(SEQUENCES), (24, 14, 3), what="logits", read=READ)
        assert_causal(
            model,
            SEQUENCES,
            torch.isin(LAG, torch.arange(1, reach + 1)),
            alternatives=3,
            cause="own symbol: the input is not shifted by one step; the symbol before is missing: it is "
            "shifted more than once; too short a reach: dilations are not used",
            read=READ,
        )


def check_normalized(student: Any) -> None:
    """The probabilities of all 243 strings of five symbols sum to 1"""
    assert_normalized(
        _wavenet(student, (1, 2)).log_prob,
        all_strings(3, 5),
        cause="a logit sees its own symbol, or log_prob leaves out the first one",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """The symbols that the logits read, beside those they should."""
    got = dependencies(_wavenet(student, (1, 2, 4)), SEQUENCES, 3)
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    matrices = {"yours": got, "allowed": torch.isin(LAG, torch.arange(1, 9))}
    for axis, (title, matrix) in zip(figure.subplots(1, 2), matrices.items(), strict=True):
        axis.imshow(matrix, cmap="Blues", vmin=0, vmax=1)
        axis.set(title=title, xlabel="symbol", ylabel="logits at time")
    figure.suptitle("what depends on what: 2 taps, dilations 1, 2, 4")
    return figure
