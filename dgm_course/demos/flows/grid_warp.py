"""A flow warps space, layer by layer; its log-determinant says how much, and the density pays for it.

    x_k = f_k(x_{k−1}),     log |det ∂x_k/∂z| = Σ_{j≤k} log |det ∂f_j|,     H(x_k) = H(z) + E log |det ∂x_k/∂z|

Eight affine couplings that were trained on two moons. Each moves points along one axis only, in straight lines; curved
motion comes from alternating the axes. The classic bug forgets to flip the halves: then one coordinate is never moved,
and stays normal for ever.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.demos.controls import choice, seed_box, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.flows.lattice import corners, quadrilaterals, signed_area
from dgm_course.demos.flows.moons_model import LAYERS, moons_model
from dgm_course.demos.shapes import counted
from dgm_course.models.flows.base import Layer, log_normal
from dgm_course.plots.style import GREY, ORANGE

REACH, CELLS, DRAWS, FAR = 2.0, 20, 2000, 2.0
COLOURS, SCALE = colormaps["PuOr"], Normalize(-FAR, FAR)


@dataclass(frozen=True)
class Depth:
    """Points after some layers, log |det| of all of these and of the last of them."""

    points: Float[Tensor, "points 2"]
    so_far: Float[Tensor, " points"]
    last: Float[Tensor, " points"]


@torch.no_grad()
def depths(layers: Sequence[Layer], z: Float[Tensor, "points 2"]) -> list[Depth]:
    """Where points are before the first layer and after each.

    Example:
        >>> walk = depths(moons_model("taking turns").layers, torch.zeros(1, 2).double())
        >>> len(walk), walk[0].so_far
        (9, tensor([0.], dtype=torch.float64))
    """
    nothing = z.new_zeros(len(z))
    walk = [Depth(z, nothing, nothing)]
    for layer in layers:
        x, log_det = layer(walk[-1].points)
        walk.append(Depth(x, walk[-1].so_far + log_det, log_det))
    return walk


class GridWarp(Demo):
    """Left the grid and draws after some layers; right the entropy of what is drawn after each.

    `layers` may be some of your own, each with `forward(z) -> (x, log_det)`.

    Example:
        >>> demo = GridWarp(depth=5)
        >>> demo.step()
        >>> demo
        GridWarp(depth=6)
    """

    title = "A flow warps space, layer by layer"
    question = "Which way will the next layer move the points? Where does it stretch, where does it squeeze?"
    clock = "depth"

    def __init__(
        self,
        *,
        depth: int = 2,
        colour: str = "all layers",
        seed: int = 0,
        bug: bool = False,
        layers: Sequence[Layer] | None = None,
        predict: bool = False,
    ) -> None:
        self.layers, self.most = layers, len(layers or range(LAYERS))
        self.walk = functools.lru_cache(8)(self._walk)  # another depth or colour is the same walk
        controls = {
            "depth": slider("depth", depth, 0, self.most),
            "colour": choice("colour: log |det| of", colour, ("all layers", "the last one")),
            "seed": seed_box(seed),
        }
        if layers is None:
            controls["bug"] = switch("Bug: every layer keeps the same half", bug)
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        plane, bars = figure.subplots(1, 2, width_ratios=(1.25, 1))
        plane.set(
            xlim=(-4.2, 4.2), ylim=(-3.2, 3.2), aspect="equal", xticks=range(-4, 5, 2), yticks=(-2, 0, 2)
        )
        figure.colorbar(
            ScalarMappable(SCALE, COLOURS), ax=plane, label="log |det|", ticks=(-FAR, 0, FAR), shrink=0.9
        )
        self.cells = PolyCollection([], ec=GREY, lw=0.5)
        plane.add_collection(self.moves(self.cells, answer=True))
        self.draws = self.moves(plane.plot([], [], "o", ms=3.5, color="black", zorder=3)[0], answer=True)
        bars.set(xlim=(-0.6, self.most + 0.6), ylim=(0, 3.4), xticks=range(0, self.most + 1, 2))
        bars.set(xlabel="layers", ylabel="entropy of the draws, nats")
        self.bars = [self.moves(bar, answer=True) for bar in bars.bar(range(self.most + 1), 0, 0.8)]
        self.number = self.moves(bars.text(0, 0, "", ha="center", va="bottom"), answer=True)

    def show(self, *, depth: int, colour: str, seed: int, bug: bool = False) -> str:
        walk = self.walk(seed, bug)
        parts = [len(walk[0].points) - CELLS**2 - DRAWS, CELLS**2, DRAWS]
        points, _, draws = walk[depth].points.split(parts)
        so_far, last = (value.split(parts)[1] for value in (walk[depth].so_far, walk[depth].last))
        cells = quadrilaterals(points)
        self.cells.set_verts(cells.numpy())  # type: ignore[arg-type]
        self.cells.set_facecolor(COLOURS(SCALE((so_far if colour == "all layers" else last).numpy())))
        self.draws.set_data(*draws[:500].T.numpy())
        base = -log_normal(walk[0].points[-DRAWS:]).mean().item()
        entropy = [base + each.so_far[-DRAWS:].mean().item() for each in walk]
        for place, bar in enumerate(self.bars):
            bar.set_height(entropy[place])
            bar.set_facecolor(ORANGE if place == depth else GREY)
        self.number.set(text=f"{entropy[depth]:.2f}", x=depth, y=entropy[depth] + 0.03)
        drawn = signed_area(cells).sum().abs().item()
        claimed = (so_far.exp() * (2 * REACH / CELLS) ** 2).sum().item()
        return (
            f"After {counted(depth, 'layer')} log |det| of the cells lies in [{so_far.min():.1f}, {so_far.max():.1f}]. "
            f"Their area, {4 * REACH**2:.0f} at first, is {drawn:.1f} as drawn and {claimed:.1f} by log |det|. "
            f"The entropy of the draws is {entropy[depth]:.2f} nats."
        )

    def _walk(self, seed: int, bug: bool) -> list[Depth]:
        """Corners of the cells, their middles, and draws."""
        layers = self.layers or moons_model("same half" if bug else "taking turns").layers
        noise = torch.randn(DRAWS, 2, generator=Generator().manual_seed(seed), dtype=torch.float64)
        grid = corners(CELLS, REACH)
        return depths(layers, torch.cat([grid, quadrilaterals(grid).mean(dim=1), noise]))
