# %% [markdown]
# ## Task 8 · Gated PixelCNN without a blind spot (10 points)
#
# A stack of masked 3×3 kernels never hears of the pixels on the upper right (the figure of Task 7). The *Gated
# PixelCNN* ([van den Oord et al., 2016](https://arxiv.org/abs/1606.05328)) reads the past with two stacks of layers:
#
# * the **vertical** stack $v$ reads *rows*: its kernel is a full rectangle, rows $i-r, \dots, i$ and columns
#   $j-r, \dots, j+r$ with $r = (k-1)/2$. Nothing needs a mask, because of how its result is used: what $v$ knows at row
#   $i$ is handed on one row **below**, at row $i+1$, for which all of row $i$ lies in the past;
# * the **horizontal** stack $h$ reads its own row to the left, and takes in what the vertical stack found above. The
#   prediction for pixel $(i, j)$ is made from $h$ at $(i, j)$.
#
# A rectangle grows into a larger rectangle, so there is no blind spot. And **$v$ feeds $h$, but $h$ never feeds $v$.**
# There would be little to gain, for $h$ knows hardly more than lies inside the rectangle of $v$; and there is something
# to lose. Many implementations move the *image* down once at the start instead of $s$ in every layer, so that $v$ at
# $(i, j)$ serves row $i$ itself. If it read $h$ at $(i, j+1)$, which knows pixel $(i, j)$, the pixel would be leaked.
#
# The second change is the **gate**. With $2C$ features in two halves $a$ and $b$, ReLU is replaced by
#
# $$g(a, b) = \tanh(a) \odot \sigma(b).$$
#
# One layer computes, with $\downarrow$ for "one row down, zeros enter at the top", and a label $y$ embedded by two
# matrices,
#
# $$s = W_v * v, \qquad v' = g(s + V_v\, y),$$
# $$t = W_h * h + W_{vh} \cdot {\downarrow} s, \qquad h' = W_o \cdot g(t + V_h\, y) \; [\,+\, h\,].$$
#
# Here $*$ is a convolution and $\cdot$ a 1×1 convolution. In the **first** layer $v = h$ = the image, so there $W_h$
# reads columns $j-r, \dots, j-1$ (as type A) and there is **no** "$+\,h$": that residual connection would carry the
# pixel to its own prediction. In later layers $W_h$ reads $j-r, \dots, j$ (as type B) and the residual is added. The
# vertical stack has none.
#
# **Predict** before you run the check: leave out the ↓. Over all 512 binary 3×3 images, will $\sum_x p(x)$ be below
# 1, equal to 1, or above?

