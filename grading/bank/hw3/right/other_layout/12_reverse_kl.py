"""The divergence first, the weights from it; noise in float64 that is cast to what the flow computes in."""

LOG_TWO_PI = math.log(2 * math.pi)


def energies(flow, log_density, z):
    """log q(x) and log γ(x)."""
    x, log_det = flow.forward(z)
    squares = torch.einsum("bd,bd->b", z, z)
    return -(squares + z.shape[-1] * LOG_TWO_PI) / 2 - log_det, log_density(x)


def log_weights(flow, log_density, z):
    log_q, log_gamma = energies(flow, log_density, z)
    return log_gamma - log_q


def reverse_kl(flow, log_density, z):
    log_q, log_gamma = energies(flow, log_density, z)
    return (log_q - log_gamma).sum() / z.shape[0]


def log_normalizer(log_w):
    top = log_w.detach().max()
    return log_w.sum() / log_w.numel(), torch.expm1(log_w - top).mean().log1p() + top


def fit_density(flow, log_density, *, num_dims, num_steps, batch_size, learning_rate, generator):
    kind = {parameter.dtype for parameter in flow.parameters()}.pop()
    adam = torch.optim.Adam([{"params": list(flow.parameters())}], lr=learning_rate, foreach=False)
    history = []
    while len(history) < num_steps:
        z = torch.randn((batch_size, num_dims), generator=generator, dtype=torch.float64).to(kind)
        adam.zero_grad()
        loss = reverse_kl(flow, log_density, z)
        loss.backward()
        history.append(loss.detach().item())
        adam.step()
    return history
