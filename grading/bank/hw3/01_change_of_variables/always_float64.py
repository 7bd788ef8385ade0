"""Samples in float64 whatever the parameters are.

The noise is drawn in float64 and takes everything after it along. A mixture in float32 then gives samples that the next
float32 layer refuses. Draw in the dtype of the parameters: `dtype=self.means.dtype`.
"""


def log_prob_through(
    x: Float[Tensor, "n"],
    inverse: Callable[[Float[Tensor, "n"]], Float[Tensor, "n"]],
    base_log_prob: Callable[[Float[Tensor, "n"]], Float[Tensor, "n"]],
) -> Float[Tensor, "n"]:
    x = x.clone().requires_grad_()
    z = inverse(x)
    (slope,) = torch.autograd.grad(z.sum(), x, create_graph=True)
    return base_log_prob(z) + slope.abs().log()


class MixtureCDF(nn.Module):
    def __init__(self, num_components: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(num_components))
        self.means = nn.Parameter(torch.linspace(-2.0, 2.0, num_components))
        self.log_scales = nn.Parameter(torch.zeros(num_components))

    def inverse(self, x: Float[Tensor, "n"]) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        z = (x.unsqueeze(-1) - self.means) / self.log_scales.exp()  # (n, K)
        log_weights = F.log_softmax(self.logits, dim=-1)
        u = (log_weights.exp() * torch.sigmoid(z)).sum(-1)
        log_slopes = log_weights - self.log_scales + F.logsigmoid(z) + F.logsigmoid(-z)
        return u, torch.logsumexp(log_slopes, dim=-1)

    def forward(self, u: Float[Tensor, "n"]) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
        with torch.no_grad():
            quantiles = self.means + self.log_scales.exp() * torch.logit(u).unsqueeze(-1)  # (n, K)
            low, high = quantiles.amin(-1), quantiles.amax(-1)
            for _ in range(60):
                middle = (low + high) / 2
                below = self.inverse(middle)[0] < u
                low, high = middle.where(below, low), high.where(below, middle)
            return middle, -self.inverse(middle)[1]

    def log_prob(self, x: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        return self.inverse(x)[1]  # the uniform density is 1, its logarithm 0

    def sample(self, num_samples: int, generator: torch.Generator) -> Float[Tensor, "samples"]:
        u = torch.rand(num_samples, generator=generator, dtype=torch.float64)
        return self(u.clamp(min=1e-7))[0]  # a float32 draw can be exactly 0
