"""Change of variables in one dimension: an interval keeps its area when it is stretched, so its density changes.

    x = f(z),     p(x) = p(z) |∂z/∂x|     for any monotone f, rising or falling

The maps are layers of the library, drawn from left to right or mirrored. What is claimed about p(x) is integrated over
the image of an interval and over the line. Without the absolute value a falling map has areas below zero; without the
slope probability appears where f stretches and disappears where it squeezes.
"""

import functools
import math
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from torch import Tensor

from dgm_course.demos.controls import choice, fine_slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.models.flows.base import Layer, log_normal
from dgm_course.models.flows.glow import ActNorm
from dgm_course.models.flows.mixture_cdf import MixtureCDF
from dgm_course.models.flows.planar import Planar
from dgm_course.plots.style import BLUE, ORANGE, RED

Line = Float[Tensor, " points"]
Map = Literal["stretch", "push", "two humps"]
Formula = Literal["right", "no |·|", "no slope"]
LogDensity = Callable[[Line], Line]
LogProbThrough = Callable[[Line, Callable[[Line], Line], LogDensity], Line]
REACH, NODES = 10.0, 1001  # of x; beyond lies less than 1e-6 of the mass of any of these maps
PALE = {BLUE: "#a9cdf0", ORANGE: "#ffd78e", RED: "#de8f80"}  # opaque, or a ghost would shine through
STEPS = torch.linspace(0, 1, 201, dtype=torch.float64)


@functools.lru_cache(256)
@torch.no_grad()
def layer(name: Map, strength: float) -> Layer:
    """A map of the line onto itself; `strength` is how far it stretches, pushes apart, or parts the humps.

    Example:
        >>> layer("stretch", 2.0)(torch.ones(1, 1, dtype=torch.float64))[0]
        tensor([[2.]], dtype=torch.float64)
    """
    made: Layer
    match name:
        case "stretch":
            made = ActNorm(1).double()
            made.log_scale.fill_(math.log(strength))
        case "push":
            made = Planar(1).double()
            made.w.fill_(2.0)
            made.u.fill_(strength)
        case "two humps":
            made = MixtureCDF((1,), num_components=2).double()
            made.means.copy_(strength * made.means / 2)
            made.log_scales.fill_(math.log(0.3))
    return made.requires_grad_(False)


