"""A small flow that learns a density of the plane, a few steps of Adam a tick, with its mass beside its likelihood.

What is minimised is what is claimed, right or wrong: −log p(x) = −log N(z) − w log |det ∂z/∂x|. With w = 1 that is the
change of variables; w = 0 forgets the log-determinant, w = −1 takes that of the other direction. The mass is the
integral of exp(what is claimed) over a square that holds the data, by the trapezoidal rule.
"""

import functools
from collections.abc import Callable
from copy import deepcopy
from typing import Literal

import torch
import torch._dynamo  # the first optimiser imports it: a second or two with which no demo should open
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from dgm_course.data import toy
from dgm_course.demos.flows.lattice import corners
from dgm_course.models.flows.base import Flow, log_normal
from dgm_course.models.flows.coupling import RealNVP
from dgm_course.models.flows.spline import SplineFlow

Data = Literal["moons", "ring", "pinwheel", "checkerboard"]
Kind = Literal["affine couplings", "splines"]
LogProb = Callable[[Flow, Float[Tensor, "batch 2"]], Float[Tensor, " batch"]]
DATA: dict[Data, Callable[[], toy.Toy]] = {
    "moons": toy.moons,
    "ring": toy.ring,
    "pinwheel": toy.pinwheel,
    "checkerboard": toy.checkerboard,
}
KINDS: dict[Kind, Callable[[], Flow]] = {
    "affine couplings": lambda: RealNVP(2, num_layers=4, hidden=(32,)),
    "splines": lambda: SplineFlow(2, num_layers=2, hidden=(32,), num_bins=5),
}
BATCH, STEPS, REACH, CELLS = 256, 2, 5.0, 64


def weighted(flow: Flow, x: Float[Tensor, "batch 2"], weight: float) -> Float[Tensor, " batch"]:
    """log N(z) + w log |det ∂z/∂x|: a log-density for w = 1 only."""
    z, log_det = flow.inverse(x)
    return log_normal(z) + weight * log_det


forgotten: LogProb = functools.partial(weighted, weight=0.0)
wrong_sign: LogProb = functools.partial(weighted, weight=-1.0)


@functools.cache
def examples(data: Data) -> tuple[Float[Tensor, "train 2"], Float[Tensor, "validation 2"]]:
    """Points to train on, and others.

    Example:
        >>> [len(part) for part in examples("ring")]
        [10000, 1000]
    """
    train, validation = (
        DATA[data]().sample(11_000, generator=Generator().manual_seed(0)).split((10_000, 1000))
    )
    return train, validation


@functools.cache
def entropy(data: Data) -> float:
    """What the points to validate on cost under the density that they come from: on average no flow does better.

    Example:
        >>> round(entropy("moons"), 1)
        1.8
    """
    return -DATA[data]().log_prob(examples(data)[1].double()).mean().item()


@torch.no_grad()
def mass(log_prob: Callable[[Tensor], Tensor], dtype: torch.dtype = torch.float32) -> float:
    """∫ exp log_prob(x) dx over [−5, 5]².

    Example:
        >>> round(mass(log_normal), 4)
        1.0
    """
    claimed = log_prob(corners(CELLS, REACH).to(dtype)).double().exp().view(CELLS + 1, CELLS + 1)
    side = 2 * REACH / CELLS
    return torch.trapezoid(torch.trapezoid(claimed, dx=side), dx=side).item()


class Run:
    """One training run, which goes on as later ticks are asked for, and remembers the earlier ones.

    Example:
        >>> run = Run("moons", "affine couplings", lr=0.01, seed=0)
        >>> run.at(3).sample(5).shape, len(run.nll), len(run.mass)
        (torch.Size([5, 2]), 4, 4)
    """

    def __init__(
        self, data: Data, kind: Kind, lr: float, seed: int, log_prob: LogProb = Flow.log_prob
    ) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = KINDS[kind]()
        self.data, self.log_prob = data, functools.partial(log_prob, self.model)
        self.shown = deepcopy(self.model).requires_grad_(False)
        # The fused rule takes a fifth of the time, which with so small a network is much of a step.
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr, fused=True)
        self.noise = Generator().manual_seed(seed)
        self.nll: list[float] = []
        self.mass: list[float] = []
        self.weights: list[Tensor] = []
        self._remember()

    def at(self, tick: int) -> Flow:
        """The flow after `tick` ticks of two steps of Adam, until it is asked for at another."""
        train, _ = examples(self.data)
        while len(self.weights) <= tick:
            for _ in range(STEPS):
                self.optimizer.zero_grad()
                x = train[torch.randint(len(train), (BATCH,), generator=self.noise)]
                (-self.log_prob(x).mean()).backward()
                self.optimizer.step()
            self._remember()
        vector_to_parameters(self.weights[tick], self.shown.parameters())
        return self.shown

    @torch.no_grad()
    def _remember(self) -> None:
        self.weights.append(parameters_to_vector(self.model.parameters()))
        self.nll.append(-self.log_prob(examples(self.data)[1]).mean().item())
        self.mass.append(mass(self.log_prob))


runs = functools.lru_cache(16)(Run)
