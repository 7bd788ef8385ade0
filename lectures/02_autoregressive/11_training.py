# %% [markdown] slide="slide"
# ## Training
#
# All these models train alike: **minimise the negative log-likelihood**, that is, $D$ classifications per example, all
# in one pass, on true pasts (*teacher forcing*).
#
# - A validation set decides when to stop: exact likelihoods overfit like any classifier.
# - Below the entropy of the data there is nothing to win. A test loss that falls there is **a leak**.
#
# **Predict** for MADE without early stopping, 60 epochs on 300 images: where do the two curves go?

# %% hide=true
overfitted = MADE(64, hidden=(256,))
history = fit(
    overfitted,
    flat_train[:300],
    epochs=60,
    batch_size=32,
    lr=4e-3,
    validation=flat_train[300:600],
    patience=60,
    progress=False,
)
plots.training_curves(history, unit="nats per image", title="MADE on 300 digits")

# %% [markdown] slide="subslide"
# Press *Play*: a smaller MADE trains as you watch. Then another learning rate, 100 images, and the bug, whose curve is
# the best of all. **Predict** its draws.

# %%
LiveTraining()

# %% [markdown] slide="slide"
# ## The ladder
#
# 5,000 MNIST images in black and white, 784 pixels, 4,000 to train on. Too slow to train live: these are figures and draws
# measured by `tests/benchmarks/ladder.py`, which anyone can run again. **Predict** the order: independent pixels, a
# mixture of 100, MADE, NADE, PixelCNN.

# %% hide=true
measured = json.loads(Path("ladder.json").read_text())
rungs = ("independent", "mixture of 100", "MADE", "NADE", "PixelCNN")
for name in rungs:
    row = measured[name]
    print(f"{name:15} {row['nats']:7.2f} nats {row['cpu_seconds']:6.1f} CPU-s {row['parameters']:9,} numbers")
plots.ladder(
    {name: measured[name]["nats"] for name in rungs},
    unit="nats per test image",
    title="MNIST-5k, thresholded",
)

# %% [markdown] slide="subslide"
# What a nat looks like: draws, one row per model, in the same order.

# %% hide=true
bits = [
    np.unpackbits(np.frombuffer(bytes.fromhex(image), np.uint8))
    for name in rungs
    for image in measured[name]["draws"]
]
plots.show_images(torch.tensor(np.stack(bits)).view(-1, 1, 28, 28), columns=12)

# %% [markdown] slide="fragment"
# Each rung shares more: the mixture shares whole images between examples, MADE and NADE share hidden units between
# pixels, PixelCNN shares one kernel among all pixels. It has fewer numbers than the mixture, and the best likelihood.
# Published figures (MADE like ours, with one hidden layer and one mask, 88.40, NADE 88.33, PixelCNN 81.30 nats) are for
# 50,000 images binarised otherwise: compare the order, not the numbers.

# %% [markdown] slide="fragment"
# **And which row looks best?** Many would say the mixture: whole digits, ragged ones. PixelCNN's strokes are clean, and
# few of its small network's digits are digits. The likelihood asks about every pixel given those before it, and most
# pixels are decided by their neighbours. *A better likelihood and a better-looking draw are two different things.*
