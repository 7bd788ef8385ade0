"""Bars and stripes: the smallest image data whose every probability is known (MacKay 2003, section 43.3)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor


@dataclass(frozen=True)
class BarsAndStripes:
    """All bars-and-stripes images of `size` × `size` pixels and their exact probabilities.

    Choose rows or columns with equal probability, then fill each of the `size` lines by a fair coin. The
    empty and the full image arise both ways, so they are twice as likely as the others:

        p(x) = 2^-size for these two,  2^-(size + 1) for the other 2^(size + 1) - 4,  0 for anything else.

    Example:
        >>> bars = bars_and_stripes()
        >>> bars.images.shape, bars.probabilities.sum().item()
        (torch.Size([30, 1, 4, 4]), 1.0)
        >>> bars.sample(5, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([5, 1, 4, 4])
        >>> round(bars.entropy, 4)
        3.3791
    """

    images: Int[Tensor, "images 1 size size"]
    probabilities: Float[Tensor, " images"]
    num_levels: int = 2

    @property
    def entropy(self) -> float:
        """−Σ p log p in nats: no model's expected negative log-likelihood is lower."""
        return -torch.xlogy(self.probabilities, self.probabilities).sum().item()

    def sample(
        self, num_samples: int, *, generator: Generator | None = None
    ) -> Int[Tensor, "num_samples 1 size size"]:
        """Independent images drawn with the exact probabilities."""
        chosen = torch.multinomial(self.probabilities, num_samples, replacement=True, generator=generator)
        return self.images[chosen]

    def log_prob(self, x: Int[Tensor, "batch 1 size size"]) -> Float[Tensor, " batch"]:
        """The exact log p(x) in nats, −∞ for an image that is neither bars nor stripes."""
        same = (x.flatten(1).unsqueeze(1) == self.images.flatten(1)).all(dim=2)
        return (same.double() @ self.probabilities).log()


def bars_and_stripes(size: int = 4) -> BarsAndStripes:
    """Bars and stripes of `size` × `size` pixels: 30 images of shape `(1, 4, 4)` for the usual size.

    Example:
        >>> bars_and_stripes(2).images.flatten(1)
        tensor([[0, 0, 0, 0],
                [0, 0, 1, 1],
                [0, 1, 0, 1],
                [1, 0, 1, 0],
                [1, 1, 0, 0],
                [1, 1, 1, 1]])
    """
    lines = torch.cartesian_prod(*[torch.arange(2)] * size).view(-1, size)
    stripes = lines.unsqueeze(2).expand(-1, size, size)
    both = torch.cat([stripes, stripes.transpose(1, 2)]).flatten(1)
    images, counts = both.unique(dim=0, return_counts=True)
    return BarsAndStripes(images.view(-1, 1, size, size), counts.double() / len(both))
