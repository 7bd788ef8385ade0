# %% [markdown] slide="slide"
# ## ActNorm
#
# Glow ([arXiv:1807.03039](https://arxiv.org/abs/1807.03039)) puts two small layers before every coupling: the learned 1×1
# convolution from above, which mixes all channels, so that each coupling sees a different half; and **ActNorm**, a scale and a shift for
# each channel,
#
# $$z_c = (x_c - \mu_c)\, e^{-s_c}, \qquad \log|\det| = - H \cdot W \cdot \sum_c s_c ,$$
#
# set **once**, from the first batch, so that every layer begins with inputs of mean 0 and standard deviation 1. After that
# they are parameters like any other. (Batch normalisation would make the density of one image depend on the others.)

# %% [markdown] slide="subslide"
# **Predict.** An untrained Glow with 24 steps sees images whose pixels lie around 100. How large are its latents, without
# and with the first batch?

# %%
images = 100 + 40 * torch.randn(64, 1, 8, 8, generator=noise(4))
for seen in (False, True):
    torch.manual_seed(0)
    glow = Glow((1, 8, 8), num_scales=3, num_steps=8, channels=16)
    if seen:
        glow.initialize(images)
    with torch.no_grad():
        z = glow.encode(images)
    print(f"first batch seen: {seen!s:5}   latents: mean {z.mean():7.2f}, standard deviation {z.std():6.2f}")

# %% [markdown] slide="fragment"
# **What breaks if** the statistics are taken again at every batch? The layer is no longer a fixed map: $p(x)$ depends on what
# else is in the batch, and the probabilities of all $x$ add up to nothing in particular.
