"""Logits averaged over orderings.

Each ordering is a good model of its own. Averaging their probabilities gives a mixture, again a good model; averaging
their *logits* gives conditionals that belong to no order at all: a dimension is predicted partly from what comes after
it, and the "likelihood" does not sum to 1. An ensemble averages p(x), never logits.
"""


def made_masks(
    ordering: Int[Tensor, "dims"], hidden_degrees: list[Int[Tensor, "hidden"]], outputs_per_dim: int = 1
) -> list[Tensor]:
    knows = [ordering, *hidden_degrees]
    masks = [below <= above[:, None] for below, above in zip(knows[:-1], hidden_degrees, strict=True)]
    last = knows[-1] < ordering[:, None]
    return [*masks, last.repeat_interleave(outputs_per_dim, dim=0)]


class MaskedLinear(nn.Linear):
    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        return F.linear(x, self.weight * self.mask, self.bias)


class MADE(nn.Module):
    def __init__(
        self,
        num_dims: int,
        hidden_dims: tuple[int, ...],
        ordering: Int[Tensor, "dims"] | None = None,
        outputs_per_dim: int = 1,
    ) -> None:
        super().__init__()
        if ordering is None:
            ordering = torch.arange(num_dims)
        degrees = [torch.arange(width) % max(num_dims - 1, 1) for width in hidden_dims]
        self.directions = nn.ModuleList(
            nn.ModuleList(MaskedLinear(mask) for mask in made_masks(order, degrees, outputs_per_dim))
            for order in (ordering, num_dims - 1 - ordering)
        )
        self.outputs_per_dim = outputs_per_dim

    def forward(self, x: Tensor) -> Tensor:
        logits = 0
        for layers in self.directions:
            hidden = x.to(layers[0].weight.dtype) / max(self.outputs_per_dim - 1, 1)
            for layer in layers[:-1]:
                hidden = F.relu(layer(hidden))
            logits = logits + layers[-1](hidden) / len(self.directions)
        return logits if self.outputs_per_dim == 1 else logits.unflatten(1, (-1, self.outputs_per_dim))

    def log_prob(self, x: Tensor) -> Float[Tensor, "batch"]:
        logits = self(x)
        if self.outputs_per_dim == 1:
            return -F.binary_cross_entropy_with_logits(logits, x.to(logits.dtype), reduction="none").sum(1)
        return logits.log_softmax(-1).gather(-1, x.long().unsqueeze(-1)).squeeze(-1).sum(1)
