"""Coupling, one operation at a time: what stays, what moves, and why the way back needs no inverse of a network.

    x_a = z_a,     x_b = z_b · exp s(z_a) + t(z_a)
    z_a = x_a,     z_b = (x_b − t(x_a)) · exp(−s(x_a))

Two couplings that take turns, and back. On the way back the half that stayed says once more what s and t were. The
classic bug asks the half that changed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from torch import Generator, Tensor, nn

from dgm_course.demos.controls import fine_slider, seed_box, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.flows.lattice import corners, quadrilaterals
from dgm_course.models.flows.coupling import AffineCoupling, bounded, halves, joined
from dgm_course.plots.style import BLUE, CYAN, ORANGE, RED
from dgm_course.testing import randomize

Network = Callable[[int], nn.Module]
NAMES = ("z", "scale", "shift", "scale", "shift = x", "shift back", "scale back", "shift back", "scale back")


@dataclass(frozen=True)
class Moment:
    """The points after an operation, log |det| of all so far, and what the network said of each point."""

    points: Float[Tensor, "points 2"]
    log_det: Float[Tensor, " points"]
    s: Float[Tensor, " points"]
    t: Float[Tensor, " points"]


def tanh_network(seed: int) -> nn.Module:
    """One number in, s and t out; gentle enough to be drawn.

    Example:
        >>> tanh_network(seed=0)(torch.zeros(5, 1).double()).shape
        torch.Size([5, 2])
    """
    made = nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 2))
    return randomize(made, Generator().manual_seed(seed), scale=0.4)


def couplings(seed: int, network: Network = tanh_network) -> list[AffineCoupling]:
    """Two couplings of the plane: the first moves z₂, the second moves z₁.

    Example:
        >>> [layer.flip for layer in couplings(seed=0)]
        [False, True]
    """
    return [AffineCoupling(network(2 * seed + place).double(), flip=place == 1) for place in range(2)]


@torch.no_grad()
def moments(
    layers: Sequence[AffineCoupling], z: Float[Tensor, "points 2"], *, wrong_half: bool = False
) -> list[Moment]:
    """All operations there and back again; with `wrong_half` the way back asks the half that changed.

    Example:
        >>> z = torch.randn(5, 2, dtype=torch.float64)
        >>> walk = moments(couplings(seed=0), z)
        >>> len(walk), torch.allclose(walk[-1].points, z)
        (9, True)
    """
    nothing = z.new_zeros(len(z))
    walk = [Moment(z, nothing, nothing, nothing)]

    def move(flip: bool, kept: Tensor, changed: Tensor, log_det: Tensor, s: Tensor, t: Tensor) -> Tensor:
        points = joined(kept, changed, flip)
        walk.append(Moment(points, walk[-1].log_det + log_det, s[:, 0], t[:, 0]))
        return changed

    for layer in layers:
        kept, changed = halves(walk[-1].points, layer.flip)
        s, t = layer.network(kept).chunk(2, dim=1)
        s = bounded(s)
        changed = move(layer.flip, kept, changed * s.exp(), s[:, 0], s, t)
        move(layer.flip, kept, changed + t, nothing, s, t)
    for layer in reversed(layers):
        kept, changed = halves(walk[-1].points, layer.flip)
        s, t = layer.network(changed if wrong_half else kept).chunk(2, dim=1)
        s = bounded(s)
        changed = move(layer.flip, kept, changed - t, nothing, s, t)
        move(layer.flip, kept, changed * (-s).exp(), -s[:, 0], s, t)
    return walk


class CouplingSteps(Demo):
    """Left the plane, with one point and where it came from; right the operations.

    `network` may be a function of your own: a number in, a module that maps (points, 1) to s and t (points, 2) out.

    Example:
        >>> demo = CouplingSteps(time=1)
        >>> demo.step()
        >>> demo
        CouplingSteps()
    """

    title = "Coupling: one half stays, and says how the other moves"
    question = "Which coordinate stays in the next operation? Where does the star go?"
    clock = "time"

    def __init__(
        self,
        *,
        time: int = 2,
        z1: float = 0.8,
        z2: float = -0.6,
        seed: int = 3,
        bug: bool = False,
        network: Network = tanh_network,
        predict: bool = False,
    ) -> None:
        self.network = network
        controls = {
            "time": slider("operation", time, 0, len(NAMES) - 1),
            "z1": fine_slider("star z₁", z1, -2.0, 2.0, 0.2),
            "z2": fine_slider("star z₂", z2, -2.0, 2.0, 0.2),
            "seed": seed_box(seed),
            "bug": switch("Bug: the way back asks the other half", bug),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        plane, table = figure.subplots(1, 2, width_ratios=(1.15, 1))
        plane.set(
            xlim=(-4.4, 4.4), ylim=(-3.6, 3.6), aspect="equal", xticks=range(-4, 5, 2), yticks=(-2, 0, 2)
        )
        plane.set(xlabel="first coordinate", ylabel="second")
        self.cells = PolyCollection([], fc=CYAN, ec="white", lw=0.6, alpha=0.8)
        plane.add_collection(self.moves(self.cells, answer=True))
        self.path = self.moves(plane.plot([], [], color=ORANGE, lw=5, zorder=3)[0], answer=True)
        self.begin = self.moves(plane.plot([], [], "o", ms=16, mfc="none", mec="black", mew=3)[0])
        self.star = self.moves(
            plane.plot([], [], "*", color="black", ms=26, mec="white", zorder=4)[0], answer=True
        )
        table.set(xlim=(0, 1), ylim=(len(NAMES) - 0.4, -0.6))
        table.set_axis_off()
        self.row = self.moves(table.barh([0], [0.99], 0.92, fill=False, ec=ORANGE, lw=4)[0])
        for row, name in enumerate(NAMES):
            which = "" if row == 0 else f"{(1, 1, 2, 2, 2, 2, 1, 1)[row - 1]}: "
            table.text(0.01, row, which + name, va="center", color="black" if row <= 4 else BLUE)
        self.formula = self.moves(table.text(0.34, 0, "", va="center"), answer=True)

    def show(self, *, time: int, z1: float, z2: float, seed: int, bug: bool) -> str:
        star = torch.tensor([[z1, z2]], dtype=torch.float64)
        z = torch.cat([corners(16, 2.0), star])
        walk = moments(couplings(seed, self.network), z, wrong_half=bug)
        now = walk[time]
        self.cells.set_verts(quadrilaterals(now.points[:-1]).numpy())  # type: ignore[arg-type]
        self.path.set_data(*torch.stack([each.points[-1] for each in walk[max(0, time - 1) : time + 1]]).T)
        self.begin.set_data([z1], [z2])
        self.star.set_data(*now.points[-1:].T)
        self.row.set_y(time - 0.46)
        operation, stays = _operation(walk, time, bug)
        self.formula.set(text=operation, y=time)
        error = (walk[-1].points - z).abs().max().item()
        self.star.set_color(RED if time == len(walk) - 1 and error > 1e-9 else "black")
        there = "There" if time <= 4 else "Back"
        back = "rounding only" if error < 1e-9 else "not the way back"
        return (
            f"{there}: {stays}. log |det| of the star so far {now.log_det[-1]:.2f}. "
            f"After the round trip the largest error of all points is {error:.1e}: {back}."
        )


def _operation(walk: list[Moment], time: int, bug: bool) -> tuple[str, str]:
    """What happens to the star, in numbers, and what stays."""
    if time == 0:
        return f"({walk[0].points[-1, 0]:.2f}, {walk[0].points[-1, 1]:.2f})", "nothing has happened yet"
    moved = 1 if time in (1, 2, 7, 8) else 0
    before, after = walk[time - 1].points[-1, moved], walk[time].points[-1, moved]
    s, t = walk[time].s[-1], walk[time].t[-1]
    there, odd = time <= 4, time % 2 == 1
    amount = s.exp() if odd == there else t
    sign = {(True, True): "·", (True, False): "+", (False, True): "−", (False, False): "/"}[there, odd]
    shown = f"({amount:.2f})" if amount < 0 else f"{amount:.2f}"
    kept, changed = ("first", "second") if moved else ("second", "first")
    asked = changed if bug and time > 4 else kept
    return (
        f"{before:.2f} {sign} {shown} = {after:.2f}",
        f"the {kept} coordinate stays, the {changed} moves; the {asked} one is asked for s and t",
    )
