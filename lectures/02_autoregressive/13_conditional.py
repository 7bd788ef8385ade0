# %% [markdown] slide="slide"
# ## Conditional models
#
# Give every conditional a class $y$: $\;p(x \mid y) = \prod_t p(x_t \mid x_{<t}, y)$. In the gated PixelCNN $y$ enters
# each gate as a bias.

# %%
conditional = GatedPixelCNN((1, 8, 8), num_layers=4, num_classes=10)
fit(conditional, (digits.train, digits.labels.train), epochs=5, batch_size=32, lr=4e-3, progress=False)
print(f"given the class: {nats_per_dim(conditional, digits.test, digits.labels.test):.3f} nats/dim")

# %% hide=true
classes = torch.arange(10).repeat(4)
plots.show_images(
    conditional.sample(40, y=classes, generator=noise()), columns=10, title="0 to 9, four draws of each"
)

# %% [markdown] slide="subslide"
# **A generative model is a classifier**, by Bayes' rule:
#
# $$p(y \mid x) = \frac{p(x \mid y)\, p(y)}{\sum_{y'} p(x \mid y')\, p(y')} .$$
#
# It was never trained to tell classes apart. **Predict** its accuracy on new digits; chance is 10 %.

# %%
with torch.no_grad():
    each = torch.stack([conditional.log_prob(digits.test, torch.full((297,), y)) for y in range(10)], dim=1)
print(f"accuracy {(each.argmax(dim=1) == digits.labels.test).float().mean():.1%}")
marginal = -(each.logsumexp(dim=1) - math.log(10)).mean() / 64
print(f"p(x), averaged over the classes: {marginal:.3f} nats/dim")
print(f"PixelCNN without classes: {nats_per_dim(pixelcnn, digits.test):.3f} nats/dim")

# %% [markdown] slide="fragment"
# **What breaks if** the label is ignored? All ten columns look alike, and the accuracy is about 10 %: always test a
# conditional model by its conditions.
