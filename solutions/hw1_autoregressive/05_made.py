# %% [markdown]
# ## Task 5 · MADE: masks for any ordering (12 points)
#
# An autoregressive model writes the joint distribution as a product of conditionals,
# $$p(x) = \prod_{i=1}^{D} p(x_i \mid \text{the dimensions before } i).$$
# Taken literally, this asks for $D$ networks. MADE (Germain et al., 2015, arXiv:1502.03509) gets all $D$
# conditionals out of **one** pass through **one** network: it multiplies every weight matrix with a 0/1 mask, so that
# the outputs that describe dimension $i$ can only be computed from the inputs that come before $i$.
#
# The masks follow from one number per unit: *the last position the unit may know about*. Let $\pi(i)$ be the position of
# dimension $i$ in the order, $0, \dots, D-1$.
#
# * Input $i$ knows position $\pi(i)$.
# * A hidden unit of *degree* $m$ may know the positions $\le m$.
# * The outputs of dimension $i$ may know the positions $< \pi(i)$.
#
# A connection is allowed when nothing forbidden can travel along it:
# $$M^{(1)}_{h,i} = [\pi(i) \le m_h], \qquad M^{(l)}_{h',h} = [m_h \le m_{h'}], \qquad
# M^{(\text{out})}_{i,h} = [m_h < \pi(i)].$$
# Follow a path from input $j$ to output $i$: the numbers never fall, and the last step is strict, so $\pi(j) < \pi(i)$.
# Nothing forbidden. But is anything **missing**? Output $i$ should see every $j$ with $\pi(j) < \pi(i)$, and such a
# pair is connected for certain when each layer has a unit whose degree is exactly $\pi(j)$. So the degrees
# $0, \dots, D-2$ must all occur in every hidden layer: cycle through them.
#
# The dimension at position 0 is connected to nothing. Its logit is a bias, and that is right: there is nothing to
# condition on.
#
# **Predict** before you run the figure: (a) with $D = 5$, how many of the 25 input–output pairs are connected?
# (b) If every `<=` above became `<`, which pairs would be lost, and would $\sum_x p(x)$ still be 1?

# %% task="made"
def made_masks(
    ordering: Int[Tensor, "dims"], hidden_degrees: list[Int[Tensor, "hidden"]], outputs_per_dim: int = 1
) -> list[Tensor]:
    """The 0/1 masks of a MADE with D dimensions, one mask for each weight matrix, first layer first.

    ordering: (D,) integers, a permutation of 0..D-1; `ordering[i]` is the position of dimension i in the order.
    hidden_degrees: for each hidden layer (one or more), the degrees of its units, integers in 0..D-2; a unit of
        degree m may know the inputs at positions 0..m.
    outputs_per_dim: K >= 1 outputs describe each dimension; row i*K + k of the last mask is output k of dimension i.

    Returns `len(hidden_degrees) + 1` tensors, bool or float, of shape (units out, units in): entry [a, b] is 1 where
    unit b may feed unit a, and 0 elsewhere.
    """
    ### BEGIN SOLUTION
    knows = [ordering, *hidden_degrees]
    masks = [below <= above[:, None] for below, above in zip(knows[:-1], hidden_degrees, strict=True)]
    last = knows[-1] < ordering[:, None]
    return [*masks, last.repeat_interleave(outputs_per_dim, dim=0)]
    ### END SOLUTION


class MaskedLinear(nn.Linear):
    """A linear layer that multiplies its weight (out, in) with a fixed mask each time it is used.

    Parameters and gradients stay those of `nn.Linear`; using the layer never changes its weight.
    """

    def __init__(self, mask: Tensor) -> None:
        """mask: (out, in), bool or 0/1 floats."""
        ### BEGIN SOLUTION
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)
        ### END SOLUTION

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """x (B, in) -> (B, out)."""
        ### BEGIN SOLUTION
        return F.linear(x, self.weight * self.mask, self.bias)
        ### END SOLUTION


