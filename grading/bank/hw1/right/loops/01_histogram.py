"""Counting in a dictionary, and the gradient of the loss written out level by level."""


def fit_histogram(x, num_levels, smoothing=1.0):
    counts = dict.fromkeys(range(num_levels), smoothing)
    for level in x.tolist():
        counts[level] += 1
    total = len(x) + num_levels * smoothing
    return torch.tensor(
        [math.log(counts[k] / total) if counts[k] else -math.inf for k in range(num_levels)],
        dtype=torch.float64,
    )


def histogram_nll(log_probs, x):
    total = 0.0
    for level in x.tolist():
        total -= log_probs[level]
    return total / len(x)


def fit_softmax_histogram(x, num_levels, *, num_steps=500, learning_rate=1.0):
    seen = [x.tolist().count(k) / len(x) for k in range(num_levels)]
    theta = [0.0] * num_levels
    for _ in range(num_steps):
        weights = [math.exp(t - max(theta)) for t in theta]
        for k in range(num_levels):
            theta[k] -= learning_rate * (weights[k] / sum(weights) - seen[k])
    return torch.tensor(theta, dtype=torch.float64)
