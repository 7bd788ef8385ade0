"""From hyperbolic functions, σ(a) − σ(b) = sinh((a−b)/2) / (2 cosh(a/2) cosh(b/2)), components first."""


def _log_cosh(z):
    return z.abs() + torch.log1p(torch.exp(-2 * z.abs())) - math.log(2.0)


def _log_sinh(z):
    return z + torch.log(-torch.expm1(-2 * z)) - math.log(2.0)


def discretized_logistic_log_prob(x, means, log_scales, mixture_logits, num_levels):
    means, log_scales, logits = (t.movedim(-1, 0) for t in (means, log_scales, mixture_logits))
    half = 1 / (num_levels - 1)
    offset = x.to(means.dtype) * (2 * half) - 1 - means
    a, b = (offset + half) / log_scales.exp(), (offset - half) / log_scales.exp()
    inside = _log_sinh((a - b) / 2) - math.log(2.0) - _log_cosh(a / 2) - _log_cosh(b / 2)
    first, last = -torch.logaddexp(torch.zeros_like(a), -a), -torch.logaddexp(torch.zeros_like(b), b)
    log_mass = torch.where(x == 0, first, torch.where(x == num_levels - 1, last, inside))
    return torch.logsumexp(logits + log_mass, 0) - torch.logsumexp(logits, 0)
