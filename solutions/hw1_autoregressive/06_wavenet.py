# %% [markdown]
# ## Task 6 · Causal dilated convolutions (8 points)
#
# A sequence can be long, and MADE needs weights for each position. WaveNet (van den Oord et al., 2016,
# arXiv:1609.03499) uses the same weights at every step: a convolution that looks only backwards. Its output at time
# $t$ has $k$ taps, $d$ steps apart,
# $$y_t = b + \sum_{j=0}^{k-1} W_j\, x_{t - j d}, \qquad x_s = 0 \text{ for } s < 0.$$
# The spacing $d$ is the *dilation*. Stack layers and their reach adds up: layer $l$ adds $(k-1) d_l$ steps. Equal
# dilations reach a distance that grows with the number of layers; doubling them, $d_l = 2^l$, makes it grow
# exponentially at the same cost.
#
# Each layer is wrapped in a gate, which decides how much of a feature passes, and leaves by two doors: the *residual*
# feeds the next layer, the *skip* goes straight to the end, where the skips of all layers are added up:
# $$z = \tanh(\text{filter} * x) \odot \sigma(\text{gate} * x), \qquad \text{output} = x + W z + b, \qquad
# \text{skip} = V z + c.$$
#
# So far, output $t$ also reads $x_t$: the tap $j=0$. A model of $p(x_t \mid x_{<t})$ must not. The remedy is one shift
# of the **input** by one step, so that the network finds $x_{t-1}$ at time $t$, and a constant vector (zeros will do)
# at time 0. One shift, once, before the first layer. With it, logits $t$ read exactly the last
# $$R = 1 + \sum_l (k-1)\, d_l$$
# symbols $x_{t-R}, \dots, x_{t-1}$, when the dilations leave no gaps.
#
# **Predict**: $k = 2$ and four layers. What is $R$ for the dilations 1, 1, 1, 1, and for 1, 2, 4, 8? How many weights do
# the two networks have? Which symbols would logits $t$ miss with the dilations 2, 4?

# %% task="wavenet"
class CausalConv1d(nn.Module):
    """A convolution over time whose output t reads the inputs t, t-d, ..., t-(k-1)d, and zeros before the start."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1) -> None:
        """kernel_size: k >= 1 taps.   dilation: d >= 1 steps between taps. There is a bias."""
        ### BEGIN SOLUTION
        super().__init__()
        self.reach = (kernel_size - 1) * dilation
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, dilation=dilation)
        ### END SOLUTION

    def forward(self, x: Float[Tensor, "batch channels time"]) -> Float[Tensor, "batch out time"]:
        """x (B, C, T) -> (B, C', T), for any T >= 1."""
        ### BEGIN SOLUTION
        return self.conv(F.pad(x, (self.reach, 0)))
        ### END SOLUTION


class GatedBlock(nn.Module):
    """Two causal convolutions, a gate, and two 1×1 convolutions to the residual and the skip. All four have a bias."""

    def __init__(self, channels: int, kernel_size: int, dilation: int) -> None:
        """All of x, z, output and skip have `channels` channels."""
        ### BEGIN SOLUTION
        super().__init__()
        self.filter = CausalConv1d(channels, channels, kernel_size, dilation)
        self.gate = CausalConv1d(channels, channels, kernel_size, dilation)
        self.residual = nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, channels, 1)
        ### END SOLUTION

    def forward(
        self, x: Float[Tensor, "batch channels time"]
    ) -> tuple[Float[Tensor, "batch channels time"], Float[Tensor, "batch channels time"]]:
        """x (B, C, T) -> (output (B, C, T), skip (B, C, T))."""
        ### BEGIN SOLUTION
        z = torch.tanh(self.filter(x)) * torch.sigmoid(self.gate(x))
        return x + self.residual(z), self.skip(z)
        ### END SOLUTION


class WaveNet(nn.Module):
    """p(x) of sequences of K symbols. Logits t read the symbols x[t-1-n] for every n that is a sum of one tap offset
    j * d, 0 <= j < k, per layer, and no others: the last 1 + Σ(k-1)d symbols if the dilations leave no gaps."""

    def __init__(self, num_levels: int, channels: int, kernel_size: int, dilations: tuple[int, ...]) -> None:
        """
        num_levels: K symbols 0..K-1, each embedded as a vector of `channels` numbers.
        dilations: one `GatedBlock` for each. The sum of their skips goes through ReLU, a 1×1 convolution, ReLU and a
            1×1 convolution to K logits.
        """
        ### BEGIN SOLUTION
        super().__init__()
        self.embedding = nn.Embedding(num_levels, channels)
        self.blocks = nn.ModuleList(GatedBlock(channels, kernel_size, dilation) for dilation in dilations)
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv1d(channels, channels, 1), nn.ReLU(), nn.Conv1d(channels, num_levels, 1)
        )
        ### END SOLUTION

    def forward(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time levels"]:
        """x (B, T), symbols 0..K-1 -> logits (B, T, K); `logits[:, t]` predict x[:, t]."""
        ### BEGIN SOLUTION
        embedded = self.embedding(x).transpose(1, 2)  # (B, C, T)
        hidden = F.pad(embedded, (1, 0))[..., :-1]  # time t holds x_{t-1}
        skips = torch.zeros_like(hidden)
        for block in self.blocks:
            hidden, skip = block(hidden)
            skips = skips + skip
        return self.head(skips).transpose(1, 2)
        ### END SOLUTION

    def log_prob(self, x: Int[Tensor, "batch time"]) -> Float[Tensor, "batch"]:
        """x (B, T) -> log p(x) (B,) in nats, all T symbols, the first one included."""
        ### BEGIN SOLUTION
        return self(x).log_softmax(-1).gather(-1, x.unsqueeze(-1)).squeeze(-1).sum(1)
        ### END SOLUTION


# %% check="wavenet"
check("wavenet")

# %% figure="wavenet"
from dgm_course.testing import dependencies

stacks = {
    "dilations 1, 1, 1, 1": (1, 1, 1, 1),
    "dilations 1, 2, 4, 8": (1, 2, 4, 8),
    "dilations 2, 4": (2, 4),
}
sequences = torch.randint(4, (16, 24))
figure, axes = plt.subplots(1, 3, figsize=(12, 4.8), layout="constrained")
for axis, (title, dilations) in zip(axes, stacks.items(), strict=True):
    model = WaveNet(4, 8, 2, dilations).double()
    weights = sum(parameter.numel() for parameter in model.parameters())
    axis.imshow(dependencies(model, sequences, 4), cmap="Blues")
    axis.set(
        title=f"{title}\nR = {1 + sum(dilations)}, {weights} weights",
        xlabel="symbol",
        ylabel="logits at time",
    )
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * you pad on both sides, as image networks do? Half of the taps look into the future; the loss collapses.
# * you forget the shift? The model copies $x_t$: the loss goes to 0 and generation gives noise.
# * you shift in every layer, to be safe? Nothing leaks, all sums are 1, but with $k=2$ the tap $j=0$ was the only one
#   that reached $x_{t-1}$, and the symbol just before is now out of sight.
# * the sum of log-probabilities starts at $t=1$? That is $\log p(x_{1:} \mid x_0)$, and summed over all sequences it
#   gives $K$ instead of 1.
