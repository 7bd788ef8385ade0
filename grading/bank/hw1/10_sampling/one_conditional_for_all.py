"""The conditional of the first example for all.

All examples draw from the probabilities of example 0. For the first symbol that is right, since nothing is before it.
Then the examples differ, and so must their conditionals: one row of probabilities for each.
"""


def inpaint(
    model: nn.Module,
    x: Int[Tensor, "batch dims"],
    observed: Bool[Tensor, "batch dims"] | Bool[Tensor, "dims"],
    generator: torch.Generator,
) -> Int[Tensor, "batch dims"]:
    x, observed = x.clone(), observed.expand_as(x)
    with torch.no_grad():
        for i in range(x.shape[1]):
            probabilities = model(x)[:, i].softmax(-1)
            drawn = torch.multinomial(probabilities[0], len(x), replacement=True, generator=generator)
            x[:, i] = torch.where(observed[:, i], x[:, i], drawn)
    return x


def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    nothing = torch.zeros(num_samples, num_dims, dtype=torch.int64)
    return inpaint(model, nothing, torch.zeros(num_dims, dtype=torch.bool), generator)
