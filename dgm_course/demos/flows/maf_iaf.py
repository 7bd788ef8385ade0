"""MAF and IAF are one layer in two directions: which of them can be walked at once, and which only step by step?

    v_i = (w_i − μ_i(w_<i)) exp(−α_i(w_<i))         from w to v: one pass of the network
    w_i = μ_i(w_<i) + v_i exp(α_i(w_<i))            from v to w: w_i has to be there before μ_{i+1} can be asked for

In a MAF w is data and v is noise, in an IAF the reverse: one has cheap densities, the other cheap draws. By definition
the way back takes D passes. A unit that reads the first m entries need not be computed again, and the library, which
remembers it, spends the arithmetic of about one pass. The classic bug goes back in one pass all the same: it asks about
v in place of w, and what comes out belongs to another v.
"""

import functools
from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Generator, Tensor
from torch.utils.flop_counter import FlopCounterMode

from dgm_course.demos.controls import choice, seed_box, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.shapes import counted
from dgm_course.models.flows.base import Layer, Reversed
from dgm_course.models.flows.maf import AutoregressiveAffine
from dgm_course.plots.style import BLUE, CYAN, GREY, ORANGE, RED
from dgm_course.testing import randomize

Kind = Literal["MAF", "IAF"]
Way = Literal["draw", "density"]
Network = Callable[[Float[Tensor, "batch dims"]], tuple[Tensor, Tensor]]  # μ and α
WAYS: tuple[tuple[Kind, Way], ...] = (
    ("MAF", "density"),
    ("IAF", "draw"),
    ("MAF", "draw"),
    ("IAF", "density"),
)
MOST_DIMS = 10


@functools.lru_cache(64)
def autoregressive(dims: int, seed: int) -> AutoregressiveAffine:
    """A layer with random weights.

    Example:
        >>> autoregressive(4, seed=0).inverse(torch.zeros(1, 4).double())[0].shape
        torch.Size([1, 4])
    """
    return randomize(
        AutoregressiveAffine(range(dims), hidden=(32,)), Generator().manual_seed(seed), scale=0.4
    )


def at_once(
    layer: AutoregressiveAffine, v: Float[Tensor, "batch dims"]
) -> tuple[Float[Tensor, "batch dims"], Float[Tensor, " batch"]]:
    """The classic bug: from v to w, with μ and α asked about v."""
    mu, alpha = layer.conditioner(v)
    return mu + v * alpha.exp(), alpha.sum(dim=1)


