"""The most likely symbol instead of a draw.

`argmax` gives the same string every time. It is not a sample, and as the choice is greedy it need not even be the most
likely string. Draw from the conditional.
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
            drawn = probabilities.argmax(-1)
            x[:, i] = torch.where(observed[:, i], x[:, i], drawn)
    return x


def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    nothing = torch.zeros(num_samples, num_dims, dtype=torch.int64)
    return inpaint(model, nothing, torch.zeros(num_dims, dtype=torch.bool), generator)
