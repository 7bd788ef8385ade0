"""An interval without the solution.

The bisection begins between −10 and 10 whatever the parameters are. A quantile outside is never found: the search
ends at the border without a word. Begin between the smallest and the largest quantile of the components, which always
hold the one of the mixture between them.
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
            low, high = torch.full_like(u, -10.0), torch.full_like(u, 10.0)
            for _ in range(60):
                middle = (low + high) / 2
                below = self.inverse(middle)[0] < u
                low, high = middle.where(below, low), high.where(below, middle)
            return middle, -self.inverse(middle)[1]

    def log_prob(self, x: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        return self.inverse(x)[1]  # the uniform density is 1, its logarithm 0

    def sample(self, num_samples: int, generator: torch.Generator) -> Float[Tensor, "samples"]:
        u = torch.rand(num_samples, generator=generator, dtype=self.means.dtype)
        return self(u.clamp(min=1e-7))[0]  # a float32 draw can be exactly 0
