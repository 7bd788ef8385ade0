"""Keys and values of the past do not change: what a Transformer computes again for each symbol, and what a cache saves.

Without a cache symbol t + 1 sends all t symbols before it through the network; with one only the last, which looks at
the kept keys and values of the others. T symbols then cost T positions in place of T (T + 1) / 2, and the logits are
the same. What it costs is memory: 2 × layers × width numbers for each symbol.

Both ways really run, on the library's network with random weights: multiplications are counted, logits compared. The
bug takes every new symbol for the first one: its position is counted within what is sent, and one symbol is sent.
"""

import copy
import functools
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text
from torch import Generator, Tensor

from dgm_course.demos.autoregressive.multiply_adds import MultiplyAdds
from dgm_course.demos.controls import choice, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.shapes import counted, squares
from dgm_course.models.autoregressive.transformer import Transformer
from dgm_course.plots.style import BLUE, CYAN, ORANGE

LENGTH, NUM_LEVELS = 24, 16
BEFORE = squares(torch.ones(LENGTH, LENGTH).tril(-1).bool())
DIAGONAL = squares(torch.eye(LENGTH).bool())


@dataclass(frozen=True)
class Cost:
    """Of `LENGTH` symbols written in both ways; entry t is after t of them."""

    again: Int[Tensor, " symbols"]  # multiply-adds so far, without a cache
    cached: Int[Tensor, " symbols"]  # and with one
    whole: int  # multiply-adds of one pass over all symbols, as in training
    apart: Float[
        Tensor, "symbols 2"
    ]  # the largest difference of two logits so far: as it should be, with the bug


@functools.lru_cache(32)
@torch.no_grad()
def cost(width: int, layers: int) -> Cost:
    """Write `LENGTH` symbols without a cache, with one, and with one and the bug.

    Example:
        >>> measured = cost(width=16, layers=2)
        >>> measured.apart[-1] < 1e-9
        tensor([ True, False])
    """
    model = Transformer(LENGTH, NUM_LEVELS, width, num_heads=4, num_layers=layers).double()
    generator = Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.normal_(std=0.3, generator=generator)
    buggy = copy.deepcopy(model)
    buggy.position.weight.copy_(model.position.weight[:1].expand(LENGTH, -1))

    symbols, caches, forgetful = torch.full((1, 1), model.start), None, None
    without, with_cache, whole = MultiplyAdds(), MultiplyAdds(), MultiplyAdds()
    again, cached, apart = [0], [0], [torch.zeros(2).double()]
    for _ in range(LENGTH):
        with without:
            logits = model.read(symbols)[0][:, -1]
        with with_cache:
            remembered, caches = model.read(symbols[:, -1:], caches)
        misplaced, forgetful = buggy.read(symbols[:, -1:], forgetful)
        again.append(without.total)
        cached.append(with_cache.total)
        apart.append((torch.cat([remembered, misplaced]) - logits[:, None]).abs().amax(dim=(1, 2)))
        symbols = torch.cat([symbols, logits.softmax(dim=-1).multinomial(1, generator=generator)], dim=1)
    with whole:
        model.logits(symbols[:, 1:])
    largest = torch.stack(apart).cummax(dim=0).values
    return Cost(torch.tensor(again), torch.tensor(cached), whole.total, largest)


class KVCache(Demo):
    """Left what goes through the network for each symbol, without a cache and with one; right the work so far.

    Example:
        >>> demo = KVCache(layers=4)
        >>> demo.step()
        >>> demo
        KVCache(time=9, layers=4)
    """

    title = "Writing with a Transformer: what is computed again?"
    question = "How many positions go through the network for the next symbol? How many were it in all?"
    clock = "time"

    def __init__(
        self,
        *,
        time: int = 8,
        width: int = 64,
        layers: int = 2,
        bug: bool = False,
        predict: bool = False,
    ) -> None:
        controls = {
            "time": slider("symbols", time, 1, LENGTH),
            "width": choice("width", width, (16, 64, 128)),
            "layers": choice("layers", layers, (1, 2, 4)),
            "bug": switch("Bug: positions start again at the cache", bug),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.2))
        colours = {"new": BLUE, "computed again": ORANGE, "read from the cache": CYAN}
        figure.legend(
            [Patch(color=each) for each in colours.values()], colours, loc="outside lower center", ncols=3
        )
        self.again = self._triangle(left, "without a cache", ORANGE)
        self.kept = self._triangle(middle, "with a cache", CYAN)
        left.set_ylabel("symbol")
        right.set(xlim=(0, LENGTH + 1), ylim=(0, 14), xticks=(1, 8, 16, 24), yticks=(1, 5, 10))
        right.set(xlabel="symbols", title=f"passes over {LENGTH} symbols")
        marks = {"marker": "o", "ms": 14, "lw": 5, "clip_on": False}
        self.lines = [
            self.moves(right.plot([], [], color=colour, **marks)[0], answer=True) for colour in (ORANGE, BLUE)
        ]
        self.ratio = self.moves(right.text(1, 13, "", va="top", fontsize=26), answer=True)

    def _triangle(self, axes: Axes, title: str, colour: str) -> tuple[PolyCollection, PolyCollection, Text]:
        """A row for each symbol that is written: below the diagonal the positions before it, on it the new one."""
        axes.set(xlim=(-0.1, LENGTH + 0.1), ylim=(LENGTH + 0.1, -0.1), aspect="equal", xticks=(), yticks=())
        axes.set(title=title, xlabel="position")
        axes.spines[:].set_visible(False)
        before, new = (PolyCollection([], fc=each, ec="white", lw=1.5) for each in (colour, BLUE))
        for cells in (before, new):
            axes.add_collection(self.moves(cells, answer=True))
        said = axes.text(LENGTH, 1, "", ha="right", va="top", fontsize=22)
        return before, new, self.moves(said, answer=True)

    def show(self, *, time: int, width: int, layers: int, bug: bool) -> str:
        measured = cost(width, layers)
        positions = {self.again: time * (time + 1) // 2, self.kept: time}
        for (before, new, said), count in positions.items():
            before.set_verts(BEFORE[: time * (time - 1) // 2])
            new.set_verts(DIAGONAL[:time])
            said.set_text(counted(count, "position"))
        symbols = torch.arange(1, time + 1)
        again, cached = measured.again, measured.cached
        for line, total in zip(self.lines, (again, cached), strict=True):
            line.set_data(symbols, total[1 : time + 1] / measured.whole)
            line.set_markevery([time - 1])
        ratio = (again[time] / cached[time]).item()
        apart = measured.apart[time, int(bug)].item()
        same = "the same logits" if apart < 1e-9 else f"logits off by {apart:.2f}"
        self.ratio.set_text(f"{ratio:.1f} times\n{same}")
        return (
            f"{counted(time, 'symbol costs', 'symbols cost')} {_short(again[time])} multiply-adds without a cache and "
            f"{_short(cached[time])} with one, which keeps {2 * layers * width * time:,} numbers: {same}."
        )


def _short(count: Tensor) -> str:
    """A large number in words.

    >>> _short(torch.tensor(31_052_800))
    '31.1 million'
    """
    return f"{count / 1e6:.3g} million"
