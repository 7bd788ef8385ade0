# %% [markdown]
# ## Task 11 · Training on digits (8 points)
#
# Everything so far was true for *any* weights. Now find good ones. Maximum likelihood is one line: over a training
# set, minimise the mean negative log-likelihood, here per dimension so that images of all sizes can be compared,
#
# $$\mathcal L(\theta) = -\frac{1}{N D} \sum_{n=1}^{N} \log p_\theta\big(x^{(n)}\big) \quad \text{nats per dimension.}$$
#
# One loop serves every model that has a `log_prob`: in each epoch shuffle the images, cut them into batches, and take
# one step of Adam for each. You then choose width, depth, epochs, batch size and learning rate for your MADE (Task 5)
# and for the `PixelCNN` made of your masked convolutions (Task 7).
#
# The data are scikit-learn's digits, 8×8, a pixel is 1 where there is ink: 1500 images to train on and 297 to be
# judged on. The scale in nats per dimension: a fair coin for each pixel costs $\ln 2 = 0.693$, the best coin for each
# pixel 0.395, a pixel predicted from the one before it 0.380. **The goal is between 0.24 and 0.325** on the test
# images (up to 0.335 for half of the points).
#
# **Predict** before you train: why is there a *lower* limit? What would a model that reaches 0.05 have done?

# %% given="training-aids"
class BernoulliModel(nn.Module):
    """Independent pixels. Its best weights are known: logit i is the log-odds of pixel i's mean."""

    def __init__(self, num_dims: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(num_dims))

    def log_prob(self, x: Tensor) -> Float[Tensor, "batch"]:
        x = x.flatten(1).to(self.logits.dtype)
        return (x * self.logits - F.softplus(self.logits)).sum(1)


class RollCall(nn.Module):
    """Writes down which images every training call of `log_prob` is given; an image's first pixel is its number."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.batches: list[list[int]] = []

    def log_prob(self, x: Tensor) -> Float[Tensor, "batch"]:
        if torch.is_grad_enabled():
            self.batches.append(x.flatten(1)[:, 0].long().tolist())
        return self.weight * x.flatten(1).sum(1)

    def calls(self) -> list[list[int]]:
        return self.batches


# %% task="train"
def train_autoregressive(
    model: nn.Module,
    images: Tensor,
    *,
    num_epochs: int,
    batch_size: int,
    learning_rate: float,
    generator: torch.Generator,
) -> list[float]:
    """Maximum likelihood with Adam; the model is trained in place.

    model: any module with `log_prob(x) -> (batch,)` in nats per image.
    images: (N, ...), passed to `log_prob` in batches of `batch_size` as they are; the last batch may be smaller.
    generator: decides the order of the images, a new one every epoch, and nothing else does.

    In every epoch each image goes through `log_prob` exactly once. Returns one number per epoch: the mean
    negative log-likelihood of the N images, in nats per dimension, as seen during that epoch.
    """
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    num_dims = images[0].numel()
    history = []
    for _ in range(num_epochs):
        total = 0.0
        for batch in torch.randperm(len(images), generator=generator).split(batch_size):
            nats = -model.log_prob(images[batch])
            optimizer.zero_grad()
            (nats.mean() / num_dims).backward()
            optimizer.step()
            total += nats.sum().item()
        history.append(total / (len(images) * num_dims))
    return history
    ### END SOLUTION


def train_made(images: Int[Tensor, "examples 64"], generator: torch.Generator) -> nn.Module:
    """A trained MADE of binary images with 64 pixels: `model(x)` gives the logits (batch, 64).

    About ten seconds on one core are plenty; grading stops at two minutes for both models.
    """
    ### BEGIN SOLUTION
    model = MADE(num_dims=images.shape[1], hidden_dims=(512,))
    train_autoregressive(model, images, num_epochs=20, batch_size=50, learning_rate=3e-3, generator=generator)
    return model
    ### END SOLUTION


def train_pixelcnn(images: Int[Tensor, "examples 1 8 8"], generator: torch.Generator) -> nn.Module:
    """A trained PixelCNN of binary images: `model(x)` gives the logits (batch, 1, 8, 8, 2)."""
    ### BEGIN SOLUTION
    model = PixelCNN(num_levels=2, channels=16, kernel_size=5, num_layers=3)
    train_autoregressive(model, images, num_epochs=10, batch_size=32, learning_rate=5e-3, generator=generator)
    return model
    ### END SOLUTION


# %% check="train"
check("train")

# %% figure="train"
digits = data.digits(binarize="threshold")
generator = torch.Generator().manual_seed(0)
made = train_made(digits.train.flatten(1), generator)
pixelcnn = train_pixelcnn(digits.train, generator)


def made_logits(x: Int[Tensor, "batch 64"]) -> Float[Tensor, "batch 64 levels"]:
    log_odds = made(x)
    return torch.stack([torch.zeros_like(log_odds), log_odds], dim=-1)


def pixelcnn_logits(x: Int[Tensor, "batch 64"]) -> Float[Tensor, "batch 64 levels"]:
    return pixelcnn(x.reshape(-1, 1, 8, 8)).flatten(1, 3)


test = digits.test.flatten(1)
pictures = {"test images": test[:20]}
for name, logits in {"MADE": made_logits, "PixelCNN": pixelcnn_logits}.items():
    with torch.no_grad():
        nats = F.cross_entropy(logits(test).flatten(0, 1), test.flatten())
    pictures[f"{name}, {nats:.4f} nats/dim"] = ancestral_sample(logits, 20, 64, generator)  # your Task 10

figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
for axis, (title, images) in zip(axes, pictures.items(), strict=True):
    axis.imshow(plots.mosaic(images.reshape(-1, 1, 8, 8), columns=5))
    axis.set(title=title, xticks=[], yticks=[])
figure.suptitle("Goal: 0.24 … 0.325 nats/dim on test images. Left: digits, the others: your samples")
plt.show()

# %% [markdown]
# **What breaks if** you forget `zero_grad`? Gradients pile up, each step follows the sum of all earlier ones, and the
# loss overshoots like a pendulum. **If** you never shuffle? Here little, by luck: these images come in random order.
# Sorted by digit, every batch would undo the one before. **If** the loss is summed and not averaged? Adam hardly
# notices, as it divides by the size of the gradient; plain gradient descent explodes. **If** a mask leaks? A MADE that
# sees its own inputs reaches 0.17 on test images and a PixelCNN 0.00: this is the reason for the lower limit. No loss
# curve shows a leak, only a test of what depends on what, and so the trained models are asked once more.
#
# Which of your two models is better? On 1500 small, centred images the MADE may well win: position tells it a lot,
# and it has the weights to use it. The PixelCNN has a fifth of the weights, and on large images, where the
# same stroke occurs anywhere, it is far ahead.
#
# **At full scale**: `train_autoregressive` takes images of any size. On binarised 28×28 MNIST the papers report, in nats
# per image, 88.40 for a MADE with one hidden layer and one ordering, 86.64 for two layers and 32 orderings, and 81.30
# for PixelCNN. That is 0.104 nats per dimension and no leak: large images are mostly empty.
