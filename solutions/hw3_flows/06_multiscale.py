# %% [markdown]
# ## Task 6 · Multiscale: squeeze, checkerboard, factor out (8 points)
#
# An invertible layer keeps the number of its inputs, so a flow of images drags every pixel through every layer. Three
# devices of RealNVP (Dinh et al., 2017, arXiv:1605.08803) make this affordable.
#
# **Checkerboard.** A pixel is best predicted by its neighbours. So the mask of a coupling layer on pixels lets every
# other pixel pass, as on a chess board, and the next layer the others.
#
# **Squeeze.** Each $2 \times 2$ block of a channel becomes one site with four channels: $(C, H, W)$ becomes
# $(4C, H/2, W/2)$. Nothing is lost and nothing computed, numbers only move:
#
# $$\text{squeeze}(x)_{4c + 2i + j,\; h,\; w} = x_{c,\; 2h + i,\; 2w + j}, \qquad i, j \in \{0, 1\}.$$
#
# After a squeeze, a convolution over sites sees a neighbourhood twice as wide, and a mask over channels separates
# neighbouring pixels.
#
# **Factor out.** After each level half of the channels are declared done: they are latents with a standard normal prior
# of their own, and only the other half goes on. For levels $l = 1, \dots, L$, starting with $h_0 = x$,
#
# $$h = g_l^{-1}(\text{squeeze}(h_{l-1})), \qquad (h_l, z_l) = \text{first and second half of the channels of } h,
#   \qquad z_L = h \text{ at the last level,}$$
#
# where $g_l$ is a block of layers. All latents together have as many numbers as $x$, and
#
# $$\log p(x) = \sum_{l=1}^{L} \Big( \log \mathcal N(z_l; 0, I) + \log |\det g_l^{-1}| \Big).$$
#
# **Predict**: (a) With $L = 3$, which shares of the numbers of an image do $z_1$, $z_2$ and $z_3$ hold? (b) Leave the
# prior of $z_1$ out of the sum: what will training do with $z_1$?

