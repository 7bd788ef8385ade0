"""Smoothing left out.

The table holds plain frequencies, whatever α is. A level that the data never show gets log 0 = −inf, and one such
example in the test set makes the whole test likelihood infinite. Add α to every count before dividing; the total
then is n + Kα.
"""


def fit_histogram(x: Int[Tensor, "n"], num_levels: int, smoothing: float = 1.0) -> Float[Tensor, "K"]:
    counts = torch.bincount(x, minlength=num_levels).double()
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
