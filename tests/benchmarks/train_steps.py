"""One step of training with Adam, ours against how others do it, on 28×28 bits and one thread.

The peers are written here after their methods, each with one logit for a bit and its input ready as floats:

    product      karpathy/pytorch-made: weight × mask in every pass
    hook         the weights are masked once, and after that each gradient, by a hook
    written      pytorch-generative: `weight.data *= mask` in every pass; its MADE draws its masks again each time
    loop         pytorch-generative's NADE: one dimension after another, by slices of the parameters
    one sum      NADE with the running sums of all dimensions at once

`no mask` is no model, only the floor; `written, once` is what the third would cost with masks that are drawn once.
All ways take turns, each its own model; the ratios are medians over rounds of steps that followed one another.
"""

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgm_course.models.autoregressive.made import MADE, made_masks
from dgm_course.models.autoregressive.masked_conv import conv_mask
from dgm_course.models.autoregressive.nade import NADE
from dgm_course.models.autoregressive.pixelcnn import PixelCNN
from dgm_course.models.base import ExactLikelihood

BAR = 1.1
Layer = Callable[[Tensor], nn.Module]


class Unmasked(nn.Module):
    """A linear layer, or a convolution that keeps the size, by the shape of its mask."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask.float())
        self.weight = nn.Parameter(torch.randn(mask.shape) / mask[0].numel() ** 0.5)
        self.bias = nn.Parameter(torch.zeros(len(mask)))

    def forward(self, x: Tensor) -> Tensor:
        return self.product(x, self.weight)

    def product(self, x: Tensor, weight: Tensor) -> Tensor:
        if weight.dim() == 2:
            return F.linear(x, weight, self.bias)
        return F.conv2d(x, weight, self.bias, padding=weight.shape[-1] // 2)


class Product(Unmasked):
    def forward(self, x: Tensor) -> Tensor:
        return self.product(x, self.mask * self.weight)


class Hook(Unmasked):
    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask)
        self.weight.data *= self.mask
        self.weight.register_hook(lambda grad: grad * self.mask)


class Written(Unmasked):
    def forward(self, x: Tensor) -> Tensor:
        self.weight.data *= self.mask
        return self.product(x, self.weight)


class PeerMADE(nn.Sequential):
    def __init__(self, layer: Layer, num_dims: int, hidden: int) -> None:
        first, last = made_masks(range(num_dims), (hidden,))
        super().__init__(layer(first), nn.ReLU(), layer(last))


class DrawnEachPass(PeerMADE):
    """Orders and degrees come from the same seed in every pass, as with `n_masks=1`."""

    def forward(self, x: Tensor) -> Tensor:
        first, last = (layer for layer in self if isinstance(layer, Written))
        (hidden, dims), rng = first.weight.shape, np.random.RandomState(0)
        place, degrees = rng.permutation(dims), rng.randint(0, dims - 1, size=hidden)
        for layer, mask in (first, place <= degrees[:, None]), (last, degrees < place[:, None]):
            layer.mask.copy_(torch.from_numpy(mask.astype(np.uint8)))
        return super().forward(x)


class Residual(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


class PeerPixelCNN(nn.Sequential):
    def __init__(self, layer: Layer, channels: int, num_blocks: int) -> None:
        half, relu = channels // 2, nn.ReLU()
        blocks = [
            Residual(
                *(relu, nn.Conv2d(channels, half, 1), relu, layer(conv_mask("B", half, half, 3))),
                *(relu, nn.Conv2d(half, channels, 1)),
            )
            for _ in range(num_blocks)
        ]
        head = relu, nn.Conv2d(channels, channels, 1), relu, nn.Conv2d(channels, 1, 1)
        super().__init__(layer(conv_mask("A", 1, channels, 7)), *blocks, *head)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.view(-1, 1, 28, 28)).flatten(1)


class PeerNADE(nn.Module):
    def __init__(self, num_dims: int, hidden: int) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(hidden, num_dims) / num_dims**0.5)
        self.c = nn.Parameter(torch.zeros(hidden))
        self.V = nn.Parameter(torch.randn(num_dims, hidden) / hidden**0.5)
        self.b = nn.Parameter(torch.zeros(num_dims))


class Loop(PeerNADE):
    def forward(self, x: Tensor) -> Tensor:
        a, logits = self.c.expand(len(x), -1), []
        for i in range(x.shape[1]):
            logits.append(torch.sigmoid(a) @ self.V[i : i + 1].t() + self.b[i : i + 1])
            a = a + x[:, i : i + 1] @ self.W[:, i : i + 1].t()
        return torch.cat(logits, dim=1)


class OneSum(PeerNADE):
    def forward(self, x: Tensor) -> Tensor:
        sums = F.pad((x.unsqueeze(-1) * self.W.t()).cumsum(dim=1), (0, 0, 1, 0))[:, :-1]
        return torch.einsum("bih,ih->bi", torch.sigmoid(self.c + sums), self.V) + self.b


def main() -> None:
    torch.set_num_threads(1)
    ways: dict[str, Layer] = {"product": Product, "hook": Hook, "written, once": Written, "no mask": Unmasked}
    made: dict[str, nn.Module] = {name: PeerMADE(layer, 784, 500) for name, layer in ways.items()}
    made = {"ours": MADE(784, (500,)), "written": DrawnEachPass(Written, 784, 500), **made}
    ratio = compare(
        "MADE, 500 hidden, batch 100", made, batch=100, rounds=60, peers=("product", "hook", "written")
    )
    print(f"    bar: at most {BAR} × the fastest peer: {'met' if ratio <= BAR else 'NOT met'}", flush=True)
    nade = {"ours": NADE(784, 500), "loop": Loop(784, 500), "one sum": OneSum(784, 500)}
    compare("NADE, 500 hidden, batch 100", nade, batch=100, rounds=4, peers=("loop", "one sum"))
    pixelcnn: dict[str, nn.Module] = {name: PeerPixelCNN(layer, 32, 4) for name, layer in ways.items()}
    pixelcnn = {"ours": PixelCNN((1, 28, 28)), **pixelcnn}
    compare(
        "PixelCNN, 32 channels, batch 16",
        pixelcnn,
        batch=16,
        rounds=12,
        peers=("product", "hook", "written, once"),
    )


def compare(title: str, models: dict[str, nn.Module], batch: int, rounds: int, peers: Sequence[str]) -> float:
    """Prints what a step of each costs, and returns the ratio of ours to the fastest of `peers`."""
    bits = torch.rand(batch, 784, generator=torch.Generator().manual_seed(0)) < 0.2
    losses = {name: loss_of(model, bits) for name, model in models.items()}
    optimizers = {name: torch.optim.Adam(model.parameters()) for name, model in models.items()}
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, loss in losses.items():
            for _ in range(2):  # the first brings the model into the processor's caches
                start = time.process_time()
                optimizers[name].zero_grad()
                loss().backward()
                optimizers[name].step()
                passed = time.process_time() - start
            seconds[name].append(passed)
    fastest = min(peers, key=lambda name: statistics.median(seconds[name]))
    ratios = {
        name: statistics.median(a / b for a, b in zip(each, seconds[fastest], strict=True))
        for name, each in seconds.items()
    }
    print(f"{title}: ours is {ratios['ours']:.2f} × the fastest peer ({fastest})")
    for name, each in seconds.items():
        print(f"    {name:14} {1e3 * statistics.median(each):8.2f} ms   {ratios[name]:.2f}", flush=True)
    return ratios["ours"]


def loss_of(model: nn.Module, bits: Tensor) -> Callable[[], Tensor]:
    if isinstance(model, ExactLikelihood):
        x = bits.long().view(-1, *model.event_shape)
        return lambda: model.loss(x)
    x = bits.float()
    return lambda: F.binary_cross_entropy_with_logits(model(x), x, reduction="none").sum(dim=1).mean()


if __name__ == "__main__":
    main()
