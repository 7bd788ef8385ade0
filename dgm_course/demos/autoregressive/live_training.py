"""Training as it happens: a small MADE learns binary digits, a few steps of Adam a tick.

    NLL = −1/(N·64) Σ_n Σ_i log p(x_i | x_<i)     nats per pixel

Two marks stand beside the curves: independent pixels, which every model has to beat, and the MADE of the course's table
of systems, which saw all images, is more than twice as wide, and was measured on the test images. With few images the
curve of training goes on falling and that of new images turns round. The noise of the draws is the same at every tick,
so that what changes in them was learnt.

The classic bug is an output that may know its own pixel. Its NLL soon falls below what any model of digits can reach,
and looks like progress; but whoever asks p(x_i = 0 | …) + p(x_i = 1 | …) does not get one.
"""

import functools
import json
from collections.abc import Callable
from copy import deepcopy
from importlib.resources import files

import torch
import torch._dynamo  # the first optimiser imports it: a second or two with which no demo should open
import torch.nn.functional as F
from jaxtyping import Int
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course import data
from dgm_course.demos.autoregressive.masked_network import not_strict, use_masks
from dgm_course.demos.controls import choice, notched_slider, seed_box, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.shapes import squares
from dgm_course.models.autoregressive.histogram import Histogram
from dgm_course.models.autoregressive.made import MADE, hidden_degrees
from dgm_course.plots.style import BLUE, GREY, ORANGE

Loss = Callable[[MADE, Int[Tensor, "batch 64"]], Tensor]
PIXELS, HIDDEN, BATCH, STEPS, TICKS, DRAWS = 64, 100, 100, 3, 80, 12
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
SIZES = (100, 300, 1200)


@functools.cache
def images() -> tuple[Int[Tensor, "train 64"], Int[Tensor, "validation 64"]]:
    """Binary digits to train on, and others; the test images of the course are not touched.

    Example:
        >>> [len(part) for part in images()]
        [1200, 300]
    """
    train, validation = data.digits(binarize="threshold").train.flatten(1).split((1200, 300))
    return train, validation


@functools.cache
def marks() -> dict[str, float]:
    """Nats per pixel: of independent pixels on the validation images, of the course's MADE on the test images."""
    train, validation = images()
    independent = nats_per_pixel(Histogram(2, (PIXELS,)).count(train, smoothing=1.0), validation)
    table = json.loads(files("dgm_course").joinpath("zoo_figures.json").read_text("utf-8"))
    return {"independent pixels": independent, "MADE (test)": table["MADE"]["value"]}


@torch.no_grad()
def nats_per_pixel(model: Histogram | MADE, x: Int[Tensor, "batch 64"]) -> float:
    """The negative log-likelihood that is reported, whatever is minimised."""
    return -model.log_prob(x).mean().item() / PIXELS


@torch.no_grad()
def two_values(model: MADE, x: Int[Tensor, "batch 64"]) -> float:
    """The mean over images and pixels of p(x_i = 0 | …) + p(x_i = 1 | …), which is one if x_i is not among the ….

    Example:
        >>> round(two_values(MADE(PIXELS, (HIDDEN,)).double(), images()[1][:2]), 9)
        1.0
    """
    flipped = x[:, None] ^ torch.eye(PIXELS, dtype=torch.long)  # copy i has another pixel i
    as_it_is, other = (model.log_conditionals(each.flatten(0, -2)).exp() for each in (x, flipped))
    return (as_it_is + other.view(len(x), PIXELS, PIXELS).diagonal(dim1=1, dim2=2)).mean().item()


@torch.no_grad()
def draws(model: MADE, seed: int) -> Int[Tensor, "draws 64"]:
    """Ancestral samples by fixed noise: x_i = 1 where u_i < p(x_i = 1 | x_<i), so that few pixels change at a tick.

    Example:
        >>> draws(MADE(PIXELS, (HIDDEN,)), seed=0).shape
        torch.Size([12, 64])
    """
    threshold = torch.rand(PIXELS, DRAWS, generator=Generator().manual_seed(seed)).logit()
    walk, x, known = model.walk(DRAWS), torch.empty(DRAWS, PIXELS, dtype=torch.long), None
    for i in range(PIXELS):
        logits = walk.send(known)
        x[:, i] = known = (logits[:, 1] - logits[:, 0] > threshold[i]).long()
    return x


