"""One broadcast comparison per mask, boolean weights selected by `where`, likelihood by logsumexp."""


def made_masks(
    ordering: Int[Tensor, "dims"], hidden_degrees: list[Int[Tensor, "hidden"]], outputs_per_dim: int = 1
) -> list[Tensor]:
    may_know = [*hidden_degrees, ordering.repeat_interleave(outputs_per_dim) - 1]  # strict, in integers
    knows = [ordering, *hidden_degrees]
    return [above.unsqueeze(1).ge(below) for above, below in zip(may_know, knows, strict=True)]


class MaskedLinear(nn.Linear):
    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("keep", mask.bool())

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        return torch.einsum("bi,oi->bo", x, self.weight.where(self.keep, 0)) + self.bias


class MADE(nn.Module):
    def __init__(
        self,
        num_dims: int,
        hidden_dims: tuple[int, ...],
        ordering: Int[Tensor, "dims"] | None = None,
        outputs_per_dim: int = 1,
    ) -> None:
        super().__init__()
        self.levels = outputs_per_dim
        order = torch.arange(num_dims) if ordering is None else ordering
        degrees = [torch.arange(width).remainder(max(1, num_dims - 1)) for width in hidden_dims]
        first, *rest = map(MaskedLinear, made_masks(order, degrees, outputs_per_dim))
        self.body = nn.Sequential(first, *(piece for layer in rest for piece in (nn.ReLU(), layer)))

    def forward(self, x: Tensor) -> Tensor:
        scaled = x.to(self.body[0].weight) / max(1, self.levels - 1)
        logits = self.body(scaled)
        return logits if self.levels == 1 else logits.view(*x.shape, self.levels)

    def log_prob(self, x: Tensor) -> Float[Tensor, "batch"]:
        logits = self(x)
        if self.levels == 1:
            return (x * logits - F.softplus(logits)).sum(1)
        chosen = (F.one_hot(x.long(), self.levels) * logits).sum((1, 2))
        return chosen - logits.logsumexp(2).sum(1)
