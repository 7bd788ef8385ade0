# %% [markdown] slide="slide"
# ## Splines
#
# Affine means: stretch and shift. One layer of it turns a Gaussian conditional into a Gaussian conditional. Give every number
# a **curve** instead ([neural spline flows: Durkan et al. 2019, arXiv:1906.04032](https://arxiv.org/abs/1906.04032)): $K$ pieces
# on $[-B, B]$, each a quotient of two quadratics, rising, with matching values and slopes at the knots,
#
# $$y = y_k + \frac{h\,\big(s\,\xi^2 + \delta_k\, \xi (1 - \xi)\big)}{s + (\delta_{k+1} + \delta_k - 2 s)\, \xi (1 - \xi)},
# \qquad \xi = \frac{x - x_k}{w}, \quad s = \frac h w .$$
#
# Its slope is a formula, its inverse the root of a quadratic. The network says widths, heights and slopes, $3K - 1$ numbers
# for each dimension that moves. Outside the box nothing moves.
#
# Backwards: find the piece by its $y_k$; there the equation for $\xi$ is $a\xi^2 + b\xi + c = 0$, and its root in $[0, 1]$ is
# $\xi = 2c / (-b - \sqrt{b^2 - 4ac})$. The school formula divides by $a$, which is 0 where the curve is straight.

# %% [markdown] slide="subslide"
# Read from noise to data: **predict** the density that a curve with two nearly flat pieces makes of a Gaussian.

# %% hide=true
raw = torch.tensor(
    [*[0.0] * 5, *[0.9, -0.9, 0.9, -0.9, 0.9], *[0.0] * 4]
)  # five widths, heights; four slopes
plots.pushed_forward(
    lambda z: rational_quadratic(z, raw.expand(len(z), -1), bound=3.0),
    normal.log_prob,
    torch.linspace(-3, 3, 13),
)

# %% [markdown] slide="subslide"
# The same number of layers, on a harder shape: **predict** the gap.

# %% hide=true
board = data.checkerboard()
squares = board.sample(4000, generator=noise(6))
for name, kind in (("affine", RealNVP), ("spline", SplineFlow)):
    torch.manual_seed(0)
    model = kind(2, num_layers=4, hidden=(64, 64))
    fit(model, squares, steps=800, batch_size=250, lr=3e-3, progress=False)
    with torch.no_grad():
        test_nats = model.loss(board.sample(4000, generator=noise(7)))
    title = f"{name}: {test_nats:.3f} nats; the entropy is log 32 = {math.log(32):.3f}"
    display(plots.density(model.log_prob, title=title))

# %% [markdown] slide="fragment"
# **What breaks if** the search for the right piece is off by one? Next to each knot the formula is used outside its piece: the
# curve jumps, and is no longer rising. The loss hardly notices; the round trip does.
