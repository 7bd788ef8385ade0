# %% [markdown]
# ## Task 12 · A conditional model is a classifier (6 points)
#
# Give a MADE the label as well and it becomes one distribution over images for each class, $p(x \mid y)$.
# The label is known before the first pixel, so every conditional may use it; no mask is needed for it:
# $$h^{(l)} = \mathrm{ReLU}\bigl((W^{(l)} \odot M^{(l)})\, h^{(l-1)} + b^{(l)} + E^{(l)}_y\bigr), \qquad
# \text{logits} = (W \odot M)\, h + b + E_y,$$
# with one embedding $E^{(l)}$ for each layer. Do not forget the last one: the output of the first dimension
# is connected to no hidden unit at all, and only through $E_y$ can its probability depend on the class.
#
# A generative model of each class is a classifier for free. With a prior $p(y)$, Bayes' rule gives
# $$p(y \mid x) = \frac{p(x \mid y)\, p(y)}{\sum_{y'} p(x \mid y')\, p(y')},$$
# and its denominator is the likelihood $p(x)$ of the image without its label. All of it is computed in
# logarithms: the likelihood of an image is a product of 64 or 784 numbers below one and has no place in a
# floating-point number.
#
# Last, units. A likelihood in nats grows with the number of dimensions and says "nat" only because of the
# natural logarithm. To compare across sizes, report **bits per dimension**: what a perfect compressor would
# spend on one pixel. One nat is $1 / \log 2$ bits. Convert once, at the very end.
#
# **Predict** before you run the figure: by how many bits *per image* can knowing the label lower the code
# length at most, with ten classes? How many bits per dimension is that, for 64 pixels?

# %% task="conditional"
def nats_to_bits_per_dim(nats: Float[Tensor, "*shape"], num_dims: int) -> Float[Tensor, "*shape"]:
    """Bits per dimension of examples with num_dims dimensions whose −log p(x) is `nats`, in nats per example."""
    ### BEGIN SOLUTION
    return nats / (num_dims * math.log(2.0))
    ### END SOLUTION


def class_log_posterior(
    log_likelihoods: Float[Tensor, "batch C"], log_prior: Float[Tensor, "C"]
) -> Float[Tensor, "batch C"]:
    """log p(y | x) from log p(x | y), one column per class, and log p(y).

    Each row of its exponential sums to 1. Right also where every log-likelihood is below −1000.
    """
    ### BEGIN SOLUTION
    return F.log_softmax(log_likelihoods + log_prior, dim=-1)
    ### END SOLUTION


class ConditionalMADE(nn.Module):
    """One distribution over D bits for each of C classes: a MADE in the natural order whose layers read the label."""

    def __init__(self, num_dims: int, num_classes: int, hidden_dims: tuple[int, ...]) -> None:
        """num_dims: D ≥ 1.   num_classes: C ≥ 1.   hidden_dims: widths of the hidden layers, each ≥ D − 1.

        Build the masks with `made_masks` of task 5; `MaskedLinear` is there as well. The network is complete.
        """
        ### BEGIN SOLUTION
        super().__init__()
        self.num_classes = num_classes
        degrees = [torch.arange(width) % max(num_dims - 1, 1) for width in hidden_dims]
        self.layers = nn.ModuleList(
            MaskedLinear(mask) for mask in made_masks(torch.arange(num_dims), degrees)
        )
        self.labels = nn.ModuleList(nn.Embedding(num_classes, width) for width in (*hidden_dims, num_dims))
        ### END SOLUTION

    def forward(self, x: Tensor, y: Int[Tensor, "batch"]) -> Float[Tensor, "batch dims"]:
        """Logits of x_i = 1 given x_0, …, x_{i−1} and the class y in 0 … C − 1.   x (B, D), 0/1, integer or float."""
        ### BEGIN SOLUTION
        hidden = x.to(self.layers[0].weight.dtype)
        for layer, label in zip(self.layers[:-1], self.labels[:-1], strict=True):
            hidden = F.relu(layer(hidden) + label(y))
        return self.layers[-1](hidden) + self.labels[-1](y)
        ### END SOLUTION

    def log_prob(self, x: Tensor, y: Int[Tensor, "batch"]) -> Float[Tensor, "batch"]:
        """log p(x | y) in nats, summed over the dimensions."""
        ### BEGIN SOLUTION
        logits = self(x, y)
        return -F.binary_cross_entropy_with_logits(logits, x.to(logits.dtype), reduction="none").sum(dim=1)
        ### END SOLUTION

    def log_posterior(self, x: Tensor, log_prior: Float[Tensor, "C"]) -> Float[Tensor, "batch C"]:
        """log p(y | x) of every class, by Bayes' rule."""
        ### BEGIN SOLUTION
        classes = torch.arange(self.num_classes)
        log_likelihoods = [self.log_prob(x, y.expand(len(x))) for y in classes]
        return class_log_posterior(torch.stack(log_likelihoods, dim=1), log_prior)
        ### END SOLUTION


