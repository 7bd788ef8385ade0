# %% [markdown] slide="slide"
# ## Discretised logistics
#
# A softmax over 256 levels has 256 numbers per pixel, and does not know that 127 lies between 126 and 128. Give the
# level a **continuous** intensity and cut the line into bins
# ([PixelCNN++: Salimans et al. 2017, arXiv:1701.05517](https://arxiv.org/abs/1701.05517)):
#
# $$P(x) = \sigma\Big(\frac{c_x + \delta - \mu}{s}\Big) - \sigma\Big(\frac{c_x - \delta - \mu}{s}\Big) .$$
#
# The $K$ levels are spread over $[-1, 1]$: level $x$ lies at $c_x = 2x / (K - 1) - 1$, and half a bin is
# $\delta = 1 / (K - 1)$. The network gives the mean $\mu$ and the scale $s$ of the logistic distribution, whose
# distribution function is $\sigma((c - \mu) / s)$.
#
# The lowest bin begins at $-\infty$ and the highest ends at $+\infty$. Two numbers, and neighbours are alike.

# %% [markdown] slide="subslide"
# **Predict.** 17 levels, $\mu$ at the white end. Where is the highest bar? What is the sum without the edge bins?

# %% hide=true
levels, mean, scale = torch.arange(17), torch.tensor(0.9), torch.tensor(0.15)
parameters = (parameter.expand(17, 1) for parameter in (torch.tensor(0.0), mean, scale.log()))
edges = mixture_log_prob(levels, *parameters, num_levels=17).exp()
centre, half = 2 * levels / 16 - 1, 1 / 16
no_edges = torch.sigmoid((centre + half - mean) / scale) - torch.sigmoid((centre - half - mean) / scale)
print(f"sum with edge bins {edges.sum():.4f}, without {no_edges.sum():.4f}")
ticks = [str(level) for level in range(17)]
plots.probability_bars(
    {"with edge bins": edges, "without": no_edges}, symbols=ticks, title="one logistic near white"
)

# %% [markdown] slide="subslide"
# Try it: fewer levels, edge bins that end like all others. **Predict:** let $s \to 0$. The density at $\mu$ grows without
# bound; what does the likeliest level have?

# %%
DiscretisedLogistic()

# %% [markdown] slide="subslide"
# ### Mixtures
#
# One bump is not enough: ink or paper, seldom between. A **logistic mixture** has a few, mixed **inside the logarithm**:
#
# $$\log P(x) = \log \sum_m \pi_m P_m(x) = \mathrm{logsumexp}_m \big(\log \pi_m + \log P_m(x)\big) .$$

# %% hide=true
mixture = LogisticMixture(num_levels=17, num_components=3)
fit(mixture, pixel, steps=400, batch_size=1000, lr=0.05, progress=False)
with torch.no_grad():
    tables = {
        "three logistics (9 numbers)": mixture.log_prob(levels).exp(),
        "counted (17 numbers)": Histogram(17).count(pixel, smoothing=1.0).theta.exp(),
    }
plots.probability_bars(tables, symbols=ticks, title="paper, ink, and between")

# %% [markdown] slide="fragment"
# **What breaks if** we write $\sum_m \pi_m \log P_m(x)$? That is a bound from below: the probabilities sum to less than 1,
# and every component tries to explain everything.
