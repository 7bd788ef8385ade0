"""Loss summed over the examples.

The gradient of a sum is n times that of the mean, so that a learning rate of 1 becomes a step n times too long: the
logits jump to and fro and never settle, and the right learning rate depends on how much data you have. Divide by the
number of examples.
"""


def fit_histogram(x: Int[Tensor, "n"], num_levels: int, smoothing: float = 1.0) -> Float[Tensor, "K"]:
    counts = torch.bincount(x, minlength=num_levels).double() + smoothing
    return counts.log() - counts.sum().log()


def histogram_nll(log_probs: Float[Tensor, "K"], x: Int[Tensor, "n"]) -> Float[Tensor, ""]:
    return -log_probs[x].mean()


def fit_softmax_histogram(
    x: Int[Tensor, "n"], num_levels: int, *, num_steps: int = 500, learning_rate: float = 1.0
) -> Float[Tensor, "K"]:
    logits = torch.zeros(num_levels, dtype=torch.float64, requires_grad=True)
    for _ in range(num_steps):
        loss = -F.log_softmax(logits, dim=-1)[x].sum()
        (gradient,) = torch.autograd.grad(loss, logits)
        with torch.no_grad():
            logits -= learning_rate * gradient
    return logits.detach()
