"""WaveNet's tree: which samples does one prediction read, through which hidden nodes, and which of these are new?

    R = 1 + Σ_layers (k − 1) d,     d = 1, b, b², …

The network is the library's own, with random weights. What reads what is measured: an input of a layer, or of the whole
network, is replaced, and the outputs that move depend on it. With b = 1 the reach grows by k − 1 a layer, with b = k it
is multiplied by k, and with b > k the tree has holes. Of the whole tree a step of sampling computes the column of the
present only: the rest lies in queues (Paine et al. 2016, arXiv:1611.09482). The classic bug pads on both sides, so that
a prediction reads what it predicts.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Generator, Tensor, nn

from dgm_course.demos.controls import choice, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.shapes import counted, say
from dgm_course.models.autoregressive.causal_conv import CausalConv1d
from dgm_course.models.autoregressive.wavenet import WaveNet
from dgm_course.plots.style import BLUE, CYAN, GREY, ORANGE, RED
from dgm_course.testing import binary_strings, dependencies, randomize

Conv = Callable[[int, int, int, int], nn.Module]
STEPS, SHORT, MOST_LAYERS, CHANNELS = 32, 8, 6, 8


class PaddedOnBothSides(nn.Conv1d):
    """The classic bug: a convolution of the same length, half of whose padding is on the right.

    Example:
        >>> PaddedOnBothSides(1, 4, 2, 8)(torch.zeros(3, 1, 20)).shape
        torch.Size([3, 4, 20])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size, dilation=dilation)
        self.reach = (kernel_size - 1) * dilation

    def forward(self, x: Float[Tensor, "batch in_channels time"]) -> Float[Tensor, "batch out_channels time"]:
        return super().forward(F.pad(x, (self.reach // 2, self.reach - self.reach // 2)))


@dataclass(frozen=True)
class Reads:
    """What was measured: `layers[l][t, s]` when output t of layer l reads its input s, `whole[t, s]` when the logits of
    step t read x_s; the receptive field by its formula, and Σ p(x) over all binary x of 8 steps."""

    layers: tuple[Bool[Tensor, "outputs inputs"], ...]
    whole: Bool[Tensor, "outputs inputs"]
    receptive_field: int
    total: float

    def tree(self, time: int) -> list[list[int]]:
        """The nodes of each level that reach the prediction at `time`, from the network's input to its last layer.

        Example:
            >>> reads(2, 2, 2).tree(5)
            [[2, 3, 4, 5], [3, 5], [5]]
        """
        levels = [[time]]
        for layer in reversed(self.layers):
            levels.append(layer[levels[-1]].any(dim=0).nonzero()[:, 0].tolist())
        return levels[::-1]


def network(
    layers: int, kernel_size: int, base: int, conv: Conv = CausalConv1d, steps: int = STEPS
) -> WaveNet:
    """A small WaveNet with random weights and dilations 1, b, b², …, whose layers are made by `conv`.

    Example:
        >>> network(4, kernel_size=2, base=2).receptive_field
        16
    """
    dilations = [base**layer for layer in range(layers)]
    model = WaveNet(steps, 2, CHANNELS, CHANNELS, kernel_size, dilations)
    for block, dilation in zip(model.blocks, dilations, strict=True):
        block.conv = conv(CHANNELS, 2 * CHANNELS, kernel_size, dilation)
    return randomize(model, Generator().manual_seed(0), scale=0.5)


@functools.lru_cache(256)
@torch.no_grad()
def reads(layers: int, kernel_size: int, base: int, conv: Conv = CausalConv1d) -> Reads:
    """Measure a network, layer by layer and as a whole.

    Example:
        >>> reads(3, 2, 2).whole[20].nonzero()[:, 0]
        tensor([12, 13, 14, 15, 16, 17, 18, 19])
    """
    model = network(layers, kernel_size, base, conv)
    noise = Generator().manual_seed(0)
    h = torch.randn(2, STEPS, generator=noise, dtype=torch.float64)
    x = torch.randint(2, (4, STEPS), generator=noise)
    short = network(layers, kernel_size, base, conv, steps=SHORT)
    return Reads(
        tuple(dependencies(functools.partial(_alone, block), h) for block in model.blocks),
        dependencies(model.logits, x, alternatives=2),
        model.receptive_field,
        short.log_prob(binary_strings(SHORT)).exp().sum().item(),
    )


class WaveNetTree(Demo):
    """Below the samples, above them the layers; dark nodes are computed in this step, light ones come from queues.

    `conv` may be a layer of your own, such as the homework's `CausalConv1d`.

    Example:
        >>> demo = WaveNetTree(layers=5)
        >>> demo.step()
        >>> demo
        WaveNetTree(time=28, layers=5)
    """

    title = "WaveNet: dilations and receptive field"
    question = (
        "Which samples does the prediction of the star read? How many of the nodes are computed in this step?"
    )
    clock = "time"

    def __init__(
        self,
        *,
        time: int = 27,
        layers: int = 4,
        kernel: int = 2,
        base: int = 2,
        bug: bool = False,
        conv: Conv = CausalConv1d,
        predict: bool = False,
    ) -> None:
        self.conv = conv
        controls = {
            "time": slider("step t", time, 0, STEPS - 1),
            "layers": slider("layers", layers, 1, MOST_LAYERS),
            "kernel": choice("kernel k", kernel, (2, 3)),
            "base": choice("dilations 1, b, b², … with b =", base, (1, 2, 3, 4)),
            "bug": switch("Bug: padding on both sides", bug),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        axes = figure.subplots()
        axes.set(xlim=(-3.4, STEPS - 0.4), ylim=(-0.06, 1.17))
        axes.set_axis_off()
        self.grid = self.moves(axes.scatter([], [], s=40, color=GREY, alpha=0.5, zorder=1))
        self.edges = LineCollection([], color=BLUE, lw=2, zorder=2)
        axes.add_collection(self.moves(self.edges, answer=True))
        self.queued, self.new, self.read, self.star, self.leak = marks = [
            axes.scatter([], [], s=size, marker=marker, color=colour, ec="white", zorder=3)
            for size, marker, colour in (
                (190, "o", CYAN),
                (330, "s", BLUE),
                (260, "D", ORANGE),
                (560, "*", "black"),
                (260, "X", RED),
            )
        ]
        for each in marks:
            self.moves(each, answer=each is not self.star)
        names = ("from queues", "computed now", "read", "predicted", "forbidden")
        axes.legend(marks, names, loc="upper center", ncols=5, handletextpad=0.2, columnspacing=1.2)
        self.names = [
            self.moves(axes.text(-1, 0, "", ha="right", va="center")) for _ in range(MOST_LAYERS + 2)
        ]

    def show(self, *, time: int, layers: int, kernel: int, base: int, bug: bool) -> str:
        measured = reads(layers, kernel, base, PaddedOnBothSides if bug else self.conv)
        tree, height = measured.tree(time), [level / (layers + 1) for level in range(layers + 2)]
        said = ["x", "shifted", *(f"d = {base**layer}" for layer in range(layers))]
        say(self.names, said, torch.tensor([(-1, y) for y in height]))
        self.grid.set_offsets([(s, y) for y in height for s in range(STEPS)])
        read = measured.whole[time].nonzero()[:, 0].tolist()
        edges: list = [((s, 0), (s + 1, height[1])) for s in read]
        for level, layer in enumerate(measured.layers, start=1):
            for t in tree[level]:
                edges += [((s, height[level]), (t, height[level + 1])) for s in layer[t].nonzero()[:, 0]]
        self.edges.set_segments(edges)
        nodes = [(s, y) for y, level in zip(height[1:], tree, strict=True) for s in level]
        self.queued.set_offsets(_points([node for node in nodes if node[0] != time]))
        self.new.set_offsets([node for node in nodes if node[0] == time])
        self.read.set_offsets(_points([(s, 0) for s in read if s < time]))
        self.leak.set_offsets(_points([(s, 0) for s in read if s >= time]))
        self.star.set_offsets([(time, 0.0)])
        return self._said(measured, time, read, sum(map(len, tree[1:])))

    def _said(self, measured: Reads, time: int, read: list[int], nodes: int) -> str:
        past = [s for s in read if s < time]
        holes = time - min(past) - len(past) if past else 0
        reach = f" with {counted(holes, 'hole')} between them" if holes else ""
        leak = f" and {len(read) - len(past)} that are not past (✗)" if len(past) < len(read) else ""
        verdict = "a distribution" if abs(measured.total - 1) < 1e-9 else "not a distribution"
        return (
            f"Step {time} reads {counted(len(past), 'sample')}{reach}{leak}; R = {measured.receptive_field}. "
            f"Its tree has {counted(nodes, 'node')} above the input: queues keep all but {len(measured.layers)}. "
            f"Σ p(x) over all {2**SHORT} x of {SHORT} steps = {measured.total:.4f}: {verdict}."
        )


def _alone(block: nn.Module, h: Float[Tensor, "batch time"]) -> Float[Tensor, "batch time channels"]:
    """What one layer passes on, of an input that is the same in all channels."""
    return block(h[:, None].expand(-1, CHANNELS, -1))[0].mT


def _points(points: list) -> Float[Tensor, "points 2"]:
    """Places for a scatter, which may be none."""
    return torch.tensor(points, dtype=torch.float64).view(-1, 2)
