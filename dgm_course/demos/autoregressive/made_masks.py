"""MADE's masks: which inputs does the conditional of each dimension see, in which order, and what is one sign worth?

An output depends on an input when a path of unmasked weights leads from one to the other. The network is the library's
own (`dgm_course.models.autoregressive.made`); with the bug its last comparison is ≥ in place of >, so that every x_i
reaches its own conditional, and what is computed sums to anything but one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from torch import Generator, Tensor

from dgm_course.demos.controls import choice, seed_box, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.models.autoregressive.made import MADE, made_masks
from dgm_course.plots.style import BLUE, GREY, ORANGE, RED
from dgm_course.testing import binary_strings, randomize

Masks = Callable[[Int[Tensor, " dims"], list[Int[Tensor, " hidden"]]], list[Tensor]]
Order = Literal["natural", "reversed", "random"]
MOST_DIMS, MOST_HIDDEN = 8, 12


def in_order(order: Order, dims: int, seed: int = 0) -> Int[Tensor, " dims"]:
    """The dimensions in the order in which they are generated.

    Example:
        >>> in_order("reversed", 4)
        tensor([3, 2, 1, 0])
    """
    match order:
        case "natural":
            return torch.arange(dims)
        case "reversed":
            return torch.arange(dims).flip(0)
        case "random":
            return torch.randperm(dims, generator=Generator().manual_seed(seed))


def library_masks(
    ordering: Int[Tensor, " dims"], hidden_degrees: list[Int[Tensor, " hidden"]]
) -> list[Bool[Tensor, "out_features in_features"]]:
    """The library's masks in the homework's words: `ordering[i]` is the place of dimension i, degrees count from 0.

    Example:
        >>> first, last = library_masks(torch.arange(3), [torch.tensor([0, 1])])
        >>> last.int() @ first.int()
        tensor([[0, 0, 0],
                [1, 0, 0],
                [2, 1, 0]], dtype=torch.int32)
    """
    return made_masks(ordering.argsort().tolist(), [len(degrees) for degrees in hidden_degrees])


def not_strict(
    ordering: Int[Tensor, " dims"], hidden_degrees: list[Int[Tensor, " hidden"]]
) -> list[Bool[Tensor, "out_features in_features"]]:
    """The classic bug: an output may know its own place."""
    *masks, _ = library_masks(ordering, hidden_degrees)
    return [*masks, ordering[:, None] >= hidden_degrees[-1]]


@dataclass(frozen=True)
class MaskedNetwork:
    """One hidden layer between D inputs and D outputs, and which weights are left."""

    ordering: Int[Tensor, " dims"]
    degrees: Int[Tensor, " hidden"]
    first: Bool[Tensor, "hidden dims"]
    last: Bool[Tensor, "dims hidden"]

    @property
    def reaches(self) -> Bool[Tensor, "dims dims"]:
        """Entry [i, j]: a path leads from input j to output i."""
        return self.last.int() @ self.first.int() > 0

    @property
    def allowed(self) -> Bool[Tensor, "dims dims"]:
        """Entry [i, j]: j comes before i."""
        return self.ordering[:, None] > self.ordering

    @torch.no_grad()
    def total_probability(self, seed: int) -> float:
        """Σ_x Π_i p(x_i | …) over all 2^D binary x, for random weights."""
        dims, hidden = self.last.shape
        model = MADE(dims, (hidden,), order=self.ordering.argsort().tolist())
        randomize(model, Generator().manual_seed(seed))
        for layer, mask in (
            (model.hidden[0], self.first),
            (model.last, self.last.repeat_interleave(2, dim=0)),
        ):
            layer.get_buffer("mask").copy_(mask)
        return model.log_prob(binary_strings(dims)).exp().sum().item()


def network(
    dims: int, hidden: int, order: Order, seed: int = 0, masks: Masks = library_masks
) -> MaskedNetwork:
    """The network that `masks` makes.

    Example:
        >>> network(4, 6, "natural").reaches.int().tolist()
        [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]]
        >>> network(4, 6, "natural", masks=not_strict).reaches.diagonal()
        tensor([ True,  True,  True, False])
    """
    ordering = in_order(order, dims, seed).argsort()
    degrees = torch.arange(hidden) % max(1, dims - 1)
    first, last = (mask.bool() for mask in masks(ordering, [degrees]))
    return MaskedNetwork(ordering, degrees, first, last)


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
        self.controls["output"].max = dims
        marked = min(output, dims) - 1
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
        _place(self.names, words, torch.cat(places))

    def _show_matrix(self, net: MaskedNetwork, marked: int, axis: Int[Tensor, " dims"]) -> None:
        dims = len(axis)
        reaches, allowed = net.reaches[axis][:, axis], net.allowed[axis][:, axis]
        corners = torch.tensor([(0, 0), (1, 0), (1, 1), (0, 1)])
        self.cells.set_verts([((corners + torch.stack([j, i])) / dims).numpy() for i, j in reaches.nonzero()])
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
        _place(self.rows, names, torch.stack([beside, centre], dim=1))
        _place(self.columns, names, torch.stack([centre, 1 - beside], dim=1))


def _x(i: int) -> str:
    return f"x{'₁₂₃₄₅₆₇₈'[i]}"


def _word(axes: Axes) -> Text:
    return axes.text(0, 0, "", ha="center", va="center", zorder=5)


def _column(x: float, count: int) -> Float[Tensor, "count 2"]:
    """Places of `count` nodes from top to bottom."""
    return torch.stack([torch.full((count,), float(x)), (torch.arange(count) + 0.5) / count], dim=1)


def _place(texts: list[Text], words: list[str], places: Float[Tensor, "words 2"]) -> None:
    """The first texts say the words at their places; the others say nothing."""
    for text in texts[len(words) :]:
        text.set_text("")
    for text, word, place in zip(texts, words, places.tolist(), strict=False):
        text.set(text=word, position=place)
