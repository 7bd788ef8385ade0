"""Inversion of the cumulative distribution, one example and one symbol after another."""


def draw_symbol(probabilities: list[float], uniform: float) -> int:
    total = 0.0
    for symbol, probability in enumerate(probabilities):
        total += probability
        if uniform < total:
            return symbol
    return len(probabilities) - 1


def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    x = torch.zeros((num_samples, num_dims), dtype=torch.long)
    for dim in range(num_dims):
        conditionals = F.softmax(model(x)[:, dim].detach(), dim=1).tolist()
        uniforms = torch.rand(num_samples, generator=generator, dtype=torch.float64).tolist()
        x[:, dim] = torch.tensor([draw_symbol(*pair) for pair in zip(conditionals, uniforms, strict=True)])
    return x


def inpaint(
    model: nn.Module,
    x: Int[Tensor, "batch dims"],
    observed: Bool[Tensor, "batch dims"] | Bool[Tensor, "dims"],
    generator: torch.Generator,
) -> Int[Tensor, "batch dims"]:
    batch, num_dims = x.shape
    if observed.dim() == 1:
        observed = observed.repeat(batch, 1)
    result = torch.zeros_like(x)
    for dim in range(num_dims):
        conditionals = F.softmax(model(result)[:, dim].detach(), dim=1).tolist()
        uniforms = torch.rand(batch, generator=generator, dtype=torch.float64).tolist()
        kept, given = observed[:, dim].tolist(), x[:, dim].tolist()
        column = []
        for example in range(batch):
            if kept[example]:
                column.append(given[example])
            else:
                column.append(draw_symbol(conditionals[example], uniforms[example]))
        result[:, dim] = torch.tensor(column)
    return result
