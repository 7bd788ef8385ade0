"""Squeeze as a convolution with sixteen zeros and ones, recursion over the levels, log_prob in one go with them."""


def _corners(channels: int, like: Tensor) -> Tensor:
    """The kernels (4C, 1, 2, 2) that pick one corner each."""
    return torch.eye(4).to(like).reshape(4, 1, 2, 2).repeat(channels, 1, 1, 1)


def squeeze(x: Float[Tensor, "batch channels height width"]) -> Tensor:
    return F.conv2d(x, _corners(x.shape[1], x), stride=2, groups=x.shape[1])


def unsqueeze(x: Float[Tensor, "batch channels height width"]) -> Tensor:
    channels = x.shape[1] // 4
    return F.conv_transpose2d(x, _corners(channels, x), stride=2, groups=channels)


def checkerboard_mask(height: int, width: int, parity: int) -> Bool[Tensor, "height width"]:
    board = torch.zeros(height, width, dtype=torch.bool)
    board[parity::2, ::2] = True
    board[1 - parity :: 2, 1::2] = True
    return board


class MultiscaleFlow(nn.Module):
    """One level, and a flow of the levels that come after it."""

    def __init__(self, blocks: list[nn.Module], shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = shape
        self.here = blocks[0]
        self.inner = (
            MultiscaleFlow(blocks[1:], (2 * channels, height // 2, width // 2)) if blocks[1:] else None
        )
        self.out = (channels * (2 if blocks[1:] else 4), height // 2, width // 2)

    def inverse(self, x: Float[Tensor, "batch channels height width"]) -> tuple[list[Tensor], Tensor]:
        h, log_det = self.here.inverse(squeeze(x))
        if self.inner is None:
            return [h], log_det
        half = self.out[0]
        latents, more = self.inner.inverse(h[:, :half])
        return [h[:, half:], *latents], log_det + more

    def forward(self, latents: list[Tensor]) -> tuple[Tensor, Tensor]:
        first, more = latents[0], 0
        if self.inner is not None:
            kept, more = self.inner(latents[1:])
            first = torch.cat([kept, first], dim=1)
        x, log_det = self.here(first)
        return unsqueeze(x), log_det + more

    def log_prob(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch"]:
        latents, log_det = self.inverse(x)
        normal = torch.distributions.Normal(torch.zeros(()).to(x), torch.ones(()).to(x))
        return log_det + torch.stack([normal.log_prob(z).flatten(1).sum(1) for z in latents]).sum(0)

    def noise(self, num_samples: int, generator: torch.Generator) -> list[Tensor]:
        later = self.inner.noise(num_samples, generator) if self.inner is not None else []
        return [torch.randn(num_samples, *self.out, generator=generator, dtype=torch.float64), *later]

    def sample(self, num_samples: int, generator: torch.Generator) -> Tensor:
        like = next(self.parameters())
        return self([z.to(like.dtype) for z in self.noise(num_samples, generator)])[0].detach()
