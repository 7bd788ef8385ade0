"""Sampling first and inpainting second, each column appended; examples that keep a symbol draw nothing for it."""


def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    columns = []
    for i in range(num_dims):
        rest = torch.zeros(num_samples, num_dims - i, dtype=torch.int64)
        logits = model(torch.cat([*columns, rest], dim=1))[:, i].detach()
        columns.append(torch.multinomial((logits - logits.max()).exp(), 1, generator=generator))
    return torch.cat(columns, dim=1)


def inpaint(
    model: nn.Module,
    x: Int[Tensor, "batch dims"],
    observed: Bool[Tensor, "batch dims"] | Bool[Tensor, "dims"],
    generator: torch.Generator,
) -> Int[Tensor, "batch dims"]:
    mask = torch.broadcast_to(observed, x.shape)
    state = torch.where(mask, x, torch.zeros_like(x))
    for i in range(x.shape[1]):
        missing = (~mask[:, i]).nonzero().flatten()
        if len(missing) == 0:
            continue
        weights = model(state[missing])[:, i].detach().softmax(-1)
        state[missing, i] = torch.multinomial(weights, 1, True, generator=generator).flatten()
    return state
