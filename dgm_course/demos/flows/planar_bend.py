"""A planar flow bends the plane along one direction, and tears the density where it folds.

    x = z + u tanh(wᵀz + b),     det ∂x/∂z = 1 + uᵀw (1 − tanh²)

Only what is along w matters: there the map is a curve, x̂ = ŵᵀx of ẑ = ŵᵀz. While uᵀw > −1 it rises, and each x has
one z. The library moves u so that it always does. The classic bug takes u as it is: the curve turns back, three z share
an x, and whichever of them an inverse finds, the others' probability is lost.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from torch import Tensor

from dgm_course.demos.controls import fine_slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.flows.lattice import corners, quadrilaterals, signed_area
from dgm_course.models.flows.base import log_normal
from dgm_course.models.flows.planar import Planar
from dgm_course.plots.style import BLUE, GREY, ORANGE, PURPLE, RED

REACH, CELLS, NODES = 3.0, 24, 4001


class Unconstrained(Planar):
    """The classic bug: û = u, whatever uᵀw is.

    Example:
        >>> layer = Unconstrained(1)
        >>> _ = layer.w.data.fill_(2.0), layer.u.data.fill_(-1.0)
        >>> layer(torch.zeros(1, 1))[1]
        tensor([nan], grad_fn=<LogBackward0>)
    """

    def _direction(self) -> tuple[Float[Tensor, " dims"], Float[Tensor, ""]]:
        return self.u, 1 + self.w @ self.u


def planar(
    angle: float, steepness: float, push: float, across: float, b: float, kind: Callable[[int], Any] = Planar
) -> Any:
    """A layer whose w has this angle in degrees and this length, and whose u has these parts along and across w.

    Example:
        >>> planar(90.0, 2.0, push=1.0, across=0.0, b=0.0).w.round(decimals=3)
        tensor([0., 2.], dtype=torch.float64)
    """
    along = torch.tensor([math.cos(math.radians(angle)), math.sin(math.radians(angle))], dtype=torch.float64)
    normal = torch.stack([-along[1], along[0]])
    layer = kind(2).double().requires_grad_(False)
    layer.w.copy_(steepness * along)
    layer.u.copy_(push * along + across * normal)
    layer.b.fill_(b)
    return layer


@dataclass(frozen=True)
class Profile:
    """What a layer does along w: x̂ for each ẑ, and which ẑ are the first with their x̂."""

    z: Float[Tensor, " nodes"]
    x: Float[Tensor, " nodes"]
    first: Bool[Tensor, " pieces"]
    mass: float  # of the density that takes the first z of each x
    folded: float  # the probability of z at which the determinant is not above zero


def profile(layer: Any) -> Profile:
    """Measure a layer along w, between ±8 standard deviations.

    Example:
        >>> f"{profile(planar(30.0, 2.0, push=-1.5, across=1.0, b=0.0)).mass:.3f}"
        '1.000'
    """
    along = layer.w / layer.w.norm()
    z = torch.linspace(-8, 8, NODES, dtype=along.dtype)
    x = layer(z[:, None] * along)[0] @ along
    middle = (z[1:] + z[:-1]) / 2
    log_det = layer(middle[:, None] * along)[1]
    first = x[1:] > x[:-1].cummax(dim=0).values
    density = (log_normal(middle[:, None]) - log_det).exp()
    mass = torch.where(first, density * x.diff(), 0.0).sum().item()
    chance = log_normal(middle[:, None]).exp() * z.diff()
    return Profile(z, x, first, mass, chance[x.diff() <= 0].sum().item())


class PlanarBend(Demo):
    """Left a grid after the push, with its folds in orange; right the same push along w.

    `layer` may be a class of your own, such as the homework's `Planar`, with parameters `u`, `w` and `b`.

    Example:
        >>> PlanarBend(angle=90.0, bug=True)
        PlanarBend(angle=90.0, bug=True)
    """

    title = "A planar flow: one push across one plane"
    question = "Where does the push stretch, where does it squeeze? Does any x have more than one z?"

    def __init__(
        self,
        *,
        push: float = -1.5,
        across: float = 0.0,
        angle: float = 30.0,
        steepness: float = 2.0,
        b: float = 0.0,
        bug: bool = False,
        layer: Callable[[int], Any] = Planar,
        predict: bool = False,
    ) -> None:
        self.layer = layer
        controls = {
            "push": fine_slider("u along w", push, -2.0, 2.0, 0.25),
            "across": fine_slider("u across w", across, -2.0, 2.0, 0.25),
            "angle": fine_slider("angle of w", angle, -90.0, 90.0, 15.0),
            "steepness": fine_slider("length of w", steepness, 0.5, 4.0, 0.5),
            "b": fine_slider("b", b, -3.0, 3.0, 0.5),
            "bug": switch("Bug: u not constrained", bug),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        plane, curve = figure.subplots(1, 2)
        plane.set(
            xlim=(-5.2, 5.2), ylim=(-3.6, 3.6), aspect="equal", xticks=range(-4, 5, 2), yticks=(-2, 0, 2)
        )
        self.cells = PolyCollection([], fc=BLUE, ec="white", lw=0.6, alpha=0.6)
        self.folds = PolyCollection([], fc=ORANGE, ec="white", lw=0.6, zorder=2)
        for each in (self.cells, self.folds):
            plane.add_collection(self.moves(each, answer=True))
        self.border = self.moves(plane.plot([], [], color="black", ls="--")[0])
        self.arrows = [
            self.moves(plane.plot([], [], color=c, lw=5, marker="o", markevery=(1, 2), ms=13)[0])
            for c in (PURPLE, "black")
        ]
        names = ["wᵀz + b = 0", "w", "u that is used"]
        plane.legend([self.border, *self.arrows], names, loc="upper center", ncols=3, handlelength=1.2,
                     bbox_to_anchor=(0.5, 1.17), columnspacing=1.0)  # fmt: skip
        curve.set(xlim=(-3, 3), ylim=(-3.6, 3.6), xlabel="z along w", ylabel="x along w", yticks=(-2, 0, 2))
        curve.plot([-4, 4], [-4, 4], color=GREY, lw=1.5, ls=":")
        self.rising = self.moves(curve.plot([], [], color=BLUE, lw=6)[0], answer=True)
        self.falling = self.moves(curve.plot([], [], color=ORANGE, lw=6)[0], answer=True)
        self.number = self.moves(curve.text(-2.9, 3.1, "", fontsize=20), answer=True)

    def show(self, *, push: float, across: float, angle: float, steepness: float, b: float, bug: bool) -> str:
        layer = planar(angle, steepness, push, across, b, Unconstrained if bug else self.layer)
        with torch.no_grad():
            x = layer(corners(CELLS, REACH))[0]
            line = profile(layer)
            far = 20 * layer.w / steepness**2  # far enough along w for tanh to be one, whatever b is
            moved = layer(far[None])[0][0] - far
        cells = quadrilaterals(x)
        folded = signed_area(cells) <= 0
        self.cells.set_verts(cells[~folded].numpy())  # type: ignore[arg-type]
        self.folds.set_verts(cells[folded].numpy())  # type: ignore[arg-type]
        along = layer.w / layer.w.norm()
        foot, side = -layer.b * along / steepness, 6 * torch.stack([-along[1], along[0]])
        self.border.set_data(*torch.stack([foot - side, foot + side]).T.numpy())
        for arrow, tip in zip(self.arrows, (layer.w, moved), strict=True):
            arrow.set_data(*torch.stack([torch.zeros_like(tip), tip]).T.numpy())
        thin = slice(None, None, 10)
        rising = torch.cat([line.x.diff() > 0, torch.ones(1, dtype=torch.bool)])
        self.rising.set_data(line.z[thin].numpy(), line.x.where(rising, math.nan)[thin].numpy())
        self.falling.set_data(line.z[thin].numpy(), line.x.where(~rising, math.nan)[thin].numpy())
        right = abs(line.mass - 1) < 1e-3
        self.number.set(text=f"mass {line.mass:.3f}", color="black" if right else RED)
        product = float(moved @ layer.w)
        said = f"u along w is {push:g}; what is used is {product / steepness:.2f}, so uᵀw = {product:.2f}. "
        if line.folded > 0:
            return said + (
                f"det ≤ 0 for {line.folded:.1%} of all z: the plane folds, and with one z for each x the density "
                f"has mass {line.mass:.3f}."
            )
        return said + f"det > 0 everywhere: every x has one z, and the density has mass {line.mass:.3f}."
