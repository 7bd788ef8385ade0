# %% [markdown] slide="slide"
# ## Attention
#
# A test for memory: 16 random symbols, then **the same 16 again**. The second half is certain, for whoever can look it
# up. **Predict** the nats per symbol in the second half: an RNN with 64 units; a WaveNet that reads 8 steps; attention.

# %%
words = torch.randint(8, (4000, 16), generator=noise())
repeated = torch.cat([words, words], dim=1)
memories = {
    "RNN": CharRNN(32, 8, hidden=64),
    "WaveNet, reads 8": WaveNet(32, 8, channels=16, skip_channels=32, dilations=(1, 2, 4)),
    "Transformer": Transformer(32, 8, width=32, num_heads=2, num_layers=2),
}
surprise = {}
for name, model in memories.items():
    fit(model, repeated[:3800], steps=300, batch_size=32, lr=4e-3, progress=False)
    with torch.no_grad():
        surprise[name] = -model.log_conditionals(repeated[3800:]).mean(dim=0)

# %% hide=true
plots.lines(
    surprise,
    xlabel="position",
    ylabel="nats per symbol",
    floor=math.log(8),
    title="the second half repeats the first",
)

# %% [markdown] slide="subslide"
# The RNN has to carry 16 symbols in its state, and would need far more training. The WaveNet's reach was fixed when it
# was built, and ends 8 steps too early.
#
# **Attention looks wherever it likes** ([arXiv:1706.03762](https://arxiv.org/abs/1706.03762)): each position asks a
# question $q$, all positions before offer a key $k$ and a value $v$:
#
# $$\mathrm{attention}_t = \sum_{s \le t} w_{ts} v_s, \qquad
# w_{t\cdot} = \mathrm{softmax}_{s \le t} \Big(\frac{q_t \cdot k_s}{\sqrt{d}}\Big) .$$

# %% [markdown] slide="subslide"
# Where does it look? All weights for one string: two heads of layer 1, two of layer 2. To repeat a symbol, look **15
# positions back**, a line parallel to the diagonal: to where it was read the first time. **Predict:** which layer learned it?

# %% hide=true
gpt = memories["Transformer"]
with torch.no_grad():
    h = gpt.embed(F.pad(repeated[3900:3901, :-1], (1, 0), value=gpt.start)) + gpt.position.weight[:32]
    looks = []
    for block in gpt.blocks:
        q, k, _ = (
            block.attention.qkv(block.norm_attention(h)).unflatten(-1, (3, 2, -1)).permute(2, 0, 3, 1, 4)
        )
        future = torch.ones(32, 32, dtype=torch.bool).triu(1)
        looks.append((q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, -torch.inf).softmax(-1)[0])
        h, _ = block(h)
plots.show_images(
    torch.cat(looks)[:, None] ** 0.5, columns=4, title="rows look at columns; layer 1 left, layer 2 right"
)

# %% [markdown] slide="subslide"
# **What breaks if**
#
# - the mask comes *after* the softmax? The rows no longer sum to one, and the future has had its say in the denominator.
# - it fills with 0 in place of $-\infty$? $e^0 = 1$: the future is visible.
# - $1/\sqrt{d}$ is missing? Large products, a softmax that is all or nothing, no gradient.
#
# For images, attention between masked convolutions is [PixelSNAIL (arXiv:1712.09763)](https://arxiv.org/abs/1712.09763),
# and attention alone is [ImageGPT (Chen et al. 2020)](https://proceedings.mlr.press/v119/chen20s.html).

# %% [markdown] slide="subslide"
# The price: $T^2$ pairs. Drawing keeps keys and values of the past in a **cache**, so that a new symbol costs one
# position. **Predict:** how much is saved after 24 symbols? Does a wider network save more? What does it cost?

# %%
KVCache(time=12)
