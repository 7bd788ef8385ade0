# %% [markdown]
# ## Task 10 · Ancestral sampling and inpainting (6 points)
#
# An autoregressive model gives all $D$ conditionals of a *given* $x$ in one pass. To make a *new* $x$ there is
# nothing to condition on yet, so it takes $D$ passes, in order:
# $$x_0 \sim p(x_0), \quad x_1 \sim p(x_1 \mid x_0), \quad \dots, \quad x_{D-1} \sim p(x_{D-1} \mid x_{<D-1}).$$
# Each pass computes logits for every dimension and uses those of one. What stands at the dimensions not yet drawn does not
# matter: the logits of $x_i$ do not read it. The product of these conditionals is $p(x)$, so the samples follow the
# model exactly. Taking the most likely symbol each time is no sample at all, and drawing all dimensions from a single
# pass draws them from conditionals of something that was never sampled.
#
# **Inpainting** keeps some dimensions, the *evidence*, and draws the others in the same order, each from its
# conditional given everything before it, kept or drawn:
# $$q(x_\text{missing}) = \prod_{i \text{ missing}} p(x_i \mid x_{<i}).$$
# When all evidence comes first, this is the exact conditional $p(x_\text{missing} \mid x_\text{evidence})$. Evidence that comes
# *later* should influence what is drawn before it, and here it cannot: the model never asks
# how likely the evidence is after what it drew. That is the price of having a fixed order.
#
# To see whether a sampler is right we need a model whose probabilities are known. The one below is a table: for
# every prefix, the logits of the next symbol.
#
# **Predict**: a model with $p(x_0{=}1) = 0.5$ and $x_1 = x_0$ with probability 0.9. You inpaint $x_0$ with the
# evidence $x_1 = 1$. How often is $x_0 = 1$, and how often should it be?

# %% given="tabular-model"
class TabularModel(nn.Module):
    """An autoregressive model of D symbols with K levels: a table of logits for each dimension.

    tables: `tables[i]` has i + 1 dimensions of size K; entry [x_0, ..., x_{i-1}, k] is the logit of x_i = k.
    """

    def __init__(self, tables: list[Tensor]) -> None:
        super().__init__()
        self.tables = tables

    def forward(self, x: Int[Tensor, "batch dims"]) -> Float[Tensor, "batch dims levels"]:
        """x (B, D), symbols 0..K-1 -> logits (B, D, K); those of x_i read x_0 ... x_{i-1}."""
        rows = [table[x[:, :i].unbind(1)].expand(len(x), -1) for i, table in enumerate(self.tables)]
        return torch.stack(rows, dim=1)


# %% task="sampling"
def inpaint(
    model: nn.Module,
    x: Int[Tensor, "batch dims"],
    observed: Bool[Tensor, "batch dims"] | Bool[Tensor, "dims"],
    generator: torch.Generator,
) -> Int[Tensor, "batch dims"]:
    """Keep the observed symbols; draw the others left to right, each from its conditional given all before it.

    model: x (B, D) int64 -> logits (B, D, K); logits of x_i read x_0 ... x_{i-1} only.
    x: symbols 0..K-1; those where `observed` is False are ignored. Not changed: the result is a new tensor.
    observed: True where x is evidence; (D,) is the same mask for every example, (B, D) a mask for each.
    generator: the only source of randomness.
    """
    ### BEGIN SOLUTION
    x, observed = x.clone(), observed.expand_as(x)
    with torch.no_grad():
        for i in range(x.shape[1]):
            probabilities = model(x)[:, i].softmax(-1)
            drawn = torch.multinomial(probabilities, 1, generator=generator).squeeze(1)
            x[:, i] = torch.where(observed[:, i], x[:, i], drawn)
    return x
    ### END SOLUTION


def ancestral_sample(
    model: nn.Module, num_samples: int, num_dims: int, generator: torch.Generator
) -> Int[Tensor, "samples dims"]:
    """Independent samples (num_samples, num_dims), int64, of p(x); `model` and `generator` as in `inpaint`."""
    ### BEGIN SOLUTION
    nothing = torch.zeros(num_samples, num_dims, dtype=torch.int64)
    return inpaint(model, nothing, torch.zeros(num_dims, dtype=torch.bool), generator)
    ### END SOLUTION


# %% check="sampling"
check("sampling")

# %% figure="sampling"
from dgm_course.testing import all_strings

generator = torch.Generator().manual_seed(10)
model = TabularModel([1.5 * torch.randn((3,) * (i + 1), generator=generator) for i in range(3)])
strings = all_strings(3, 3)
joint = model(strings).log_softmax(-1).gather(-1, strings[..., None]).sum((1, 2)).exp()
samples = ancestral_sample(model, 20_000, 3, generator)
frequencies = torch.bincount(samples @ torch.tensor([9, 3, 1]), minlength=27) / len(samples)

# evidence at the end: x_2 = 2
exact = torch.stack([joint[(strings[:, 0] == k) & (strings[:, 2] == 2)].sum() for k in range(3)])
filled = inpaint(model, torch.full((20_000, 3), 2), torch.tensor([False, False, True]), generator)
first = torch.bincount(filled[:, 0], minlength=3) / len(filled)

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 3.6), width_ratios=(2.4, 1), layout="constrained")
left.bar(range(27), joint, color="lightsteelblue", label="p(x)")
left.plot(range(27), frequencies, "k_", label="20,000 samples")
left.set(title="samples follow the model", xlabel="string", ylabel="probability")
left.set_xticks(range(27), ["".join(map(str, string)) for string in strings.tolist()], rotation=90)
for offset, values, label in ((-0.2, exact / exact.sum(), "exact p(x_0 | x_2 = 2)"), (0.2, first, "inpaint")):
    right.bar(torch.arange(3) + offset, values, width=0.4, label=label)
right.set(title="evidence that comes last is not heard", xlabel="x_0", xticks=range(3))
left.legend()
right.legend()
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * all symbols are drawn from one pass? Each marginal may look plausible, but the symbols do not fit together:
#   $x_1$ was drawn from $p(x_1 \mid x_0 = 0)$ whatever $x_0$ became.
# * you take the argmax? Every sample is the same string, which need not even be the most likely one.
# * the evidence is pasted in after sampling? It is untouched, and nothing that follows it has heard of it.
# * you want the exact conditional for late evidence? Weight the samples by the probability of the evidence that each
#   of them gave, $\prod_{i \text{ observed}} p(x_i \mid x_{<i})$, and you have importance sampling.
