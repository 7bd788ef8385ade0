"""The logits of the position before.

Symbol i is drawn from logits i-1, as one would with a network whose logits predict the *next* symbol. Here
`model(x)[:, i]` already are the logits of x_i, and they read only what is before it.
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
            probabilities = model(x)[:, max(i - 1, 0)].softmax(-1)
            drawn = torch.multinomial(probabilities, 1, generator=generator).squeeze(1)
            x[:, i] = torch.where(observed[:, i], x[:, i], drawn)
    return x


def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    nothing = torch.zeros(num_samples, num_dims, dtype=torch.int64)
    return inpaint(model, nothing, torch.zeros(num_dims, dtype=torch.bool), generator)
