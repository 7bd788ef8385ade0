"""Units sorted by degree, inputs sorted into the order first, raw parameters under other names, float masks.

Parameters are created last layer first, so a seed gives other numbers than the usual layout would.
"""


def made_masks(
    ordering: Int[Tensor, "dims"], hidden_degrees: list[Int[Tensor, "hidden"]], outputs_per_dim: int = 1
) -> list[Tensor]:
    masks = []
    for layer, degrees in enumerate(hidden_degrees):
        knows = hidden_degrees[layer - 1] if layer else ordering
        masks.append(1.0 - (knows.unsqueeze(0) > degrees.unsqueeze(1)).float())
    last = (hidden_degrees[-1].unsqueeze(0) < ordering.unsqueeze(1)).float()
    return [*masks, torch.kron(last, torch.ones(outputs_per_dim, 1))]


class MaskedLinear(nn.Linear):
    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.mask = mask  # a plain attribute

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        return x @ (self.mask.to(x) * self.weight).T + self.bias


class MADE(nn.Module):
    def __init__(
        self,
        num_dims: int,
        hidden_dims: tuple[int, ...],
        ordering: Int[Tensor, "dims"] | None = None,
        outputs_per_dim: int = 1,
    ) -> None:
        super().__init__()
        ordering = torch.arange(num_dims) if ordering is None else ordering
        self.dims, self.k, self.depth = num_dims, outputs_per_dim, len(hidden_dims)
        self.first_to_last = torch.argsort(ordering)
        degrees = [(torch.arange(width) % max(num_dims - 1, 1)).sort().values for width in hidden_dims]
        self.masks = made_masks(torch.arange(num_dims), degrees, outputs_per_dim)
        for layer in reversed(range(self.depth + 1)):
            out, into = self.masks[layer].shape
            self.register_parameter(f"bias_{layer}", nn.Parameter(torch.zeros(out, 1)))
            self.register_parameter(f"w_{layer}", nn.Parameter(torch.randn(into, out) / math.sqrt(into)))

    def forward(self, x: Tensor) -> Tensor:
        column = x[:, self.first_to_last].to(self.w_0.dtype).T  # (D, B), sorted by position
        if self.k > 1:
            column = column / (self.k - 1)
        for layer, mask in enumerate(self.masks):
            weight = getattr(self, f"w_{layer}") * mask.T
            column = weight.T @ column + getattr(self, f"bias_{layer}")
            if layer < self.depth:
                column = column.clamp(min=0)
        by_position = column.T.reshape(len(x), self.dims, self.k)
        logits = by_position[:, torch.argsort(self.first_to_last)]
        return logits.squeeze(-1) if self.k == 1 else logits

    def log_prob(self, x: Tensor) -> Float[Tensor, "batch"]:
        logits = self(x)
        if self.k == 1:
            return torch.distributions.Bernoulli(logits=logits).log_prob(x.to(logits.dtype)).sum(1)
        return torch.distributions.Categorical(logits=logits).log_prob(x.long()).sum(1)
