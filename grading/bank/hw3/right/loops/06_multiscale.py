"""Loops over pixels and levels."""


def squeeze(x: Float[Tensor, "batch channels height width"]) -> Tensor:
    batch, channels, height, width = x.shape
    result = torch.empty(batch, 4 * channels, height // 2, width // 2, dtype=x.dtype)
    for c in range(channels):
        for row in range(height):
            for column in range(width):
                target = 4 * c + 2 * (row % 2) + column % 2
                result[:, target, row // 2, column // 2] = x[:, c, row, column]
    return result


def unsqueeze(x: Float[Tensor, "batch channels height width"]) -> Tensor:
    batch, channels, height, width = x.shape
    result = torch.empty(batch, channels // 4, 2 * height, 2 * width, dtype=x.dtype)
    for c in range(channels // 4):
        for row in range(2 * height):
            for column in range(2 * width):
                source = 4 * c + 2 * (row % 2) + column % 2
                result[:, c, row, column] = x[:, source, row // 2, column // 2]
    return result


def checkerboard_mask(height: int, width: int, parity: int) -> Bool[Tensor, "height width"]:
    mask = torch.zeros(height, width, dtype=torch.bool)
    for row in range(height):
        for column in range(width):
            mask[row, column] = (row + column) % 2 == parity
    return mask


class MultiscaleFlow(nn.Module):
    def __init__(self, blocks: list[nn.Module], shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.shape = shape

    def inverse(self, x: Float[Tensor, "batch channels height width"]) -> tuple[list[Tensor], Tensor]:
        latents = []
        log_det = torch.zeros(len(x), dtype=x.dtype)
        for level in range(len(self.blocks)):
            x = squeeze(x)
            x, more = self.blocks[level].inverse(x)
            log_det = log_det + more
            if level == len(self.blocks) - 1:
                latents.append(x)
            else:
                half = x.shape[1] // 2
                latents.append(x[:, half:])
                x = x[:, :half]
        return latents, log_det

    def forward(self, latents: list[Tensor]) -> tuple[Tensor, Tensor]:
        log_det = torch.zeros(len(latents[0]), dtype=latents[0].dtype)
        x = None
        for level in range(len(self.blocks) - 1, -1, -1):
            x = latents[level] if x is None else torch.cat((x, latents[level]), dim=1)
            x, more = self.blocks[level](x)
            log_det = log_det + more
            x = unsqueeze(x)
        return x, log_det

    def log_prob(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch"]:
        latents, log_prob = self.inverse(x)
        for z in latents:
            log_prob = log_prob - z.pow(2).sum(dim=(1, 2, 3)) / 2 - z[0].numel() * math.log(2 * math.pi) / 2
        return log_prob

    def sample(self, num_samples: int, generator: torch.Generator) -> Tensor:
        dtype = torch.get_default_dtype()
        for parameter in self.parameters():
            dtype = parameter.dtype
        channels, height, width = self.shape
        latents = []
        for level in range(1, len(self.blocks) + 1):
            height, width = height // 2, width // 2
            channels = 4 * channels if level == len(self.blocks) else 2 * channels
            latents.append(
                torch.randn(num_samples, channels, height, width, generator=generator, dtype=dtype)
            )
        with torch.no_grad():
            x, _ = self.forward(latents)
        return x
