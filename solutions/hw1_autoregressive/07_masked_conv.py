# %% [markdown]
# ## Task 7 · Masked convolutions over pixels and channels (12 points)
#
# MADE (Task 5) gave every pixel its own weights. A photograph looks the same wherever the camera points, so
# *PixelCNN* ([van den Oord et al., 2016](https://arxiv.org/abs/1601.06759)) shares them: it reads the pixels in
# raster order, row by row and left to right, and lets one convolution predict each from those before it,
#
# $$p(x) = \prod_{i=1}^{H} \prod_{j=1}^{W} \prod_{c=1}^{C} p\big(x_{c,i,j} \mid
# \text{rows above, pixels to the left, colours before } c\big).$$
#
# A convolution looks in all directions, so the weights that look ahead are multiplied by zero. With kernel size
# $k$ and radius $r = (k-1)/2$, the output at pixel $(i, j)$ may read
#
# * rows $i-r, \dots, i-1$ at all columns $j-r, \dots, j+r$,
# * row $i$ at the columns $j-r, \dots, j-1$,
# * pixel $(i, j)$ itself: this is where the two **types** differ.
#
# Type **A** is for the first layer, which reads the image: at the centre it sees nothing of what it is to predict.
# Type **B** is for all later layers: what they find at the centre was computed by layers below and already
# knows earlier pixels only, so it is safe, and it is *needed*.
#
# In a colour image red comes first, then green, then blue. The channels of every layer are split into
# `num_groups` equal **contiguous** groups: with 6 channels and 3 groups, channels 0 and 1 belong to red, 2 and 3 to
# green, 4 and 5 to blue. At the centre a type A output sees strictly earlier groups, a type B output its own as
# well. Away from the centre every group sees all groups.
#
# **Predict** before you run the check: stack one A layer and one B layer, both 3×3, on a 3×3 image. Among 9 pixels
# there are 36 pairs (earlier, later). How many of them can this network use? Which are lost?

# %% given="pixelcnn"
class PixelCNN(nn.Module):
    """A stack of your masked convolutions: type A on the image, type B above it, a 1×1 type B layer to logits.

    An image is `image_channels` colours of integers in 0 … num_levels - 1; `channels` is a multiple of
    `image_channels`.
    """

    def __init__(
        self, num_levels: int, channels: int, kernel_size: int, num_layers: int, image_channels: int = 1
    ) -> None:
        super().__init__()
        self.num_levels, self.image_channels = num_levels, image_channels
        layers = [MaskedConv2d("A", image_channels, channels, kernel_size, image_channels)]
        for _ in range(num_layers - 1):
            layers += [nn.ReLU(), MaskedConv2d("B", channels, channels, kernel_size, image_channels)]
        head = MaskedConv2d("B", channels, image_channels * num_levels, 1, image_channels)
        self.net = nn.Sequential(*layers, nn.ReLU(), head)

    def forward(self, x: Int[Tensor, "batch c height width"]) -> Float[Tensor, "batch c height width levels"]:
        """The logits of p(x[c, i, j] | everything before it)."""
        dtype = next(self.parameters()).dtype
        scaled = 2 * x.to(dtype) / (self.num_levels - 1) - 1
        return self.net(scaled).unflatten(1, (self.image_channels, self.num_levels)).movedim(2, -1)

    def log_prob(self, x: Int[Tensor, "batch c height width"]) -> Float[Tensor, "batch"]:
        """Nats per image."""
        log_p = F.log_softmax(self(x), dim=-1)
        return log_p.gather(-1, x.long().unsqueeze(-1)).flatten(1).sum(1)


# %% task="masked-conv"
class MaskedConv2d(nn.Module):
    """A convolution, with bias, whose output at (row, column, group) reads only what comes before.

    mask_type: "A" hides the centre's own group, "B" shows it.
    in_channels, out_channels: multiples of num_groups; group g is the g-th contiguous block of channels.
    kernel_size: odd. The image is padded with zeros, so that height and width stay as they are.

    `forward` never changes a weight, and no parameter besides weights and biases is trained.
    """

    def __init__(
        self, mask_type: str, in_channels: int, out_channels: int, kernel_size: int, num_groups: int = 1
    ) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        centre = kernel_size // 2
        group_in = torch.arange(in_channels) * num_groups // in_channels
        group_out = torch.arange(out_channels)[:, None] * num_groups // out_channels

        mask = torch.zeros(out_channels, in_channels, kernel_size, kernel_size, dtype=torch.bool)
        mask[:, :, :centre] = True
        mask[:, :, centre, :centre] = True
        mask[:, :, centre, centre] = group_in < group_out if mask_type == "A" else group_in <= group_out

        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=centre)
        self.register_buffer("mask", mask)
        ### END SOLUTION

    def forward(self, x: Float[Tensor, "batch in height width"]) -> Float[Tensor, "batch out height width"]:
        """The convolution of x with the masked kernel."""
        ### BEGIN SOLUTION
        return F.conv2d(x, self.conv.weight * self.mask, self.conv.bias, padding=self.conv.padding)
        ### END SOLUTION


# %% check="masked-conv"
check("masked-conv")

# %% figure="masked-conv"
from dgm_course.testing import dependencies


def receptive_field(model: nn.Module, size: int = 11) -> Bool[Tensor, "size size"]:
    """Which pixels of an image, for some of eight random ones, move the logits of its centre pixel."""
    images = torch.randint(0, 2, (8, 1, size, size), generator=torch.Generator().manual_seed(0))
    reads = dependencies(lambda x: model(x).flatten(1, 3), images)
    return reads[size * size // 2].reshape(size, size)


figure, axes = plt.subplots(1, 4, figsize=(9, 2.5), layout="constrained")
for num_layers, axis in enumerate(axes, start=1):
    field = receptive_field(PixelCNN(2, 8, 3, num_layers).double())
    axis.imshow(field, cmap="Blues", vmin=0, vmax=1.4)
    axis.scatter([5], [5], marker="s", color="tab:red")
    axis.set(
        title=f"{num_layers} layer{'s' * (num_layers > 1)}: {int(field.sum())} pixels", xticks=[], yticks=[]
    )
figure.suptitle("What the red pixel reads (3×3 kernels): more layers, and still blind to the upper right")
plt.show()

# %% [markdown]
# **What breaks if** the first layer is type B? Each pixel is asked to predict what it can read: training drives the
# loss to 0.0000 nats, and the "probabilities" of all images no longer add up to 1. **And if** every layer is type A?
# All probabilities are fine, and the model is silently worse: of the 36 pairs it can use 24. This is why the check
# asks both questions, *nothing forbidden* and *nothing missing*.
#
# The answer to the question: 34. Pixel (1, 0) never hears of (0, 2), nor pixel (2, 0) of (1, 2): a 3×3 kernel climbs
# one row for each column it moves right, so a wedge on the upper right stays out of sight however deep the
# stack. Task 8 removes this *blind spot*.
