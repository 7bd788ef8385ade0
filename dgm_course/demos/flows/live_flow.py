"""A flow learns a density of the plane while one watches: is its likelihood honest?

    NLL = −1/N Σ_n [log N(z_n) + log |det ∂z/∂x|],     z = f⁻¹(x);          mass = ∫ p(x) dx

The likelihood can be compared with the cost under the density that the points come from, which no flow beats, and the
mass tells whether it is a likelihood at all. The classic bug forgets the log-determinant: it is cheapest to send all
data to z = 0, the NLL falls to log 2π at once, and the mass says what that is worth.
"""

import torch
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Generator

from dgm_course.demos.controls import choice, notched_slider, seed_box, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.flows.lattice import corners
from dgm_course.demos.flows.run import (
    DATA,
    KINDS,
    STEPS,
    Data,
    Kind,
    LogProb,
    entropy,
    examples,
    forgotten,
    runs,
)
from dgm_course.models.flows.base import Flow
from dgm_course.plots.style import BLUE, CYAN, GREY, ORANGE, RED

TICKS, DRAWS, LATTICE = 150, 400, 16
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)


class LiveFlow(Demo):
    """Left data, draws with the same noise and a warped grid; right the curve; another setting begins another run.

    `log_prob(flow, x)` may be a function of your own, for any flow with `inverse(x) -> (z, log_det)`.

    Example:
        >>> demo = LiveFlow(time=1, kind="affine couplings")
        >>> demo.step()
        >>> demo
        LiveFlow(time=2, kind='affine couplings')
        >>> demo.controls["lr"].value = 0.03
        >>> demo
        LiveFlow(lr=0.03, kind='affine couplings')
    """

    title = "Training a flow, live"
    question = "Where will the curve end? What will the flow draw, and how large is its mass?"
    clock = "time"
    begins_again = True

    def __init__(
        self,
        *,
        time: int = 0,
        data: Data = "moons",
        kind: Kind = "splines",
        lr: float = 0.01,
        seed: int = 0,
        bug: bool = False,
        log_prob: LogProb = Flow.log_prob,
        predict: bool = False,
    ) -> None:
        self.log_prob = log_prob
        controls = {
            "time": slider("ticks of 2 steps", time, 0, TICKS),
            "lr": notched_slider("learning rate", lr, RATES),
            "data": choice("data", data, tuple(DATA)),
            "kind": choice("flow", kind, tuple(KINDS)),
            "seed": seed_box(seed),
            "bug": switch("Bug: log_det forgotten", bug),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        plane, curve = figure.subplots(1, 2)
        plane.set(xlim=(-5, 5), ylim=(-4, 4), aspect="equal", xticks=range(-4, 5, 2), yticks=range(-4, 5, 2))
        self.grid = LineCollection([], color=CYAN, lw=1.2)
        plane.add_collection(self.moves(self.grid, answer=True))
        dots = {"marker": "o", "ls": ""}
        self.data = self.moves(plane.plot([], [], ms=6, color=GREY, label="data", **dots)[0])
        self.draws = self.moves(plane.plot([], [], ms=4, color=BLUE, label="draws", **dots)[0], answer=True)
        plane.legend(loc="upper center", ncols=2, markerscale=2, bbox_to_anchor=(0.5, 1.14))
        curve.set(
            xlim=(0, TICKS * STEPS), ylim=(0, 5), xlabel="steps of Adam", ylabel="nats", yticks=range(6)
        )
        self.floor = self.moves(curve.plot([0, TICKS * STEPS], [0, 0], color="black", ls=":")[0])
        self.curve = self.moves(curve.plot([], [], color=ORANGE, lw=5)[0], answer=True)
        curve.legend([self.curve, self.floor], ["NLL of new points", "the density itself"], loc="lower left")
        self.number = self.moves(
            curve.text(TICKS * STEPS, 4.7, "", ha="right", va="center", fontsize=22), answer=True
        )

    def show(self, *, time: int, lr: float, data: Data, kind: Kind, seed: int, bug: bool) -> str:
        run = runs(data, kind, lr, seed, forgotten if bug else self.log_prob)
        flow, least = run.at(time), entropy(data)
        nll, mass = run.nll[time], run.mass[time]
        noise = torch.randn(DRAWS, 2, generator=Generator().manual_seed(seed))
        warped, draws = flow(torch.cat([corners(LATTICE, 2.0).float(), noise]))[0].split(
            ((LATTICE + 1) ** 2, DRAWS)
        )
        lines = warped.view(LATTICE + 1, LATTICE + 1, 2)
        self.grid.set_segments(torch.cat([lines, lines.transpose(0, 1)]).numpy())  # type: ignore[arg-type]
        self.draws.set_data(*draws.T.numpy())
        self.data.set_data(*examples(data)[0][:DRAWS].T.numpy())
        self.floor.set_ydata([least, least])
        self.curve.set_data([STEPS * tick for tick in range(time + 1)], run.nll[: time + 1])
        honest = abs(mass - 1) < 0.15
        self.number.set(
            text=f"mass {mass:.3g}" if mass > 10 else f"mass {mass:.2f}", color="black" if honest else RED
        )
        verdict = (
            "a density, as far as the grid can tell" if honest else "not a density, however low the curve"
        )
        return (
            f"After {STEPS * time} steps new points cost {nll:.2f} nats, {nll - least:.2f} above the density that they "
            f"come from. The mass is {mass:.3g}: {verdict}."
        )
