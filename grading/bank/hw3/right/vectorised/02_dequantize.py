"""Noise of 53 bits made from integers, all sums by `einsum`, the logit through artanh, bits through log2."""


def dequantize(
    x: Int[Tensor, "batch *event"], num_levels: int, generator: torch.Generator
) -> Float[Tensor, "batch *event"]:
    bits = torch.randint(2**40, x.shape, generator=generator)
    return (x.double() + bits.double() / 2**40).div(num_levels)


def quantize(y: Float[Tensor, "batch *event"], num_levels: int) -> Int[Tensor, "batch *event"]:
    return torch.floor(y.clamp(0, 1) * num_levels).clamp(max=num_levels - 1).to(torch.int64)


def to_logits(
    y: Float[Tensor, "batch *event"], alpha: float
) -> tuple[Float[Tensor, "batch *event"], Float[Tensor, "batch"]]:
    centred = (1 - 2 * alpha) * (2 * y - 1)  # 2s − 1
    z = 2 * torch.atanh(centred)
    log_slopes = math.log(4 - 8 * alpha) - torch.log1p(-centred.square())
    return z, torch.einsum("bi->b", log_slopes.reshape(len(y), -1))


def from_logits(
    z: Float[Tensor, "batch *event"], alpha: float
) -> tuple[Float[Tensor, "batch *event"], Float[Tensor, "batch"]]:
    y = 0.5 + torch.tanh(z / 2) / (2 - 4 * alpha)
    size = z.abs()
    log_slopes = -size - 2 * torch.log1p(torch.exp(-size)) - math.log(1 - 2 * alpha)
    return y, torch.einsum("bi->b", log_slopes.reshape(len(z), -1))


def bits_per_dim(log_prob: Float[Tensor, "batch"], num_dims: int, num_levels: int) -> Float[Tensor, "batch"]:
    return math.log2(num_levels) - log_prob * (math.log2(math.e) / num_dims)