# %% given="channel-map"
class ChannelMap(nn.Module):
    """A block for images (B, C, H, W): x = matrix @ z + shift at every site. matrix: (C, C), invertible; shift: (C,)."""

    def __init__(self, matrix: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.matrix, self.shift = nn.Parameter(matrix), nn.Parameter(shift)

    def forward(self, z: Float[Tensor, "batch channels height width"]) -> tuple[Tensor, Tensor]:
        x = torch.einsum("ij,bjhw->bihw", self.matrix, z) + self.shift[:, None, None]
        return x, self._log_det(z)

    def inverse(self, x: Float[Tensor, "batch channels height width"]) -> tuple[Tensor, Tensor]:
        z = torch.einsum("ij,bjhw->bihw", self.matrix.inverse(), x - self.shift[:, None, None])
        return z, -self._log_det(x)

    def _log_det(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch"]:
        return (x[0, 0].numel() * self.matrix.slogdet().logabsdet).expand(len(x))


# %% task="multiscale"
def squeeze(x: Float[Tensor, "batch channels height width"]) -> Tensor:
    """(B, C, H, W) with even H and W -> (B, 4C, H/2, W/2): pixel (2h+i, 2w+j) of channel c goes to channel 4c+2i+j."""
    ### BEGIN SOLUTION
    batch, channels, height, width = x.shape
    blocks = x.reshape(batch, channels, height // 2, 2, width // 2, 2)
    return blocks.permute(0, 1, 3, 5, 2, 4).reshape(batch, 4 * channels, height // 2, width // 2)
    ### END SOLUTION


def unsqueeze(x: Float[Tensor, "batch channels height width"]) -> Tensor:
    """The inverse of `squeeze`: (B, 4C, H, W) -> (B, C, 2H, 2W)."""
    ### BEGIN SOLUTION
    batch, channels, height, width = x.shape
    blocks = x.reshape(batch, channels // 4, 2, 2, height, width)
    return blocks.permute(0, 1, 4, 2, 5, 3).reshape(batch, channels // 4, 2 * height, 2 * width)
    ### END SOLUTION


def checkerboard_mask(height: int, width: int, parity: int) -> Bool[Tensor, "height width"]:
    """(H, W) bool, True where row + column is even (parity 0) or odd (parity 1)."""
    ### BEGIN SOLUTION
    return (torch.arange(height)[:, None] + torch.arange(width)) % 2 == parity
    ### END SOLUTION


class MultiscaleFlow(nn.Module):
    """Squeeze, one block, half of the channels out, and again; every latent is standard normal."""

    def __init__(self, blocks: list[nn.Module], shape: tuple[int, int, int]) -> None:
        """
        blocks: L >= 1 modules on images, `forward(z) -> (x, log_det)` and `inverse(x) -> (z, log_det)`. Level l sends
            data through `blocks[l].inverse`, after the squeeze.
        shape: (C, H, W) of one image x; H and W are divisible by 2^L.
        """
        ### BEGIN SOLUTION
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.shape = shape
        ### END SOLUTION

    def inverse(self, x: Float[Tensor, "batch channels height width"]) -> tuple[list[Tensor], Tensor]:
        """x (B, C, H, W) -> the latents of all levels, first level first, and log_det (B,).

        Latent l of all but the last level is the second half of the block's channels; the last one is all of them.
        """
        ### BEGIN SOLUTION
        latents: list[Tensor] = []
        total = x.new_zeros(len(x))
        for block in self.blocks:
            x, log_det = block.inverse(squeeze(x))
            total = total + log_det
            if len(latents) < len(self.blocks) - 1:
                x, latent = x.chunk(2, dim=1)
                latents.append(latent)
        return [*latents, x], total
        ### END SOLUTION

    def forward(self, latents: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The latents, as `inverse` gives them -> x (B, C, H, W) and log_det (B,)."""
        ### BEGIN SOLUTION
        *others, x = latents
        total = x.new_zeros(len(x))
        for block in reversed(self.blocks):
            x, log_det = block(x)
            x = unsqueeze(x)
            total = total + log_det
            if others:
                x = torch.cat([x, others.pop()], dim=1)
        return x, total
        ### END SOLUTION

    def log_prob(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch"]:
        """x (B, C, H, W) -> log p(x) (B,) in nats."""
        ### BEGIN SOLUTION
        latents, log_det = self.inverse(x)
        z = torch.cat([latent.flatten(1) for latent in latents], dim=1)
        return log_det - (z.square() + math.log(2 * math.pi)).sum(1) / 2
        ### END SOLUTION

    def sample(self, num_samples: int, generator: torch.Generator) -> Tensor:
        """Independent samples (num_samples, C, H, W), without gradient, in the dtype of the blocks' parameters."""
        ### BEGIN SOLUTION
        dtype = next((parameter.dtype for parameter in self.parameters()), torch.get_default_dtype())
        channels, height, width = self.shape
        latents = []
        for level in range(len(self.blocks)):
            channels, height, width = 4 * channels, height // 2, width // 2
            if level < len(self.blocks) - 1:
                channels //= 2
            shape = (num_samples, channels, height, width)
            latents.append(torch.randn(shape, generator=generator, dtype=dtype))
        with torch.no_grad():
            return self(latents)[0]
        ### END SOLUTION


# %% check="multiscale"
check("multiscale")

# %% figure="multiscale"
digit = data.digits().train[:1].double()
nothing_happens = [ChannelMap(torch.eye(size).double(), torch.zeros(size).double()) for size in (4, 8, 16)]
flow = MultiscaleFlow(nothing_happens, (1, 8, 8))
latents, _ = flow.inverse(torch.zeros(1, 1, 8, 8).double())
leaves, _ = flow([torch.full_like(latent, level) for level, latent in enumerate(latents, start=1)])

figure, axes = plt.subplots(1, 4, figsize=(12, 3.3), layout="constrained")
pictures = {
    "a digit": digit[0, 0],
    "squeezed: 4 channels": plots.mosaic(squeeze(digit)[0, :, None], num_levels=17, columns=2),
    "checkerboard, parity 0": checkerboard_mask(8, 8, 0),
    "level at which a pixel leaves": leaves[0, 0].detach(),
}
for axis, (title, picture) in zip(axes, pictures.items(), strict=True):
    image = axis.imshow(picture, cmap="viridis" if "level" in title else "gray")
    axis.set(title=title, xticks=[], yticks=[])
figure.colorbar(image, ax=axes[-1], ticks=[1, 2, 3])
plt.show()

# %% [markdown]
# **What breaks if** ...
#
# * `squeeze` is a plain `reshape` to the same shape? It is invertible, log-determinants and likelihoods stay exact, and
#   all tests of a *flow* pass. But a "site" now holds pixels that lie side by side in memory, and a convolution after it
#   looks at neighbours that are none. Only the stated positions tell.
# * the mask is the same in every layer? Half of the pixels pass through all layers and are never modelled at all.
# * the prior of a factored-out half is left out? Whatever is sent there costs nothing. Training throws everything that
#   is hard to model into $z_1$, the likelihood soars, and the integral of $p(x)$ is infinite.
# * the halves are swapped in `forward` only? The round trip finds it at once.
#
# Real models let the prior of $z_l$ depend on what goes on, $\mathcal N(z_l; \mu(h_l), \sigma(h_l))$, with a network for
# $\mu$ and $\sigma$. In the last picture the blocks do nothing, so whole rows leave first. A trained block mixes
# the channels before it sends half of them out, and what it sends is what nobody can predict: noise and texture.
