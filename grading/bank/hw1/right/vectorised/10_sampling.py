"""Gumbel-max: all noise is drawn in advance, and the largest noisy logit is a sample."""


@torch.no_grad()
def inpaint(
    model: nn.Module,
    x: Int[Tensor, "batch dims"],
    observed: Bool[Tensor, "batch dims"] | Bool[Tensor, "dims"],
    generator: torch.Generator,
) -> Int[Tensor, "batch dims"]:
    filled = x * observed
    levels = model(filled[:1]).shape[-1]
    uniform = torch.rand(*x.shape, levels, generator=generator, dtype=torch.float64)
    gumbel = -(-uniform.log()).log()
    for i, noise in enumerate(gumbel.unbind(1)):
        drawn = (model(filled)[:, i] + noise).argmax(-1)
        filled[:, i] = drawn.where(~observed[..., i], x[:, i])
    return filled


@torch.no_grad()
def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    samples = torch.zeros(num_samples, num_dims, dtype=torch.int64)
    levels = model(samples[:1]).shape[-1]
    noise = (
        -torch.empty(num_samples, num_dims, levels, dtype=torch.float64)
        .exponential_(generator=generator)
        .log()
    )
    for i in range(num_dims):
        samples[:, i] = model(samples)[:, i].add(noise[:, i]).argmax(1)
    return samples
