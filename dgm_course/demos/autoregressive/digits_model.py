"""A small Gated PixelCNN of handwritten digits, trained beforehand: a demo has no half a minute to train.

`python -m dgm_course.demos.autoregressive.digits_model` trains it again and writes the weights beside this file, in
half precision. It costs about 1.85 bits/dim on digits it never saw.
"""

import functools
import math
from pathlib import Path

import torch

from dgm_course.data.digits import digits
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.training import fit

WEIGHTS = Path(__file__).with_suffix(".pt")


def untrained() -> GatedPixelCNN:
    """The network, with the weights that it begins with."""
    return GatedPixelCNN((1, 8, 8), num_levels=17, channels=16, num_layers=5)


@functools.cache
@torch.no_grad()
def digits_model() -> GatedPixelCNN:
    """The trained network, in float64.

    Example:
        >>> digits_model().sample(3, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([3, 1, 8, 8])
    """
    model = untrained().double().eval()
    trained = torch.load(WEIGHTS, weights_only=True)
    for name, parameter in model.named_parameters():
        parameter.copy_(trained[name])
    return model.requires_grad_(False)


def train() -> None:
    """Fit the network and write its weights."""
    grey = digits()
    torch.manual_seed(0)
    model = untrained()
    fit(model, grey.train, epochs=60, batch_size=32, lr=4e-3, validation=grey.validation, patience=8)
    torch.save({name: weight.detach().half() for name, weight in model.named_parameters()}, WEIGHTS)
    with torch.no_grad():
        print(f"{digits_model().loss(grey.test).item() / 64 / math.log(2):.3f} bits/dim on test images")


if __name__ == "__main__":
    train()
