"""Mean over the levels instead of the examples.

The loss averages `log_probs` over the table, so every level counts the same however often it occurs. The data
no longer enter the loss: its best table is uniform, and gradient descent stays at the uniform start. Look up the
log-probability of each example first (`log_probs[x]`), then average over the examples.
"""


def fit_histogram(x: Int[Tensor, "n"], num_levels: int, smoothing: float = 1.0) -> Float[Tensor, "K"]:
    counts = torch.bincount(x, minlength=num_levels).double() + smoothing
    return counts.log() - counts.sum().log()


def histogram_nll(log_probs: Float[Tensor, "K"], x: Int[Tensor, "n"]) -> Float[Tensor, ""]:
    return -log_probs.mean()


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
