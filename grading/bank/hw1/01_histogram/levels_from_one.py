"""Levels counted from 1.

The loop asks for the levels 1 … K, but they are 0 … K − 1. Every count moves one place down and level 0 is lost, so
that the table describes other data than the ones you have. Count `x == k` for k in range(K), or use
`torch.bincount(x, minlength=K)`.
"""


def fit_histogram(x: Int[Tensor, "n"], num_levels: int, smoothing: float = 1.0) -> Float[Tensor, "K"]:
    counts = torch.stack([(x == k).sum() for k in range(1, num_levels + 1)]).double() + smoothing
    return counts.log() - counts.sum().log()


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
