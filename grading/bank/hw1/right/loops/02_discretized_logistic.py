"""One component of one entry at a time, from the tails: log of a difference of two CDFs on the side where they are small."""


def _component(level, mean, log_scale, num_levels):
    scale, half = log_scale.exp(), 1 / (num_levels - 1)
    value = 2 * level / (num_levels - 1) - 1
    if level == 0:
        return F.logsigmoid((value + half - mean) / scale)
    if level == num_levels - 1:
        return F.logsigmoid((mean - value + half) / scale)
    distance = (value - mean).abs()  # the logistic is symmetric: mirror the bin to the right of the mean
    near, far = (distance - half) / scale, (distance + half) / scale
    return F.logsigmoid(-near) + torch.log1p(-torch.exp(F.logsigmoid(-far) - F.logsigmoid(-near)))


def discretized_logistic_log_prob(x, means, log_scales, mixture_logits, num_levels):
    num_components = means.shape[-1]
    entries = []
    for level, mean, log_scale, logit in zip(
        x.reshape(-1).tolist(),
        means.reshape(-1, num_components),
        log_scales.reshape(-1, num_components),
        mixture_logits.reshape(-1, num_components),
        strict=True,
    ):
        terms = [
            logit[m] + _component(level, mean[m], log_scale[m], num_levels) for m in range(num_components)
        ]
        entries.append(torch.stack(terms).logsumexp(0) - logit.logsumexp(0))
    return torch.stack(entries).reshape(x.shape)
