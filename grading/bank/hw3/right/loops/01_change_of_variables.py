"""One number after the other behind the map, one component after the other in the mixture, interval ends that walk outwards."""


def log_prob_through(
    x: Float[Tensor, "n"],
    inverse: Callable[[Float[Tensor, "n"]], Float[Tensor, "n"]],
    base_log_prob: Callable[[Float[Tensor, "n"]], Float[Tensor, "n"]],
) -> Float[Tensor, "n"]:
    answers = []
    for number in x.split(1):
        if not number.requires_grad:
            number = number.detach().requires_grad_(True)
        z = inverse(number)
        slope = torch.autograd.grad(z, number, create_graph=True)[0]
        answers.append(base_log_prob(z) + torch.log(-slope if slope < 0 else slope))
    return torch.cat(answers)


class MixtureCDF(nn.Module):
    def __init__(self, num_components: int) -> None:
        super().__init__()
        self.log_scales = nn.Parameter(torch.randn(num_components))
        self.means = nn.Parameter(torch.randn(num_components))
        self.logits = nn.Parameter(torch.randn(num_components))

    def inverse(self, x: Float[Tensor, "n"]) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        log_normalizer = torch.logsumexp(self.logits, 0)
        u, log_slope = torch.zeros_like(x), None
        for logit, mean, log_scale in zip(self.logits, self.means, self.log_scales, strict=True):
            z, log_weight = (x - mean) * torch.exp(-log_scale), logit - log_normalizer
            u = u + log_weight.exp() * torch.sigmoid(z)
            term = log_weight - log_scale - F.softplus(z) - F.softplus(-z)
            log_slope = term if log_slope is None else torch.logaddexp(log_slope, term)
        return u, log_slope

    @torch.no_grad()
    def forward(self, u: Float[Tensor, "n"]) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        low, high = u - 1, u + 1
        while (wrong := self.inverse(low)[0] > u).any():
            low = torch.where(wrong, 3 * low - 2 * high, low)
        while (wrong := self.inverse(high)[0] < u).any():
            high = torch.where(wrong, 3 * high - 2 * low, high)
        for _ in range(80):
            x = low + (high - low) / 2
            above = self.inverse(x)[0] > u
            low, high = torch.where(above, low, x), torch.where(above, x, high)
        return x, 0 - self.inverse(x)[1]

    def log_prob(self, x: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        _, log_det = self.inverse(x)
        return log_det

    def sample(self, num_samples: int, generator: torch.Generator) -> Float[Tensor, "samples"]:
        u = 1 - torch.rand(num_samples, dtype=torch.float64, generator=generator)
        return self.forward(u.to(self.means.dtype).clamp(1e-6, 1 - 1e-6))[0]
