"""Smoothing missing from the total.

α was added to every count, but the counts are still divided by n. The probabilities now sum to 1 + Kα/n, and a table
that sums to more than one reports likelihoods that are too good. You pretended to see Kα more examples: divide by
n + Kα.
"""


def fit_histogram(x: Int[Tensor, "n"], num_levels: int, smoothing: float = 1.0) -> Float[Tensor, "K"]:
    counts = torch.bincount(x, minlength=num_levels).double() + smoothing
    return counts.log() - math.log(len(x))


def histogram_nll(log_probs: Float[Tensor, "K"], x: Int[Tensor, "n"]) -> Float[Tensor, ""]:
    return -log_probs[x].mean()


def fit_softmax_histogram(
    x: Int[Tensor, "n"], num_levels: int, *, num_steps: int = 500, learning_rate: float = 1.0
) -> Float[Tensor, "K"]:
    logits = torch.zeros(num_levels, dtype=torch.float64, requires_grad=True)
    for _ in range(num_steps):
        loss = histogram_nll(F.log_softmax(logits, dim=-1), x)
        (gradient,) = torch.autograd.grad(loss, logits)
        with torch.no_grad():
            logits -= learning_rate * gradient
    return logits.detach()
