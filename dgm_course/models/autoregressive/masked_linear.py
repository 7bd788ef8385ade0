"""A linear layer of which some weights take no part: what MADE is made of.

    y = x (M ⊙ W)ᵀ + b

Written as it stands, with a product formed and a gradient masked weight by weight, it makes a step of training a
tenth slower than need be. In the natural order of MADE the mask is a staircase with nothing but zeros to the right of
it, half of the whole; what leaving these out saves pays for the masking.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

Blocks = list[tuple[slice, int]]

BLOCK = 200  # rows; a product with fewer is too small to be worth its call


class MaskedAffine(torch.autograd.Function):
    """x (M ⊙ W)ᵀ + b, some rows of M at a time, of which only the columns are used that they reach.

    Example:
        >>> x, W = torch.ones(1, 2), torch.ones(3, 2, requires_grad=True)
        >>> mask = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
        >>> MaskedAffine.apply(x, W, torch.zeros(3), mask, blocks(mask)).sum().backward()
        >>> W.grad
        tensor([[1., 0.],
                [1., 1.],
                [0., 0.]])
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, mask: Tensor, blocks: Blocks
    ) -> Float[Tensor, "batch out_features"]:
        parts = [mask[rows, :reach] * weight[rows, :reach] for rows, reach in blocks]
        ctx.save_for_backward(x, mask, *parts)
        ctx.blocks = blocks
        out = x.new_empty(len(x), len(weight))
        for part, (rows, reach) in zip(parts, blocks, strict=True):
            torch.addmm(bias[rows], x[:, :reach], part.T, out=out[:, rows])
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None, None]:
        x, mask, *parts = ctx.saved_tensors
        of_x = torch.zeros_like(x) if ctx.needs_input_grad[0] else None
        of_weight = torch.empty_like(mask)
        for part, (rows, reach) in zip(parts, ctx.blocks, strict=True):
            left, right = of_weight[rows, :reach], of_weight[rows, reach:]
            torch.mm(grad[:, rows].T, x[:, :reach], out=left).mul_(mask[rows, :reach])
            right.zero_()
            if of_x is not None:
                of_x[:, :reach].addmm_(grad[:, rows], part)
        return of_x, of_weight, grad.sum(dim=0), None, None


def blocks(mask: Bool[Tensor, "out_features in_features"]) -> Blocks:
    """The rows in blocks, and how many columns each of them reaches.

    Example:
        >>> blocks(torch.ones(500, 784).tril())
        [(slice(0, 200, None), 200), (slice(200, 400, None), 400), (slice(400, 500, None), 500)]
    """
    read = [part.any(dim=0).nonzero().flatten().tolist() for part in mask.split(BLOCK)]
    starts = range(0, len(mask), BLOCK)
    return [
        (slice(start, min(start + BLOCK, len(mask))), columns[-1] + 1 if columns else 0)
        for start, columns in zip(starts, read, strict=True)
    ]


class MaskedLinear(nn.Linear):
    """A linear layer in which the weights where `mask` is zero take no part.

    The product is formed in every pass and the stored weight stays as it is: an optimiser's state for a masked
    weight is as good as for any other, and its gradient is exactly zero.

    Example:
        >>> layer = MaskedLinear(torch.tensor([[True, False], [True, True], [False, False]]))
        >>> change = layer(torch.tensor([[0.0, 1.0]])) - layer(torch.zeros(1, 2))
        >>> change != 0                       # only the second unit reads the second input
        tensor([[False,  True, False]])
    """

    mask: Tensor

    def __init__(self, mask: Bool[Tensor, "out_features in_features"]) -> None:
        out_features, in_features = mask.shape
        super().__init__(in_features, out_features)
        self.register_buffer("mask", mask.to(self.weight.dtype))  # a product with truth values is slow
        self.read = self.mask, self.mask._version, blocks(mask)

    def blocks(self) -> Blocks:
        """Those of the mask, which is read again if it has been replaced or written over."""
        mask, version, _ = self.read
        if mask is not self.mask or version != self.mask._version:
            self.read = self.mask, self.mask._version, blocks(self.mask)
        return self.read[2]

    def forward(self, x: Float[Tensor, "batch in_features"]) -> Float[Tensor, "batch out_features"]:
        return MaskedAffine.apply(x, self.weight, self.bias, self.mask, self.blocks())
