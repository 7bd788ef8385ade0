"""Label ignored.

`forward` takes y and does nothing with it. All classes share one distribution, every sum is 1, the likelihood is that
of an ordinary MADE, and the "classifier" gives the prior back for every image. Add an embedding of y to every layer.
"""


def nats_to_bits_per_dim(nats: Float[Tensor, "*shape"], num_dims: int) -> Float[Tensor, "*shape"]:
    return nats / (num_dims * math.log(2.0))


def class_log_posterior(
    log_likelihoods: Float[Tensor, "batch C"], log_prior: Float[Tensor, "C"]
) -> Float[Tensor, "batch C"]:
    return F.log_softmax(log_likelihoods + log_prior, dim=-1)


class ConditionalMADE(nn.Module):
    def __init__(self, num_dims: int, num_classes: int, hidden_dims: tuple[int, ...]) -> None:
        super().__init__()
        self.num_classes = num_classes
        degrees = [torch.arange(width) % max(num_dims - 1, 1) for width in hidden_dims]
        self.layers = nn.ModuleList(
            MaskedLinear(mask) for mask in made_masks(torch.arange(num_dims), degrees)
        )

    def forward(self, x: Tensor, y: Int[Tensor, "batch"]) -> Float[Tensor, "batch dims"]:
        hidden = x.to(self.layers[0].weight.dtype)
        for layer in self.layers[:-1]:
            hidden = F.relu(layer(hidden))
        return self.layers[-1](hidden)

    def log_prob(self, x: Tensor, y: Int[Tensor, "batch"]) -> Float[Tensor, "batch"]:
        logits = self(x, y)
        return -F.binary_cross_entropy_with_logits(logits, x.to(logits.dtype), reduction="none").sum(dim=1)

    def log_posterior(self, x: Tensor, log_prior: Float[Tensor, "C"]) -> Float[Tensor, "batch C"]:
        classes = torch.arange(self.num_classes)
        log_likelihoods = [self.log_prob(x, y.expand(len(x))) for y in classes]
        return class_log_posterior(torch.stack(log_likelihoods, dim=1), log_prior)
