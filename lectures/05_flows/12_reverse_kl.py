# %% [markdown] slide="slide"
# ## Reverse KL
#
# Sometimes there are no data, only an **energy**: $p(x) = \tilde p(x) / Z$ with $Z$ unknown (a posterior, a molecule). A flow
# draws its own samples, and knows their density:
#
# $$\mathrm{KL}(q \,\|\, p) = \mathbb E_{x \sim q} \big[ \log q(x) - \log \tilde p(x) \big] + \log Z \;\ge\; 0
# \quad \Longrightarrow \quad \log Z \;\ge\; \mathbb E_{x \sim q} \big[ \log \tilde p(x) - \log q(x) \big] .$$
#
# Both terms are differentiable through the sample, $x = f(z)$. This is the ELBO of lecture 3.

# %% [markdown] slide="subslide"
# **Predict.** A target with two separate modes, and a flow that starts at one of them. What does it find, and what does it say
# of $\log Z$?


# %%
def energy(x: torch.Tensor) -> torch.Tensor:
    """log p̃ of two Gaussian bumps: Z = 2 · 2π σ² = 4.52 with σ = 0.6."""
    left = -((x - torch.tensor([-1.8, 0.0])) ** 2).sum(1) / (2 * 0.6**2)
    right = -((x - torch.tensor([1.8, 0.0])) ** 2).sum(1) / (2 * 0.6**2)
    return torch.logaddexp(left, right)


def bound(q: SplineFlow, start: float, num_samples: int, generator: torch.Generator) -> torch.Tensor:
    """E_q [log p̃ − log q] of a flow whose Gaussian is small and lies at `start`, or wide and in the middle."""
    z = torch.randn(num_samples, 2, generator=generator)
    x, log_det = q(z)
    scale = 0.4 if start else 1.0
    x = scale * x + torch.tensor([start, 0.0])
    return (energy(x) - log_normal(z) + log_det + 2 * math.log(scale)).mean()


log_z = math.log(4 * math.pi * 0.6**2)
for start in (0.0, 1.8):
    torch.manual_seed(0)
    q = SplineFlow(2, num_layers=4, hidden=(32, 32))
    optimizer = torch.optim.Adam(q.parameters(), lr=3e-3)
    generator = noise(9)
    for _ in range(300):
        loss = -bound(q, start, 128, generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        print(f"started at {start}: log Z ≥ {bound(q, start, 20_000, generator):.3f}", end=" ")
    print(f"(true {log_z:.3f}, log Z − log 2 = {log_z - math.log(2):.3f})")

# %% [markdown] slide="fragment"
# The reverse KL asks only about places where $q$ is: it is **mode seeking**. A flow that covers one of two modes is out by
# $\log 2$, and its samples look perfect. The forward KL, maximum likelihood, is **mass covering**, and needs data.
