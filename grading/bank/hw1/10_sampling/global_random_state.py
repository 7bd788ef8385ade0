"""The generator is not used.

The draw takes its randomness from PyTorch's global state. The frequencies are right, but nobody can repeat the
run, and any other call that draws a number changes the result. Pass `generator=generator` to every draw.
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
            drawn = torch.multinomial(probabilities, 1).squeeze(1)
            x[:, i] = torch.where(observed[:, i], x[:, i], drawn)
    return x


def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    nothing = torch.zeros(num_samples, num_dims, dtype=torch.int64)
    return inpaint(model, nothing, torch.zeros(num_dims, dtype=torch.bool), generator)
