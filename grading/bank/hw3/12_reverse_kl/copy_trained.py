"""A copy is trained.

The flow that was handed in stays as it was: training is in place, and what a function keeps to itself is lost.
"""


def log_weights(
    flow: nn.Module, log_density: Callable[[Tensor], Tensor], z: Float[Tensor, "batch dims"]
) -> Float[Tensor, "batch"]:
    x, log_det = flow(z)
    log_base = -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)
    return log_density(x) - log_base + log_det


def reverse_kl(
    flow: nn.Module, log_density: Callable[[Tensor], Tensor], z: Float[Tensor, "batch dims"]
) -> Float[Tensor, ""]:
    return -log_weights(flow, log_density, z).mean()


def log_normalizer(log_w: Float[Tensor, "samples"]) -> tuple[Tensor, Tensor]:
    return log_w.mean(), log_w.logsumexp(0) - math.log(len(log_w))


def fit_density(
    flow: nn.Module,
    log_density: Callable[[Tensor], Tensor],
    *,
    num_dims: int,
    num_steps: int,
    batch_size: int,
    learning_rate: float,
    generator: torch.Generator,
) -> list[float]:
    import copy

    flow = copy.deepcopy(flow)
    optimizer = torch.optim.Adam(flow.parameters(), lr=learning_rate)
    dtype = next(flow.parameters()).dtype
    history = []
    for _ in range(num_steps):
        z = torch.randn(batch_size, num_dims, generator=generator, dtype=dtype)
        loss = reverse_kl(flow, log_density, z)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return history
