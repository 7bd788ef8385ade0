"""One random number for the whole string.

Each sample gets one uniform number, and all its symbols are read off with that number by inverting their cumulative
distributions. Each symbol alone has the right distribution, but the symbols are tied together: high with high, low
with low. Every symbol needs fresh randomness.
"""


def inpaint(
    model: nn.Module,
    x: Int[Tensor, "batch dims"],
    observed: Bool[Tensor, "batch dims"] | Bool[Tensor, "dims"],
    generator: torch.Generator,
) -> Int[Tensor, "batch dims"]:
    x, observed = x.clone(), observed.expand_as(x)
    with torch.no_grad():
        uniform = torch.rand(len(x), 1, generator=generator, dtype=torch.float64)
        for i in range(x.shape[1]):
            probabilities = model(x)[:, i].softmax(-1)
            drawn = (probabilities.cumsum(-1)[:, :-1] < uniform).sum(-1)
            x[:, i] = torch.where(observed[:, i], x[:, i], drawn)
    return x


def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    nothing = torch.zeros(num_samples, num_dims, dtype=torch.int64)
    return inpaint(model, nothing, torch.zeros(num_dims, dtype=torch.bool), generator)
