"""Train every system of the zoo on its offline data and write down what it reached: `zoo_figures.json`.

    python tests/benchmarks/systems.py            # all of them: twenty CPU-minutes on one thread
    python tests/benchmarks/systems.py MADE       # these only; the other figures stay

Budgets are small on purpose: within one data set the figures show the order of the systems at that cost, not what each
could reach. A figure with ≤ is a bound.
"""

import json
import math
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

import dgm_course
from dgm_course import data
from dgm_course.models.autoregressive.char_rnn import CharRNN
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.models.autoregressive.histogram import Histogram
from dgm_course.models.autoregressive.image_gpt import ImageGPT
from dgm_course.models.autoregressive.logistic_mixture import LogisticMixture
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.markov import MarkovMLP
from dgm_course.models.autoregressive.nade import NADE
from dgm_course.models.autoregressive.orderless_nade import OrderlessNADE
from dgm_course.models.autoregressive.pixel_rnn import DiagonalBiLSTM, RowLSTM
from dgm_course.models.autoregressive.pixel_snail import PixelSNAIL
from dgm_course.models.autoregressive.pixelcnn import PixelCNN
from dgm_course.models.autoregressive.pixelcnn_pp import PixelCNNPlusPlus
from dgm_course.models.autoregressive.transformer import Transformer
from dgm_course.models.autoregressive.wavenet import WaveNet
from dgm_course.models.base import GenerativeModel
from dgm_course.models.flows.base import Flow
from dgm_course.models.flows.coupling import RealNVP
from dgm_course.models.flows.dequantization import UniformDequantization, VariationalDequantization
from dgm_course.models.flows.glow import Glow
from dgm_course.models.flows.iaf import IAF
from dgm_course.models.flows.maf import MAF
from dgm_course.models.flows.mixture_cdf import MixtureCDF
from dgm_course.models.flows.multiscale import MultiscaleRealNVP
from dgm_course.models.flows.planar import PlanarFlow
from dgm_course.models.flows.spline import SplineFlow
from dgm_course.training import fit
from dgm_course.zoo import SYSTEMS, markdown_table

SEED = 0
FIGURES = Path(dgm_course.__file__).with_name("zoo_figures.json")


@dataclass(frozen=True)
class Source:
    """A data set as a recipe wants it; one dimension's log-probability divided by `nat` is in `unit`."""

    name: str
    unit: str
    nat: float
    load: Callable[[], Any]


GREY = Source("digits 8×8, 17 levels", "bits/dim", math.log(2), cache(data.digits))
BINARY = Source("digits 8×8, binary", "nats/dim", 1.0, cache(lambda: data.digits(binarize="threshold")))
TEXT = Source("Python's help texts", "bits/char", math.log(2), cache(lambda: data.text(length=64)))


def drawn(toy: data.Toy, train: int = 20000, validation: int = 1000, test: int = 4000) -> SimpleNamespace:
    parts = toy.sample(train + validation + test, generator=torch.Generator().manual_seed(SEED))
    return SimpleNamespace(
        **dict(zip(("train", "validation", "test"), parts.split([train, validation, test]), strict=True))
    )


def cancer() -> SimpleNamespace:
    """569 tumours, the means of ten measurements, in the course's order; standardised by the training part."""
    from sklearn.datasets import load_breast_cancer

    x = torch.as_tensor(load_breast_cancer(return_X_y=True)[0][:, :10], dtype=torch.float32)
    x = x[data.split.shuffled(len(x))]
    x = (x - x[:400].mean(dim=0)) / x[:400].std(dim=0)
    return SimpleNamespace(train=x[:400], validation=x[400:480], test=x[480:])


MOONS = Source("moons, standardised", "nats", 1 / 2, cache(lambda: drawn(data.moons())))  # of two dimensions
PAIR = Source("two Gaussians", "nats", 1 / 2, cache(lambda: drawn(data.two_gaussians())))
CANCER = Source("breast cancer, 10 standardised columns", "nats", 1 / 10, cache(cancer))


@dataclass(frozen=True)
class Recipe:
    """Sequence models read the event of `source` flattened, image models as it is.

    What `settings` of `fit` do not say is `DEFAULTS`; all that learn the moons take the same steps.
    """

    source: Source
    build: Callable[[], GenerativeModel]
    settings: dict[str, Any] = field(default_factory=dict)


