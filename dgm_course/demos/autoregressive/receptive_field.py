"""What a PixelCNN can see: the receptive field of one pixel, layer by layer, and the blind spot.

The layers are the library's own, with all weights equal to one, so that nothing cancels: the gradient of a pixel's
output with respect to an input pixel is the number of paths between the two, and positive where there is one. A stack
of masked kernels never reaches some pixels above and to the right, however deep it is; two stacks reach them all.
"""

import functools
from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Bool
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from dgm_course.demos.controls import choice, slider, switch
from dgm_course.demos.demo import Demo
from dgm_course.demos.shapes import counted, squares
from dgm_course.models.autoregressive.gated_pixelcnn import HorizontalConv, VerticalConv, shift_down
from dgm_course.models.autoregressive.masked_conv import MaskedConv2d
from dgm_course.plots.style import BLUE, CYAN, ORANGE, RED

Stack = Literal["one stack", "two stacks"]
Kind = Literal["A", "B"]
Conv = Callable[[Kind, int, int, int], nn.Module]
SIZE = 15
CENTRE, WINDOW = (7, 7), 9  # where single layers are shown
DEEP = SIZE  # so many layers reach whatever any number of them can


@functools.lru_cache(4096)
def reads(
    stack: Stack,
    num_layers: int,
    kernel_size: int,
    pixel: tuple[int, int],
    first_kind: Kind = "A",
    conv: Conv = MaskedConv2d,
) -> Bool[Tensor, "rows columns"]:
    """The pixels of a 15×15 image that reach the output at `pixel` (row, column); `conv` makes the layers of one stack.

    Example:
        >>> reads("one stack", 1, 3, (1, 1))[:3, :3].int()
        tensor([[1, 1, 1],
                [1, 0, 0],
                [0, 0, 0]], dtype=torch.int32)
    """
    x = torch.zeros(1, 1, SIZE, SIZE, dtype=torch.float64, requires_grad=True)
    along = {kind: _ones(HorizontalConv(kind, 1, 1, kernel_size, num_colours=1)) for kind in ("A", "B")}
    whole = {kind: _ones(conv(kind, 1, 1, kernel_size)) for kind in ("A", "B")}
    down = _ones(VerticalConv(1, 1, kernel_size))
    v = h = x
    for kind in (first_kind, *"B" * (num_layers - 1)):
        if stack == "one stack":
            h = whole[kind](h)
        else:
            v = down(v)
            h = along[kind](h) + shift_down(v)
    (paths,) = torch.autograd.grad(h[0, 0][pixel], x)
    return paths[0, 0] > 0


def before(pixel: tuple[int, int]) -> Bool[Tensor, "rows columns"]:
    """The pixels that come before `pixel`, row by row.

    Example:
        >>> int(before((2, 3)).sum()) == 2 * SIZE + 3
        True
    """
    row, column = pixel
    return (torch.arange(SIZE * SIZE) < row * SIZE + column).view(SIZE, SIZE)


def _ones(layer: nn.Module) -> nn.Module:
    for parameter in layer.parameters():
        nn.init.ones_(parameter)
    return layer.double()


