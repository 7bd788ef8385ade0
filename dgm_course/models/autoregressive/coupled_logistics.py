"""Colours of one pixel, coupled: the output of PixelCNN++ (Salimans et al. 2017, arXiv:1701.05517).

One mixture of discretised logistics for the whole pixel: a component is drawn once and all colours come from it, each
with a mean that is linear in the colours before it. With x̃ the intensities in [−1, 1] and P the bins of
`logistic_mixture`,

    p(x) = Σ_m π_m Π_c P(x_c; μ̃_mc, s_mc),     μ̃_mc = μ_mc + Σ_{c' < c} α_mcc' x̃_c',     |α| < 1

so red, green and blue (c = 0, 1, 2) have one, two and three terms. With M components a pixel of C colours takes
M (1 + 2 C + C (C − 1) / 2) numbers: 100 for ten components in colour, where a softmax takes 768.

The colours that are known say which component the pixel is of. So the conditional of the next is a mixture, too, whose
weights are those of the posterior:

    p(x_c | x_<c) = Σ_m w_m P(x_c; μ̃_mc, s_mc),     w_m ∝ π_m Π_{c' < c} P(x_c'; μ̃_mc', s_mc')
"""

from abc import abstractmethod
from collections.abc import Generator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk, require_labels
from dgm_course.models.autoregressive.logistic_mixture import logistic_log_prob
from dgm_course.models.autoregressive.raster import intensities, raster_order

Pixels = Generator[Float[Tensor, "batch numbers"], Any, None]


