"""One row of embeddings per class kept as plain parameters, one class, one image and one dimension at a time."""


def nats_to_bits_per_dim(nats, num_dims):
    bits = nats / math.log(2)
    return bits / num_dims


def class_log_posterior(log_likelihoods, log_prior):
    rows = []
    for log_likelihood in log_likelihoods:
        joint = [log_likelihood[c] + log_prior[c] for c in range(len(log_prior))]
        highest = max(joint)
        log_evidence = highest + sum((term - highest).exp() for term in joint).log()
        rows.append(torch.stack([term - log_evidence for term in joint]))
    return torch.stack(rows)


class ConditionalMADE(nn.Module):
    def __init__(self, num_dims, num_classes, hidden_dims):
        super().__init__()
        self.num_dims, self.num_classes = num_dims, num_classes
        degrees = [
            torch.tensor([unit % max(num_dims - 1, 1) for unit in range(width)]) for width in hidden_dims
        ]
        masks = made_masks(torch.tensor(list(range(num_dims))), degrees)
        self.masks = [mask.double() for mask in masks]
        self.weights = nn.ParameterList([nn.Parameter(torch.randn(mask.shape) / 5) for mask in masks])
        self.shifts = nn.ParameterList(
            [nn.Parameter(torch.randn(num_classes, len(mask)) / 5) for mask in masks]
        )

    def forward(self, x, y):
        rows = []
        for image, label in zip(x, y.tolist(), strict=True):
            unit = image.to(self.weights[0].dtype)
            for layer, (weight, shift, mask) in enumerate(
                zip(self.weights, self.shifts, self.masks, strict=True)
            ):
                unit = (weight * mask.to(weight.dtype)) @ unit + shift[label]
                if layer < len(self.weights) - 1:
                    unit = unit.clamp(min=0)
            rows.append(unit)
        return torch.stack(rows)

    def log_prob(self, x, y):
        logits = self(x, y)
        total = torch.zeros(len(x), dtype=logits.dtype)
        for dim in range(self.num_dims):
            total = total + F.logsigmoid(torch.where(x[:, dim] > 0, logits[:, dim], -logits[:, dim]))
        return total

    def log_posterior(self, x, log_prior):
        columns = []
        for label in range(self.num_classes):
            columns.append(self.log_prob(x, torch.tensor([label] * len(x))))
        return class_log_posterior(torch.stack(columns, dim=1), log_prior)