# %% check="conditional"
check("conditional")

# %% figure="conditional"
digits = data.digits(binarize="threshold")
images, held_out = digits.train.flatten(1), digits.test.flatten(1)
labels, held_out_labels = digits.labels.train, digits.labels.test
torch.manual_seed(0)
model = ConditionalMADE(64, 10, hidden_dims=(128,))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for _ in range(12):
    for batch in torch.randperm(len(images)).split(100):
        loss = -model.log_prob(images[batch], labels[batch]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

with torch.no_grad():
    log_prior = torch.full((10,), -math.log(10.0))
    posterior = model.log_posterior(held_out, log_prior)
    accuracy = (posterior.argmax(dim=1) == held_out_labels).double().mean()
    given_label = model.log_prob(held_out, held_out_labels)
    own = posterior.gather(1, held_out_labels[:, None]).squeeze(1)
    alone = given_label - math.log(10.0) - own  # log p(x) = log p(x|y) + log p(y) − log p(y|x)
    columns = torch.arange(10).repeat(3)
    drawn = torch.zeros(30, 64, dtype=torch.int64)
    for i in range(64):
        drawn[:, i] = torch.bernoulli(model(drawn, columns)[:, i].sigmoid())

framed = F.pad(drawn.view(3, 10, 8, 8), (1, 1, 1, 1))
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.2), layout="constrained", width_ratios=(2.2, 1))
left.imshow(framed.permute(0, 2, 1, 3).reshape(30, 100), cmap="gray_r")
left.set(title="three draws for each label 0 … 9", xticks=[], yticks=[])
confusion = torch.zeros(10, 10).index_put_(
    (held_out_labels, posterior.argmax(dim=1)), torch.tensor(1.0), accumulate=True
)
right.imshow(confusion, cmap="Blues")
right.set(title=f"held out: {accuracy:.1%} right", xlabel="p(y | x) says", ylabel="label", xticks=range(10))
plt.show()
for name, log_prob in (("p(x)", alone), ("p(x | y)", given_label)):
    print(f"{name:9s} {nats_to_bits_per_dim(-log_prob.mean(), 64):.4f} bits per dimension")

# %% [markdown]
# **What breaks if** the label enters only the hidden layers? Everything trains, all sums are 1, and the
# classifier is nearly as good: only the first pixel cannot know what it is part of. In an image that costs
# little; in the first character of a line it may cost everything. **What breaks if** you compute $p(x \mid
# y)$ before you normalise? $e^{-800}$ is 0 for every class, and the posterior is 0/0. And two numbers to
# look at once more: the label saves at most $\log_2 10 = 3.3$ bits, *one twentieth of a bit per dimension*.
# A model may improve its bits per dimension considerably without knowing anything about digits, and the
# other way round.
