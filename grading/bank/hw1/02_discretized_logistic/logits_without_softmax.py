"""Mixture logits used as log-weights.

The logits are added to the log-masses as they are. They are unnormalised, so the weights exp(logit) sum to anything,
and the "likelihood" can be raised without limit by raising all logits. Take log-softmax first.
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
    return torch.logsumexp(mixture_logits + log_mass, dim=-1)
