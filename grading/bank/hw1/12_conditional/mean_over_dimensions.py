"""A mean over the dimensions in place of the sum.

log p(x | y) is the sum of the log-conditionals; their mean is D times too small. As a "likelihood" its exponentials
do not sum to 1, and as evidence it makes the classifier far too unsure, because D pixels count as one. Sum here, and
divide only in `nats_to_bits_per_dim`.
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
        self.labels = nn.ModuleList(nn.Embedding(num_classes, width) for width in (*hidden_dims, num_dims))

    def forward(self, x: Tensor, y: Int[Tensor, "batch"]) -> Float[Tensor, "batch dims"]:
        hidden = x.to(self.layers[0].weight.dtype)
        for layer, label in zip(self.layers[:-1], self.labels[:-1], strict=True):
            hidden = F.relu(layer(hidden) + label(y))
        return self.layers[-1](hidden) + self.labels[-1](y)

    def log_prob(self, x: Tensor, y: Int[Tensor, "batch"]) -> Float[Tensor, "batch"]:
        logits = self(x, y)
        return -F.binary_cross_entropy_with_logits(logits, x.to(logits.dtype), reduction="none").mean(dim=1)

    def log_posterior(self, x: Tensor, log_prior: Float[Tensor, "C"]) -> Float[Tensor, "batch C"]:
        classes = torch.arange(self.num_classes)
        log_likelihoods = [self.log_prob(x, y.expand(len(x))) for y in classes]
        return class_log_posterior(torch.stack(log_likelihoods, dim=1), log_prior)
