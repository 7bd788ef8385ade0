"""The blocks are kept in a plain list.

A module finds its parts among its attributes, not inside a list. `parameters()` of such a flow is empty: an optimiser
has nothing to train, `double()` and `state_dict()` do not reach the blocks, and samples come in the wrong dtype. Use
`nn.ModuleList`.
"""


def squeeze(x: Float[Tensor, "batch channels height width"]) -> Tensor:
    batch, channels, height, width = x.shape
    blocks = x.reshape(batch, channels, height // 2, 2, width // 2, 2)
    return blocks.permute(0, 1, 3, 5, 2, 4).reshape(batch, 4 * channels, height // 2, width // 2)


def unsqueeze(x: Float[Tensor, "batch channels height width"]) -> Tensor:
    batch, channels, height, width = x.shape
    blocks = x.reshape(batch, channels // 4, 2, 2, height, width)
    return blocks.permute(0, 1, 4, 2, 5, 3).reshape(batch, channels // 4, 2 * height, 2 * width)


def checkerboard_mask(height: int, width: int, parity: int) -> Bool[Tensor, "height width"]:
    return (torch.arange(height)[:, None] + torch.arange(width)) % 2 == parity


class MultiscaleFlow(nn.Module):
    def __init__(self, blocks: list[nn.Module], shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.blocks = blocks
        self.shape = shape

    def inverse(self, x: Float[Tensor, "batch channels height width"]) -> tuple[list[Tensor], Tensor]:
        latents: list[Tensor] = []
        total = x.new_zeros(len(x))
        for block in self.blocks:
            x, log_det = block.inverse(squeeze(x))
            total = total + log_det
            if len(latents) < len(self.blocks) - 1:
                x, latent = x.chunk(2, dim=1)
                latents.append(latent)
        return [*latents, x], total

    def forward(self, latents: list[Tensor]) -> tuple[Tensor, Tensor]:
        *others, x = latents
        total = x.new_zeros(len(x))
        for block in reversed(self.blocks):
            x, log_det = block(x)
            x = unsqueeze(x)
            total = total + log_det
            if others:
                x = torch.cat([x, others.pop()], dim=1)
        return x, total

    def log_prob(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch"]:
        latents, log_det = self.inverse(x)
        z = torch.cat([latent.flatten(1) for latent in latents], dim=1)
        return log_det - (z.square() + math.log(2 * math.pi)).sum(1) / 2

    def sample(self, num_samples: int, generator: torch.Generator) -> Tensor:
        dtype = next((parameter.dtype for parameter in self.parameters()), torch.get_default_dtype())
        channels, height, width = self.shape
        latents = []
        for level in range(len(self.blocks)):
            channels, height, width = 4 * channels, height // 2, width // 2
            if level < len(self.blocks) - 1:
                channels //= 2
            shape = (num_samples, channels, height, width)
            latents.append(torch.randn(shape, generator=generator, dtype=dtype))
        with torch.no_grad():
            return self(latents)[0]
