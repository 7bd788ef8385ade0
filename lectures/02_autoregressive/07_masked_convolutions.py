# %% [markdown] slide="slide"
# ## Masked convolutions
#
# Generate row by row; let **one kernel serve every pixel**, and set it to zero at what is still to come
# ([PixelCNN: van den Oord et al. 2016, arXiv:1601.06759](https://arxiv.org/abs/1601.06759)).

# %%
print("type A, the first layer:", *conv_mask("A", 1, 1, 3)[0, 0].int().tolist(), sep="\n")
print("type B, all others:", *conv_mask("B", 1, 1, 3)[0, 0].int().tolist(), sep="\n")

# %% [markdown] slide="fragment"
# - **A** reads the image and must not see its own pixel.
# - **B** reads features, and its own pixel's features have not seen the pixel.
# - With colours: red, then green given red, then blue given both. The same rule, for groups of channels.

# %% [markdown] slide="subslide"
# **Predict.** One A and three B layers of 3×3 kernels: which pixels does the star read?


# %% hide=true
def field(model: torch.nn.Module, size: int = 9) -> torch.Tensor:
    """Which pixels move the conditional at the centre of a size × size image."""
    model = randomize(model.double(), noise())
    images = torch.randint(2, (8, 1, size, size), generator=noise())
    reads = dependencies(lambda x: model.logits(x).flatten(1, 3), images, alternatives=2)
    return reads[size * size // 2].view(size, size)


earlier = (torch.arange(81) < 40).view(9, 9)
shallow = PixelCNN((1, 9, 9), channels=8, num_blocks=3, first_kernel=3)
plots.receptive_field(field(shallow), (4, 4), allowed=earlier, title="A, B, B, B; ○ is never seen")

# %% [markdown] slide="subslide"
# A **blind spot**: a wedge on the upper right. A 3×3 kernel climbs one row for each column it goes right, so more
# layers do not help:

# %% hide=true
deep = PixelCNN((1, 9, 9), channels=8, num_blocks=10, first_kernel=3)
plots.receptive_field(field(deep), (4, 4), allowed=earlier, title="A and ten times B")

# %% [markdown] slide="subslide"
# Try it: another pixel, more layers, larger kernels, the bug. (And *two stacks*, once you have met them.)

# %%
ReceptiveField(layers=6)

# %% [markdown] slide="subslide"
# **Or a memory that sweeps over the image**: PixelRNN, of the same paper. A **Row LSTM** goes from row to row, and a
# state reads three states of the row above. A **Diagonal BiLSTM** goes from both upper corners, and a state reads the
# one above it and the one beside it. **Predict** what one layer of each reads, behind a 3×3 kernel.

# %% hide=true
for name, kind in (("Row LSTM: a triangle", RowLSTM), ("Diagonal BiLSTM: all but one", DiagonalBiLSTM)):
    reads = field(kind((1, 9, 9), channels=8, num_layers=1, first_kernel=3))
    display(plots.receptive_field(reads, (4, 4), allowed=earlier, title=name))

# %% [markdown] slide="fragment"
# The pixel that the second leaves out is for a larger first kernel to reach. The paper's figures for CIFAR-10 are 3.07
# bits/dim (Row LSTM) and 3.00 (Diagonal BiLSTM), against 3.14 of PixelCNN. **They fail** where RNNs do: a row waits for
# the row above, a diagonal for the one before it, in every layer and at every step of training. A convolution has all
# pixels at once; so it was PixelCNN that people went on with.

# %% [markdown] slide="subslide"
# **What breaks if** … (all on the 512 binary images of 3×3 pixels; 36 of 72 pairs may be connected)
#
# | network | $\sum_x p(x)$ | pairs used, of 36 |
# | --- | --- | --- |
# | A, then B | 1 | 34: the blind spot is 2 |
# | first layer B | not 1: **a leak** | 34 |
# | A everywhere | 1 | 24: **silently worse** |
#
# A sum of one proves that nothing leaks. It does not prove that nothing is missing: ask both questions.

# %%
pixelcnn = PixelCNN((1, 8, 8), num_blocks=3)
fit(pixelcnn, digits.train, epochs=15, batch_size=64, lr=4e-3, progress=False)
for name, model, x in (("PixelCNN", pixelcnn, digits.test), ("MADE", mades["row by row"], flat_test)):
    print(f"{name:8} {nats_per_dim(model, x):.3f} nats/dim")

# %% [markdown] slide="fragment"
# On 1,500 tiny images MADE still holds its own: 64 pixels, all in the same place. On larger images it will not.
