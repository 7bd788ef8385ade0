"""Sampling is a walk, not a pass: an image grows pixel by pixel, each drawn from its conditional given those before.

    x_i ∼ p_T(x_i | x_<i) ∝ p(x_i | x_<i)^{1/T},     i = 1, 2, …, D

By definition each step is a pass of the whole network; a model that remembers the features of earlier pixels spends
about one pass on the whole image. Neither gets by with one *look*: the conditional of a pixel is not known before the
values of the earlier ones are. The bug draws all pixels from the conditionals of an empty image.

The noise of a pixel stays the same whatever else is moved, so that two settings differ by what they say, not by luck.
"""

import functools
import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from matplotlib import colormaps
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Generator, Tensor

from dgm_course.demos.autoregressive.digits_model import digits_model
from dgm_course.demos.autoregressive.multiply_adds import MultiplyAdds
from dgm_course.demos.controls import fine_slider, seed_box, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.shapes import counted, squares
from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk
from dgm_course.plots.style import BLUE, ORANGE

TEMPERATURES = torch.arange(1, 21, dtype=torch.float64) / 10
SIZE = 8
PIXELS = SIZE * SIZE


@dataclass(frozen=True)
class Draws:
    """One image for each temperature; its pixels in the order in which they were drawn."""

    values: Int[Tensor, "temperatures pixels"]
    conditionals: Float[Tensor, "temperatures pixels levels"]
    bits: Float[Tensor, "temperatures pixels"]  # what each pixel costs under the model itself, at T = 1


def gumbel(seed: int, num_levels: int) -> Float[Tensor, "pixels levels"]:
    """The noise of every pixel: a level is drawn where its log-probability and its noise have the largest sum.

    Example:
        >>> gumbel(seed=0, num_levels=17).shape
        torch.Size([64, 17])
    """
    u = torch.rand(PIXELS, num_levels, generator=Generator().manual_seed(seed), dtype=torch.float64)
    return -(-u.log()).log()


@functools.lru_cache(16)
@torch.no_grad()
def draws(model: AutoregressiveModel, seed: int, *, one_pass: bool = False) -> Draws:
    """All temperatures walk side by side, which costs little more than one, and see the same noise.

    Example:
        >>> cold, *_, hot = draws(digits_model(), seed=0).bits.sum(dim=1)
        >>> bool(cold < hot)
        True
    """
    walk = (at_once if one_pass else type(model).walk)(model, len(TEMPERATURES))
    value, values, conditionals = None, [], []
    for noise in gumbel(seed, model.num_levels):
        log_p = (walk.send(value) / TEMPERATURES[:, None]).log_softmax(dim=-1)
        value = (log_p + noise).argmax(dim=-1)
        values.append(value)
        conditionals.append(log_p.exp())
    order = torch.tensor(model.order)
    image = torch.stack(values, dim=1)[:, order.argsort()].view(-1, *model.event_shape)
    bits = -model.log_conditionals(image).flatten(1)[:, order] / math.log(2)
    return Draws(torch.stack(values, dim=1), torch.stack(conditionals, dim=1), bits)


def at_once(model: AutoregressiveModel, batch: int) -> Walk:
    """The bug: every conditional is that of an empty image, whatever was drawn before."""
    logits = model.logits(model.blank(batch)[0]).flatten(1, -2)
    for i in model.order:
        yield logits[:, i]


@functools.lru_cache(4)
@torch.no_grad()
def passes(model: AutoregressiveModel) -> Float[Tensor, " pixels_drawn"]:
    """The arithmetic of the model's own walk up to each pixel, in passes of the whole network over an image.

    Example:
        >>> f"{passes(digits_model())[-1]:.2f}"
        '0.94'
    """
    with MultiplyAdds() as whole:
        model.logits(model.blank(1)[0])
    walk, value, spent, step = model.walk(1), None, [0], MultiplyAdds()
    for _ in model.order:
        with step:
            walk.send(value)
        value = torch.zeros(1, dtype=torch.long)
        spent.append(step.total)
    return torch.tensor(spent) / whole.total


