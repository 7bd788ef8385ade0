"""PyTorch's own pixel shuffling, one list of noise cut into latents."""


def squeeze(x: Float[Tensor, "batch channels height width"]) -> Tensor:
    return F.pixel_unshuffle(x, 2)


def unsqueeze(x: Float[Tensor, "batch channels height width"]) -> Tensor:
    return F.pixel_shuffle(x, 2)


def checkerboard_mask(height: int, width: int, parity: int) -> Bool[Tensor, "height width"]:
    return torch.arange(height).unsqueeze(1).add(torch.arange(width)).add(1 - parity).remainder(2).bool()


class MultiscaleFlow(nn.Module):
    def __init__(self, blocks: list[nn.Module], shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.levels = nn.Sequential(*blocks)
        self.shape = torch.Size(shape)

    def _shapes(self) -> list[tuple[int, ...]]:
        c, h, w = self.shape
        depth = len(self.levels)
        shapes = [(c << level, h >> level, w >> level) for level in range(1, depth + 1)]
        return [*shapes[:-1], (2 * shapes[-1][0], *shapes[-1][1:])]

    def inverse(self, x: Float[Tensor, "batch channels height width"]) -> tuple[list[Tensor], Tensor]:
        latents, log_dets = [], []
        for level in self.levels:
            x, log_det = level.inverse(squeeze(x))
            log_dets.append(log_det)
            x, out = x.tensor_split([x.shape[1] // 2], dim=1)
            latents.append(out)
        latents[-1] = torch.cat([x, latents[-1]], dim=1)
        return latents, torch.stack(log_dets).sum(0)

    def forward(self, latents: list[Tensor]) -> tuple[Tensor, Tensor]:
        x, log_dets = latents[-1][:, :0], []
        for level, z in zip(reversed(self.levels), reversed(latents)):
            x, log_det = level(torch.cat([x, z], dim=1))
            x = unsqueeze(x)
            log_dets.append(log_det)
        return x, torch.stack(log_dets).sum(0)

    def log_prob(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch"]:
        latents, log_det = self.inverse(x)
        squares = sum(z.flatten(1).square().sum(1) for z in latents)
        return log_det - 0.5 * squares - 0.5 * self.shape.numel() * math.log(2 * math.pi)

    @torch.no_grad()
    def sample(self, num_samples: int, generator: torch.Generator) -> Tensor:
        dtype = next(self.parameters()).dtype
        noise = torch.randn(num_samples, self.shape.numel(), generator=generator, dtype=dtype)
        shapes = self._shapes()
        pieces = noise.split([math.prod(shape) for shape in shapes], dim=1)
        return self([piece.reshape(-1, *shape) for piece, shape in zip(pieces, shapes)])[0]
