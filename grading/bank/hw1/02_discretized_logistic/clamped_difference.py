"""The difference of sigmoids, clamped.

Far from the mean both sigmoids round to the same number. The clamp hides the log of zero, but there the log-mass is a
constant: its gradient is zero exactly where the model is most wrong, and the component never comes back. Use the
product form, whose three logarithms never lose digits.
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
    bounded_above, bounded_below = level < num_levels - 1, level > 0
    above = torch.where(bounded_above, torch.sigmoid(upper), 1.0)
    below = torch.where(bounded_below, torch.sigmoid(lower), 0.0)
    log_mass = torch.log((above - below).clamp(min=1e-12))
    return torch.logsumexp(F.log_softmax(mixture_logits, dim=-1) + log_mass, dim=-1)
