# %% [markdown] slide="slide"
# ## Causal convolutions
#
# All positions at once, if a position's answer reads the past only. A convolution does, when all its padding is on the
# **left**:
#
# $$y_t = b + \sum_{j=0}^{k-1} w_j\, x_{t - j d} .$$
#
# With *dilation* $d$ the taps are $d$ apart. The input is shifted by one, so that $x_t$ itself is never read.

# %% [markdown] slide="fragment"
# **Predict.** Four layers with kernels of size 2. How many steps do they read with dilations 1, 1, 1, 1? With
# 1, 2, 4, 8? With 8, 8, 8, 8?

# %% [markdown] slide="subslide"
# $$R = 1 + \sum_{\text{layers}} (k - 1)\, d$$

# %% hide=true
display(plots.dilation_tree((1, 1, 1, 1)))
display(plots.dilation_tree((1, 2, 4, 8)))

# %% [markdown] slide="subslide"
# Doubling gives an exponential reach at linear cost, **and no holes**. Eight four times spans $R = 33$ steps, of which
# it reads 5:

# %% hide=true
plots.dilation_tree((8, 8, 8, 8))

# %% [markdown] slide="subslide"
# Try it: more layers, another base of the dilations, padding on both sides. Which nodes does the next step compute?

# %%
WaveNetTree()

# %% [markdown] slide="slide"
# ## WaveNet
#
# Causal dilated convolutions with a **gate** in every layer, a residual path, and skip connections to the output
# ([van den Oord et al. 2016, arXiv:1609.03499](https://arxiv.org/abs/1609.03499)):
#
# $$z = \tanh(W_f * h) \odot \sigma(W_g * h), \qquad h \leftarrow h + W_r z, \qquad
# \text{logits} = \mathrm{head}\Big(\sum_\text{layers} W_s z\Big) .$$
#
# The gate decides position by position what passes. It was made for raw sound: 16,000 questions for a second of speech.

# %% [markdown] slide="subslide"
# **Sound as symbols.** The μ-law of telephony turns a sample $s \in [-1, 1]$ into one of 256 levels, fine where it is
# quiet and coarse where it is loud. Our notes are synthetic: eight pitches, 4,000 samples a second, a quarter of a
# second each.

# %%
notes = data.notes()
eight = torch.stack([notes.train[notes.labels.train == pitch][0] for pitch in range(8)])
Audio(data.mu_law_expand(eight).flatten().numpy(), rate=notes.rate)

# %%
wavenet = WaveNet(
    length=1024, num_levels=256, channels=24, skip_channels=48, kernel_size=3, dilations=(1, 3, 9, 27)
)
fit(wavenet, notes.train, steps=400, batch_size=2, lr=8e-3, progress=False)
with torch.no_grad():
    cost = bits_per_dim(wavenet.loss(notes.test).item(), 1024)
print(f"reads {wavenet.receptive_field} samples: {cost:.2f} bits per sample of 8")

# %% [markdown] slide="subslide"
# Drawn sample by sample, 1,024 steps. A **queue** per layer remembers what will be read again, so that a step costs one
# position and not the whole wave ([arXiv:1611.09482](https://arxiv.org/abs/1611.09482)). **Predict:** will you hear a
# melody, notes, or noise?

# %%
heard = wavenet.sample(8, generator=noise())
Audio(data.mu_law_expand(heard).flatten().numpy(), rate=notes.rate)

# %% hide=true
plots.lines(
    {"a note": data.mu_law_expand(notes.test[0, 200:360]), "drawn": data.mu_law_expand(heard[0, 200:360])},
    xlabel="sample",
    ylabel="pressure",
    title="from the middle of two notes",
)

# %% [markdown] slide="fragment"
# **It fails** where there is no time. What is "before" in a table of patients, or in an image?
