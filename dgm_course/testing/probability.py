"""Is it a distribution, and do the samples come from it?"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int, Shaped
from scipy.stats import binom
from torch import Tensor

from dgm_course.testing.errors import READ, PropertyError
from dgm_course.testing.values import checked


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
    what: str = "the sum of the probabilities",
    cause: str = "an output that sees its own or a later variable (a leak), a mean over the variables "
    "where a sum belongs, or conditionals that are not normalised",
    read: str = READ,
) -> None:
    """The probabilities of all points of `support` sum to 1: by enumeration, or by quadrature.

    Args:
        log_prob: (N, *event) -> (N,) in nats; called once with the whole support.
        support: (N, *event), every point of the space or the nodes of a quadrature.
        volume: the volume of a cell, or one weight for each point.
        allow_zero: whether a point may have probability zero (log prob −∞).

    Example:
        >>> fair = torch.distributions.Bernoulli(torch.tensor(0.5, dtype=torch.float64))
        >>> assert_normalized(lambda x: fair.log_prob(x.double()).sum(-1), binary_strings(3))
    """
    value = log_prob(support)
    logs = checked(
        value,
        what="log_prob(x), one number per example,",
        shape=(len(support),),
        dtype=torch.float64,
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


def assert_not_independent(
    log_prob: Callable[[Tensor], Any],
    strings: Int[Tensor, "strings n"],
    *,
    draws: int = 1,
    cause: str = "the model takes no notice of its input: the same probabilities for everything, or one factor for "
    "each variable",
    read: str = READ,
) -> None:
    """Some variables depend on each other: log p is more than a sum of one term for each of them.

    A uniform distribution is normalised and causal too, and has learned nothing. Strings of one variable, or of one
    symbol, pass.

    Args:
        log_prob: (N, n) -> (N,) in nats.
        strings: all of them, in the order of `all_strings`.
        draws: how often log_prob is asked until one answer shows a dependence, where it draws new weights each time.

    Example:
        >>> assert_not_independent(lambda x: -x.sum(1).double().square(), binary_strings(3))
    """
    n = strings.shape[1]
    num_symbols = int(strings.max()) + 1
    for _ in range(draws):
        value = log_prob(strings)
        logs = checked(value, what="log p", shape=(len(strings),), dtype=torch.float64, read=read)
        if n < 2 or num_symbols < 2:
            return
        table = logs.double().reshape((num_symbols,) * n)
        if max(table.diff(dim=i).diff(dim=j).abs().max() for i in range(n) for j in range(i)) > 1e-6:
            return
    raise PropertyError("variables that depend on each other", "independent variables", cause, read)


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
