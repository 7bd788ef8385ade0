"""Is it a distribution, and do the samples come from it?"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int, Shaped
from scipy.stats import binom
from torch import Generator, Tensor

from dgm_course.testing.compare import assert_moved
from dgm_course.testing.errors import READ, PropertyError
from dgm_course.testing.modules import UNUSED, randomize
from dgm_course.testing.structure import assert_each_alone
from dgm_course.testing.values import checked

INDEPENDENT = (
    "the model takes no notice of its input: one probability for everything, or one factor for each variable"
)
ADDITIVE = "no hidden layer or no memory: each logit is a sum of one term for each variable, or looks back at one only"


def all_strings(num_symbols: int, n: int) -> Int[Tensor, "strings n"]:
    """Every string of `n` symbols 0..K-1 in counting order, (K^n, n) int64; the first column changes slowest.

    Example:
        >>> all_strings(3, 2).shape
        torch.Size([9, 2])
    """
    place_values = num_symbols ** torch.arange(n - 1, -1, -1)
    return torch.arange(num_symbols**n)[:, None] // place_values % num_symbols


def binary_strings(n: int) -> Int[Tensor, "strings n"]:
    """Every binary string of length `n`, (2^n, n) int64.

    Example:
        >>> binary_strings(2).tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return all_strings(2, n)


def assert_normalized(
    log_prob: Callable[[Tensor], Any],
    support: Shaped[Tensor, " points *event"],
    *,
    volume: float | Float[Tensor, " points"] = 1.0,
    tolerance: float = 1e-10,
    allow_zero: bool = False,
    dependent: bool = False,
    what: str = "the sum of the probabilities",
    cause: str = "an output that sees its own or a later variable (a leak), a mean over the variables "
    "where a sum belongs, or conditionals that are not normalised",
    read: str = READ,
) -> None:
    """The probabilities of all points of `support` sum to 1: by enumeration, or by quadrature.

    Args:
        log_prob: (N, *event) -> (N,) in nats; asked about some points and then about the whole support, and the
            answers must agree: any numbers sum to one when they are normalised over whatever batch comes along.
        support: (N, *event), every point of the space or the nodes of a quadrature.
        volume: the volume of a cell, or one weight for each point.
        allow_zero: whether a point may have probability zero (log prob −∞).
        dependent: whether these same answers must also be those of variables that depend on each other; `support`
            is then all strings, in any event shape.

    Example:
        >>> fair = torch.distributions.Bernoulli(torch.tensor(0.5, dtype=torch.float64))
        >>> assert_normalized(lambda x: fair.log_prob(x.double()).sum(-1), binary_strings(3))
    """
    logs = assert_each_alone(
        log_prob,
        support,
        what="log_prob(x), one number per example,",
        shape=(),
        allow_infinite=allow_zero,
        read=read,
    )
    total = float((logs.double().exp() * volume).sum())
    if not abs(total - 1) <= tolerance:
        if logs.dtype != torch.float64 and abs(total - 1) < 1e-4:
            cause = (
                f"log_prob fell to {str(logs.dtype).removeprefix('torch.')}: keep the dtype of the weights"
            )
        raise PropertyError(
            f"{what} over all {len(support)} points is 1 (to {tolerance:g})", f"{total:.12g}", cause, read
        )
    if dependent:
        assert_not_independent(logs, support.flatten(1), read=read)


def assert_not_independent(
    logs: Any,
    strings: Int[Tensor, "strings n"],
    *,
    cause: str = INDEPENDENT,
    read: str = READ,
) -> None:
    """Some variables depend on each other: log p is more than a sum of one term for each of them.

    A uniform distribution is normalised and causal too, and has learned nothing. Strings of one variable, or of one
    symbol, pass.

    Args:
        logs: (N,) log p of each string.
        strings: all of them, in the order of `all_strings`.

    Example:
        >>> assert_not_independent(-binary_strings(3).sum(1).double().square(), binary_strings(3))
    """
    value = checked(logs, what="log p", shape=(len(strings),), dtype=torch.float64, read=read)
    if not _dependent(value, strings):
        raise PropertyError("variables that depend on each other", "independent variables", cause, read)


