# %% [markdown] slide="slide"
# ## Mass
#
# A likelihood is a claim about *all* $x$: what one point gains another loses, because
#
# $$\int p(x)\, dx = 1 .$$
#
# No loss curve, no round trip and no sample shows a wrong determinant; this integral does. In two dimensions we can simply
# add it up.

# %% [markdown] slide="subslide"
# **Predict.** The same RealNVP with one sign wrong: the map is right, but its log-determinant has $+\sum s$ where $-\sum s$
# belongs. Its NLL? Its mass?


# %%
class WrongSign(RealNVP):
    """The inverse's log-determinant has the wrong sign."""

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        z, log_det = self.inverse(x)
        return log_normal(z) - log_det


def mass(model: torch.nn.Module, extent: float = 8.0, resolution: int = 801) -> float:
    """∫ p(x) dx over a square by the midpoint rule."""
    ticks = ((torch.arange(resolution) + 0.5) / resolution * 2 - 1) * extent
    with torch.no_grad():
        return (
            model.log_prob(torch.cartesian_prod(ticks, ticks)).double().exp().sum().item()
            * (2 * extent / resolution) ** 2
        )


torch.manual_seed(0)
lying = WrongSign(2, num_layers=6, hidden=(64, 64))
fit(lying, points, steps=300, batch_size=200, lr=2e-3, progress=False)
for name, model in (("right", realnvp), ("wrong", lying)):
    with torch.no_grad():
        print(f"{name} sign: NLL {model.loss(held_out):7.3f} nats, mass {mass(model):.4g}")

# %% [markdown] slide="fragment"
# **The liar wins by far.** Its loss curve is a beauty and its round trip perfect. Below the entropy of the data: that is the
# tell, if the entropy is known. A mass other than 1 always convicts; a mass of 1 does not acquit.

# %% [markdown] slide="subslide"
# Watch it happen: press *Play*. Then choose the other bug, no determinant at all: **predict** how far its NLL can fall.

# %%
SignError()

# %% [markdown] slide="subslide"
# **In 64 dimensions** no grid helps. There the honest checks are
#
# - `log_det` against the autograd Jacobian of the same map, at random weights;
# - the round trip in both directions, in float64;
# - a flow that is trained on data of known entropy must not beat it.
