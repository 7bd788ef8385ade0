# %% [markdown] slide="slide"
# ## Coupling
#
# **Why triangular?** If $x_i$ depends on $z_1, \dots, z_i$ only, the Jacobian is triangular, and its determinant the product
# of $D$ numbers on the diagonal. What stands *below* the diagonal does not matter at all: it may come out of any network.
#
# The simplest triangle has two blocks ([NICE: arXiv:1410.8516](https://arxiv.org/abs/1410.8516);
# [RealNVP: Dinh et al. 2017, arXiv:1605.08803](https://arxiv.org/abs/1605.08803)): one half stays, and tells the other what to do,
#
# $$x_a = z_a, \qquad x_b = z_b \odot e^{s(z_a)} + t(z_a), \qquad \log \left| \det \frac{\partial x}{\partial z} \right| = \sum s(z_a) .$$
#
# Whoever has $x$ has $x_a = z_a$, so knows $s$ and $t$, and undoes the rest. **The networks are never inverted.**

# %% [markdown] slide="subslide"
# **Predict.** Random networks, four couplings, the halves taking turns. What does a square grid look like after one, two, three, four?

# %% hide=true
untrained = randomize(RealNVP(2, num_layers=4, hidden=(32,)), noise(3), scale=0.25).float()
plots.warped_grids({f"after {k}": Chain(list(untrained.layers)[:k]) for k in range(1, 5)}, extent=2.0)

# %% [markdown] slide="subslide"
# Step by step there and back again. **Predict** what goes wrong on the way back if the network is
# given the half that was changed.

# %%
CouplingSteps()

# %% [markdown] slide="fragment"
# One coupling moves points along one axis only: half of the dimensions stay where they were. So the halves take turns.

# %% [markdown] slide="subslide"
# The same moons as before, with six couplings. **Predict** the nats.

# %%
torch.manual_seed(0)
realnvp = RealNVP(2, num_layers=6, hidden=(64, 64))
fit(realnvp, points, steps=800, batch_size=200, lr=2e-3, progress=False)
with torch.no_grad():
    print(f"RealNVP: {realnvp.loss(held_out):.3f} nats; entropy 1.830")

# %% hide=true
display(plots.density(realnvp.log_prob, samples=held_out[:300]))
display(
    plots.warped_grids(
        {f"layers 1–{k}": Chain(list(realnvp.layers)[:k]) for k in (2, 4, 6)}, extent=2.0, num_lines=21
    )
)

# %% [markdown] slide="subslide"
# Eight couplings that learned the moons, layer by layer. **Predict** the picture if the halves never take turns.

# %%
GridWarp()

# %% [markdown] slide="subslide"
# **What breaks if** the inverse forgets the minus sign of its log-determinant? Training then *rewards* a map that crushes
# all data into $z = 0$, the loss goes below the entropy of the data, and nothing crashes. See *Mass*.

# %% [markdown] slide="fragment"
# **Couplings fail** gently. Which half is which is fixed by hand; what a layer leaves alone the next has to make good;
# and on images, $s$ of many layers adds up until something overflows.
