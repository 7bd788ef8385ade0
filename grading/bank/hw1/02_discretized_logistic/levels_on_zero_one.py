"""Levels on [0, 1] instead of [−1, 1].

The value of level k is computed as k/(K − 1), as for a tensor of pixels between 0 and 1, while the bins still have the
width for [−1, 1]: they overlap, and their masses sum to more than 1. Means and scales are stated on [−1, 1].
"""


def discretized_logistic_log_prob(
    x: Int[Tensor, "*shape"],
    means: Float[Tensor, "*shape M"],
    log_scales: Float[Tensor, "*shape M"],
    mixture_logits: Float[Tensor, "*shape M"],
    num_levels: int,
) -> Float[Tensor, "*shape"]:
    level = x.unsqueeze(-1)
    half = 1 / (num_levels - 1)
    value = half * level.to(means.dtype)
    upper = (value + half - means) * torch.exp(-log_scales)
    lower = (value - half - means) * torch.exp(-log_scales)
    width = upper - lower
    bounded_above, bounded_below = level < num_levels - 1, level > 0
    log_mass = (
        torch.where(bounded_above, F.logsigmoid(upper), 0.0)
        + torch.where(bounded_below, F.logsigmoid(-lower), 0.0)
        + torch.where(bounded_above & bounded_below, torch.log(-torch.expm1(-width)), 0.0)
    )
    return torch.logsumexp(F.log_softmax(mixture_logits, dim=-1) + log_mass, dim=-1)
