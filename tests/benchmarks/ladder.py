"""Train the ladder of lecture 2 on 5,000 MNIST images and write down what each rung reached, and draws from it.

    python tests/benchmarks/ladder.py          # all of them: fifteen CPU-minutes on one thread
    python tests/benchmarks/ladder.py MADE     # this one only; the other figures stay

Every image is thresholded; early stopping looks at the validation images, the figure is of the 500 test images.
The lecture shows `lectures/02_autoregressive/ladder.json`, so that a class need not wait.
"""

import json
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dgm_course import data
from dgm_course.models.autoregressive.histogram import Histogram
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.nade import NADE
from dgm_course.models.autoregressive.pixelcnn import PixelCNN
from dgm_course.models.base import ExactLikelihood
from dgm_course.training import fit

FIGURES = Path(__file__).parents[2] / "lectures" / "02_autoregressive" / "ladder.json"
SEED, DRAWS = 0, 12
MNIST = data.mnist(binarize="threshold")


class BernoulliMixture:
    """p(x) = Σ_m π_m Π_i Bernoulli(x_i; μ_mi), by EM from blurred examples; 0.1 pseudo-counts smooth."""

    def __init__(self, x: Tensor, components: int, sweeps: int, generator: torch.Generator) -> None:
        self.means = 0.25 + 0.5 * x[torch.randperm(len(x), generator=generator)[:components]]
        self.log_weights = torch.full((components,), 1 / components).log()
        for _ in range(sweeps):
            responsibilities = self.joint(x).softmax(dim=1)
            mass = responsibilities.sum(dim=0)
            self.means = (responsibilities.T @ x + 0.1) / (mass[:, None] + 0.2)
            self.log_weights = (mass / mass.sum()).log()

    def joint(self, x: Tensor) -> Tensor:
        """log π_m p(x | m), examples × components."""
        return x @ self.means.log().T + (1 - x) @ (1 - self.means).log().T + self.log_weights

    def log_prob(self, x: Tensor) -> Tensor:
        return self.joint(x).logsumexp(dim=1)

    def sample(self, num_samples: int, *, generator: torch.Generator) -> Tensor:
        chosen = torch.multinomial(self.log_weights.exp(), num_samples, replacement=True, generator=generator)
        return torch.bernoulli(self.means[chosen], generator=generator)


def independent() -> Histogram:
    return Histogram(2, MNIST.event_shape).count(MNIST.train, smoothing=1.0)


def mixture() -> BernoulliMixture:
    train, generator = MNIST.train.flatten(1).float(), torch.Generator().manual_seed(SEED)
    return BernoulliMixture(train, components=100, sweeps=20, generator=generator)


def trained(build: Callable[[], ExactLikelihood], **settings: Any) -> Callable[[], ExactLikelihood]:
    """A network with its best weights on the validation images."""

    def train() -> ExactLikelihood:
        torch.manual_seed(SEED)
        model = build()
        x, validation = (part.view(-1, *model.event_shape) for part in (MNIST.train, MNIST.validation))
        fit(model, x, validation=validation, seed=SEED, progress=False, **settings)
        return model

    return train


RUNGS: dict[str, Callable[[], Any]] = {
    "independent": independent,
    "mixture of 100": mixture,
    "MADE": trained(lambda: MADE(784, hidden=(500,)), epochs=60, batch_size=64, lr=1e-3, patience=5),
    "NADE": trained(lambda: NADE(784, hidden=150), epochs=40, batch_size=32, lr=1e-3, patience=5),
    "PixelCNN": trained(
        lambda: PixelCNN(MNIST.event_shape, channels=32, num_blocks=4), epochs=60, batch_size=32, lr=2e-3
    ),
}


def measure(train: Callable[[], Any]) -> dict[str, Any]:
    """Test nats an image, the cost of training, and draws as the hexadecimal digits of their pixels."""
    start = time.process_time()
    model = train()
    seconds = time.process_time() - start
    shape = getattr(model, "event_shape", (784,))
    test = MNIST.test.view(-1, *shape)
    test = test if isinstance(model, ExactLikelihood) else test.float()
    with torch.no_grad():
        nats = -torch.cat([model.log_prob(part) for part in test.split(50)]).mean().item()
        draws = model.sample(DRAWS, generator=torch.Generator().manual_seed(SEED)).view(DRAWS, -1)
    parameters = (
        sum(p.numel() for p in model.parameters()) if isinstance(model, ExactLikelihood) else 785 * 100
    )
    return {
        "nats": round(nats, 2),
        "cpu_seconds": round(seconds, 1),
        "parameters": parameters,
        "seed": SEED,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "draws": [np.packbits(row.to(torch.uint8).numpy()).tobytes().hex() for row in draws],
    }


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    for name in names or RUNGS:
        measured = measure(RUNGS[name])
        figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
        figures[name] = measured
        print(f"{name:16} {measured['nats']:7.2f} nats, {measured['cpu_seconds']} s", flush=True)
        FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
