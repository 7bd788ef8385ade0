"""Missing symbols filled in one pass.

Sampling from nothing goes symbol by symbol, inpainting calls the model once on x as given. The conditionals then
read whatever stood at the missing places, which is not part of the answer. A symbol that was drawn is read by all
later ones.
"""


def inpaint(
    model: nn.Module,
    x: Int[Tensor, "batch dims"],
    observed: Bool[Tensor, "batch dims"] | Bool[Tensor, "dims"],
    generator: torch.Generator,
) -> Int[Tensor, "batch dims"]:
    x, observed = x.clone(), observed.expand_as(x)
    with torch.no_grad():
        given = model(x) if observed.any() else None
        for i in range(x.shape[1]):
            logits = model(x) if given is None else given
            probabilities = logits[:, i].softmax(-1)
            drawn = torch.multinomial(probabilities, 1, generator=generator).squeeze(1)
            x[:, i] = torch.where(observed[:, i], x[:, i], drawn)
    return x


def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    nothing = torch.zeros(num_samples, num_dims, dtype=torch.int64)
    return inpaint(model, nothing, torch.zeros(num_dims, dtype=torch.bool), generator)
