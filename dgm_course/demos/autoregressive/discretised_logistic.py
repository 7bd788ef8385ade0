"""A continuous intensity cut into levels: the edge bins take all that lies beyond, and no likelihood is endless.

    P(x) = σ((c_x + δ − μ) / s) − σ((c_x − δ − μ) / s),     c_x = 2 x / (K − 1) − 1,     δ = 1 / (K − 1)

The lowest bin begins at −∞ and the highest ends at +∞. With the bug they end like all others, and what lies beyond is
lost. As s → 0 the density at μ grows without bound; the probability of a level is an area, and never exceeds one.
"""

from collections.abc import Callable
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor

from dgm_course.demos.controls import choice, fine_slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.models.autoregressive.logistic_mixture import mixture_log_prob
from dgm_course.plots.style import BLUE, ORANGE, PURPLE

Mixture = dict[str, Float[Tensor, " components"]]
LogProb = Callable[..., Float[Tensor, " levels"]]
LEVELS = (3, 5, 17, 65)
WIDEST = 1.6


def mixture(mean: float, log_scale: float, logistics: Literal["one", "two"] = "one") -> Mixture:
    """One logistic, or two: the other one is paper, which never moves.

    Example:
        >>> mixture(0.5, -2.0, "two")["means"]
        tensor([ 0.5000, -0.8000], dtype=torch.float64)
    """
    components = torch.tensor([[0.6, mean, log_scale], [0.4, -0.8, -2.5]], dtype=torch.float64)
    weights, means, log_scales = components[: 1 if logistics == "one" else 2].T
    return {"mixture_logits": weights.log(), "means": means, "log_scales": log_scales}


def probabilities(
    components: Mixture, num_levels: int, log_prob: LogProb = mixture_log_prob
) -> Float[Tensor, " levels"]:
    """P(x) of every level.

    Example:
        >>> probabilities(mixture(0.0, 0.0), num_levels=3)
        tensor([0.3775, 0.2449, 0.3775], dtype=torch.float64)
    """
    each = {name: value.expand(num_levels, -1) for name, value in components.items()}
    return log_prob(torch.arange(num_levels), num_levels=num_levels, **each).exp()


def without_edges(
    x: Int[Tensor, " levels"],
    mixture_logits: Float[Tensor, "levels components"],
    means: Float[Tensor, "levels components"],
    log_scales: Float[Tensor, "levels components"],
    num_levels: int,
) -> Float[Tensor, " levels"]:
    """The bug: the same bins as part of a longer row, with one more level at either end, so that none is an edge.

    Example:
        >>> probabilities(mixture(0.0, 0.0), num_levels=3, log_prob=without_edges)
        tensor([0.1951, 0.2449, 0.1951], dtype=torch.float64)
    """
    shrink = torch.tensor((num_levels - 1) / (num_levels + 1), dtype=means.dtype)
    return mixture_log_prob(
        x + 1, mixture_logits, shrink * means, shrink.log() + log_scales, num_levels=num_levels + 2
    )


def density(components: Mixture, t: Float[Tensor, " places"]) -> Float[Tensor, " places"]:
    """The density of the intensity itself, before it is cut.

    Example:
        >>> density(mixture(0.0, 0.0), torch.zeros(1))
        tensor([0.2500], dtype=torch.float64)
    """
    inverse_scale = (-components["log_scales"]).exp()
    z = (t[:, None] - components["means"]) * inverse_scale
    return (z.sigmoid() * (-z).sigmoid() * inverse_scale) @ components["mixture_logits"].softmax(dim=0)


