# %% [markdown] slide="slide"
# ## Autoregressive flows
#
# A coupling uses a triangle of two blocks and leaves half of the dimensions alone. Use the whole triangle:
#
# $$\text{MAF:}\quad x_i = \mu_i(x_{<i}) + z_i\, e^{\alpha_i(x_{<i})} \qquad\qquad
#   \text{IAF:}\quad x_i = \mu_i(z_{<i}) + z_i\, e^{\alpha_i(z_{<i})}$$
#
# MAF ([Papamakarios et al. 2017, arXiv:1705.07057](https://arxiv.org/abs/1705.07057)) is lecture 2 in other words: Gaussian
# conditionals, all made by one MADE. IAF ([Kingma et al. 2016, arXiv:1606.04934](https://arxiv.org/abs/1606.04934)) is the same
# layer **read backwards**: from noise to data, MAF's inverse is $x_i = (z_i - \mu_i(z_{<i}))\, e^{-\alpha_i(z_{<i})}$, and with
# $-\alpha$ and $-\mu e^{-\alpha}$ under the names $\alpha$ and $\mu$ that is the formula on the right.

# %% [markdown] slide="subslide"
# **Predict.** Which of the two is fast to train on data? Which is fast to draw from?

# %%
some = torch.randn(3, 16, generator=noise())
maf, iaf = (kind(16, num_layers=1, hidden=(64,)) for kind in (MAF, IAF))
for name, model, layer in (("MAF", maf, maf.layers[0]), ("IAF", iaf, iaf.layers[0].layer)):
    density, draw = (passes(layer, partial(way, some)) for way in (model.log_prob, model))
    print(f"{name} in 16 dimensions, passes of the network: {density:2} for a density, {draw:2} for a draw")

# %% [markdown] slide="subslide"
# Both directions, entry by entry. **Predict** the number of passes for eight dimensions.

# %%
MafIaf()

# %% [markdown] slide="subslide"
# The Jacobian of one layer, in the order in which it goes. **Predict** which entries are not zero.

# %% hide=true
one = randomize(MAF(6, num_layers=1, hidden=(40, 40)), noise())
triangle = torch.ones(6, 6, dtype=torch.bool).tril()
jacobian = torch.autograd.functional.jacobian(
    lambda x: one.encode(x).sum(0), torch.randn(8, 6, generator=noise(1)).double()
)
plots.dependency_matrix((jacobian != 0).any(1), triangle, inputs="x", outputs="z of", title="MAF, one layer")

# %% [markdown] slide="fragment"
# **The slow direction is not as slow as it looks.** A hidden unit of degree $m$ is known once $m$ dimensions are, and never
# changes after that: computed once, a whole draw costs the arithmetic of *one* pass, in $D$ steps.

# %% [markdown] slide="subslide"
# **What breaks if** the order is not reversed between layers? The first dimension is a Gaussian for ever: it is never told
# anything. *And the likelihood is correct, and only worse.*

# %%
for reverse in (True, False):
    torch.manual_seed(0)
    maf = MAF(2, num_layers=4, hidden=(32, 32))
    if not reverse:
        maf = Flow([AutoregressiveAffine((0, 1), (32, 32)) for _ in range(4)], (2,))
    fit(maf, points, steps=500, batch_size=200, lr=3e-3, progress=False)
    with torch.no_grad():
        print(f"order reversed: {reverse!s:5} {maf.loss(held_out):.3f} nats")
