"""A `where` with an infinite branch.

The values are right: where the difference of sigmoids is too small, another formula takes over. But `torch.where`
differentiates both branches, and the unused one gives 0 · ∞ = NaN, so that one far-away pixel turns every weight of the
network into NaN. Choose a formula that is finite everywhere, or replace the arguments before the logarithm.
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
    difference = torch.sigmoid(upper) - torch.sigmoid(lower)
    inside = bounded_above & bounded_below & (difference > 1e-4)
    log_mass = torch.where(inside, torch.log(difference), log_mass)
    return torch.logsumexp(F.log_softmax(mixture_logits, dim=-1) + log_mass, dim=-1)
