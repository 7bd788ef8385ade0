"""Return what no test expects: text, huge integers, NaN, sets of handles, self-containing lists, sparse and complex."""

# %%
import itertools

loop = []
loop.append(loop)
odd = [
    "10/10",
    10**1000,
    float("nan"),
    -float("inf"),
    True,
    ...,
    loop,
    {1: object(), "1": 2},
    [object() for _ in range(1000)],
    {"__class__": "Tensor", "shape": []},
    torch.zeros(2**20, 1, 1, dtype=torch.float64),
    torch.tensor(1j),
    torch.eye(3).to_sparse(),
    torch.zeros(3, requires_grad=True).exp(),
    torch.empty(0, 2**40),
    torch.full((5,), float("nan"), dtype=torch.float64),
    lambda *args: args,
    itertools.count(),
]
turn = itertools.cycle(odd)


def answer(*args, **kwargs):
    return next(turn)


class Odd:
    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        return answer

    def __call__(self, *args, **kwargs):
        return next(turn)


# %% task="histogram"
fit_histogram = fit_softmax_histogram = histogram_nll = answer

# %% task="made"
made_masks = answer
MADE = MaskedLinear = Odd

# %% task="attention"
causal_attention_weights = answer
CausalSelfAttention = Odd
