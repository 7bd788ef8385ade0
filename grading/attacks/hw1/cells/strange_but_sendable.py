"""Answer with what the protocol knows and no test expects: generators, dtypes, sizes, views, nothing, a thousand halves."""

# %%
turn = [
    torch.Generator().manual_seed(2**63),
    torch.complex64,
    torch.Size([2**40]),
    {}.keys(),
    (None,) * 30,
    [[[[[[[[[[]]]]]]]]]],
    {"handle": [0, None]},
    {0: {1: {2: torch.zeros(0, 2**20)}}},
    [torch.zeros(())] * 5000,
    "\ud800 half a character",
    range(50_000),
    torch.ones(16 * (1,), dtype=torch.uint8),
    True,
    -0.0,
    5e-324,
]


def answer(*args, **kwargs):
    turn.append(turn.pop(0))
    return turn[-1]


# %% task="histogram"
fit_histogram = fit_softmax_histogram = histogram_nll = answer

# %% task="made"
made_masks = MADE = MaskedLinear = answer

# %% task="attention"
causal_attention_weights = CausalSelfAttention = answer