class Run:
    """One training run, which goes on as later ticks are asked for, and remembers the earlier ones.

    Example:
        >>> run = Run(lr=0.01, size=1200, seed=0)
        >>> run.at(3) is run.at(3), len(run.train_nll)
        (True, 4)
    """

    def __init__(self, lr: float, size: int, seed: int, bug: bool = False, loss: Loss = MADE.loss) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = MADE(PIXELS, (HIDDEN,))
        if bug:
            use_masks(self.model, not_strict(torch.arange(PIXELS), [hidden_degrees(HIDDEN, PIXELS) - 1]))
        self.loss = functools.partial(loss, self.model)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr, fused=True)
        self.size, self.noise = size, Generator().manual_seed(seed)
        self.train_nll: list[float] = []
        self.validation_nll: list[float] = []
        self.models: list[MADE] = []
        self._remember()

    def at(self, tick: int) -> MADE:
        """The model after `tick` ticks of three steps of Adam."""
        while len(self.models) <= tick:
            for _ in range(STEPS):
                self.optimizer.zero_grad()
                x = images()[0][torch.randint(self.size, (BATCH,), generator=self.noise)]
                self.loss(x).backward()
                self.optimizer.step()
            self._remember()
        return self.models[tick]

    def _remember(self) -> None:
        train, validation = images()
        self.models.append(deepcopy(self.model))
        self.train_nll.append(nats_per_pixel(self.model, train[: min(self.size, 300)]))
        self.validation_nll.append(nats_per_pixel(self.model, validation))


runs = functools.lru_cache(16)(Run)


class LiveTraining(Demo):
    """Left the curves, right draws with the same noise; another setting begins another run.

    `loss(model, x)` may be a function of your own; what is reported stays the negative log-likelihood.

    Example:
        >>> demo = LiveTraining(time=2)
        >>> demo.step()
        >>> demo
        LiveTraining(time=3)
        >>> demo.controls["lr"].value = 0.1
        >>> demo
        LiveTraining(lr=0.1)
    """

    title = "Training a MADE, live"
    question = "Where do the two curves go? Will what is drawn look like digits?"
    clock = "time"
    begins_again = True

    def __init__(
        self,
        *,
        time: int = 0,
        lr: float = 0.01,
        size: int = 1200,
        bug: bool = False,
        seed: int = 0,
        loss: Loss = MADE.loss,
        predict: bool = False,
    ) -> None:
        self.loss = loss
        controls = {
            "time": slider("ticks of 3 steps", time, 0, TICKS),
            "lr": notched_slider("learning rate", lr, RATES),
            "size": choice("images", size, SIZES),
            "seed": seed_box(seed),
            "bug": switch("Bug: a pixel may see itself", bug),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        left.set(xlim=(0, TICKS * STEPS), ylim=(0, 0.75), xlabel="steps of Adam", ylabel="nats per pixel")
        for name, level in marks().items():
            left.axhline(level, color=GREY, ls=":", zorder=1)
            left.text(TICKS * STEPS, level - 0.008, f"{name}: {level:.3f}", ha="right", va="top")
        (self.train,) = left.plot([], [], color=BLUE, ls="--", label="training images")
        (self.validation,) = left.plot([], [], color=ORANGE, lw=5, label="new images")
        left.legend(loc="upper right")
        right.set(xlim=(-0.1, 35.1), ylim=(26.1, -0.1), aspect="equal", title="draws, with the same noise")
        right.set_axis_off()
        self.ink = PolyCollection([], color="black", lw=0)
        right.add_collection(self.ink)
        for artist in (self.train, self.validation, self.ink):
            self.moves(artist, answer=True)

    def show(self, *, time: int, lr: float, size: int, seed: int, bug: bool) -> str:
        run = runs(lr, size, seed, bug, self.loss)
        model, (_, validation) = run.at(time), images()
        steps = [STEPS * tick for tick in range(time + 1)]
        self.train.set_data(steps, run.train_nll[: time + 1])
        self.validation.set_data(steps, run.validation_nll[: time + 1])
        drawn = draws(model, seed).view(3, 4, 8, 8)
        self.ink.set_verts(squares(F.pad(drawn, (0, 1, 0, 1)).transpose(1, 2).reshape(27, 36) > 0))
        both = two_values(model, validation[:4])
        verdict = "a distribution" if abs(both - 1) < 1e-4 else "not a distribution, however low the curve"
        return (
            f"After {STEPS * time} steps: {run.train_nll[time]:.3f} nats per pixel on training images, "
            f"{run.validation_nll[time]:.3f} on new ones. p(x_i = 0 | …) + p(x_i = 1 | …) = {both:.3f}: {verdict}."
        )