class MADE(nn.Module):
    """A masked MLP: all D conditionals in one pass, autoregressive in the given order **for any weights**."""

    def __init__(
        self,
        num_dims: int,
        hidden_dims: tuple[int, ...],
        ordering: Int[Tensor, "dims"] | None = None,
        outputs_per_dim: int = 1,
    ) -> None:
        """
        num_dims: D >= 1.
        hidden_dims: widths of the hidden layers, one or more. Unit h of a layer gets the degree h mod (D-1) (0 if
            D = 1), so that the network is complete when every width is D-1 or more.
        ordering: as in `made_masks`; None is the natural order 0, 1, ..., D-1.
        outputs_per_dim: 1 for binary data; K > 1 for data with the K levels 0..K-1.
        """
        ### BEGIN SOLUTION
        super().__init__()
        if ordering is None:
            ordering = torch.arange(num_dims)
        degrees = [torch.arange(width) % max(num_dims - 1, 1) for width in hidden_dims]
        masks = made_masks(ordering, degrees, outputs_per_dim)
        self.layers = nn.ModuleList(MaskedLinear(mask) for mask in masks)
        self.outputs_per_dim = outputs_per_dim
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x (B, D), integer or float, 0/1 or levels 0..K-1 -> logits (B, D), or (B, D, K) when K > 1.

        `logits[:, i]` is the log-odds of x_i = 1 (binary), or the K unnormalised log-probabilities of x_i. Levels go
        into the network as x / (K-1), in the dtype of the weights; ReLU follows each hidden layer, nothing the last.
        """
        ### BEGIN SOLUTION
        hidden = x.to(self.layers[0].weight.dtype) / max(self.outputs_per_dim - 1, 1)
        for layer in self.layers[:-1]:
            hidden = F.relu(layer(hidden))
        logits = self.layers[-1](hidden)  # (B, D * K)
        return logits if self.outputs_per_dim == 1 else logits.unflatten(1, (-1, self.outputs_per_dim))
        ### END SOLUTION

    def log_prob(self, x: Tensor) -> Float[Tensor, "batch"]:
        """x (B, D) as in `forward` -> log p(x) (B,) in nats, summed over the dimensions."""
        ### BEGIN SOLUTION
        logits = self(x)
        if self.outputs_per_dim == 1:
            return -F.binary_cross_entropy_with_logits(logits, x.to(logits.dtype), reduction="none").sum(1)
        return logits.log_softmax(-1).gather(-1, x.long().unsqueeze(-1)).squeeze(-1).sum(1)
        ### END SOLUTION


# %% check="made"
check("made")

# %% figure="made"
ordering = torch.tensor([3, 0, 4, 1, 2])
degrees = [torch.arange(12) % 4, torch.arange(12) % 4]
model = MADE(5, (12, 12), ordering)
# (output, example, input): the logits of one example depend on that example only, so their sum keeps them apart
jacobian = torch.autograd.functional.jacobian(lambda x: model(x).sum(0), torch.randn(256, 5))
pictures = {f"mask {layer}": mask for layer, mask in enumerate(made_masks(ordering, degrees), start=1)}
pictures["logit moves with input"] = (jacobian != 0).any(1)

figure, axes = plt.subplots(1, len(pictures), figsize=(12, 3.4), layout="constrained")
for axis, (title, picture) in zip(axes, pictures.items(), strict=True):
    axis.imshow(picture.float(), cmap="Blues", vmin=0, vmax=1)
    axis.set(title=title, xlabel="in", ylabel="out")
figure.suptitle(
    f"ordering {ordering.tolist()}: one path through the three masks for each square on the right"
)
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * the last mask uses `<=`? Output $i$ then sees $x_i$ itself. Training looks wonderful, the loss goes towards 0, and
#   the "likelihood" is worthless: the numbers $p(x)$ no longer sum to 1, and there is nothing to sample first.
# * the hidden mask uses `<`? All sums are still exactly 1 and nothing is forbidden, and yet the model is poorer: every
#   hidden layer loses one more direct predecessor. Only counting the dependencies shows it. This is why the check asks
#   for three things: normalised, causal, **complete**.
# * a hidden layer is narrower than $D-1$? Draw the last picture for `MADE(5, (2, 12), ordering)` in a cell of your own
#   and look for the holes.
# * the mask is written into `weight.data` rather than multiplied in the forward pass? The gradient then also reaches
#   weights that do not exist, and the optimiser's next step brings them back.