# %% task="gated-pixelcnn"
class GatedLayer(nn.Module):
    """One layer of the two stacks, (v, h) -> (v', h'), all with `channels` features at every pixel.

    kernel_size: k = 2r + 1, odd, at least 3. Zeros surround the image, whose size stays as it is.
    first: whether this layer reads the image.
    num_classes: of the labels y; None for a layer without labels.

    v' at (i, j) reads v in rows i-r … i and columns j-r … j+r, and never h.
    h' at (i, j) reads h in row i and columns j-r … j-1 (first) or j-r … j, and v in rows i-1-r … i-1 and
        columns j-r … j+r.
    """

    def __init__(self, channels: int, kernel_size: int, first: bool, num_classes: int | None = None) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.radius, self.first = kernel_size // 2, first
        self.rows = nn.Conv2d(channels, 2 * channels, (self.radius + 1, kernel_size))
        self.row = nn.Conv2d(channels, 2 * channels, (1, self.radius if first else self.radius + 1))
        self.down = nn.Conv2d(2 * channels, 2 * channels, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        self.label = nn.Embedding(num_classes, 4 * channels) if num_classes else None
        ### END SOLUTION

    def forward(
        self,
        v: Float[Tensor, "batch channels height width"],
        h: Float[Tensor, "batch channels height width"],
        y: Int[Tensor, "batch"] | None = None,
    ) -> tuple[Float[Tensor, "batch channels height width"], Float[Tensor, "batch channels height width"]]:
        """The next v and h. y: labels in 0 … num_classes - 1, one for each example; given when there are classes."""
        ### BEGIN SOLUTION
        r = self.radius
        s = self.rows(F.pad(v, (r, r, r, 0)))
        t = self.row(F.pad(h, (r, -1 if self.first else 0, 0, 0))) + self.down(F.pad(s, (0, 0, 1, -1)))
        if self.label is not None:
            label_v, label_h = self.label(y)[:, :, None, None].chunk(2, dim=1)
            s, t = s + label_v, t + label_h
        gated_v, gated_h = (
            torch.tanh(a) * torch.sigmoid(b) for a, b in (s.chunk(2, dim=1), t.chunk(2, dim=1))
        )
        return gated_v, self.out(gated_h) if self.first else self.out(gated_h) + h
        ### END SOLUTION


class GatedPixelCNN(nn.Module):
    """p(x) or p(x | y) of one-channel images: a 1×1 convolution of the pixel values as v = h, then `num_layers`
    gated layers of which the first is `first`, then 1×1 convolutions from h to the logits.

    Pixels are integers in 0 … num_levels - 1. Scale them to -1 … 1 first, so that black and white weigh the same.
    """

    def __init__(
        self,
        num_levels: int,
        channels: int,
        kernel_size: int,
        num_layers: int,
        num_classes: int | None = None,
    ) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.num_levels = num_levels
        self.pixels = nn.Conv2d(1, channels, 1)
        self.layers = nn.ModuleList(
            GatedLayer(channels, kernel_size, number == 0, num_classes) for number in range(num_layers)
        )
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv2d(channels, channels, 1), nn.ReLU(), nn.Conv2d(channels, num_levels, 1)
        )
        ### END SOLUTION

    def forward(
        self, x: Int[Tensor, "batch 1 height width"], y: Int[Tensor, "batch"] | None = None
    ) -> Float[Tensor, "batch 1 height width levels"]:
        """The logits of p(x[i, j] | everything before it, y)."""
        ### BEGIN SOLUTION
        scaled = 2 * x.to(self.pixels.weight.dtype) / (self.num_levels - 1) - 1
        v = h = self.pixels(scaled)
        for layer in self.layers:
            v, h = layer(v, h, y)
        return self.head(h).movedim(1, -1).unsqueeze(1)
        ### END SOLUTION

    def log_prob(
        self, x: Int[Tensor, "batch 1 height width"], y: Int[Tensor, "batch"] | None = None
    ) -> Float[Tensor, "batch"]:
        """log p(x) or log p(x | y) in nats per image."""
        ### BEGIN SOLUTION
        log_p = F.log_softmax(self(x, y), dim=-1)
        return log_p.gather(-1, x.long().unsqueeze(-1)).flatten(1).sum(1)
        ### END SOLUTION


# %% check="gated-pixelcnn"
check("gated-pixelcnn")

# %% figure="gated-pixelcnn"
figure, axes = plt.subplots(2, 4, figsize=(9, 4.6), layout="constrained")
for num_layers, column in enumerate(axes.T, start=1):
    models = {
        "masked": PixelCNN(2, 8, 3, num_layers),
        "gated": GatedPixelCNN(2, 8, 3, num_layers),
    }
    for axis, (name, model) in zip(column, models.items(), strict=True):
        field = receptive_field(model.double())  # the function of Task 7's figure
        axis.imshow(field, cmap="Blues", vmin=0, vmax=1.4)
        axis.scatter([5], [5], marker="s", color="tab:red")
        axis.set(title=f"{name}, {num_layers} layers: {int(field.sum())}", xticks=[], yticks=[])
figure.suptitle("What the red pixel reads: the two stacks see all of the upper right")
plt.show()

# %% [markdown]
# **What breaks if** $s$ is not moved down one row before it joins $h$? Row $i$ of $s$ has read all of row $i$, also the
# pixel itself and those on its right. Every conditional now peeks, and the sum over all images can be anything: 3.25
# in one measured case. Each softmax still sums to 1 at its own pixel, and that says nothing about the product.
#
# **What breaks if** the first layer keeps its residual? $h$ starts as the image, so the pixel walks straight into its
# own logits. In later layers the same line is harmless, and training needs it.
#
# **At full scale** (for those who have a GPU): on CIFAR-10, with 256 levels and three colours, PixelCNN reaches 3.14
# bits per dimension and the Gated PixelCNN 3.03. The layers are the ones you wrote, only wider and more of them.
