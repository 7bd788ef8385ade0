# %% [markdown] slide="slide"
# ## Multiscale
#
# A flow keeps every dimension to the end: 100 layers at full size, for an image whose fine noise was settled after ten.
# RealNVP on images ([arXiv:1605.08803](https://arxiv.org/abs/1605.08803)):
#
# - **Checkerboard**: neighbouring pixels predict each other best, so let the white squares tell the black ones.
# - **Squeeze**: a 2×2 block of pixels becomes one site with four channels. Nothing is lost, $\log|\det| = 0$.
# - **Factor out**: after some layers, half of the channels is declared latent, and only the rest goes on:
#
# $$\log p(x) = \sum_i \log \mathcal N(z_i; 0, I) + \sum_i \log |\det \partial f_i| .$$

# %% [markdown] slide="subslide"
# A board of 4×4 pixels. **Predict** its four channels after a squeeze, and which of them are the white squares of the board.

# %%
pixels = torch.arange(16.0).view(1, 1, 4, 4)
sites, _ = Squeeze().inverse(pixels)
print(pixels[0, 0].int(), *sites[0].int(), sep="\n")

# %% [markdown] slide="fragment"
# The first and the last channel are one colour of the checkerboard, the two in the middle the other: a checkerboard is a
# squeeze, a coupling of channels, and back.

# %% [markdown] slide="subslide"
# Digits, 8×8, seventeen levels of grey. **Predict:** which latents decide what digit it is: the first 32 that were factored
# out, the next 16, or the last 16?

# %%
digits = data.digits()
torch.manual_seed(0)
multiscale = UniformDequantization(MultiscaleRealNVP((1, 8, 8), num_scales=3, channels=24), num_levels=17)
_ = fit(multiscale, digits.train, epochs=12, batch_size=64, lr=2e-3, progress=False)

# %% hide=true
with torch.no_grad():
    x = digits.test[:10]
    flow = multiscale.flow
    z = flow.encode(multiscale.logit.inverse(x + torch.rand(x.shape, generator=noise()))[0]).flatten(1)
    rows = [x]
    for kept in (slice(32, 64), slice(48, 64), slice(0, 32)):
        other = torch.randn(z.shape, generator=noise(5))
        other[:, kept] = z[:, kept]
        y = multiscale.logit(flow(other.view(-1, 1, 8, 8))[0])[0]
        rows.append(y.floor().clamp(0, 16).long())
plots.show_images(
    torch.cat(rows),
    num_levels=17,
    columns=10,
    title="digits; fine drawn anew; only the coarsest kept; coarse drawn anew",
)

# %% [markdown] slide="fragment"
# The late ones. With the first 32 drawn anew a digit stays roughly what it is; with the others drawn anew it becomes another.
# The last 16 alone still hold much of its shape.

# %% [markdown] slide="subslide"
# Twenty draws, one pass of the flow for all of them; then a Glow that was trained for as long. **Predict** which has the better
# digits, by eye, and which needs fewer bits.

# %% hide=true
torch.manual_seed(0)
glow = UniformDequantization(Glow((1, 8, 8), num_scales=3, num_steps=4, channels=24), num_levels=17)
glow.initialize(digits.train[:256], generator=noise())
fit(glow, digits.train, epochs=12, batch_size=64, lr=2e-3, progress=False)
for name, model in (("RealNVP", multiscale), ("Glow", glow)):
    with torch.no_grad():
        bits = bits_per_dim(-model.elbo(digits.test, generator=noise(8)).mean().item(), 64)
    drawn = model.sample(20, generator=noise(10))
    display(plots.show_images(drawn, num_levels=17, columns=10, title=f"{name}: {bits:.3f} bits/dim"))

# %% [markdown] slide="fragment"
# **What breaks if** the prior of what was factored out is forgotten in the sum? Half of the dimensions cost nothing, the
# likelihood rises by about 1.4 nats for each, and training sends them to infinity.
