"""WaveNet (van den Oord et al. 2016, arXiv:1609.03499).

    z = tanh(W_f ∗ h) ⊙ σ(W_g ∗ h),     h ← h + W_r z,     logits = head(Σ_layers W_s z)

Causal dilated convolutions, a gate in every layer, a residual path h and a skip path that sums what every layer has
to say. The input is the waveform shifted by one, so x_t is predicted from the R samples before it, with

    R = 1 + Σ_layers (k − 1) d.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgm_course.models.autoregressive.base import AutoregressiveModel, shift_right
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
