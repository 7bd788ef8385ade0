"""Edge bins without their tails.

Every level gets the mass of its own bin, and what lies left of the first and right of the last bin is lost. The masses
then sum to less than 1, and black and white, usually the most frequent levels, are the ones that are too low. Level 0
takes everything to its left, level K − 1 everything to its right.
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
    log_mass = F.logsigmoid(upper) + F.logsigmoid(-lower) + torch.log(-torch.expm1(-width))
    return torch.logsumexp(F.log_softmax(mixture_logits, dim=-1) + log_mass, dim=-1)