def line(move: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Callable[[Line], Line]:
    """A direction of a layer as a function of numbers."""
    return lambda points: move(points[:, None])[0][:, 0]


def standard_normal(z: Line) -> Line:
    """log N(z; 0, 1) of each number.

    Example:
        >>> standard_normal(torch.zeros(1))
        tensor([-0.9189])
    """
    return log_normal(z[:, None])


def log_prob_through(x: Line, inverse: Callable[[Line], Line], base_log_prob: LogDensity) -> Line:
    """log p(x) of x = f(z), of f⁻¹ and log p(z) alone.

    Example:
        >>> x = torch.zeros(1)
        >>> log_prob_through(x, lambda x: -x / 2, standard_normal) == standard_normal(x) - math.log(2)
        tensor([True])
    """
    z, slope = _with_slope(inverse, x)
    return base_log_prob(z) + slope.abs().log()


def without_absolute_value(x: Line, inverse: Callable[[Line], Line]) -> Line:
    """The first bug, as a density: its logarithm is no number where f falls."""
    z, slope = _with_slope(inverse, x)
    return standard_normal(z).exp() * slope


def without_slope(x: Line, inverse: Callable[[Line], Line]) -> Line:
    """The second bug: the density of z is taken for that of x."""
    return standard_normal(inverse(x)).exp()


WRONG = {"no |·|": without_absolute_value, "no slope": without_slope}


def area(x: Line, density: Line) -> float:
    """∫ p(x) dx by the trapezoidal rule, from the least to the greatest x.

    Example:
        >>> area(torch.tensor([0.0, 1.0, 3.0]), torch.tensor([1.0, 1.0, 0.0]))
        2.0
    """
    x, order = x.sort()
    return torch.trapezoid(density[order], x).item()


class ChangeOfVariables(Demo):
    """Below p(z), left p(x), between them x = f(z); the shaded areas are of an interval and of its image.

    `log_prob_through` may be a function of your own, such as the homework's, and `own` a layer of your own in place of
    the maps.

    Example:
        >>> ChangeOfVariables(falling=True, formula="no |·|")
        ChangeOfVariables(falling=True, formula='no |·|')
    """

    title = "Change of variables: areas are kept, heights are not"
    question = "The blue area is mapped to the left axis. How high is p(x) there? How large is its area?"

    def __init__(
        self,
        *,
        start: float = 0.2,
        width: float = 0.8,
        strength: float = 1.5,
        map: Map = "two humps",
        falling: bool = False,
        formula: Formula = "right",
        log_prob_through: LogProbThrough = log_prob_through,
        own: Layer | None = None,
        predict: bool = False,
    ) -> None:
        self.log_prob_through, self.own = log_prob_through, own
        controls = {
            "start": fine_slider("interval from", start, -2.5, 2.0, 0.1),
            "width": fine_slider("width", width, 0.1, 2.0, 0.1),
            "strength": fine_slider("strength", strength, 0.4, 2.0, 0.1),
            "map": choice("f is", map, ("stretch", "push", "two humps")),
            "falling": switch("falling", falling),
            "formula": choice("p(x) is", formula, ("right", *WRONG)),
        }
        if own is not None:
            del controls["strength"], controls["map"]
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        panels = figure.subplots(2, 2, width_ratios=(1, 1.5), height_ratios=(2, 1))
        (density, curve), (nothing, base) = panels
        nothing.set_axis_off()
        curve.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), xticks=range(-3, 4), yticks=range(-3, 4))
        curve.tick_params(labelbottom=False, labelleft=False)
        base.set(xlim=(-3.2, 3.2), ylim=(0, 0.5), xticks=range(-3, 4), yticks=(0, 0.4))
        base.set(xlabel="z", ylabel="p(z)")
        density.set(xlim=(0.9, -0.45), ylim=(-3.2, 3.2), yticks=range(-3, 4), xticks=(0, 0.4, 0.8))
        density.set(xlabel="p(x)", ylabel="x")
        density.axvline(0, color="black", lw=1)

        self.x = torch.linspace(-REACH, REACH, NODES, dtype=torch.float64)
        base.plot(self.x, standard_normal(self.x).exp(), color=BLUE)
        self.z_area = self.moves(base.fill([0, 0, 0], [0, 0, 0], color=PALE[BLUE])[0])
        self.z_number = self.moves(base.text(0, 0.45, "", ha="center", va="center", color="black"))
        self.curve = self.moves(curve.plot([], [], color="black")[0])
        self.guides = [self.moves(curve.plot([], [], color=c, lw=2, ls="--")[0]) for c in (BLUE, ORANGE) * 2]
        self.p_x = self.moves(density.plot([], [], color=ORANGE)[0], answer=True)
        self.x_area = self.moves(density.fill([0, 0, 0], [0, 0, 0], color=PALE[ORANGE])[0], answer=True)
        self.whole = self.moves(nothing.text(0.0, 0.35, "", va="center", fontsize=20), answer=True)
        self.x_number = self.moves(density.text(0.88, 0, "", ha="left", va="center"), answer=True)

    def show(
        self,
        *,
        start: float,
        width: float,
        falling: bool,
        formula: Formula,
        strength: float = 1.0,
        map: Map = "stretch",
    ) -> str:
        flow, sign = self.own or layer(map, strength), -1 if falling else 1
        ends = torch.tensor([start, start + width], dtype=torch.float64)
        with torch.no_grad():
            images = line(flow)(sign * ends)

        def inverse(x: Line) -> Line:
            return sign * line(flow.inverse)(x)

        def claimed(x: Line) -> Line:
            x = x.clone().requires_grad_()
            if formula == "right":
                return self.log_prob_through(x, inverse, standard_normal).exp().detach()
            return WRONG[formula](x, inverse).detach()

        z_part, x_part = (each[0] + STEPS * each.diff() for each in (ends, images))
        p_part, p_whole = claimed(x_part), claimed(self.x)
        of_z = area(z_part, standard_normal(z_part).exp())
        of_x, whole = area(x_part, p_part), area(self.x, p_whole)
        colour = ORANGE if abs(of_x - of_z) < 1e-3 else RED

        _fill(self.z_area, z_part, standard_normal(z_part).exp())
        self.z_number.set(text=f"area {of_z:.3f}", x=min(max(start + width / 2, -2.5), 2.5))
        self.curve.set_data(inverse(self.x).numpy(), self.x.numpy())
        for i, (z, x) in enumerate(zip(ends.tolist(), images.tolist(), strict=True)):
            self.guides[2 * i].set_data((z, z), (-3.2, x))
            self.guides[2 * i + 1].set_data((-3.2, z), (x, x))
        self.p_x.set_data(p_whole.numpy(), self.x.numpy())
        _fill(self.x_area, p_part, x_part, sideways=True)
        self.p_x.set_color(colour)
        self.x_area.set_color(PALE[colour])
        self.x_number.set(text=f"area\n{of_x:.3f}", y=images.mean().clamp(-2.6, 2.6).item())
        density = abs(whole - 1) < 1e-3 and bool((p_whole >= 0).all())
        self.whole.set_text(f"whole area {whole:.3f}")
        return (
            f"z in [{start:.1f}, {start + width:.1f}] has area {of_z:.3f}; its image, x in "
            f"[{images.min():.2f}, {images.max():.2f}], has {of_x:.3f}. The whole area of p(x) is {whole:.3f}: "
            f"{'a density' if density else 'not a density'}."
        )


def _with_slope(inverse: Callable[[Line], Line], x: Line) -> tuple[Line, Line]:
    """z = f⁻¹(x) and ∂z/∂x of each number."""
    with torch.enable_grad():
        x = x if x.requires_grad else x.clone().requires_grad_()
        z = inverse(x)
        (slope,) = torch.autograd.grad(z.sum(), x, create_graph=True)
    return z, slope


def _fill(patch: Polygon, along: Line, height: Line, sideways: bool = False) -> None:
    """The area between a curve and the axis that it stands on."""
    along, height = (height, along) if sideways else (along, height)
    corners = torch.stack([torch.cat([along[:1], along, along[-1:]]), F.pad(height, (1, 1))], dim=1)
    patch.set_xy((corners.flip(1) if sideways else corners).numpy())
