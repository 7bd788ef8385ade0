"""Softmax applied twice.

`F.cross_entropy` takes logits and applies the softmax itself. Fed with probabilities it applies a second one, to
numbers between 0 and 1, so that the model can never be more certain than e : 1 and the descent ends elsewhere. Give it
the logits.
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
        loss = F.cross_entropy(F.softmax(logits, dim=-1).expand(len(x), num_levels), x)
        (gradient,) = torch.autograd.grad(loss, logits)
        with torch.no_grad():
            logits -= learning_rate * gradient
    return logits.detach()
