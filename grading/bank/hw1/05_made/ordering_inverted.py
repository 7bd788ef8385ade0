"""The ordering read backwards.

`ordering[i]` is the position of dimension i. Here it is taken as a list of dimensions in the order they are generated,
which is the inverse permutation. For the natural order, a reversal, or any swap of two the two readings agree, which
is why the mistake survives simple examples. The model is a fine MADE for another order than the one asked for.
"""


def made_masks(
    ordering: Int[Tensor, "dims"], hidden_degrees: list[Int[Tensor, "hidden"]], outputs_per_dim: int = 1
) -> list[Tensor]:
    ordering = torch.argsort(ordering)
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
        masks = made_masks(ordering, degrees, outputs_per_dim)
        self.layers = nn.ModuleList(MaskedLinear(mask) for mask in masks)
        self.outputs_per_dim = outputs_per_dim

    def forward(self, x: Tensor) -> Tensor:
        hidden = x.to(self.layers[0].weight.dtype) / max(self.outputs_per_dim - 1, 1)
        for layer in self.layers[:-1]:
            hidden = F.relu(layer(hidden))
        logits = self.layers[-1](hidden)  # (B, D * K)
        return logits if self.outputs_per_dim == 1 else logits.unflatten(1, (-1, self.outputs_per_dim))

    def log_prob(self, x: Tensor) -> Float[Tensor, "batch"]:
        logits = self(x)
        if self.outputs_per_dim == 1:
            return -F.binary_cross_entropy_with_logits(logits, x.to(logits.dtype), reduction="none").sum(1)
        return logits.log_softmax(-1).gather(-1, x.long().unsqueeze(-1)).squeeze(-1).sum(1)