class PixelSampler(Demo):
    """Left the image so far; right the conditional of the next pixel, and below it what the image has cost.

    `model` may be one of your own: any autoregressive model of 64 pixels, in whatever order.

    Example:
        >>> demo = PixelSampler(temperature=0.5)
        >>> demo.step()
        >>> demo
        PixelSampler(time=28, temperature=0.5)
    """

    title = "Sampling: pixel by pixel, each from its conditional"
    question = "Which level will the marked pixel have? How many passes of the network has the image cost?"
    clock = "time"

    def __init__(
        self,
        *,
        time: int = 27,
        temperature: float = 1.0,
        bug: bool = False,
        seed: int = 8,
        model: AutoregressiveModel | None = None,
        predict: bool = False,
    ) -> None:
        self.model, self.drawn_from = model, model or digits_model()
        if len(self.drawn_from.order) != PIXELS:
            raise ValueError(f"model: one of {PIXELS} pixels, not {len(self.drawn_from.order)}")
        self.places = squares(torch.ones(SIZE, SIZE).bool())[list(self.drawn_from.order)]
        controls = {
            "time": slider("pixels drawn", time, 0, PIXELS),
            "temperature": fine_slider("temperature", temperature, 0.1, 2.0, 0.1),
            "seed": seed_box(seed),
            "bug": switch("Bug: all pixels from one pass", bug),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        levels = self.drawn_from.num_levels
        self.ink = colormaps["Blues"](torch.linspace(0, 1, levels).numpy())
        axes = figure.subplot_mosaic(
            [["image", "conditional"], ["image", "passes"]], width_ratios=(1, 1.5), height_ratios=(2.2, 1)
        )
        image, conditional, cost = axes.values()
        image.set(xlim=(-0.1, SIZE + 0.1), ylim=(SIZE + 0.1, -0.1), aspect="equal")
        image.set_axis_off()
        image.add_patch(Rectangle((0, 0), SIZE, SIZE, color="#eeeeee", zorder=0))
        ends = range(SIZE + 1)
        grid = [((0, t), (SIZE, t)) for t in ends] + [((t, 0), (t, SIZE)) for t in ends]
        image.add_collection(LineCollection(grid, color="lightgrey", lw=1, zorder=0.5))
        self.pixels = self.moves(PolyCollection([], lw=0, antialiased=False))
        self.next = self.moves(Rectangle((0, 0), 1, 1, fill=False, ec=ORANGE, lw=6, zorder=3))
        image.add_collection(self.pixels)
        image.add_patch(self.next)

        conditional.set(xlim=(-1, levels - 0.4), ylim=(0, 1.15), yticks=(0, 0.5, 1), xticks=())
        conditional.set_ylabel("probability")
        conditional.set_xlabel("level of the marked pixel, from paper to ink", labelpad=36)
        below = squares(torch.ones(1, levels).bool()) * (1, 0.1) - (0.5, 0.13)
        swatches = PolyCollection(below, fc=self.ink, ec="white", lw=4, clip_on=False)
        swatches.set_transform(conditional.get_xaxis_transform())
        conditional.add_collection(swatches)
        self.bars = [self.moves(bar, answer=True) for bar in conditional.bar(range(levels), 0, 0.8)]
        self.chance = self.moves(conditional.text(0, 0, "", ha="center", va="bottom"), answer=True)

        cost.set(xlim=(0, PIXELS * 1.2), ylim=(1.6, -0.6), xticks=(1, 16, 32, 48, 64))
        cost.set_yticks((0, 1), ("by definition", "remembering"))
        cost.set_xlabel("passes of the network")
        colours = (ORANGE, BLUE)
        self.spent = [self.moves(bar, answer=True) for bar in cost.barh((0, 1), 0, 0.7, color=colours)]
        self.counts = [self.moves(cost.text(0, row, "", va="center"), answer=True) for row in (0, 1)]

    def show(self, *, time: int, temperature: float, seed: int, bug: bool) -> str:
        at = round(10 * temperature) - 1
        drawn, in_turn = (draws(self.drawn_from, seed, one_pass=each) for each in (bug, False))
        self.pixels.set_verts(self.places[:time])
        self.pixels.set_facecolor(self.ink[drawn.values[at, :time].numpy()])
        self.next.set_visible(time < PIXELS)
        spent = [float(time), passes(self.drawn_from)[time].item()] if not bug else [float(time > 0)] * 2
        for bar, text, count in zip(self.spent, self.counts, spent, strict=True):
            bar.set_width(count)
            text.set(text=f"{count:.3g}", x=count + 1)
        bits, fair = (each.bits[at, :time].sum() for each in (drawn, in_turn))
        if bug:
            cost = f"took one pass, and cost {bits:.1f} bits; drawn in turn, with the same noise, {fair:.1f}."
        else:
            by_definition = counted(time, "pass", "passes")
            cost = f"cost {bits:.1f} bits, and {by_definition} by definition, {spent[1]:.2f} remembering."
        if time == PIXELS:
            for bar in self.bars:
                bar.set_height(0)
            self.chance.set_text("")
            return f"All {PIXELS} pixels are drawn: they {cost}"
        self.next.set_xy(self.places[time][0])
        level, p = int(drawn.values[at, time]), drawn.conditionals[at, time].tolist()
        for k, bar in enumerate(self.bars):
            bar.set_height(p[k])
            bar.set_facecolor(ORANGE if k == level else BLUE)
        self.chance.set(text=f"{p[level]:.2f}", x=level, y=p[level] + 0.01)
        given = "an empty image" if bug else f"the {time} before"
        return f"p(level {level} | {given}) = {p[level]:.3f}. The {counted(time, 'pixel')} so far {cost}"