class DiscretisedLogistic(Demo):
    """Bars are the levels, the line is the density; what lies beyond the edges is orange, wherever it is counted.

    `log_prob` may be a function of your own, such as the homework's `discretized_logistic_log_prob`.

    Example:
        >>> demo = DiscretisedLogistic(levels=5)
        >>> demo.controls["bug"].value = True
        >>> demo
        DiscretisedLogistic(levels=5, bug=True)
    """

    title = "Discretised logistic: a continuous intensity, cut into levels"
    question = "Which level is the likeliest? What do all the bars sum to?"

    def __init__(
        self,
        *,
        mean: float = 0.9,
        log_scale: float = -2.0,
        levels: int = 17,
        logistics: Literal["one", "two"] = "one",
        bug: bool = False,
        log_prob: LogProb = mixture_log_prob,
        predict: bool = False,
    ) -> None:
        self.log_prob = log_prob
        controls = {
            "mean": fine_slider("mean μ", mean, -1.5, 1.5, 0.05),
            "log_scale": fine_slider("log-scale log s", log_scale, -7.0, 1.0, 0.1),
            "levels": choice("levels K", levels, LEVELS),
            "logistics": choice("logistics", logistics, ("one", "two")),
            "bug": switch("Bug: edge bins end like all others", bug),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        axes = figure.subplots()
        axes.set(xlim=(-WIDEST, WIDEST), ylim=(0, 1.05), xticks=(-1, 0, 1), yticks=(0, 0.5, 1))
        axes.set(xlabel="intensity", ylabel="P(x)")
        self.bars = self.moves(PolyCollection([], fc=BLUE, ec="white"), answer=True)
        self.caught = self.moves(PolyCollection([], fc=ORANGE, ec="white"), answer=True)
        self.beyond = self.moves(PolyCollection([], fc="#ffd98c", lw=0))
        for each in (self.bars, self.caught, self.beyond):
            axes.add_collection(each)
        (self.line,) = axes.plot([], [], color=PURPLE)
        self.moves(self.line)
        said = axes.text(-WIDEST, 1.09, "", fontsize=28)
        self.sum = self.moves(said, answer=True)
        axes.legend(
            [Patch(color=BLUE), Patch(color=ORANGE), self.line],
            ["P(x)", "beyond the edges", "density × width of a bin"],
            loc="lower right",
            bbox_to_anchor=(1, 1),
            ncols=3,
        )

    def show(
        self, *, mean: float, log_scale: float, levels: int, logistics: Literal["one", "two"], bug: bool
    ) -> str:
        components, half = mixture(mean, log_scale, logistics), 1 / (levels - 1)
        p = probabilities(components, levels, without_edges if bug else self.log_prob)
        inside = probabilities(components, levels, without_edges)
        left = torch.linspace(-1, 1, levels) - half
        self.bars.set_verts(_boxes(left, torch.zeros(levels), p, 2 * half))
        ends = torch.tensor([0, levels - 1])
        self.caught.set_verts(_boxes(left[ends], torch.minimum(inside, p)[ends], p[ends], 2 * half))

        near = torch.linspace(-12, 12, 97) * components["log_scales"].exp()[:, None]
        near += components["means"][:, None]
        edges = torch.tensor([-1 - half, 1 + half])
        t = torch.cat([torch.linspace(-WIDEST, WIDEST, 161), edges, near.flatten()])
        t = t.clamp(-WIDEST, WIDEST).sort().values
        height = 2 * half * density(components, t)
        self.line.set_data(t, height)
        self.beyond.set_verts([_under(t[side], height[side]) for side in (t <= edges[0], t >= edges[1])])

        total, best = p.sum().item(), int(p.argmax())
        self.sum.set_text(f"Σ P(x) = {total:.4f}")
        lost = "" if abs(total - 1) < 1e-9 else ": not a distribution"
        return (
            f"Σ P(x) over the {levels} levels = {total:.4f}{lost}. Level {best} has the most, {p[best]:.3f}; "
            f"the density, times the width of a bin, reaches {height.max():.3g}."
        )


def _boxes(
    left: Float[Tensor, " boxes"], low: Float[Tensor, " boxes"], high: Float[Tensor, " boxes"], width: float
) -> Any:
    """The corners of bars from `low` to `high`, an array (boxes, 4, 2)."""
    right = left + width
    corners = (left, low), (right, low), (right, high), (left, high)
    return torch.stack([torch.stack(corner, dim=1) for corner in corners], dim=1).numpy()


def _under(t: Float[Tensor, " places"], height: Float[Tensor, " places"]) -> Float[Tensor, "corners 2"]:
    """The area between a curve and the axis."""
    edge = torch.stack([t, height], dim=1)
    return torch.cat([edge, edge.flip(0) * torch.tensor([1, 0])])