def draw_dependent(
    module: Any,
    generator: Generator,
    strings: Int[Tensor, " strings *event"],
    *,
    log_prob: Callable[[Tensor], Any] | None = None,
    scale: float = 1.0,
    deep: bool = False,
    num_draws: int = 40,
    read: str = READ,
) -> Any:
    """`randomize` with weights under which variables depend on each other and which are seen to matter.

    Under one draw all ReLUs may be silent and a right model independent, so there are many.

    Args:
        strings: all of them, in any event shape. Where the first symbols of a string depend on each other, so do those
            of longer ones: short strings are enough.
        log_prob: what is asked about them, by default the module's own.
        deep: whether the logit of the last variable must also be more than a sum of one term for each variable
            before it. Log-linear models and Markov chains are normalised and causal too, and have no hidden layer.

    Example:
        >>> from dgm_course.models.autoregressive.made import MADE
        >>> model = draw_dependent(MADE(3, hidden=(8,)), Generator().manual_seed(0), binary_strings(3))
    """
    answers: list[Tensor] = []
    for _ in range(num_draws):
        randomize(module, generator, scale)
        logs = assert_each_alone(log_prob or module.log_prob, strings, what="log p", shape=(), read=read)
        answers.append(logs.clone())
        if len(answers) > 1 and _dependent(answers[-1], strings.flatten(1), deep):
            if len(strings) > 1:
                assert_moved(answers[-1], answers[-2], "log p when the weights change", UNUSED, read)
            return module
    if any(_dependent(logs, strings.flatten(1)) for logs in answers):
        raise PropertyError(
            "more than a sum of one term for each variable", "no more than that", ADDITIVE, read
        )
    raise PropertyError("variables that depend on each other", "independent variables", INDEPENDENT, read)


def _dependent(logs: Tensor, strings: Tensor, deep: bool = False) -> bool:
    """Whether some second difference of the table of log p is not zero; there is none for a single variable.

    Or of the log-odds of the last variable between its neighbouring values, where it should be `deep`.
    """
    n, num_symbols = strings.shape[1] - deep, int(strings.max()) + 1
    if n < 2 or num_symbols < 2:
        return True
    table = logs.double().reshape((num_symbols,) * strings.shape[1])
    if deep:
        table = table.diff(dim=-1)
    return any(table.diff(dim=i).diff(dim=j).abs().max() > 1e-6 for i in range(n) for j in range(i))


def assert_samples_follow(
    samples: Int[Tensor, " n"] | Int[Tensor, "n dims"],
    probabilities: Float[Tensor, " *table"],
    *,
    false_alarm: float = 1e-6,
    what: str = "samples",
    cause: str = "a conditional is evaluated before the symbols it depends on are drawn, "
    "or the most likely symbol is taken instead of a draw",
    read: str = READ,
) -> None:
    """The relative frequencies of the samples agree with the probabilities, category by category.

    The bound follows from `false_alarm`, the probability that a perfect sampler is rejected: each category's count is
    held against both exact binomial tails, at level false_alarm / (2 · categories) each (Bonferroni). How many
    samples there are is not asked: hold their shape to `assert_shape` first.

    Args:
        samples: (N,) categories, or (N, D) strings; integers.
        probabilities: (K,) of the categories; for strings the joint table (K_1, ..., K_D), or the same flattened
            in the order of `all_strings` when all K_d are equal.

    Example:
        >>> draws = torch.tensor([0, 1, 1, 1] * 250)
        >>> assert_samples_follow(draws, torch.tensor([0.25, 0.75]))
    """
    drawn = checked(samples, what=what, dtype=torch.int64, read=read)
    if drawn.dim() not in (1, 2) or len(drawn) == 0:
        raise PropertyError(
            f"{what} of shape (N,) or (N, D)",
            f"shape {tuple(drawn.shape)}",
            "an event dimension is lost or left over",
        )
    strings = drawn.long().reshape(len(drawn), -1)
    dims = strings.shape[1]
    table = tuple(probabilities.shape)
    if len(table) == 1 and dims > 1:
        table = (round(len(probabilities) ** (1 / dims)),) * dims
    if (strings < 0).any() or (strings >= torch.tensor(table)).any():
        raise PropertyError(
            f"{what} are symbols 0..{max(table) - 1}",
            f"symbols {int(strings.min())}..{int(strings.max())}",
            "a shifted level, or a value that was never mapped back to a symbol",
            read,
        )
    index = torch.zeros(len(strings), dtype=torch.int64)
    for symbols, size in zip(strings.unbind(1), table, strict=True):
        index = index * size + symbols
    expected = probabilities.detach().double().flatten().numpy()
    counts = torch.bincount(index, minlength=len(expected)).numpy()
    tail = binom.cdf(counts, len(strings), expected).clip(max=binom.sf(counts - 1, len(strings), expected))
    level = false_alarm / (2 * len(expected))
    if not tail.min() >= level:
        worst = int(tail.argmin())
        low, high = (binom.ppf(q, len(strings), expected[worst]) for q in (level, 1 - level))
        name = tuple(int(s) for s in torch.unravel_index(torch.tensor(worst), table)) if dims > 1 else worst
        raise PropertyError(
            f"{low:.0f} to {high:.0f} of {len(strings)} {what} equal {name} (probability {expected[worst]:.4g}; "
            f"a right sampler leaves this range once in {1 / false_alarm:.0e} tests)",
            f"{counts[worst]}, with {int((tail < level).sum())} of {len(expected)} categories out of their range",
            cause,
            read,
        )