class CoupledLogistics(NamedTuple):
    """The mixture of each pixel; `coupling` holds α_mcc' where c' < c and zeros elsewhere.

    Example:
        >>> mixture = CoupledLogistics.of(torch.zeros(2, 20), num_colours=3)
        >>> mixture.means.shape, mixture.coupling.shape
        (torch.Size([2, 3, 2]), torch.Size([2, 3, 3, 2]))
        >>> mixture.log_prob(torch.zeros(2, 3, dtype=torch.long), num_levels=256).shape
        torch.Size([2])
    """

    log_weights: Float[Tensor, "*batch components"]
    means: Float[Tensor, "*batch colours components"]
    log_scales: Float[Tensor, "*batch colours components"]
    coupling: Float[Tensor, "*batch colours colours components"]

    @staticmethod
    def size(num_colours: int, num_components: int) -> int:
        """How many numbers a pixel takes."""
        return num_components * (1 + 2 * num_colours + num_colours * (num_colours - 1) // 2)

    @classmethod
    def of(cls, numbers: Float[Tensor, "*batch numbers"], num_colours: int) -> "CoupledLogistics":
        """Read the unconstrained numbers of a network: weights by a softmax, log s within ±7, α by tanh."""
        C = num_colours
        each = numbers.unflatten(-1, (1 + 2 * C + C * (C - 1) // 2, -1))
        logits, means, log_scales, coefficients = each.split([1, C, C, C * (C - 1) // 2], dim=-2)
        coupling = means.new_zeros(*means.shape[:-2], C, C, means.shape[-1])
        later, earlier = torch.tril_indices(C, C, offset=-1)
        coupling[..., later, earlier, :] = torch.tanh(coefficients)
        return cls(logits.squeeze(-2).log_softmax(dim=-1), means, log_scales.clamp(-7, 7), coupling)

    def log_prob(self, x: Int[Tensor, "*batch colours"], num_levels: int) -> Float[Tensor, " *batch"]:
        """log p(x) in nats of a pixel with all of its colours."""
        each = self._each(x, x.unsqueeze(-1), num_levels).squeeze(-2).sum(dim=-2)
        return torch.logsumexp(self.log_weights + each, dim=-1)

    def conditionals(
        self, x: Int[Tensor, "*batch colours"], num_levels: int
    ) -> Float[Tensor, "*batch colours levels"]:
        """log p(x_c = k | x_<c) in nats of every level k."""
        said = self._each(x, x.unsqueeze(-1), num_levels).squeeze(-2)
        said_before = F.pad(said, (0, 0, 1, 0))[..., :-1, :].cumsum(dim=-2)
        log_weights = (self.log_weights.unsqueeze(-2) + said_before).log_softmax(dim=-1)
        every_level = self._each(x, torch.arange(num_levels, device=x.device), num_levels)
        return torch.logsumexp(log_weights.unsqueeze(-2) + every_level, dim=-1)

    def _each(
        self, x: Int[Tensor, "*batch colours"], levels: Int[Tensor, "*batch #colours levels"], num_levels: int
    ) -> Float[Tensor, "*batch colours levels components"]:
        """log P of `levels` in each component, with the colours before those of `x`."""
        before = intensities(x, num_levels, self.means.dtype)
        means = self.means + torch.einsum("...cdm,...d->...cm", self.coupling, before)
        scales = self.log_scales.unsqueeze(-2)
        return logistic_log_prob(levels.unsqueeze(-1), means.unsqueeze(-2), scales, num_levels)


class CoupledLogisticModel(AutoregressiveModel):
    """Images of shape (colours, height, width) whose network gives the numbers of a mixture for each pixel."""

    def __init__(
        self, image_shape: tuple[int, int, int], num_levels: int, num_components: int, num_classes: int
    ) -> None:
        super().__init__(image_shape, num_levels, raster_order(*image_shape))
        self.num_classes = num_classes
        self.numbers_per_pixel = CoupledLogistics.size(image_shape[0], num_components)

    @abstractmethod
    def numbers(
        self, x: Float[Tensor, "batch colours height width"], y: Int[Tensor, " batch"] | None
    ) -> Float[Tensor, "batch numbers height width"]:
        """What the network makes of intensities; those at a pixel are a function of the pixels before."""

    @abstractmethod
    def pixels(self, batch: int, y: Int[Tensor, " batch"] | None) -> Pixels:
        """The numbers of one pixel after another; is sent the intensities of each."""

    def mixtures(
        self, x: Int[Tensor, "batch colours height width"], y: Int[Tensor, " batch"] | None
    ) -> CoupledLogistics:
        """A mixture for each pixel: batch, height and width are its batch dimensions."""
        require_labels(y, self.num_classes)
        numbers = self.numbers(intensities(x, self.num_levels, next(self.parameters()).dtype), y)
        return CoupledLogistics.of(numbers.movedim(1, -1), self.event_shape[0])

    def logits(
        self, x: Int[Tensor, "batch colours height width"], y: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch colours height width levels"]:
        """The conditionals of every pixel and colour: all levels, where the likelihood needs one."""
        return self.mixtures(x, y).conditionals(x.movedim(1, -1), self.num_levels).movedim(3, 1)

    def log_prob(
        self, x: Int[Tensor, "batch colours height width"], y: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, " batch"]:
        """log p(x) in nats, pixel by pixel, without the levels that x does not have."""
        return self.mixtures(x, y).log_prob(x.movedim(1, -1), self.num_levels).flatten(1).sum(dim=1)

    def walk(self, batch: int, y: Int[Tensor, " batch"] | None = None) -> Walk:
        """Pixel by pixel; the network is not asked again for the colours of one."""
        require_labels(y, self.num_classes)
        colours, height, width = self.event_shape
        pixels, pixel = self.pixels(batch, y), None
        for _ in range(height * width):
            numbers = pixels.send(pixel)
            mixture = CoupledLogistics.of(numbers, colours)
            values = torch.zeros(batch, colours, dtype=torch.long, device=numbers.device)
            for colour in range(colours):
                log_probs = mixture.conditionals(values, self.num_levels)
                values[:, colour] = yield log_probs[:, colour]
            pixel = intensities(values, self.num_levels, numbers.dtype)
