"""One sign of the log-determinant: the likelihood gets better than is possible, and the mass explodes.

    right   log p(x) = log N(z) + log |det ∂z/∂x|
    wrong   log p(x) = log N(z) − log |det ∂z/∂x|          (that of ∂x/∂z)

Both are trained from the same start on the same points. With the wrong sign it pays to squeeze all data into z = 0 and
to be praised for it. No test set notices: the curve of new points falls as well. What notices is the integral, which is
no longer one, or the entropy of the data, below which no honest curve can stay. The entropy does not betray every bug:
without any log |det| no curve falls below −log N(0) = log 2π, which is 1.84, and two moons have 1.83. There only the
mass tells.
"""

import math
from typing import Literal

from matplotlib.figure import Figure

from dgm_course.demos.controls import choice, notched_slider, seed_box, slider
from dgm_course.demos.demo import Demo
from dgm_course.demos.flows.run import DATA, STEPS, Data, LogProb, entropy, forgotten, runs, wrong_sign
from dgm_course.models.flows.base import Flow
from dgm_course.plots.style import BLUE, RED

Formula = Literal["wrong sign", "no log_det"]
FORMULAS: dict[Formula, LogProb] = {"wrong sign": wrong_sign, "no log_det": forgotten}
TICKS = 100
RATES = (0.0003, 0.001, 0.003, 0.01)


class SignError(Demo):
    """Left what new points cost, right the mass, of the right formula in blue and of a wrong one in red.

    `log_prob(flow, x)` may be a function of your own in place of the right one.

    Example:
        >>> demo = SignError(time=1)
        >>> demo.step()
        >>> demo
        SignError(time=2)
    """

    title = "A likelihood too good to be true"
    question = "Which of the two curves is the better model? What is the integral of each?"
    clock = "time"
    begins_again = True

    def __init__(
        self,
        *,
        time: int = 20,
        lr: float = 0.001,
        data: Data = "moons",
        formula: Formula = "wrong sign",
        seed: int = 0,
        log_prob: LogProb = Flow.log_prob,
        predict: bool = False,
    ) -> None:
        self.log_prob = log_prob
        controls = {
            "time": slider("ticks of 2 steps", time, 0, TICKS),
            "lr": notched_slider("learning rate", lr, RATES),
            "data": choice("data", data, tuple(DATA)),
            "formula": choice("bug", formula, tuple(FORMULAS)),
            "seed": seed_box(seed),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        cost, mass = figure.subplots(1, 2)
        last = TICKS * STEPS
        cost.set(xlim=(0, last), ylim=(-6, 5), xlabel="steps of Adam", ylabel="NLL of new points, nats")
        mass.set(xlim=(0, last), ylim=(-1, 6), xlabel="steps of Adam", ylabel="mass")
        mass.set_yticks(range(0, 7, 2), ("1", "100", "10 000", "1 000 000"))
        mass.axhline(0, color="black", lw=1.5, ls=":")
        self.floor = self.moves(cost.plot([0, last], [0, 0], color="black", ls=":")[0])
        self.costs, self.masses = (
            [
                self.moves(axes.plot([], [], color=BLUE, lw=5)[0], answer=True),
                self.moves(axes.plot([], [], color=RED, lw=5, ls="--")[0], answer=True),
            ]
            for axes in (cost, mass)
        )
        cost.legend(
            [*self.costs, self.floor], ["right", "with the bug", "the density itself"], loc="lower left"
        )
        self.number = self.moves(mass.text(0.03 * last, 5.6, "", va="center", fontsize=22), answer=True)

    def show(self, *, time: int, lr: float, data: Data, formula: Formula, seed: int) -> str:
        pair = [runs(data, "affine couplings", lr, seed, each) for each in (self.log_prob, FORMULAS[formula])]
        least, steps = entropy(data), [STEPS * tick for tick in range(time + 1)]
        self.floor.set_ydata([least, least])
        for run, cost, mass in zip(pair, self.costs, self.masses, strict=True):
            run.at(time)
            cost.set_data(steps, run.nll[: time + 1])
            mass.set_data(steps, [math.log10(max(each, 1e-9)) for each in run.mass[: time + 1]])
        right, wrong = pair
        self.number.set_text(f"mass {_number(right.mass[time])} and {_number(wrong.mass[time])}")
        verdict = (
            f"below the {least:.2f} of the density itself, which is impossible"
            if wrong.nll[time] < least
            else f"the density itself costs {least:.2f}"
        )
        return (
            f"After {STEPS * time} steps: right {right.nll[time]:.2f} nats, mass {_number(right.mass[time])}; with the "
            f"bug {wrong.nll[time]:.2f} nats, mass {_number(wrong.mass[time])}: {verdict}."
        )


def _number(mass: float) -> str:
    return f"{mass:.2f}" if mass < 10 else f"{mass:,.0f}".replace(",", " ") if mass < 1e7 else f"{mass:.0e}"
