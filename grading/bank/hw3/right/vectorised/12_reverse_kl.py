"""torch.distributions for the base; all noise of the run is drawn at once."""


def log_weights(flow, log_density, z):
    base = torch.distributions.Independent(
        torch.distributions.Normal(torch.zeros_like(z), torch.ones_like(z)), 1
    )
    x, log_det = flow(z)
    return torch.stack([log_density(x), -base.log_prob(z), log_det]).sum(0)


def reverse_kl(flow, log_density, z):
    return log_weights(flow, log_density, z).neg().mean()


def log_normalizer(log_w):
    return log_w.mean(), torch.logsumexp(log_w - math.log(log_w.numel()), dim=-1)


def fit_density(flow, log_density, *, num_dims, num_steps, batch_size, learning_rate, generator):
    optimizer = torch.optim.Adam(flow.parameters(), lr=learning_rate)
    noise = torch.randn(num_steps, batch_size, num_dims, generator=generator).to(next(flow.parameters()))

    def step(z):
        optimizer.zero_grad(set_to_none=True)
        loss = reverse_kl(flow, log_density, z)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return torch.stack([step(z) for z in noise]).tolist()
