"""The softmax table as a module trained with an optimiser, in shuffled order; the counts from sorted runs."""


class SoftmaxTable(nn.Module):
    def __init__(self, num_levels):
        super().__init__()
        self.table = nn.Embedding(1, num_levels, dtype=torch.float64)
        nn.init.zeros_(self.table.weight)

    def forward(self, x):
        return F.cross_entropy(self.table(torch.zeros_like(x)), x)


def fit_histogram(x, num_levels, smoothing=1.0):
    levels, occurrences = x.sort().values.unique_consecutive(return_counts=True)
    counts = torch.full((num_levels,), float(smoothing), dtype=torch.float64)
    counts[levels] += occurrences
    return (counts / counts.sum()).log()


def histogram_nll(log_probs, x):
    return -log_probs.gather(0, x).sum() / x.numel()


def fit_softmax_histogram(x, num_levels, *, num_steps=500, learning_rate=1.0):
    model = SoftmaxTable(num_levels)
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    for _ in range(num_steps):
        optimizer.zero_grad()
        model(x[torch.randperm(len(x))]).backward()
        optimizer.step()
    return model.table.weight.detach()[0]
