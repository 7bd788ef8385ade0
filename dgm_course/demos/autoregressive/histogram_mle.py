"""Counting is maximum likelihood: what N examples tell about a distribution over K levels.

    θ̂_k = (n_k + α) / (N + α K),     E_x[−log θ̂_x] = H(p) + KL(p ‖ θ̂)

With few examples the histogram fits them better than the truth does, and pays for it on new ones: a level that was
never seen costs infinitely many nats, unless α > 0 examples of every level are made up beforehand. A larger sample
contains the smaller ones.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.demos.controls import choice, seed_box, slider
from dgm_course.demos.demo import Demo
from dgm_course.demos.shapes import counted
from dgm_course.models.autoregressive.histogram import Histogram
from dgm_course.plots.style import BLUE, ORANGE

Estimate = Callable[[Int[Tensor, " examples"], int, float], Float[Tensor, " levels"]]
SIZES = (10, 20, 50, 100, 200, 500, 1000, 5000)
MOST_LEVELS = 24


def truth(levels: int) -> Float[Tensor, " levels"]:
    """A distribution with a tall hump, a wide one, and little between and beside them.

    Example:
        >>> truth(10).sum()
        tensor(1., dtype=torch.float64)
    """
    x = (torch.arange(levels, dtype=torch.float64) + 0.5) / levels
    return torch.logaddexp(-((x - 0.3) ** 2) / 0.006, -((x - 0.7) ** 2) / 0.03 - 0.7).softmax(dim=0)


def examples(size: int, levels: int, seed: int) -> Int[Tensor, " examples"]:
    """The first `size` draws from the truth.

    Example:
        >>> bool((examples(5, levels=10, seed=0) == examples(50, levels=10, seed=0)[:5]).all())
        True
    """
    return truth(levels).multinomial(SIZES[-1], replacement=True, generator=Generator().manual_seed(seed))[
        :size
    ]


def estimate(x: Int[Tensor, " examples"], levels: int, smoothing: float) -> Float[Tensor, " levels"]:
    """log θ̂ of every level.

    Example:
        >>> estimate(torch.tensor([0, 0, 1]), levels=3, smoothing=1.0).exp()
        tensor([0.5000, 0.3333, 0.1667], dtype=torch.float64)
    """
    return Histogram(levels).double().count(x, smoothing).log_prob(torch.arange(levels)).detach()


def cross_entropy(p: Float[Tensor, " levels"], q: Float[Tensor, " levels"]) -> float:
    """E_{x∼p}[−log q(x)] in nats: the expected loss of q on new examples.

    Example:
        >>> cross_entropy(torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.25, 0.75, 0.0]))
        0.8369...
    """
    return -torch.special.xlogy(p, q).sum().item()


class HistogramMLE(Demo):
    """Orange the truth, blue what was counted; the line below says what it costs on old and on new examples.

    `estimate` may be a function of your own, such as the homework's `fit_histogram`.

    Example:
        >>> HistogramMLE(size=100, smoothing=1.0)
        HistogramMLE(size=100, smoothing=1.0)
    """

    title = "The histogram: counting is maximum likelihood"
    question = "How far is what was counted from the truth? What will new examples cost?"

    def __init__(
        self,
        *,
        levels: int = 20,
        size: int = 20,
        smoothing: float = 0.0,
        seed: int = 0,
        estimate: Estimate = estimate,
        predict: bool = False,
    ) -> None:
        self.estimate = estimate
        controls = {
            "levels": slider("levels K", levels, 2, MOST_LEVELS),
            "seed": seed_box(seed),
            "size": choice("examples N", size, SIZES),
            "smoothing": choice("smoothing α", smoothing, (0.0, 0.1, 1.0, 10.0)),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        axes = figure.subplots()
        axes.set(
            xlim=(0, 1),
            ylim=(0, 8),
            xticks=(),
            yticks=(0, 2, 4, 6, 8),
            xlabel="level",
            ylabel="K · probability",
        )
        empty = [0.0] * MOST_LEVELS
        self.bars = [self.moves(bar, answer=True) for bar in axes.bar(empty, empty, align="edge", color=BLUE)]
        self.truth = self.moves(
            axes.stairs([0.0], [0.0, 1.0], color=ORANGE, lw=5, baseline=None, label="truth")
        )
        axes.legend([self.truth, self.bars[0]], ["truth", "counted"], loc="upper right")

    def show(self, *, levels: int, size: int, smoothing: float, seed: int) -> str:
        p, x = truth(levels), examples(size, levels, seed)
        q = self.estimate(x, levels, smoothing).exp()
        for k, bar in enumerate(self.bars):
            height = levels * q[k].item() if k < levels else 0.0
            bar.set_bounds(k / levels, 0.0, 0.94 / levels, height)
        self.truth.set_data((levels * p).numpy(), torch.linspace(0, 1, levels + 1).numpy())
        seen = cross_entropy(x.bincount(minlength=levels) / size, q)
        new, entropy = cross_entropy(p, q), cross_entropy(p, p)
        never, total = int((q == 0).sum()), q.sum().item()
        why = (
            f": {counted(never, 'level was', 'levels were')} never seen"
            if never
            else f", of which {new - entropy:.3f} for not knowing p"
        )
        wrong = "" if abs(total - 1) < 1e-5 else f" Σ θ̂ = {total:.3f}: not a distribution."
        return f"Examples cost {seen:.3f} nats each, new ones {new:.3f}{why}. The truth costs {entropy:.3f}.{wrong}"
