"""Noise on half of the cell.

The noise fills [0, ½) and leaves the other half of every cell empty. A flow finds that out, puts twice the density
where the data are and reports one bit per dimension less than is true. Nothing in the loss looks wrong. Noise has to
fill the whole cell, [0, 1) before the division by K.
"""


def dequantize(
    x: Int[Tensor, "batch *event"], num_levels: int, generator: torch.Generator
) -> Float[Tensor, "batch *event"]:
    u = torch.rand(x.shape, generator=generator, dtype=torch.float64) / 2
    return (x + u) / num_levels


def quantize(y: Float[Tensor, "batch *event"], num_levels: int) -> Int[Tensor, "batch *event"]:
    return (y * num_levels).floor().long().clamp(0, num_levels - 1)


def to_logits(
    y: Float[Tensor, "batch *event"], alpha: float
) -> tuple[Float[Tensor, "batch *event"], Float[Tensor, "batch"]]:
    s = alpha + (1 - 2 * alpha) * y
    log_slopes = math.log1p(-2 * alpha) - s.log() - torch.log1p(-s)
    return torch.logit(s), log_slopes.flatten(1).sum(1)


def from_logits(
    z: Float[Tensor, "batch *event"], alpha: float
) -> tuple[Float[Tensor, "batch *event"], Float[Tensor, "batch"]]:
    y = (torch.sigmoid(z) - alpha) / (1 - 2 * alpha)
    log_slopes = F.logsigmoid(z) + F.logsigmoid(-z) - math.log1p(-2 * alpha)
    return y, log_slopes.flatten(1).sum(1)


def bits_per_dim(log_prob: Float[Tensor, "batch"], num_dims: int, num_levels: int) -> Float[Tensor, "batch"]:
    return (math.log(num_levels) - log_prob / num_dims) / math.log(2)
