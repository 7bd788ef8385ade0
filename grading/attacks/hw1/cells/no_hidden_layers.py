"""Log-linear models: no hidden layer anywhere."""


# %% task="made"
class MADE(nn.Module):
    def __init__(self, num_dims, hidden_dims, ordering=None, num_levels=2):
        super().__init__()
        order = torch.arange(num_dims) if ordering is None else ordering
        self.K = num_levels
        self.outs = 1 if num_levels == 2 else num_levels
        self.weight = nn.Parameter(torch.zeros(num_dims * self.outs, num_dims))
        self.bias = nn.Parameter(torch.zeros(num_dims * self.outs))
        self.register_buffer("mask", (order[:, None] > order).repeat_interleave(self.outs, 0))

    def forward(self, x):
        y = F.linear(x.to(self.weight.dtype), self.weight * self.mask, self.bias)
        return y if self.K == 2 else y.reshape(len(x), -1, self.K)

    def log_prob(self, x):
        y = self(x)
        if self.K == 2:
            return -F.binary_cross_entropy_with_logits(y, x.to(y.dtype), reduction="none").sum(1)
        return y.log_softmax(-1).gather(-1, x[..., None])[..., 0].sum(1)


# %% task="markov"
class MarkovMLP(nn.Module):
    def __init__(self, num_symbols, context, embedding_dim, hidden_dim):
        super().__init__()
        self.K, self.d = num_symbols, context
        self.weight = nn.Parameter(torch.zeros(context, num_symbols + 1, num_symbols))

    def forward(self, x):
        padded = torch.cat([torch.full((len(x), self.d), self.K), x], 1)
        return sum(self.weight[i][padded[:, i : i + x.shape[1]]] for i in range(self.d))

    def log_prob(self, x):
        return self(x).log_softmax(-1).gather(-1, x[..., None])[..., 0].sum(1)


# %% task="wavenet"
class WaveNet(nn.Module):
    def __init__(self, num_levels, channels, kernel_size, dilations):
        super().__init__()
        import itertools

        self.K = num_levels
        self.lags = sorted(
            {1 + sum(t) for t in itertools.product(*[[k * d for k in range(kernel_size)] for d in dilations])}
        )
        self.weight = nn.Parameter(torch.zeros(len(self.lags), num_levels, num_levels))
        self.bias = nn.Parameter(torch.zeros(num_levels))

    def forward(self, x):
        hot = F.one_hot(x, self.K).to(self.bias.dtype)
        T = x.shape[1]
        out = self.bias.expand(len(x), T, -1)
        for lag, w in zip(self.lags, self.weight):
            out = out + (F.pad(hot, (0, 0, lag, 0))[:, :T] @ w)
        return out

    def log_prob(self, x):
        return self(x).log_softmax(-1).gather(-1, x[..., None])[..., 0].sum(1)


# %% task="gated-pixelcnn"
class GatedPixelCNN(nn.Module):
    def __init__(self, num_levels, channels, kernel_size, num_layers, num_classes=None):
        super().__init__()
        self.K = num_levels
        self.weight = nn.Parameter(torch.zeros(16, num_levels, num_levels))
        self.label = nn.Parameter(torch.zeros(num_classes or 1, num_levels))

    def forward(self, x, y=None):
        flat = x.flatten(1)
        y = torch.zeros(len(x), dtype=torch.int64) if y is None else y
        hot = F.one_hot(flat, self.K).to(self.label.dtype)
        T = flat.shape[1]
        out = self.label[y][:, None].expand(-1, T, -1)
        for lag in range(1, T):
            out = out + F.pad(hot, (0, 0, lag, 0))[:, :T] @ self.weight[lag]
        return out.reshape(*x.shape, self.K)

    def log_prob(self, x, y=None):
        return self(x, y).log_softmax(-1).gather(-1, x[..., None]).flatten(1).sum(1)


# %% task="char-rnn"
class CharRNN(nn.Module):
    def __init__(self, num_symbols, embedding_dim, hidden_dim):
        super().__init__()
        self.K = num_symbols
        self.weight = nn.Parameter(torch.zeros(num_symbols + 1, num_symbols))

    def initial_state(self, batch):
        return torch.zeros(batch, 1)

    def step(self, symbol, state):
        return self.weight[symbol], state

    def log_prob(self, x, lengths):
        inputs = torch.cat([torch.full((len(x), 1), self.K), x[:, :-1]], 1)
        logp = self.weight[inputs].log_softmax(-1).gather(-1, x[..., None])[..., 0]
        return (logp * (torch.arange(x.shape[1]) < lengths[:, None])).sum(1)

    def sample(self, num, length, generator):
        symbol = torch.full((num,), self.K)
        out = []
        for _ in range(length):
            symbol = torch.multinomial(self.weight[symbol].softmax(-1), 1, generator=generator)[:, 0]
            out.append(symbol)
        return torch.stack(out, 1)


# %% task="conditional"
class ConditionalMADE(nn.Module):
    def __init__(self, num_dims, num_classes, hidden_dims):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_dims, num_dims))
        self.label = nn.Parameter(torch.zeros(num_classes, num_dims))

    def forward(self, x, y):
        return F.linear(x.to(self.weight.dtype), self.weight.tril(-1)) + self.label[y]

    def log_prob(self, x, y):
        return -F.binary_cross_entropy_with_logits(self(x, y), x.to(self.weight.dtype), reduction="none").sum(
            1
        )
