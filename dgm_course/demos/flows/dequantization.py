"""Integers under a density: noise has to fill the whole cell, or bits are won that nobody has.

    y = x + u,  u uniform in [0, 1),     −∫ p(y) log₂ q(y) dy  ≥  −Σ_k P_k log₂ ∫_k^{k+1} q(y) dy  ≥  H(P)

The data are one pixel of the digits, 17 levels. The density is what was counted in eighths of a cell, made smooth by a
logistic kernel, for no flow is as steep as a step. If noise fills half of every cell, the density is twice as high
there and each dimension claims one bit less than the entropy; what its cells are worth has not changed. And where the
density has to be smooth, counting levels beats it: an independent categorical has no steps to climb.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.data.digits import digits
from dgm_course.demos.controls import fine_slider, seed_box, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.metrics import bits_per_dim
from dgm_course.plots.style import CYAN, GREY, ORANGE, RED

Noisy = Callable[[Int[Tensor, " values"], int, Generator], Float[Tensor, " values"]]
LEVELS, PARTS, COPIES = 17, 8, 100
EDGES = torch.arange(LEVELS * PARTS + 1, dtype=torch.float64) / PARTS


def dequantize(x: Int[Tensor, " values"], num_levels: int, generator: Generator) -> Float[Tensor, " values"]:
    """(x + u) / K in [0, 1), with u uniform in [0, 1).

    Example:
        >>> y = dequantize(torch.full((1000,), 2), 4, Generator().manual_seed(0))
        >>> y.min() >= 0.5, y.max() < 0.75
        (tensor(True), tensor(True))
    """
    return (x + torch.rand(x.shape, generator=generator, dtype=torch.float64)) / num_levels


def half_a_cell(x: Int[Tensor, " values"], num_levels: int, generator: Generator) -> Float[Tensor, " values"]:
    """The classic bug: u is uniform in [0, ½)."""
    return (x + torch.rand(x.shape, generator=generator, dtype=torch.float64) / 2) / num_levels


@functools.lru_cache(512)
def levels(pixel: int) -> Int[Tensor, " images"]:
    """One pixel of all training images.

    Example:
        >>> levels(20).shape
        torch.Size([1000])
    """
    return digits().train.flatten(1)[:, pixel]


@functools.lru_cache(512)
def shares(pixel: int, noisy: Noisy, seed: int) -> Float[Tensor, " parts"]:
    """Which share of the noisy pixels falls into each eighth of a cell."""
    y = LEVELS * noisy(levels(pixel).repeat(COPIES), LEVELS, Generator().manual_seed(seed))
    return torch.histc(y.double(), len(EDGES) - 1, 0.0, LEVELS) / len(y)


def below(
    y: Float[Tensor, " points"], share: Float[Tensor, " parts"], smooth: float
) -> Float[Tensor, " points"]:
    """∫_{−∞}^y q of the counted density, convolved with a logistic kernel of scale `smooth`.

    Example:
        >>> flat = torch.full((LEVELS * PARTS,), 1 / (LEVELS * PARTS), dtype=torch.float64)
        >>> below(torch.tensor([8.5]).double(), flat, 0.1)
        tensor([0.5000], dtype=torch.float64)
    """
    scaled = (y[:, None] - EDGES) / max(smooth, 1e-6)
    ramp = max(smooth, 1e-6) * F.softplus(scaled)  # ∫ σ
    return ((ramp[:, :-1] - ramp[:, 1:]) * share).sum(dim=1) * PARTS


@dataclass(frozen=True)
class Bits:
    """Bits per dimension: of counted levels, claimed by the density, and of the mass that it gives the cells."""

    categorical: float
    claimed: float
    cells: float


def bits(pixel: int, share: Float[Tensor, " parts"], smooth: float) -> Bits:
    """What a pixel costs.

    Example:
        >>> right = bits(20, shares(20, dequantize, seed=0), smooth=0.0)
        >>> wrong = bits(20, shares(20, half_a_cell, seed=0), smooth=0.0)
        >>> f"{right.claimed - wrong.claimed:.2f}, {abs(right.cells - wrong.cells):.2f}"
        '1.00, 0.00'
    """
    P = levels(pixel).bincount(minlength=LEVELS) / len(levels(pixel))
    q = below(EDGES, share, smooth).diff()
    pairs = (P, P), (share, q * PARTS), (P, q.view(LEVELS, PARTS).sum(dim=1))
    return Bits(*(bits_per_dim(-torch.special.xlogy(p, q).sum().item(), num_dims=1) for p, q in pairs))


class Dequantization(Demo):
    """Left the noisy pixel and the density that is fitted to it; right what it costs.

    `dequantize` may be a function of your own, such as the homework's.

    Example:
        >>> Dequantization(bug=True)
        Dequantization(bug=True)
    """

    title = "Dequantisation: noise fills the whole cell"
    question = "How many bits does the density need for this pixel, against counting its levels?"

    def __init__(
        self,
        *,
        smooth: float = 0.15,
        pixel: int = 20,
        seed: int = 0,
        bug: bool = False,
        dequantize: Noisy = dequantize,
        predict: bool = False,
    ) -> None:
        self.dequantize = dequantize
        controls = {
            "smooth": fine_slider("smoothness of the density", smooth, 0.0, 1.0, 0.05),
            "pixel": slider("pixel", pixel, 0, 63),
            "seed": seed_box(seed),
            "bug": switch("Bug: noise fills half a cell", bug),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        axes, cost = figure.subplots(1, 2, width_ratios=(2, 1))
        axes.set(
            xlim=(-0.5, LEVELS + 0.5), ylim=(0, 0.62), xticks=range(0, LEVELS + 1, 2), yticks=(0, 0.2, 0.4)
        )
        axes.set(xlabel="y = level + noise", ylabel="density")
        self.noisy = self.moves(axes.stairs([0.0], [0.0, 1.0], fill=True, color=CYAN))
        self.counted = self.moves(axes.stairs([0.0], [0.0, 1.0], color="black", lw=2, zorder=2))
        self.density = self.moves(axes.plot([], [], color=ORANGE, lw=4, zorder=3)[0], answer=True)
        axes.legend(
            [self.counted, self.noisy, self.density],
            ["levels counted", "with noise", "density q"],
            loc="upper left",
            ncols=3,
            columnspacing=1.2,
            handlelength=1.4,
        )
        cost.set(xlim=(0, 5.4), ylim=(2.6, -0.6), xlabel="bits/dim", xticks=range(5))
        cost.set_yticks(range(3), ("counting", "claimed", "mass of cells"))
        self.bars = [self.moves(bar, answer=True) for bar in cost.barh(range(3), 0, 0.6)]
        self.numbers = [self.moves(cost.text(0, row, "", va="center"), answer=True) for row in range(3)]

    def show(self, *, smooth: float, pixel: int, seed: int, bug: bool) -> str:
        share = shares(pixel, half_a_cell if bug else self.dequantize, seed)
        P = levels(pixel).bincount(minlength=LEVELS) / len(levels(pixel))
        cost = bits(pixel, share, smooth)
        self.noisy.set_data((share * PARTS).numpy(), EDGES.numpy())
        self.counted.set_data(P.numpy(), torch.arange(LEVELS + 1).numpy())
        fine = torch.linspace(-0.5, LEVELS + 0.5, 18 * 16 + 1, dtype=torch.float64)
        middle, q = (fine[1:] + fine[:-1]) / 2, below(fine, share, smooth).diff() * 16
        self.density.set_data(middle, q)
        possible = cost.claimed > cost.categorical - 0.01
        values = (cost.categorical, cost.claimed, cost.cells)
        colours = (GREY, ORANGE if possible else RED, ORANGE)
        for bar, text, value, colour in zip(self.bars, self.numbers, values, colours, strict=True):
            length = min(max(value, 0.0), 4.4)
            bar.set_width(length)
            bar.set_facecolor(colour)
            text.set(text=f"{value:.2f}", x=length + 0.1)
        if possible:
            excess = max(cost.claimed - cost.categorical, 0.0)
            verdict = f"Counting needs {cost.categorical:.2f}: {excess:.2f} are the price of being smooth."
        else:
            verdict = f"Nobody can beat the {cost.categorical:.2f} of counting: part of every cell is empty."
        return (
            f"The density claims {cost.claimed:.2f} bits/dim; what it gives the cells is worth {cost.cells:.2f}. "
            f"{verdict}"
        )
