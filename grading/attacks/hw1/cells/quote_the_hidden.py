"""Smuggle hidden inputs into the feedback: in names, messages, exception types, parameter names and long texts."""


# %%
def smuggle(value):
    text = repr(value)[:100_000]
    raise type(f"Hidden {text[:50]}", (ValueError,), {})(f"<img src=x onerror=alert(1)> {text}")


# %% task="histogram"
def fit_histogram(x, *args, **kwargs):
    smuggle(x)


def histogram_nll(log_probs, x):
    return {repr(x): repr(log_probs) * 1000}


# %% task="made"
def made_masks(ordering, *args):
    smuggle(ordering)


class MADE(nn.Module):
    def __init__(self, *args):
        super().__init__()
        self.told = 0

    def state_dict(self):
        self.told += 1
        return {f"{self.told} {'=HYPERLINK(1) <b>' * 10_000}": torch.zeros(1)}
