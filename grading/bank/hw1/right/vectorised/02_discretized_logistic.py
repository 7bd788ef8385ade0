"""No branches: infinite ends for the edge bins, then softplus and one expm1."""


def discretized_logistic_log_prob(x, means, log_scales, mixture_logits, num_levels):
    spacing = 2 / (num_levels - 1)
    offset = (x.to(means.dtype) * spacing - 1)[..., None] - means
    inverse_scale = torch.exp(-log_scales)
    ends = (x[..., None] + torch.tensor([0, 1], device=x.device)) * spacing - 1 - spacing / 2
    inner = torch.stack([ends[..., 0] > -1, ends[..., 1] < 1], dim=-1).to(means.dtype)
    left = -F.softplus((offset - spacing / 2) * inverse_scale) * inner[..., :1]
    right = -F.softplus(-(offset + spacing / 2) * inverse_scale) * inner[..., 1:]
    between = torch.log(-torch.expm1(-spacing * inverse_scale)) * inner.prod(-1, keepdim=True)
    joint = mixture_logits.log_softmax(-1) + left + right + between
    return joint.logsumexp(-1)
