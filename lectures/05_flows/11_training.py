# %% [markdown] slide="slide"
# ## Training
#
# Maximum likelihood, one line, as in lecture 2. What is different:
#
# - exact densities overfit on *points*: with few data the flow grows a spike at each of them. Stop by a validation set.
# - the last layer of every conditioner starts at zero, so that the flow starts as the identity and deep chains train.
# - scales are bounded, $s = c \tanh(r / c)$: one overflow, and the run is lost.
#
# **Predict** for 60 points of the moons, and 2,000 others that are watched but do not stop it: where do the curves go?

# %% hide=true
torch.manual_seed(0)
few = RealNVP(2, num_layers=6, hidden=(64, 64))
history = fit(
    few,
    points[:60],
    epochs=150,
    batch_size=60,
    lr=5e-4,
    validation=held_out,
    patience=150,
    every=3,
    progress=False,
)
curves = plots.training_curves(history, floor=1.830, title="RealNVP on 60 points; the floor is the entropy")
curves.axes[0].set_ylim(0, 6)  # the points that are watched leave it
display(curves)

# %% [markdown] slide="subslide"
# Live: a flow on two moons, with its likelihood and its mass. Another density, another rate, and the bug.

# %%
LiveFlow()

# %% [markdown] slide="subslide"
# The family on two moons, 800 steps of 200 points each. **Predict** the order.

# %% hide=true
families = {"planar × 8": planar[8], "RealNVP × 6": realnvp}
for name, kind in (("MAF × 4", MAF), ("spline × 4", SplineFlow)):
    torch.manual_seed(0)
    model = kind(2, num_layers=4, hidden=(64, 64))
    fit(model, points, steps=800, batch_size=200, lr=2e-3, progress=False)
    families[name] = model
with torch.no_grad():
    nats = {name: model.loss(held_out).item() for name, model in families.items()}
plots.ladder({**nats, "entropy": 1.830}, unit="nats per point, 2,000 test points")
