"""tanh in place of σ, Newton's method inside a bracket, and samples drawn component first, without any quantile."""


def log_prob_through(
    x: Float[Tensor, "n"],
    inverse: Callable[[Float[Tensor, "n"]], Float[Tensor, "n"]],
    base_log_prob: Callable[[Float[Tensor, "n"]], Float[Tensor, "n"]],
) -> Float[Tensor, "n"]:
    jacobian = torch.autograd.functional.jacobian(inverse, x, create_graph=True)
    return base_log_prob(inverse(x)) + jacobian.diagonal().abs().log()


class MixtureCDF(nn.Module):
    def __init__(self, num_components: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.full((num_components,), 3.0))
        self.log_scales = nn.Parameter(torch.full((num_components,), -1.0))
        self.means = nn.Parameter(torch.arange(num_components).float())

    def inverse(self, x: Float[Tensor, "n"]) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        mixture = torch.distributions.Categorical(logits=self.logits)
        z = (x.reshape(1, -1) - self.means.reshape(-1, 1)) / self.log_scales.exp().reshape(-1, 1)  # (K, n)
        u = 0.5 + 0.5 * (mixture.probs.reshape(-1, 1) * torch.tanh(z / 2)).sum(0)
        log_slopes = -z.abs() - 2 * torch.log1p(torch.exp(-z.abs()))
        log_slopes = log_slopes + (mixture.logits - self.log_scales).reshape(-1, 1)
        largest = log_slopes.amax(0)
        return u, largest + (log_slopes - largest).exp().sum(0).log()

    @torch.no_grad()
    def forward(self, u: Float[Tensor, "n"]) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        ends = self.means.reshape(-1, 1) + self.log_scales.exp().reshape(-1, 1) * torch.logit(u)
        low, high = ends.min(0).values, ends.max(0).values
        x = (low + high) / 2
        for _ in range(100):
            value, log_slope = self.inverse(x)
            low, high = torch.where(value < u, x, low), torch.where(value < u, high, x)
            newton = x - (value - u) * torch.exp(-log_slope)
            outside = (newton < low) | (newton > high)
            x = torch.where(outside, (low + high) / 2, newton)
        return x, -self.inverse(x)[1]

    def log_prob(self, x: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        return self.inverse(x)[1] + torch.zeros_like(x)

    @torch.no_grad()
    def sample(self, num_samples: int, generator: torch.Generator) -> Float[Tensor, "samples"]:
        which = torch.multinomial(self.logits.softmax(0), num_samples, replacement=True, generator=generator)
        u = torch.rand(num_samples, generator=generator, dtype=self.means.dtype).clamp(1e-12, 1 - 1e-7)
        return self.means[which] + self.log_scales[which].exp() * (u.log() - torch.log1p(-u))
