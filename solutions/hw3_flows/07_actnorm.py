# %% [markdown]
# ## Task 7 · ActNorm and its first batch (6 points)
#
# Deep networks train well when the numbers inside have mean 0 and standard deviation 1, which is why batch
# normalisation is everywhere. A flow that uses it in training has no $p(x)$ of one example: there $z$ depends on the other
# examples of the batch. Glow (Kingma & Dhariwal, 2018, arXiv:1807.03039) keeps the good half of the idea. ActNorm is a
# plain affine map with one scale and one shift for each channel,
#
# $$x = z \odot e^{s} + b, \qquad z = (x - b) \odot e^{-s}, \qquad
#   \log \left| \det \frac{\partial x}{\partial z} \right| = H W \sum_{c} s_c,$$
#
# whose parameters *start* at the statistics of the first batch of data, $b_c$ its mean and $e^{s_c}$ its standard
# deviation in channel $c$, so that the first $z$ is normalised. From then on they are parameters like any others.
# They are set in place: an optimiser that was made before the first batch holds these parameters and goes on to train
# them, and would train nothing if new ones took their place.
#
# * Statistics are over the batch **and** all sites: a channel has one mean, not one for each pixel. A vector (B, D) is
#   an image with one site.
# * Data arrive at `inverse`, so it is there that the first batch is seen, in training mode only. A model that is being
#   evaluated or sampled from must not change.
# * Whether this has happened is part of the layer's state. A flow that was saved and loaded again must not throw its
#   trained scales away at the next batch.
#
# **Predict**: a layer is initialised on a batch of 64 images, and then a batch of 64 *other* images goes through it. Is the
# mean of $z$ exactly 0? And with batch normalisation?

# %% task="actnorm"
class ActNorm(nn.Module):
    """One scale and one shift for each channel, set by the first batch of data and learned from then on."""

    def __init__(self, num_channels: int) -> None:
        """The identity, until data come. `state_dict()` knows whether they have."""
        ### BEGIN SOLUTION
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(num_channels))
        self.shift = nn.Parameter(torch.zeros(num_channels))
        self.register_buffer("initialized", torch.tensor(False))
        ### END SOLUTION

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """z (B, C) or (B, C, H, W) -> x of the same shape, log_det (B,). Never initialises anything."""
        ### BEGIN SOLUTION
        log_scale, shift = (each.view(-1, *[1] * (z.dim() - 2)) for each in (self.log_scale, self.shift))
        sites = z[0, 0].numel()
        return z * log_scale.exp() + shift, (sites * self.log_scale.sum()).expand(len(z))
        ### END SOLUTION

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, C) or (B, C, H, W) -> z of the same shape, log_det (B,).

        The first call in training mode sets shift and scale, before they are used, to the mean and the standard
        deviation of each channel of x (that of the batch: divided by the count, not by one less; 1e-6 at least). They
        are set in place, without gradient: the parameters stay the same objects.
        """
        ### BEGIN SOLUTION
        if self.training and not self.initialized:
            with torch.no_grad():
                channels = x.transpose(0, 1).flatten(1)
                self.shift.copy_(channels.mean(1))
                self.log_scale.copy_(channels.std(1, correction=0).clamp(min=1e-6).log())
                self.initialized.fill_(True)
        log_scale, shift = (each.view(-1, *[1] * (x.dim() - 2)) for each in (self.log_scale, self.shift))
        sites = x[0, 0].numel()
        return (x - shift) * (-log_scale).exp(), -(sites * self.log_scale.sum()).expand(len(x))
        ### END SOLUTION


# %% check="actnorm"
check("actnorm")

# %% figure="actnorm"
images = F.pixel_unshuffle(data.digits().train.double(), 2)  # (N, 4, 4, 4): the squeeze of Task 6
first, other = images[:64], images[64:128]
layer = ActNorm(4)
rows = {"the first batch, as it comes": first, "after ActNorm": layer.inverse(first)[0]}
rows["another batch after it"] = layer.inverse(other)[0]

figure, axes = plt.subplots(1, 3, figsize=(12, 3), layout="constrained")
for axis, (title, values) in zip(axes, rows.items(), strict=True):
    channels = values.detach().transpose(0, 1).flatten(1)
    axis.violinplot(list(channels), positions=range(4), orientation="horizontal", showmeans=True)
    means = ", ".join(f"{mean:.2f}" for mean in channels.mean(1))
    axis.set(title=title, xlabel=f"means {means}", yticks=range(4), ylabel="channel")
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * the factor $H W$ is forgotten in the log-determinant? Every pixel is scaled, and one in sixteen is counted. The round
#   trip is perfect, training runs, and the likelihood is wrong by a number that the optimiser learns to drive up.
# * the layer normalises every batch? Now $z$ of an example depends on its neighbours in the batch. Ask for $\log p(x)$
#   of the same image in two batches, and get two answers.
# * the flag lives in a plain attribute? All is well until somebody loads a trained flow and goes on training: the first
#   batch overwrites the scales of this layer, and all layers after it meet numbers that they have never seen.
# * the first call is one to `forward`, to draw a sample from the new model? Samples of an untrained flow are no data.
