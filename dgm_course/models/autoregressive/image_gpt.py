"""ImageGPT: a Transformer that writes an image (Chen et al. 2020, "Generative Pretraining from Pixels", ICML).

    p(x | y) = Π_t p(x_t | start_y, x_1, …, x_{t−1})

Pixels become a sequence in raster order, colour after colour in each, and their levels its symbols. The model is not
told that there are two dimensions: what is above is what was W symbols ago, and the learned positions and attention
have to find that out. A class, where there is one, is the symbol that the sequence begins with.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dgm_course.models.autoregressive.base import AutoregressiveModel, Walk
from dgm_course.models.autoregressive.raster import raster_order
from dgm_course.models.autoregressive.transformer import Transformer


class ImageGPT(AutoregressiveModel):
    """Images of shape (colours, height, width), given their class where `num_classes` is not zero.

    Example:
        >>> model = ImageGPT((3, 4, 4), num_levels=5, width=16, num_heads=2, num_layers=1, num_classes=10)
        >>> y = torch.tensor([3, 7])
        >>> x = model.sample(2, y=y, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.logits(x, y).shape, model.log_prob(x, y).shape
        (torch.Size([2, 3, 4, 4]), torch.Size([2, 3, 4, 4, 5]), torch.Size([2]))
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        num_levels: int = 2,
        width: int = 64,
        num_heads: int = 4,
        num_layers: int = 3,
        num_classes: int = 0,
    ) -> None:
        super().__init__(image_shape, num_levels, raster_order(*image_shape))
        self.num_classes = num_classes
        length = len(self.order)
        self.transformer = Transformer(length, num_levels, width, num_heads, num_layers, num_classes)

    def logits(
        self, x: Int[Tensor, "batch colours height width"], y: Int[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch colours height width levels"]:
        """The sequence in its order, and what comes out of it back in its place."""
        order = torch.tensor(self.order, device=x.device)
        logits = self.transformer.logits(x.flatten(1)[:, order], y)
        return logits[:, order.argsort()].unflatten(1, self.event_shape)

    def walk(self, batch: int, y: Int[Tensor, " batch"] | None = None) -> Walk:
        """The Transformer's own, with its cache."""
        yield from self.transformer.walk(batch, y)