class ReceptiveField(Demo):
    """Left the image with the pixels that one output reads; right the kernels of its layers.

    `conv` may be a layer of your own for one stack, such as the homework's `MaskedConv2d`.

    Example:
        >>> demo = ReceptiveField(layers=6)
        >>> demo
        ReceptiveField(layers=6)
        >>> demo.controls["stack"].value = "two stacks"
        >>> demo
        ReceptiveField(layers=6, stack='two stacks')
    """

    title = "PixelCNN: receptive field and blind spot"
    question = "Which of the pixels before the star reach it? Where does it stay blind, however many layers there are?"

    def __init__(
        self,
        *,
        layers: int = 3,
        row: int = 9,
        column: int = 7,
        stack: Stack = "one stack",
        kernel: int = 3,
        bug: bool = False,
        conv: Conv = MaskedConv2d,
        predict: bool = False,
    ) -> None:
        self.conv = conv
        controls = {
            "layers": slider("layers", layers, 1, 12),
            "row": slider("row", row, 0, SIZE - 1),
            "column": slider("column", column, 0, SIZE - 1),
            "stack": choice("network", stack, ("one stack", "two stacks")),
            "kernel": choice("kernel", kernel, (3, 5, 7)),
            "bug": switch("Bug: first layer of type B", bug),
        }
        super().__init__(controls, predict=predict)

    def build(self, figure: Figure) -> None:
        axes = figure.subplot_mosaic([["image", "first"], ["image", "others"]], width_ratios=(1.8, 1))
        for name, each in axes.items():
            size = SIZE if name == "image" else WINDOW
            each.set(xlim=(-0.06, size + 0.06), ylim=(size + 0.06, -0.06), aspect="equal")
            each.set_axis_off()
            lines = [((0, t), (size, t)) for t in range(size + 1)] + [
                ((t, 0), (t, size)) for t in range(size + 1)
            ]
            each.add_collection(LineCollection(lines, color="lightgrey", lw=1, zorder=0))
        image = axes["image"]
        self.past, self.field = (
            PolyCollection([], fc=(0, 0, 0, 0.08), zorder=0.5),
            PolyCollection([], ec="white", lw=1),
        )
        image.add_collection(self.moves(self.past))
        image.add_collection(self.moves(self.field, answer=True))
        self.blind = self.moves(
            image.scatter([], [], s=130, marker="o", fc="none", ec=RED, lw=3, zorder=3), answer=True
        )
        self.star = self.moves(image.scatter([], [], s=420, marker="*", color="black", ec="white", zorder=4))
        self.leak = self.moves(
            image.scatter([], [], s=160, marker="X", color=RED, ec="white", zorder=5), answer=True
        )
        self.kernels = {"first": PolyCollection([], ec="white"), "others": PolyCollection([], ec="white")}
        for name, title in (("first", "the first layer reads"), ("others", "each later layer reads")):
            axes[name].set_title(title)
            axes[name].add_collection(self.moves(self.kernels[name]))
            own = Rectangle((WINDOW // 2, WINDOW // 2), 1, 1, fill=False, lw=4, zorder=3)
            self.moves(axes[name].add_patch(own))

    def show(self, *, layers: int, row: int, column: int, stack: Stack, kernel: int, bug: bool) -> str:
        pixel = row, column
        first_kind: Kind = "B" if bug else "A"
        read, past = reads(stack, layers, kernel, pixel, first_kind, self.conv), before(pixel)
        forbidden, blind = read & ~past, past & ~reads(stack, DEEP, kernel, pixel, conv=self.conv)
        self.past.set_verts(squares(past))
        self.field.set_verts(squares(read))
        self.field.set_facecolor([BLUE if fine else ORANGE for fine in past[read]])
        self.blind.set_offsets(blind.nonzero().flip(1) + 0.5)
        self.star.set_offsets([(column + 0.5, row + 0.5)])
        self.leak.set_offsets(forbidden.nonzero().flip(1) + 0.5)
        self._show_layer("first", reads(stack, 1, kernel, CENTRE, first_kind, self.conv), stack)
        self._show_layer("others", reads(stack, 1, kernel, CENTRE, "B", self.conv), stack)
        missed, leaks = int(blind.sum()), int(forbidden.sum())
        never = (
            f"{counted(missed, 'is', 'are')} in the blind spot (○) at any depth"
            if missed
            else "none is out of reach for good"
        )
        known = counted(int(past.sum()), "pixel")
        said = f"The star reads {int((read & past).sum())} of the {known} before it; {never}."
        if not leaks:
            return said
        wrong = "itself" if leaks == 1 and read[pixel] else f"{counted(leaks, 'pixel')} not before it"
        return f"{said} It reads {wrong} (✗): no model of images, however good its likelihood looks."

    def _show_layer(self, name: str, read: Bool[Tensor, "rows columns"], stack: Stack) -> None:
        """What one layer reads around its pixel; what comes by the vertical stack is lighter."""
        window = read[CENTRE[0] - WINDOW // 2 :, CENTRE[1] - WINDOW // 2 :][:WINDOW, :WINDOW]
        self.kernels[name].set_verts(squares(window))
        above = [stack == "two stacks" and int(row) < WINDOW // 2 for row, _ in window.nonzero()]
        self.kernels[name].set_facecolor([CYAN if each else BLUE for each in above])
