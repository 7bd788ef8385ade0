"""WaveNet (van den Oord et al. 2016, arXiv:1609.03499).

    z = tanh(W_f ∗ h) ⊙ σ(W_g ∗ h),     h ← h + W_r z,     logits = head(Σ_layers W_s z)

Causal dilated convolutions, a gate in every layer, a residual path h and a skip path that sums what every layer has
to say. The input is the waveform shifted by one, so x_t is predicted from the R samples before it, with

    R = 1 + Σ_layers (k − 1) d.

A draw keeps a queue for each convolution, so that one sample costs one position, however long the waveform is.
"""

from collections import deque
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk, shift_right
from dgm_course.models.autoregressive.causal_conv import CausalConv1d


class GatedBlock(nn.Module):
    """One layer: h -> (h + residual, skip). The last one has nobody to pass h on to, hence no residual.

    Example:
        >>> block = GatedBlock(channels=8, skip_channels=16, kernel_size=2, dilation=4, last=False)
        >>> h, skip = block(torch.zeros(3, 8, 20))
        >>> h.shape, skip.shape
        (torch.Size([3, 8, 20]), torch.Size([3, 16, 20]))
    """

    def __init__(
        self, channels: int, skip_channels: int, kernel_size: int, dilation: int, last: bool
    ) -> None:
        super().__init__()
        self.conv = CausalConv1d(channels, 2 * channels, kernel_size, dilation)
        self.residual = nn.Identity() if last else nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, skip_channels, 1)

    def forward(
        self, h: Float[Tensor, "batch channels time"]
    ) -> tuple[Float[Tensor, "batch channels time"], Float[Tensor, "batch skip_channels time"]]:
        filtered, gate = self.conv(h).chunk(2, dim=1)
        z = torch.tanh(filtered) * torch.sigmoid(gate)
        return h + self.residual(z), self.skip(z)

    def step(
        self, h: Float[Tensor, "batch channels"], queue: deque[Float[Tensor, "batch channels"]]
    ) -> tuple[Float[Tensor, "batch channels"], Float[Tensor, "batch skip_channels"]]:
        """The same at one time."""
        filtered, gate = self.conv.step(h, queue).chunk(2, dim=1)
        z = torch.tanh(filtered) * torch.sigmoid(gate)
        residual = pointwise(self.residual, z) if isinstance(self.residual, nn.Conv1d) else z
        return h + residual, pointwise(self.skip, z)


def pointwise(conv: nn.Conv1d, h: Float[Tensor, "batch in_channels"]) -> Float[Tensor, "batch out_channels"]:
    """A convolution of size 1, at one time.

    Example:
        >>> pointwise(nn.Conv1d(4, 6, 1), torch.zeros(3, 4)).shape
        torch.Size([3, 6])
    """
    return F.linear(h, conv.weight[:, :, 0], conv.bias)


class WaveNet(AutoregressiveModel):
    """Waveforms of `length` samples with K levels, such as the 256 of μ-law audio.

    Example:
        >>> model = WaveNet(length=32, num_levels=16, channels=8, dilations=(1, 2, 4, 8))
        >>> model.receptive_field
        16
        >>> x = torch.randint(16, (2, 32), generator=torch.Generator().manual_seed(0))
        >>> model.logits(x).shape, model.log_prob(x).shape
        (torch.Size([2, 32, 16]), torch.Size([2]))
    """

    def __init__(
        self,
        length: int,
        num_levels: int = 256,
        channels: int = 32,
        skip_channels: int = 64,
        kernel_size: int = 2,
        dilations: Sequence[int] = (1, 2, 4, 8, 16, 32),
    ) -> None:
        super().__init__((length,), num_levels)
        self.start = num_levels
        self.receptive_field = 1 + sum((kernel_size - 1) * d for d in dilations)
        self.embed = nn.Embedding(num_levels + 1, channels)
        self.blocks = nn.ModuleList(
            GatedBlock(channels, skip_channels, kernel_size, dilation, last=i == len(dilations))
            for i, dilation in enumerate(dilations, start=1)
        )
        self.head = nn.Sequential(
            nn.ReLU(),
            nn.Conv1d(skip_channels, skip_channels, 1),
            nn.ReLU(),
            nn.Conv1d(skip_channels, num_levels, 1),
        )

    def logits(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time levels"]:
        """All positions in one pass; position t reads samples t − R … t − 1."""
        h = self.embed(shift_right(x, self.start)).mT
        skips = []
        for block in self.blocks:
            h, skip = block(h)
            skips.append(skip)
        return self.head(torch.stack(skips).sum(dim=0)).mT

    def walk(self, batch: int) -> Walk:
        """One position at a time, with a queue for each layer."""
        blocks = [block for block in self.blocks if isinstance(block, GatedBlock)]
        head = [conv for conv in self.head if isinstance(conv, nn.Conv1d)]
        queues = [block.conv.queue(batch) for block in blocks]
        x = torch.full((batch,), self.start, device=self.embed.weight.device)
        for _ in range(self.event_shape[0]):
            h, skips = self.embed(x), []
            for block, queue in zip(blocks, queues, strict=True):
                h, skip = block.step(h, queue)
                skips.append(skip)
            h = torch.stack(skips).sum(dim=0)
            for conv in head:
                h = pointwise(conv, F.relu(h))
            x = yield h
