# %% [markdown] slide="slide"
# ## Compression
#
# A symbol of probability $p$ needs $-\log_2 p$ bits (Shannon 1948), and an arithmetic coder gets there but for a few bits in
# all. So **every autoregressive model is a lossless compressor**: coder and decoder ask the model the same questions.
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
def halves(known: torch.Tensor) -> torch.Tensor:
    """Originals, what is known in black and white on grey, and three completions."""
    x = digits.test[:10]
    shown = torch.where(known, x.double(), 0.5)
    return torch.cat([x, shown, *(pixelcnn.complete(x, known, generator=noise(seed)) for seed in range(3))])


upper = torch.zeros(10, 1, 8, 8, dtype=torch.bool)
upper[:, :, :4] = True
display(plots.show_images(halves(upper), columns=10, title="the upper half is known"))
display(plots.show_images(halves(~upper), columns=10, title="the lower half is known"))

# %% [markdown] slide="fragment"
# Evidence that comes **later** in the order cannot be heard by ancestral sampling: the upper halves do not fit. MADE in
# another order, or one model for all orders ([arXiv:1310.1757](https://arxiv.org/abs/1310.1757)), can do it.

# %% [markdown] slide="slide"
# ## Which system when
#
# | | one pass of training | one sample | reach | shares weights |
# | --- | --- | --- | --- | --- |
# | Markov window | parallel | window | fixed, short | over time |
# | RNN | step by step | one step | all, fading | over time |
# | WaveNet | parallel | queues | fixed, long | over time |
# | MADE, NADE | parallel | degree blocks | all, any order | no |
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
# - Shannon 1948, *A Mathematical Theory of Communication*: entropy, coding, and text drawn from counted contexts
# - Bengio, Ducharme, Vincent & Jauvin 2003, [a neural probabilistic language model](https://jmlr.org/papers/v3/bengio03a.html)
# - Mikolov et al. 2010, recurrent neural network based language model, Interspeech; GRU: [arXiv:1406.1078](https://arxiv.org/abs/1406.1078)
# - NADE: Larochelle & Murray 2011, AISTATS; Uria et al., [arXiv:1605.02226](https://arxiv.org/abs/1605.02226); orders: [arXiv:1310.1757](https://arxiv.org/abs/1310.1757)
# - MADE: [arXiv:1502.03509](https://arxiv.org/abs/1502.03509)
# - PixelRNN and PixelCNN: [arXiv:1601.06759](https://arxiv.org/abs/1601.06759); gated: [arXiv:1606.05328](https://arxiv.org/abs/1606.05328);
#   logistic mixtures: [arXiv:1701.05517](https://arxiv.org/abs/1701.05517); PixelSNAIL: [arXiv:1712.09763](https://arxiv.org/abs/1712.09763)
# - WaveNet: [arXiv:1609.03499](https://arxiv.org/abs/1609.03499); its queues: [arXiv:1611.09482](https://arxiv.org/abs/1611.09482)
# - Transformer: [arXiv:1706.03762](https://arxiv.org/abs/1706.03762)
# - Coding with models: [arXiv:2201.01741](https://arxiv.org/abs/2201.01741)
