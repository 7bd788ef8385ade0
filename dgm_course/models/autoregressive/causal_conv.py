"""Causal dilated convolution over time (van den Oord et al. 2016, arXiv:1609.03499).

    y_t = b + Σ_{j=0}^{k−1} w_j x_{t − j d}

A kernel of size k with dilation d reads k samples, d apart, none of them from the future: (k − 1) d zeros are put
before the sequence and none after it. Layers with d = 1, 2, 4, … look back exponentially far at a linear cost.

One new sample needs k of the inputs only, so a queue of the last (k − 1) d of them is all a layer has to remember
(Paine et al. 2016, arXiv:1611.09482).
"""

from collections import deque

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class CausalConv1d(nn.Conv1d):
    """Output t reads inputs t, t − d, …, t − (k − 1) d; the length stays.

    Example:
        >>> layer = CausalConv1d(1, 4, kernel_size=2, dilation=8)
        >>> layer(torch.zeros(3, 1, 20)).shape
        torch.Size([3, 4, 20])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1) -> None:
        super().__init__(in_channels, out_channels, kernel_size, dilation=dilation)
        self.reach = (kernel_size - 1) * dilation

    def forward(self, x: Float[Tensor, "batch in_channels time"]) -> Float[Tensor, "batch out_channels time"]:
        return super().forward(F.pad(x, (self.reach, 0)))

    def queue(self, batch: int) -> deque[Float[Tensor, "batch in_channels"]]:
        """The inputs before the first: zeros."""
        zeros = self.weight.new_zeros(batch, self.in_channels)
        return deque([zeros] * self.reach, maxlen=self.reach)

    def step(
        self, x: Float[Tensor, "batch in_channels"], queue: deque[Float[Tensor, "batch in_channels"]]
    ) -> Float[Tensor, "batch out_channels"]:
        """The output at the time of `x`, which joins the queue of the inputs before it."""
        read = torch.cat([*list(queue)[:: self.dilation[0]], x], dim=1)
        queue.append(x)
        return F.linear(read, self.weight.transpose(1, 2).flatten(1), self.bias)
