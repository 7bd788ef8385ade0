"""The chain rule at work: a text grows by one symbol at a time, each drawn given those before it.

    p(x) = Π_t p(x_t | x_{t−d}, …, x_{t−1}),     p_T(k) ∝ p(k)^{1/T}

The conditional of a context is a histogram: what came after the last d characters in Python's help texts, counted. As
the temperature T falls to zero the likeliest symbol is always taken; as it grows, all that ever followed is equally
likely. The noise of step t stays the same whatever else is moved, so that two settings differ by what they say, not by
luck.
"""

import functools

import torch
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.data.text import Text, text
from dgm_course.demos.controls import fine_slider, seed_box, slider
from dgm_course.demos.demo import Demo
from dgm_course.demos.shapes import counted
from dgm_course.plots.style import BLUE, ORANGE

BEGIN, STEPS, BARS = "The ", 40, 10


@functools.cache
def corpus() -> tuple[Int[Tensor, " length"], list[Int[Tensor, " places"]]]:
    """The training text, and for each symbol the places that come after it."""
    symbols = text().train.flatten()
    return symbols, [(symbols[:-1] == symbol).nonzero()[:, 0] + 1 for symbol in range(len(Text.alphabet))]


@functools.lru_cache(4096)
def counts(context: str) -> Int[Tensor, " symbols"]:
    """How often each symbol of the alphabet came after `context`.

    Example:
        >>> Text.alphabet[counts("q").argmax()]
        'u'
    """
    symbols, after = corpus()
    *others, last = Text.encode(context).tolist()
    places = after[last]
    places = places[places > len(others)]
    for back, symbol in enumerate(reversed(others), start=2):
        places = places[symbols[places - back] == symbol]
    return symbols[places].bincount(minlength=len(Text.alphabet))


def at_temperature(table: Int[Tensor, " symbols"], temperature: float) -> Float[Tensor, " symbols"]:
    """The distribution p(k)^{1/T} / Z of a table of counts; what was never seen stays impossible.

    Example:
        >>> at_temperature(torch.tensor([3, 1, 0]), temperature=0.5)
        tensor([0.9000, 0.1000, 0.0000], dtype=torch.float64)
    """
    return (table.double().log() / temperature).softmax(dim=0)


def grow(steps: int, context: int, temperature: float, seed: int) -> list[tuple[str, float]]:
    """The symbols drawn one after another, each with its probability.

    Example:
        >>> len(grow(12, context=6, temperature=0.1, seed=0))
        12
    """
    u = torch.rand(
        STEPS + 1, len(Text.alphabet), generator=Generator().manual_seed(seed), dtype=torch.float64
    )
    gumbel = -(-u.log()).log()
    written, drawn = BEGIN, []
    for noise in gumbel[:steps]:
        p = at_temperature(counts(written[-context:]), temperature)
        symbol = int((p.log() + noise).argmax())
        written += Text.alphabet[symbol]
        drawn.append((Text.alphabet[symbol], p[symbol].item()))
    return drawn


class NextSymbol(Demo):
    """Above the text so far; below the likeliest next symbols, and in orange the one that is drawn.

    Example:
        >>> demo = NextSymbol(time=2)
        >>> demo.step()
        >>> demo
        NextSymbol(time=3)
    """

    title = "The chain rule: one symbol at a time"
    question = "Which symbol comes next? How sure is the model?"
    clock = "time"

    def __init__(
        self,
        *,
        time: int = 0,
        context: int = 3,
        temperature: float = 1.0,
        seed: int = 0,
        predict: bool = False,
    ) -> None:
        controls = {
            "time": slider("symbols drawn", time, 0, STEPS),
            "context": slider("context d", context, 1, 8),
            "temperature": fine_slider("temperature", temperature, 0.1, 3.0, 0.1),
            "seed": seed_box(seed),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        top, axes = figure.subplots(2, 1, height_ratios=(1, 3.2))
        top.set_axis_off()
        mono = {"family": "monospace", "fontsize": 26, "va": "center", "ha": "left"}
        self.past = self.moves(top.text(0.0, 0.5, "", color="#555555", **mono))
        self.read = self.moves(top.text(0.0, 0.5, "", color=BLUE, fontweight="bold", **mono))
        axes.set(xlim=(-0.6, BARS - 0.4), ylim=(0, 1.12), xticks=[], ylabel="probability", yticks=(0, 0.5, 1))
        axes.set_xlabel("next symbol, the likeliest first", labelpad=50)
        self.bars = [self.moves(bar, answer=True) for bar in axes.bar(range(BARS), 0, 0.8)]
        word = {"ha": "center", "family": "monospace", "fontsize": 26}
        self.names = [
            self.moves(axes.text(i, -0.12, "", va="center", **word), answer=True) for i in range(BARS)
        ]
        self.values = [
            self.moves(axes.text(i, 0, "", ha="center", va="bottom"), answer=True) for i in range(BARS)
        ]

    def show(self, *, time: int, context: int, temperature: float, seed: int) -> str:
        drawn = grow(time + 1, context, temperature, seed)
        written, (chosen, chance) = BEGIN + "".join(symbol for symbol, _ in drawn[:-1]), drawn[-1]
        read = written[-context:]
        self.past.set_text(_visible(written[: -len(read)]))
        self.read.set_text(" " * (len(written) - len(read)) + _visible(read))
        p, order = at_temperature(counts(read), temperature).sort(descending=True, stable=True)
        for i in range(BARS):
            symbol = Text.alphabet[order[i]]
            self.bars[i].set_height(p[i].item())
            self.bars[i].set_facecolor(ORANGE if symbol == chosen else BLUE)
            self.names[i].set_text(_visible(symbol) if p[i] > 0 else "")
            self.values[i].set(text=f"{p[i]:.2f}" if p[i] > 0 else "", y=p[i].item() + 0.01)
        bits = -sum(torch.tensor([each for _, each in drawn[:-1]]).log2().tolist())
        return (
            f"p(“{_visible(chosen)}” | “{_visible(read)}”) = {chance:.3f}. "
            f"The {counted(len(drawn) - 1, 'symbol')} so far cost −Σ log₂ p = {bits:.1f} bits."
        )


def _visible(symbols: str) -> str:
    return symbols.replace("\n", "⏎").replace(" ", "␣")
