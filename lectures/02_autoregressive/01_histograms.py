# %% [markdown] slide="slide"
# ## Histograms
#
# The simplest model of one discrete variable is a table. Its maximum likelihood is counting:
#
# $$\hat p_k = \frac{n_k}{N}, \qquad \text{smoothed:}\quad \hat p_k = \frac{n_k + \alpha}{N + \alpha K} .$$
#
# We look at one pixel of the handwritten digits: row 2, column 5, of 17 grey levels.

# %% [markdown] slide="fragment"
# **Predict.** We count in 20, 100 and 1,000 images, without smoothing. Which table gives the best NLL on new images,
# and what is the NLL of the worst?

# %%
grey = data.digits()
pixel, test_pixel = grey.train[:, 0, 2, 5], grey.test[:, 0, 2, 5]


def counted_nll(examples: int, smoothing: float) -> float:
    with torch.no_grad():
        return Histogram(17).count(pixel[:examples], smoothing).loss(test_pixel).item()


for examples in (20, 100, 1000):
    raw, smoothed = counted_nll(examples, 0.0), counted_nll(examples, 1.0)
    print(f"{examples:5} images: {raw:.3f} nats, with α = 1 {smoothed:.3f} nats")

# %% [markdown] slide="subslide"
# Infinite! A level that was never counted got probability zero, and one such test pixel is enough. **Zero is a very
# strong opinion.** A pseudo-count of $\alpha$ takes it back.

# %% hide=true
with torch.no_grad():
    few, many = (Histogram(17).count(pixel[:n], smoothing=1.0).theta.exp() for n in (20, 1000))
plots.probability_bars(
    {"20 images, α = 1": few, "1,000 images, α = 1": many},
    symbols=[str(k) for k in range(17)],
    title="one pixel's level",
)

# %% [markdown] slide="subslide"
# Try it where the truth is known: more examples, another twenty, a pseudo-count. **Predict:** which costs less on the
# examples that were counted, the table or the truth?

# %%
HistogramMLE()

# %% [markdown] slide="subslide"
# ### Gradient descent on logits
#
# The same maximum, reached the way every later model will: $p = \mathrm{softmax}(\theta)$, and
#
# $$\frac{\partial \,\mathrm{NLL}}{\partial \theta_k} = p_k - \frac{n_k}{N} .$$
#
# The gradient vanishes exactly where the model's probability equals the count. **Predict:** where does the curve end?

# %% hide=true
table = Histogram(17)
history = fit(table, pixel, steps=200, batch_size=1000, lr=0.1, every=2, progress=False)
with torch.no_grad():
    closed_form = Histogram(17).count(pixel).loss(pixel).item()
plots.training_curves(history, unit="nats per pixel", floor=closed_form, title="descending to the counts")

# %% [markdown] slide="subslide"
# **Now a whole image.** A table for all 64 pixels needs $17^{64} \approx 10^{79}$ entries. A table *per pixel* needs
# $64 \times 17$, and says that pixels know nothing of each other:

# %% hide=true
with torch.no_grad():
    independent = Histogram(17, grey.event_shape).count(grey.train, smoothing=0.1)
    cost = bits_per_dim(independent.loss(grey.test).item(), 64)
print(f"independent pixels: {cost:.2f} bits/dim; all levels alike: {math.log2(17):.2f}")
pictures = torch.cat([grey.test[:8], independent.sample(8, generator=noise())])
plots.show_images(pictures, num_levels=17, columns=8, title="digits, and draws from independent pixels")

# %% [markdown] slide="fragment"
# **It fails** because a digit is not a heap of pixels: what matters is which pixels go *together*.