def passes(layer: AutoregressiveAffine, act: Callable[[], object]) -> int:
    """How often `act` runs the network of a layer, while gradients are kept: without them hidden units are remembered.

    Example:
        >>> layer, v = autoregressive(4, seed=0), torch.zeros(1, 4).double()
        >>> passes(layer, lambda: layer.inverse(v)), passes(layer, lambda: layer(v))
        (1, 4)
    """
    network, asked = layer.conditioner, []

    def noted(x: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
        asked.append(x)
        return network(x)

    layer.conditioner = noted  # type: ignore[method-assign]
    try:
        act()
    finally:
        del layer.conditioner
    return len(asked)


@functools.lru_cache(64)
@torch.no_grad()
def arithmetic(dims: int) -> float:
    """What the library's own way back computes, in passes of the network.

    Example:
        >>> arithmetic(8) < 1.1
        True
    """
    layer, v = autoregressive(dims, seed=0), torch.zeros(1, dims, dtype=torch.float64)
    with FlopCounterMode(display=False) as one_pass:
        layer.inverse(v)
    with FlopCounterMode(display=False) as remembering:
        layer(v)
    return remembering.get_total_flops() / one_pass.get_total_flops()


class MafIaf(Demo):
    """Left what is known after some passes, and what the last of them read; right the passes that each way takes.

    `maf` and `iaf` may be layers of your own, such as the homework's: a network in, `forward` and `inverse` out.

    Example:
        >>> demo = MafIaf(kind="IAF", way="density")
        >>> demo.step()
        >>> demo
        MafIaf(time=4, kind='IAF', way='density')
    """

    title = "MAF and IAF: one layer, two directions"
    question = "How many passes of the network does this take? What does the next one have to read?"
    clock = "time"

    def __init__(
        self,
        *,
        time: int = 3,
        dims: int = 8,
        kind: Kind = "MAF",
        way: Way = "draw",
        seed: int = 0,
        bug: bool = False,
        maf: Callable[[Network], Layer] | None = None,
        iaf: Callable[[Network], Layer] | None = None,
        predict: bool = False,
    ) -> None:
        self.maf, self.iaf = maf, iaf
        controls = {
            "time": slider("passes", time, 0, MOST_DIMS),
            "dims": slider("dimensions", dims, 2, MOST_DIMS),
            "kind": choice("flow", kind, ("MAF", "IAF")),
            "way": choice("way", way, ("draw", "density")),
            "seed": seed_box(seed),
        }
        if not (maf or iaf):
            controls["bug"] = switch("Bug: back in one pass", bug)
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        net, bars = figure.subplots(1, 2, width_ratios=(1.5, 1))
        net.set(xlim=(-1.5, MOST_DIMS - 0.4), ylim=(-0.35, 1.35))
        net.set_axis_off()
        for y, name in ((1.0, "z"), (0.5, "μ, α"), (0.0, "x")):
            net.text(-1.05, y, name, ha="center", va="center", fontsize=24)
        self.edges = self.moves(net.add_collection(LineCollection([], lw=2.5, zorder=1)), answer=True)
        self.asked = self.moves(
            net.scatter([], [], s=160, marker="s", ec="black", lw=1.5, zorder=2), answer=True
        )
        self.given = self.moves(net.scatter([], [], s=900, ec="black", lw=2, fc=BLUE, zorder=3))
        self.found = self.moves(net.scatter([], [], s=900, ec="black", lw=2, zorder=3), answer=True)
        self.empty = self.moves(net.scatter([], [], s=900, ec="black", lw=2, fc="white", zorder=2))
        bars.set(
            xlim=(0, MOST_DIMS * 1.25),
            ylim=(3.6, -0.6),
            xlabel="passes of the network",
            xticks=range(0, 11, 2),
        )
        bars.set_yticks(range(4), (f"{kind} {way}" for kind, way in WAYS))
        self.bars = [self.moves(bar, answer=True) for bar in bars.barh(range(4), 0, 0.66)]
        self.numbers = [self.moves(bars.text(0, row, "", va="center"), answer=True) for row in range(4)]

    @torch.enable_grad()  # or no pass would be counted
    def show(self, *, time: int, dims: int, kind: Kind, way: Way, seed: int, bug: bool = False) -> str:
        layer = autoregressive(dims, seed)
        v = torch.randn(1, dims, generator=Generator().manual_seed(seed), dtype=torch.float64)

        def network(w: Float[Tensor, "batch dims"]) -> tuple[Tensor, Tensor]:
            return layer.conditioner(w)  # looked up at each call, so that `passes` counts it

        maf = self.maf(network) if self.maf else layer
        iaf = self.iaf(network) if self.iaf else Reversed(layer)
        ways: dict[tuple[Kind, Way], Callable[[Tensor], tuple[Tensor, Tensor]]] = {
            ("MAF", "density"): maf.inverse,
            ("IAF", "draw"): iaf,
            ("MAF", "draw"): maf,
            ("IAF", "density"): iaf.inverse,
        }
        if bug:
            ways |= dict.fromkeys(WAYS[2:], functools.partial(at_once, layer))
        taken = {each: passes(layer, functools.partial(go, v)) for each, go in ways.items()}
        for row, (bar, text) in enumerate(zip(self.bars, self.numbers, strict=True)):
            bar.set_width(taken[WAYS[row]])
            bar.set_facecolor(ORANGE if WAYS[row] == (kind, way) else GREY)
            text.set(text=str(taken[WAYS[row]]), x=taken[WAYS[row]] + 0.2)
        returns, count = (kind, way) in WAYS[2:], taken[kind, way]
        hurried = returns and count == 1
        self._show_pass(min(time, count), dims, count > 1, returns, way, hurried)
        there = ways[kind, way](v)[0]
        error = (ways[kind, "density" if way == "draw" else "draw"](there)[0] - v).abs().max().item()
        what = f"{kind}, {way}: {counted(count, 'pass', 'passes')} for {dims} dimensions"
        if not returns:
            return f"{what}. All that the network has to read is given."
        if hurried:
            return f"{what}, but it asked about the wrong side: after the round trip an entry is off by {error:.2f}."
        if not (self.maf or self.iaf):
            what += f"; with hidden units remembered: the arithmetic of {arithmetic(dims):.2f} passes"
        return f"{what}. The round trip is off by {error:.0e}."

    def _show_pass(self, time: int, dims: int, in_turn: bool, returns: bool, way: Way, wrong: bool) -> None:
        """What is known after `time` passes, and what the last of them read for whom."""
        source, target = (1.0, 0.0) if way == "draw" else (0.0, 1.0)
        telling = target if returns and not wrong else source
        done = min(time, dims) if in_turn else dims * (time > 0)
        new = [done - 1] * (done > 0) if in_turn else list(range(done))
        read = [((j, telling), (i, 0.5)) for i in new for j in range(i)]
        self.edges.set_segments(read + [((i, y), (i, target)) for i in new for y in (0.5, source)])
        self.edges.set_color([RED if wrong else GREY] * len(read) + [ORANGE] * 2 * len(new))
        self.asked.set_offsets(_places(new, 0.5))
        self.asked.set_facecolor(RED if wrong else ORANGE)
        self.given.set_offsets(_places(range(dims), source))
        self.found.set_offsets(_places(range(done), target))
        self.found.set_facecolor([ORANGE if i in new else CYAN for i in range(done)])
        self.empty.set_offsets(_places(range(dims), target))


def _places(entries: list[int] | range, y: float) -> Float[Tensor, "entries 2"]:
    return torch.tensor([(float(i), y) for i in entries]).view(-1, 2)
