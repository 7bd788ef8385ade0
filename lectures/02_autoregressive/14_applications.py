# %% [markdown] slide="slide"
# ## Compression
#
# A symbol of probability $p$ needs $-\log_2 p$ bits (Shannon 1948), and an arithmetic coder comes within a few bytes of
# that for the whole file. So **every autoregressive model is a lossless compressor**: coder and decoder ask the model the same questions.
#
# **Predict.** 297 digits of 64 pixels are 2,376 bytes raw. zlib? bz2? Our models?

# %%
raw = np.packbits(digits.test.flatten().numpy().astype(np.uint8)).tobytes()
sizes = {"raw": len(raw), "zlib": len(zlib.compress(raw, 9)), "bz2": len(bz2.compress(raw))}
for name, model, images in (("MADE", mades["row by row"], flat_test), ("PixelCNN", pixelcnn, digits.test)):
    packed = compression.encode(model, images)
    assert torch.equal(compression.decode(model, packed, num_events=297), images)  # nothing is lost
    with torch.no_grad():
        promised = -model.log_prob(images).sum().item() / math.log(2) / 8
    sizes[name] = len(packed)
    print(f"{name}: −log₂ p(x) promises {promised:.1f} bytes, the file has {len(packed)}")
plots.ladder(sizes, unit="bytes for 297 images, the model not counted")

# %% [markdown] slide="fragment"
# **What breaks if** one weight differs in its last bit between coder and decoder? From the first symbol whose
# probability is rounded otherwise, everything after it is garbage. And who counts the model's own bytes?

# %% [markdown] slide="slide"
# ## Inpainting
#
# Keep what is known, draw the rest in order. The upper half is given, PixelCNN draws the lower half, three times.
# **Predict:** would it work with the lower half given?


# %% hide=true
def halves(model: torch.nn.Module, known: torch.Tensor) -> torch.Tensor:
    """Originals, what is known in black and white on grey, and three completions."""
    x = digits.test[:10]
    parts = [part.view(10, *model.event_shape) for part in (x, known)]
    drawn = [model.complete(*parts, generator=noise(seed)).view(x.shape) for seed in range(3)]
    return torch.cat([x, torch.where(known, x.double(), 0.5), *drawn])


upper = torch.zeros(10, 1, 8, 8, dtype=torch.bool)
upper[:, :, :4] = True
display(plots.show_images(halves(pixelcnn, upper), columns=10, title="the upper half is known"))
display(plots.show_images(halves(pixelcnn, ~upper), columns=10, title="the lower half is known"))

# %% [markdown] slide="fragment"
# Evidence that comes **later** in the order cannot be used by ancestral sampling: the upper halves do not fit. A model
# of the opposite order could use it, and one of all orders can use any: orderless NADE
# ([arXiv:1310.1757](https://arxiv.org/abs/1310.1757)) is told what is known before its first draw.

# %% hide=true
orderless = OrderlessNADE(64)
fit(orderless, flat_train, epochs=40, batch_size=64, lr=2e-3, progress=False)
plots.show_images(halves(orderless, ~upper), columns=10, title="the lower half is known: orderless NADE")

# %% [markdown] slide="slide"
# ## Which system when
#
# | | one pass of training | one sample | reach | shares weights |
# | --- | --- | --- | --- | --- |
# | Markov window | parallel | window | fixed, short | over time |
# | RNN | step by step | one step | all, fading | over time |
# | WaveNet | parallel | queues | fixed, long | over time |
# | MADE | parallel | degree blocks | all, any order | no |
# | NADE | $D$ steps | one sum | all, any order | the inputs' |
# | PixelCNN | parallel | cached features | grows with depth, blind spot | over pixels |
# | Gated PixelCNN | parallel | cached features | grows with depth | over pixels |
# | Transformer | parallel, $T^2$ | cached keys | all | over time |
#
# **What none of them has:** a representation of the whole, and a sample in one step. That is where lectures 3 to 6 begin.

# %% [markdown] slide="subslide"
# **Homework 1** is this lecture, task by task: histogram, discretised logistics, Markov window, char-RNN, MADE, WaveNet,
# masked convolution, gated PixelCNN, attention, sampling, training, conditional models. Where a check says
# "read lecture 2, section …", the section has that title here.

# %% [markdown] slide="skip"
# ## References
#
# - Shannon 1948, [a mathematical theory of communication](https://doi.org/10.1002/j.1538-7305.1948.tb01338.x): entropy,
#   coding, and text drawn from counted contexts
# - Bengio, Ducharme, Vincent & Jauvin 2003, [a neural probabilistic language model](https://jmlr.org/papers/v3/bengio03a.html)
# - Mikolov et al. 2010, [recurrent neural network based language
#   model](https://www.isca-archive.org/interspeech_2010/mikolov10_interspeech.html), of words; GRU:
#   [arXiv:1406.1078](https://arxiv.org/abs/1406.1078)
# - NADE: Larochelle & Murray 2011, [the neural autoregressive distribution
#   estimator](https://proceedings.mlr.press/v15/larochelle11a.html); Uria et al., [arXiv:1605.02226](https://arxiv.org/abs/1605.02226); orders: [arXiv:1310.1757](https://arxiv.org/abs/1310.1757)
# - MADE: [arXiv:1502.03509](https://arxiv.org/abs/1502.03509)
# - PixelRNN and PixelCNN: [arXiv:1601.06759](https://arxiv.org/abs/1601.06759); gated: [arXiv:1606.05328](https://arxiv.org/abs/1606.05328);
#   logistic mixtures: [arXiv:1701.05517](https://arxiv.org/abs/1701.05517); PixelSNAIL: [arXiv:1712.09763](https://arxiv.org/abs/1712.09763)
# - WaveNet: [arXiv:1609.03499](https://arxiv.org/abs/1609.03499); its queues: [arXiv:1611.09482](https://arxiv.org/abs/1611.09482)
# - Transformer: [arXiv:1706.03762](https://arxiv.org/abs/1706.03762); ImageGPT: Chen et al. 2020, [generative pretraining
#   from pixels](https://proceedings.mlr.press/v119/chen20s.html)
# - Coding with models: [arXiv:2201.01741](https://arxiv.org/abs/2201.01741)
