# %% [markdown] slide="slide"
# ## Masks
#
# Take an ordinary multilayer perceptron with $D$ inputs and $D$ outputs and **cut the wires** that would let a dimension
# see itself or a later one ([MADE: Germain et al. 2015, arXiv:1502.03509](https://arxiv.org/abs/1502.03509)).
#
# Every unit gets a *degree*: how many dimensions, in the chosen order, it may know. Dimension $i$ is the $m(i)$-th;
# hidden units have degrees $1 \dots D - 1$. A wire stays if
#
# $$\text{to a hidden unit: } m(k) \ge m(j), \qquad \text{to an output: } m(i) > m(k) .$$
#
# One inequality is strict. **Any order, one pass, all $D$ conditionals.**

# %% [markdown] slide="subslide"
# **Predict.** Six dimensions in the order 3, 0, 5, 1, 4, 2. Which output is a constant? Which output sees all others?

# %% hide=true
order = (3, 0, 5, 1, 4, 2)
made = randomize(MADE(6, hidden=(40, 40), order=order).double(), noise())
place = torch.argsort(torch.tensor(order))
allowed = place[None, :] < place[:, None]
sees = dependencies(made.logits, all_strings(2, 6), alternatives=2)
plots.dependency_matrix(
    sees, allowed, inputs="dimension", outputs="conditional of", title="order 3, 0, 5, 1, 4, 2"
)

# %% [markdown] slide="subslide"
# Try it: another order, fewer hidden units, the other inequality.

# %%
MadeMasks(order="random")

# %% [markdown] slide="subslide"
# **What breaks if** the last inequality is not strict either? Each conditional may read its own variable. We add up
# the "probabilities" of all 64 strings, for five draws of the weights. **Predict** the sums.


# %%
def total(last_is_strict: bool, seed: int) -> float:
    model = randomize(MADE(6, hidden=(40, 40), order=order).double(), noise(seed))
    if not last_is_strict:
        degrees = hidden_degrees(40, 6)
        model.last.mask.copy_((place + 1)[:, None] >= degrees)
    with torch.no_grad():
        return model.log_prob(all_strings(2, 6)).exp().sum().item()


for strict in (True, False):
    print("> " if strict else "≥ ", "  ".join(f"{total(strict, seed):.4f}" for seed in range(5)))

# %% [markdown] slide="subslide"
# Trained in a second, on digits in black and white. **Predict:** does the order of the pixels matter?

# %%
digits = data.digits(binarize="threshold")
flat_train, flat_test = digits.train.flatten(1), digits.test.flatten(1)


def nats_per_dim(model: torch.nn.Module, x: torch.Tensor, *given: torch.Tensor) -> float:
    with torch.no_grad():
        return model.loss(x, *given).item() / 64


orders = {
    "row by row": None,
    "backwards": range(63, -1, -1),
    "shuffled": torch.randperm(64, generator=noise()).tolist(),
}
mades = {}
for name, pixels in orders.items():
    mades[name] = MADE(64, hidden=(256,), order=pixels)
    fit(mades[name], flat_train, epochs=20, batch_size=64, lr=4e-3, progress=False)
    print(f"{name:12} {nats_per_dim(mades[name], flat_test):.3f} nats/dim")
black_and_white = Histogram(2, (64,)).count(flat_train, smoothing=1.0)
print(f"independent  {nats_per_dim(black_and_white, flat_test):.3f} nats/dim")

# %% hide=true
draws = torch.cat([digits.test[:8], mades["row by row"].sample(8, generator=noise()).view(-1, 1, 8, 8)])
plots.show_images(draws, columns=8, title="digits, and draws from MADE")

# %% [markdown] slide="subslide"
# **It fails** where hidden units are scarce: MADE deals them out among the degrees, here 256 to 63, and the first pixels
# are left with a handful. **NADE** ([Larochelle & Murray 2011](https://proceedings.mlr.press/v15/larochelle11a.html);
# [arXiv:1605.02226](https://arxiv.org/abs/1605.02226)), which is older, gives every conditional all of them, without
# masks: the weights of the inputs are shared, and the sum inside is carried along,
#
# $$a_1 = c, \qquad a_{i+1} = a_i + W_i x_i, \qquad p(x_i \mid x_{<i}) = \mathrm{softmax}(V_i\, \sigma(a_i) + b_i) .$$
#
# With $H$ hidden units that is $O(DH)$ in all, as in MADE, but in $D$ steps one after another, in training, too: better
# and slower. Told which pixels are known, in a new order for every example, one network answers in all orders, and a
# mixture of several is better still (orderless NADE, [arXiv:1310.1757](https://arxiv.org/abs/1310.1757)).

# %% [markdown] slide="fragment"
# **Both miss** what every child knows about pictures: a stroke is a stroke wherever it is. Here every pixel has weights
# of its own and has to learn strokes from scratch.
