"""All symbols from one pass.

The model is called once, and every symbol is drawn from the logits of that call. They are conditionals given what stood
in x before anything was drawn, not given the sample. The symbols do not fit together. Call the model again after each
symbol.
"""


def inpaint(
    model: nn.Module,
    x: Int[Tensor, "batch dims"],
    observed: Bool[Tensor, "batch dims"] | Bool[Tensor, "dims"],
    generator: torch.Generator,
) -> Int[Tensor, "batch dims"]:
    x, observed = x.clone(), observed.expand_as(x)
    with torch.no_grad():
        logits = model(x)
        for i in range(x.shape[1]):
            probabilities = logits[:, i].softmax(-1)
            drawn = torch.multinomial(probabilities, 1, generator=generator).squeeze(1)
            x[:, i] = torch.where(observed[:, i], x[:, i], drawn)
    return x


def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    nothing = torch.zeros(num_samples, num_dims, dtype=torch.int64)
    return inpaint(model, nothing, torch.zeros(num_dims, dtype=torch.bool), generator)
