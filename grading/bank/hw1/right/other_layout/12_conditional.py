"""The label as the first C dimensions of a longer string: the masks of D + C inputs let every output see it."""


def nats_to_bits_per_dim(nats, num_dims):
    return nats / num_dims / np.log(2.0)


def class_log_posterior(log_likelihoods, log_prior):
    return torch.distributions.Categorical(logits=log_likelihoods + log_prior).logits


class ConditionalMADE(nn.Module):
    def __init__(self, num_dims, num_classes, hidden_dims):
        super().__init__()
        self.C = num_classes
        total = num_classes + num_dims
        # Label inputs stand at the positions below C; hidden degrees C − 1 … C + D − 2 all know the whole label.
        degrees = [num_classes - 1 + torch.arange(width) % num_dims for width in hidden_dims]
        masks = made_masks(torch.arange(total), degrees)
        masks[-1] = masks[-1][num_classes:]
        self.out = MaskedLinear(masks.pop())
        self.hidden = nn.ModuleList([MaskedLinear(mask) for mask in masks])
        self.first = nn.Embedding(num_classes, num_dims)

    def forward(self, x, y):
        dtype = self.first.weight.dtype
        unit = torch.cat([F.one_hot(y, self.C).to(dtype), x.to(dtype)], dim=1)
        for layer in self.hidden:
            unit = layer(unit).relu()
        return self.out(unit) + self.first(y)

    def log_prob(self, x, y):
        logits = self(x, y)
        return torch.distributions.Bernoulli(logits=logits).log_prob(x.to(logits.dtype)).sum(1)

    def log_posterior(self, x, log_prior):
        grid = [
            self.log_prob(x, torch.full((len(x),), c, dtype=torch.int64)) for c in reversed(range(self.C))
        ]
        return class_log_posterior(torch.stack(grid, dim=-1).flip(-1), log_prior)
