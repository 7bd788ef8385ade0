"""Entry by entry noise in the order of the examples, and determinants added up example by example."""


def dequantize(
    x: Int[Tensor, "batch *event"], num_levels: int, generator: torch.Generator
) -> Float[Tensor, "batch *event"]:
    rows = []
    for row in x.double():
        noise = torch.empty_like(row).uniform_(generator=generator)
        rows.append((row + noise) * (1 / num_levels))
    return torch.stack(rows)


def quantize(y: Float[Tensor, "batch *event"], num_levels: int) -> Int[Tensor, "batch *event"]:
    levels = torch.zeros(y.shape, dtype=torch.int64)
    edges = torch.arange(1, num_levels, dtype=y.dtype) / num_levels
    for index, row in enumerate(y):
        levels[index] = torch.bucketize(row, edges, right=True)
    return levels


def to_logits(
    y: Float[Tensor, "batch *event"], alpha: float
) -> tuple[Float[Tensor, "batch *event"], Float[Tensor, "batch"]]:
    images, totals = [], []
    for image in y:
        low = alpha + (1 - 2 * alpha) * image
        high = alpha + (1 - 2 * alpha) * (1 - image)
        images.append(low.log() - high.log())
        totals.append(
            sum(math.log(1 - 2 * alpha) - a.log() - b.log() for a, b in zip(low.flatten(), high.flatten()))
        )
    return torch.stack(images), torch.stack(totals)


def from_logits(
    z: Float[Tensor, "batch *event"], alpha: float
) -> tuple[Float[Tensor, "batch *event"], Float[Tensor, "batch"]]:
    images, totals = [], []
    for image in z:
        images.append((1 / (1 + torch.exp(-image)) - alpha) / (1 - 2 * alpha))
        total = torch.zeros((), dtype=z.dtype)
        for number in image.flatten():
            total = total - F.softplus(number) - F.softplus(-number) - math.log(1 - 2 * alpha)
        totals.append(total)
    return torch.stack(images), torch.stack(totals)


def bits_per_dim(log_prob: Float[Tensor, "batch"], num_dims: int, num_levels: int) -> Float[Tensor, "batch"]:
    return torch.stack(
        [-(number - num_dims * math.log(num_levels)) / (num_dims * math.log(2)) for number in log_prob]
    )