DEFAULTS = {"batch_size": 64, "seed": SEED, "progress": False}
STEPS = {"epochs": 40, "patience": 40, "batch_size": 250, "lr": 5e-3}
RECIPES = {
    "Histogram": Recipe(GREY, lambda: Histogram(17, (64,)), {"epochs": 100, "lr": 0.05}),
    "Logistic mixture": Recipe(GREY, lambda: LogisticMixture(17, (64,), 5), {"epochs": 100, "lr": 0.05}),
    "Markov-window MLP": Recipe(BINARY, lambda: MarkovMLP(64, 2, context=18), {"epochs": 15}),
    "char-RNN": Recipe(TEXT, lambda: CharRNN(64, 96, hidden=128), {"epochs": 5, "lr": 4e-3}),
    "NADE": Recipe(BINARY, lambda: NADE(64, hidden=256), {"epochs": 50, "lr": 4e-3}),
    "Orderless NADE": Recipe(BINARY, lambda: OrderlessNADE(64), {"epochs": 100, "lr": 2e-3}),
    "MADE": Recipe(BINARY, lambda: MADE(64, hidden=(256,)), {"epochs": 25, "lr": 8e-3}),
    "WaveNet": Recipe(TEXT, lambda: WaveNet(64, 96), {"epochs": 10, "lr": 4e-3}),
    "Row LSTM": Recipe(BINARY, lambda: RowLSTM((1, 8, 8)), {"epochs": 25, "lr": 4e-3}),
    "Diagonal BiLSTM": Recipe(BINARY, lambda: DiagonalBiLSTM((1, 8, 8)), {"epochs": 25, "lr": 4e-3}),
    "PixelCNN": Recipe(BINARY, lambda: PixelCNN((1, 8, 8), num_blocks=3), {"epochs": 40, "lr": 2e-3}),
    "Gated PixelCNN": Recipe(
        BINARY, lambda: GatedPixelCNN((1, 8, 8), num_layers=4), {"epochs": 25, "lr": 2e-3}
    ),
    "PixelCNN++": Recipe(
        GREY, lambda: PixelCNNPlusPlus((1, 8, 8), 17, dropout=0.2), {"epochs": 12, "lr": 2e-3}
    ),
    "PixelSNAIL": Recipe(GREY, lambda: PixelSNAIL((1, 8, 8), 17, dropout=0.2), {"epochs": 20, "lr": 2e-3}),
    "Transformer": Recipe(TEXT, lambda: Transformer(64, 96), {"epochs": 12, "lr": 4e-3}),
    "ImageGPT": Recipe(BINARY, lambda: ImageGPT((1, 8, 8)), {"epochs": 15, "lr": 2e-3}),
    "Mixture-CDF flow": Recipe(PAIR, lambda: Flow([MixtureCDF((2,))], (2,)), {"epochs": 10, "lr": 0.02}),
    "Planar flow": Recipe(MOONS, lambda: PlanarFlow(2, num_layers=16), STEPS),
    "RealNVP": Recipe(MOONS, lambda: RealNVP(2), STEPS),
    "RealNVP, multiscale": Recipe(
        GREY, lambda: UniformDequantization(MultiscaleRealNVP((1, 8, 8)), 17), {"epochs": 40, "lr": 2e-3}
    ),
    "Glow": Recipe(GREY, lambda: UniformDequantization(Glow((1, 8, 8)), 17), {"epochs": 40, "lr": 2e-3}),
    "MAF": Recipe(CANCER, lambda: MAF(10, num_layers=3, hidden=(32,)), {"epochs": 150}),
    "IAF": Recipe(MOONS, lambda: IAF(2), STEPS),
    "Rational-quadratic spline flow": Recipe(MOONS, lambda: SplineFlow(2), STEPS),
    "Uniform dequantisation": Recipe(
        GREY, lambda: UniformDequantization(RealNVP(64, hidden=(128, 128)), 17), {"epochs": 60}
    ),
    "Variational dequantisation": Recipe(
        GREY, lambda: VariationalDequantization(RealNVP(64, hidden=(128, 128)), 17), {"epochs": 60}
    ),
}


def shaped(x: torch.Tensor, model: GenerativeModel) -> torch.Tensor:
    return x.view(-1, *model.event_shape)


def figure(recipe: Recipe) -> dict[str, Any]:
    split = recipe.source.load()
    torch.manual_seed(SEED)
    model: Any = recipe.build()
    train, validation, test = (shaped(part, model) for part in (split.train, split.validation, split.test))
    start = time.process_time()
    if hasattr(model, "initialize"):
        model.initialize(train[:256])
    fit(
        model,
        train,
        validation=validation if len(validation) else None,
        **DEFAULTS | recipe.settings,
    )
    seconds = time.process_time() - start
    likelihood = getattr(model, "elbo", model.log_prob)
    torch.manual_seed(SEED)
    with torch.no_grad():
        nats = -torch.cat([likelihood(part) for part in test.split(128)])
    scale = math.prod(model.event_shape) * recipe.source.nat
    return {
        "data": recipe.source.name,
        "unit": recipe.source.unit,
        "bound": hasattr(model, "elbo"),
        "value": round(nats.mean().item() / scale, 4),
        "error": round(nats.std().item() / len(nats) ** 0.5 / scale, 4),
        "cpu_seconds": round(seconds, 1),
        "parameters": sum(p.numel() for p in model.parameters()),
        "train_examples": len(train),
        "seed": SEED,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    for name in names or [system.name for system in SYSTEMS]:
        reached = figure(RECIPES[name])
        figures = json.loads(FIGURES.read_text()) | {
            name: reached
        }  # read late: another run may write meanwhile
        print(
            f"{name:20} {'≤ ' * reached['bound']}{reached['value']:.4f} {reached['unit']}, {reached['cpu_seconds']} s",
            flush=True,
        )
        FIGURES.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    print(markdown_table())


if __name__ == "__main__":
    main(sys.argv[1:])
