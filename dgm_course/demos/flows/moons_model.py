"""Couplings that make two moons of a Gaussian, trained beforehand: a demo has no half a minute to train.

`python -m dgm_course.demos.flows.moons_model` trains them again and writes the weights beside this file, in half
precision. The ones that take turns cost about 1.85 nats on points they never saw, where the density itself costs 1.83;
those that all keep the same half cost about 2.28: one coordinate stays normal for ever.
"""

import functools
from pathlib import Path
from typing import Literal

import torch

from dgm_course.data.toy import moons
from dgm_course.models.flows.base import Flow
from dgm_course.models.flows.coupling import AffineCoupling, mlp
from dgm_course.training import fit

Kind = Literal["taking turns", "same half"]
KINDS: tuple[Kind, ...] = ("taking turns", "same half")
LAYERS = 8
WEIGHTS = Path(__file__).with_suffix(".pt")


def untrained(kind: Kind) -> Flow:
    """Eight couplings, with the weights that they begin with."""
    flips = [kind == "taking turns" and layer % 2 == 1 for layer in range(LAYERS)]
    return Flow([AffineCoupling(mlp(1, (24, 24), 2), flip) for flip in flips], event_shape=(2,))


@functools.cache
@torch.no_grad()
def moons_model(kind: Kind) -> Flow:
    """The trained flow, in float64.

    Example:
        >>> moons_model("taking turns").sample(3, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([3, 2])
    """
    model = untrained(kind).double().eval()
    trained = torch.load(WEIGHTS, weights_only=True)
    for name, parameter in model.named_parameters():
        parameter.copy_(trained[f"{kind}: {name}"])
    return model.requires_grad_(False)


def train() -> None:
    """Fit both flows and write their weights."""
    trained: dict[str, torch.Tensor] = {}
    noise = torch.Generator().manual_seed(0)
    x, validation = moons().sample(20_000, generator=noise), moons().sample(5000, generator=noise)
    for kind in KINDS:
        torch.manual_seed(0)
        model = untrained(kind)
        for lr, steps in ((3e-3, 2000), (5e-4, 500)):
            fit(model, x, steps=steps, batch_size=256, lr=lr, progress=False)
        trained |= {f"{kind}: {name}": weight.detach().half() for name, weight in model.named_parameters()}
    torch.save(trained, WEIGHTS)
    for kind in KINDS:
        print(f"{kind}: {moons_model(kind).loss(validation.double()).item():.3f} nats on new points")


if __name__ == "__main__":
    train()
