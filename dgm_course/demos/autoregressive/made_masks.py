"""MADE's masks: which inputs does the conditional of each dimension see, in which order, and what is one sign worth?

The network is that of `masked_network`, small enough to be seen whole, with every path into one output.
"""

import torch
from ipywidgets import dlink
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from torch import Tensor

from dgm_course.demos.autoregressive.masked_network import (
    MaskedNetwork,
    Masks,
    Order,
    library_masks,
    network,
    not_strict,
)
from dgm_course.demos.controls import choice, seed_box, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.shapes import say, squares
from dgm_course.plots.style import BLUE, GREY, ORANGE, RED

MOST_DIMS, MOST_HIDDEN = 8, 12


class MadeMasks(Demo):
    """Left the network, with the paths to one output; right the dependencies of all outputs.

    `masks` may be a function of your own, such as the homework's `made_masks`.

    Example:
        >>> demo = MadeMasks(dims=4, order="reversed")
        >>> demo
        MadeMasks(dims=4, order='reversed')
        >>> demo.controls["bug"].value = True
        >>> demo
        MadeMasks(dims=4, order='reversed', bug=True)
    """

    title = "MADE: masks and order"
    question = "On which inputs does the marked output depend? Which cells of its row are dark?"

    def __init__(
        self,
        *,
        dims: int = 5,
        hidden: int = 8,
        output: int = 4,
        order: Order = "natural",
        sort: bool = False,
        bug: bool = False,
        seed: int = 0,
        masks: Masks = library_masks,
        predict: bool = False,
    ) -> None:
        self.masks = masks
        controls = {
            "dims": slider("dimensions", dims, 2, MOST_DIMS),
            "hidden": slider("hidden units", hidden, 1, MOST_HIDDEN),
            "output": slider("output", output, 1, MOST_DIMS),
            "order": choice("order", order, ("natural", "reversed", "random")),
            "seed": seed_box(seed),
            "sort": switch("Rows and columns in the order", sort),
            "bug": switch("Bug: ≥ for > at the outputs", bug),
        }
        dlink((controls["dims"], "value"), (controls["output"], "max"))
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        left.set(xlim=(-0.25, 2.25), ylim=(1.08, -0.02))
        left.set_axis_off()
        for x, name in enumerate(("inputs", "hidden units, by degree", "outputs")):
            left.text(x, 1.08, name, ha="center", va="center")
        self.weights = self.moves(left.add_collection(LineCollection([], color=GREY, lw=1, zorder=1)))
        self.paths = self.moves(left.add_collection(LineCollection([], lw=3, zorder=2)), answer=True)
        self.nodes = self.moves(left.scatter([], [], s=900, edgecolor="black", zorder=3, lw=2))
        self.names = [self.moves(_word(left)) for _ in range(2 * MOST_DIMS + MOST_HIDDEN)]

        right.set(xlim=(0, 1), ylim=(1, 0), aspect="equal", xticks=[], yticks=[])
        right.set_xlabel("reads input", labelpad=40)
        right.set_ylabel("output", labelpad=40)
        right.spines[:].set_visible(True)
        self.cells = self.moves(right.add_collection(PolyCollection([], zorder=1)), answer=True)
        self.lines = self.moves(right.add_collection(LineCollection([], color="lightgrey", lw=1, zorder=2)))
        self.forbidden = self.moves(
            right.scatter([], [], s=400, marker="X", color=RED, ec="white", zorder=3), answer=True
        )
        self.missing = self.moves(
            right.scatter([], [], s=400, marker="o", fc="none", ec=RED, lw=4, zorder=3), answer=True
        )
        self.marked = self.moves(
            right.add_patch(Rectangle((0, 0), 1, 1, fill=False, lw=5, zorder=4, clip_on=False))
        )
        self.rows = [self.moves(_word(right)) for _ in range(MOST_DIMS)]
        self.columns = [self.moves(_word(right)) for _ in range(MOST_DIMS)]

    def show(
        self, *, dims: int, hidden: int, output: int, order: Order, seed: int, sort: bool, bug: bool
    ) -> str:
        marked = output - 1
        net = network(dims, hidden, order, seed, not_strict if bug else self.masks)
        self._show_network(net, marked)
        self._show_matrix(net, marked, net.ordering.argsort() if sort else torch.arange(dims))
        forbidden = int((net.reaches & ~net.allowed).sum())
        missing = int((net.allowed & ~net.reaches).sum())
        total = net.total_probability(seed)
        faults = (
            f"{forbidden} forbidden (✗), {missing} missing (○)"
            if forbidden or missing
            else "as the order allows"
        )
        verdict = "a distribution" if abs(total - 1) < 1e-9 else "not a distribution"
        reads = [_x(j) for j in range(dims) if net.reaches[marked, j]]
        return (
            f"{_x(marked)} reads {', '.join(reads) or 'nothing'}. Dependencies: {faults}. "
            f"Σ p(x) over all {2**dims} x = {total:.4f}: {verdict}."
        )

    def _show_network(self, net: MaskedNetwork, marked: int) -> None:
        places = [
            _column(x, count) for x, count in enumerate((len(net.last), len(net.degrees), len(net.last)))
        ]
        inputs, units, outputs = places
        used = net.first & net.last[marked][:, None]
        kept = [(inputs[j], units[k]) for k, j in net.first.nonzero()]
        kept += [(units[k], outputs[i]) for i, k in net.last.nonzero()]
        self.weights.set_segments(kept)
        into = [(inputs[j], units[k]) for k, j in used.nonzero()]
        out = [(units[k], outputs[marked]) for k in net.last[marked].nonzero()[:, 0]]
        self.paths.set_segments(into + out)
        wrong = [ORANGE if net.ordering[j] >= net.ordering[marked] else BLUE for _, j in used.nonzero()]
        self.paths.set_color(wrong + [BLUE] * len(out))
        self.nodes.set_offsets(torch.cat(places))
        fills = ["white"] * (len(inputs) + len(units) + len(outputs))
        fills[len(inputs) + len(units) + marked] = "#ffdf9e"
        self.nodes.set_facecolor(fills)
        variables = [_x(i) for i in range(len(inputs))]
        words = [*variables, *(str(int(degree) + 1) for degree in net.degrees), *variables]
        say(self.names, words, torch.cat(places))

    def _show_matrix(self, net: MaskedNetwork, marked: int, axis: Int[Tensor, " dims"]) -> None:
        dims = len(axis)
        reaches, allowed = net.reaches[axis][:, axis], net.allowed[axis][:, axis]
        self.cells.set_verts(squares(reaches) / dims)
        self.cells.set_facecolor([BLUE if fine else ORANGE for fine in allowed[reaches]])
        ticks = torch.arange(1, dims) / dims
        self.lines.set_segments([((0, t), (1, t)) for t in ticks] + [((t, 0), (t, 1)) for t in ticks])
        centre = (torch.arange(dims) + 0.5) / dims
        for marks, where in ((self.forbidden, reaches & ~allowed), (self.missing, allowed & ~reaches)):
            row, column = where.nonzero(as_tuple=True)
            marks.set_offsets(torch.stack([centre[column], centre[row]], dim=1))
        self.marked.set_bounds(0, axis.tolist().index(marked) / dims, 1, 1 / dims)
        names = [_x(i) for i in axis.tolist()]
        beside = torch.full((dims,), -0.05)
        say(self.rows, names, torch.stack([beside, centre], dim=1))
        say(self.columns, names, torch.stack([centre, 1 - beside], dim=1))


def _x(i: int) -> str:
    return f"x{'₁₂₃₄₅₆₇₈'[i]}"


def _word(axes: Axes) -> Text:
    return axes.text(0, 0, "", ha="center", va="center", zorder=5)


def _column(x: float, count: int) -> Float[Tensor, "count 2"]:
    """Places of `count` nodes from top to bottom."""
    return torch.stack([torch.full((count,), float(x)), (torch.arange(count) + 0.5) / count], dim=1)
