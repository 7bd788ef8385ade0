"""One-hot labels through one matrix for all layers, and all classes of all images in one pass."""


def nats_to_bits_per_dim(nats, num_dims):
    return nats * (math.log2(math.e) / num_dims)


def class_log_posterior(log_likelihoods, log_prior):
    joint = log_likelihoods + log_prior
    return joint - joint.logsumexp(-1, keepdim=True)


class ConditionalMADE(nn.Module):
    def __init__(self, num_dims, num_classes, hidden_dims):
        super().__init__()
        self.widths = [*hidden_dims, num_dims]
        masks = made_masks(
            torch.arange(num_dims),
            [torch.arange(width).remainder(max(num_dims - 1, 1)) for width in hidden_dims],
        )
        self.label = nn.Linear(num_classes, sum(self.widths), bias=False)
        self.linear = nn.ModuleList(nn.Linear(mask.shape[1], mask.shape[0]) for mask in masks)
        for index, mask in enumerate(masks):
            self.register_buffer(f"mask{index}", mask.bool())

    def forward(self, x, y):
        weight = self.label.weight
        shifts = self.label(F.one_hot(y, weight.shape[1]).to(weight.dtype)).split(self.widths, dim=-1)
        unit = x.to(weight.dtype)
        for index, (linear, shift) in enumerate(zip(self.linear, shifts, strict=True)):
            masked = linear.weight.masked_fill(~getattr(self, f"mask{index}"), 0.0)
            unit = F.linear(unit.relu() if index else unit, masked, linear.bias) + shift
        return unit

    def log_prob(self, x, y):
        logits = self(x, y)
        return (x * logits - F.softplus(logits)).sum(-1)

    def log_posterior(self, x, log_prior):
        num_classes = self.label.in_features
        every = torch.arange(num_classes).repeat_interleave(len(x))
        log_likelihoods = self.log_prob(x.repeat(num_classes, 1), every).view(num_classes, -1)
        return class_log_posterior(log_likelihoods.T, log_prior)
