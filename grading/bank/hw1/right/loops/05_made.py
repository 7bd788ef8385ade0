"""Plain loops over units, inputs and dimensions."""


def made_masks(
    ordering: Int[Tensor, "dims"], hidden_degrees: list[Int[Tensor, "hidden"]], outputs_per_dim: int = 1
) -> list[Tensor]:
    masks = []
    before = ordering
    for degrees in hidden_degrees:
        mask = torch.zeros(len(degrees), len(before))
        for above in range(len(degrees)):
            for below in range(len(before)):
                if before[below] <= degrees[above]:
                    mask[above, below] = 1
        masks.append(mask)
        before = degrees
    last = torch.zeros(len(ordering) * outputs_per_dim, len(before))
    for dim in range(len(ordering)):
        for output in range(outputs_per_dim):
            for below in range(len(before)):
                if before[below] < ordering[dim]:
                    last[dim * outputs_per_dim + output, below] = 1
    masks.append(last)
    return masks


class MaskedLinear(nn.Linear):
    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        masked = self.weight * self.mask
        return x @ masked.T + self.bias


class MADE(nn.Module):
    def __init__(
        self,
        num_dims: int,
        hidden_dims: tuple[int, ...],
        ordering: Int[Tensor, "dims"] | None = None,
        outputs_per_dim: int = 1,
    ) -> None:
        super().__init__()
        self.num_dims = num_dims
        self.outputs_per_dim = outputs_per_dim
        if ordering is None:
            ordering = torch.tensor(list(range(num_dims)))
        hidden_degrees = []
        for width in hidden_dims:
            degrees = []
            for unit in range(width):
                degrees.append(unit % (num_dims - 1) if num_dims > 1 else 0)
            hidden_degrees.append(torch.tensor(degrees))
        layers = []
        for mask in made_masks(ordering, hidden_degrees, outputs_per_dim):
            layers.append(MaskedLinear(mask))
            layers.append(nn.ReLU())
        self.network = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        x = x.to(next(self.parameters()).dtype)
        if self.outputs_per_dim > 1:
            x = x / (self.outputs_per_dim - 1)
        logits = self.network(x)
        if self.outputs_per_dim > 1:
            logits = logits.reshape(len(x), self.num_dims, self.outputs_per_dim)
        return logits

    def log_prob(self, x: Tensor) -> Float[Tensor, "batch"]:
        logits = self.forward(x)
        total = torch.zeros(len(x), dtype=logits.dtype)
        for dim in range(self.num_dims):
            if self.outputs_per_dim == 1:
                total = total + F.logsigmoid(logits[:, dim] * (2 * x[:, dim] - 1))
            else:
                total = total - F.cross_entropy(logits[:, dim], x[:, dim].long(), reduction="none")
        return total
