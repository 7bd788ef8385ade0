"""numpy for the levels, a distribution of PyTorch for the logit, and noise drawn backwards as 1 − u."""


def dequantize(
    x: Int[Tensor, "batch *event"], num_levels: int, generator: torch.Generator
) -> Float[Tensor, "batch *event"]:
    u = 1 - 1e-15 - torch.rand(x.numel(), generator=generator, dtype=torch.float64).flip(0)
    return x / torch.tensor(num_levels, dtype=torch.float64) + u.clamp(min=0).view(x.shape) / num_levels


def quantize(y: Float[Tensor, "batch *event"], num_levels: int) -> Int[Tensor, "batch *event"]:
    return torch.from_numpy(
        np.clip(np.floor(y.detach().numpy() * num_levels), 0, num_levels - 1).astype(np.int64)
    )


def to_logits(
    y: Float[Tensor, "batch *event"], alpha: float
) -> tuple[Float[Tensor, "batch *event"], Float[Tensor, "batch"]]:
    sigmoid = torch.distributions.SigmoidTransform()
    z = torch.special.logit(torch.lerp(torch.full_like(y, alpha), torch.full_like(y, 1 - alpha), y))
    log_slopes = math.log(1 - 2 * alpha) - sigmoid.log_abs_det_jacobian(z, None)
    return z, log_slopes.sum(tuple(range(1, y.dim())))


def from_logits(
    z: Float[Tensor, "batch *event"], alpha: float
) -> tuple[Float[Tensor, "batch *event"], Float[Tensor, "batch"]]:
    y = (F.logsigmoid(z).exp() - alpha) / (1 - 2 * alpha)
    log_slopes = torch.distributions.SigmoidTransform().log_abs_det_jacobian(z, y) - math.log(1 - 2 * alpha)
    return y, log_slopes.sum(tuple(range(1, z.dim())))


def bits_per_dim(log_prob: Float[Tensor, "batch"], num_dims: int, num_levels: int) -> Float[Tensor, "batch"]:
    nats = -log_prob + num_dims * math.log(num_levels)
    return nats / num_dims / math.log(2)
