"""The determinant is an area: what a linear map makes of the unit square, and of a density on it.

    x = A z,     area of the image = |det A|,     p(x) = p(z) / |det A|

A smooth map is linear when one looks closely, and then A is its Jacobian. One shear moves a lot and changes no area,
but two at once do, by the product of both; a mirror image has a determinant below zero and an area like any other; a
flat image has none, and no inverse. The classic bugs take the product of the diagonal for the determinant, as if every
matrix were triangular, or forget that it is the absolute value whose logarithm is wanted.
"""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Tensor

from dgm_course.demos.controls import choice, fine_slider
from dgm_course.demos.demo import Demo
from dgm_course.demos.flows.lattice import signed_area
from dgm_course.plots.style import BLUE, GREY, ORANGE, PURPLE, RED

Matrix = Float[Tensor, "2 2"]
Formula = Literal["right", "product of the diagonal", "no |·|"]
LogDet = Callable[[Matrix], Float[Tensor, ""]]
SQUARE = torch.tensor([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)], dtype=torch.float64)
LETTER = torch.tensor(
    [[(0.3, 0.15), (0.3, 0.85)], [(0.3, 0.85), (0.75, 0.85)], [(0.3, 0.5), (0.6, 0.5)]], dtype=torch.float64
)


def log_det(matrix: Matrix) -> Float[Tensor, ""]:
    """log |det A|, with −∞ for a flat image.

    Example:
        >>> log_det(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
        tensor(0.)
    """
    return torch.linalg.slogdet(matrix).logabsdet


def diagonal_only(matrix: Matrix) -> Float[Tensor, ""]:
    """The first bug: right for triangular matrices only."""
    return matrix.diagonal().abs().log().sum()


def without_absolute_value(matrix: Matrix) -> Float[Tensor, ""]:
    """The second bug: no number for a mirror image."""
    return matrix.det().log()


FORMULAS: dict[Formula, LogDet] = {
    "right": log_det,
    "product of the diagonal": diagonal_only,
    "no |·|": without_absolute_value,
}


class JacobianArea(Demo):
    """The unit square, its image, and the areas that are drawn and claimed.

    `log_det` may be a function of your own: a matrix in, log |det| out.

    Example:
        >>> JacobianArea(stretch_x=-1.5, formula="no |·|")
        JacobianArea(stretch_x=-1.5, formula='no |·|')
    """

    title = "The Jacobian determinant is an area"
    question = "How large is the image of the unit square? What happens to a density on it?"

    def __init__(
        self,
        *,
        stretch_x: float = 1.5,
        stretch_y: float = 1.0,
        shear_x: float = 0.5,
        shear_y: float = 0.0,
        formula: Formula = "right",
        log_det: LogDet = log_det,
        predict: bool = False,
    ) -> None:
        self.log_det = log_det
        controls = {
            "stretch_x": fine_slider("stretch →", stretch_x, -2.0, 2.0, 0.25),
            "stretch_y": fine_slider("stretch ↑", stretch_y, -2.0, 2.0, 0.25),
            "shear_x": fine_slider("shear →", shear_x, -2.0, 2.0, 0.25),
            "shear_y": fine_slider("shear ↑", shear_y, -2.0, 2.0, 0.25),
            "formula": choice("log |det A| is", formula, tuple(FORMULAS)),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        before, after, bars = figure.subplots(1, 3, width_ratios=(0.55, 1, 1))
        for axes, low, high, title in ((before, -0.2, 1.4, "z"), (after, -2.6, 2.6, "x = A z")):
            axes.set(xlim=(low, high), ylim=(low, high), aspect="equal", title=title)
            axes.set(xticks=range(int(low), int(high) + 1), yticks=range(int(low), int(high) + 1))
            axes.axhline(0, color="lightgrey", lw=1, zorder=0)
            axes.axvline(0, color="lightgrey", lw=1, zorder=0)
        before.fill(*SQUARE.T, fc=BLUE, alpha=0.5)
        before.add_collection(LineCollection(list(LETTER.numpy()), color="black", lw=5))
        before.plot([0, 1], [0, 0], color=PURPLE, lw=6)
        before.plot([0, 0], [0, 1], color=GREY, lw=6)
        self.image = self.moves(after.fill(*SQUARE.T, fc=BLUE, alpha=0.5)[0], answer=True)
        self.letter = self.moves(LineCollection([], color="black", lw=5), answer=True)
        after.add_collection(self.letter)
        self.edges = [self.moves(after.plot([], [], color=c, lw=6)[0]) for c in (PURPLE, GREY)]

        bars.set(xlim=(0, 5.8), ylim=(2.6, -0.9), xticks=(0, 1, 2, 3, 4))
        bars.plot([1, 1], [-0.4, 2.6], color="black", lw=1.5, ls="--")
        bars.set_yticks((0, 1, 2), ("area drawn", "exp(log_det)", "mass"))
        self.bars = [self.moves(bar, answer=True) for bar in bars.barh(range(3), 0, 0.6)]
        self.numbers = [self.moves(bars.text(4.6, row, "", va="center"), answer=True) for row in range(3)]
        self.det = self.moves(bars.text(0.05, -0.62, "", fontsize=20, va="center"), answer=True)

    def show(
        self, *, stretch_x: float, stretch_y: float, shear_x: float, shear_y: float, formula: Formula
    ) -> str:
        A = torch.tensor([[stretch_x, shear_x], [shear_y, stretch_y]], dtype=torch.float64)
        det = signed_area(SQUARE @ A.T).item()
        claims = {**FORMULAS, "right": self.log_det}[formula]
        area, claimed = abs(det), claims(A).exp().item()
        mass = area / claimed if claimed else float("nan")
        self.image.set_xy((SQUARE @ A.T).numpy())
        self.image.set_facecolor(BLUE if det > 0 else ORANGE)
        self.letter.set_segments(list((LETTER @ A.T).numpy()))
        for edge, column in zip(self.edges, A.T.tolist(), strict=True):
            edge.set_data((0, column[0]), (0, column[1]))
        right = abs(mass - 1) < 1e-9
        colours = (BLUE if det > 0 else ORANGE, GREY if right else RED, GREY if right else RED)
        for bar, text, number, colour in zip(
            self.bars, self.numbers, (area, claimed, mass), colours, strict=True
        ):
            bar.set_width(min(number, 4.4) if number == number else 0.0)
            bar.set_facecolor(colour)
            text.set_text(f"{number:.2f}")
        self.det.set_text(f"det A = {det:.2f}")
        if not area:
            return f"det A = {det:.2f}: the image is flat, z cannot be found again, and x has no density."
        mirrored = ", a mirror image" if det < 0 else ""
        verdict = "is kept" if right else "is not kept: log_det is wrong"
        return (
            f"det A = {stretch_x:g} · {stretch_y:g} − {shear_x:g} · {shear_y:g} = {det:.2f}{mirrored}. "
            f"The area becomes {area:.2f}, a density is divided by {claimed:.2f}. Mass {mass:.2f} {verdict}."
        )
