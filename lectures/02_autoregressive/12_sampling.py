# %% [markdown] slide="slide"
# ## Sampling
#
# **Ancestral:** draw $x_1$; given it, draw $x_2$; and so on. Every autoregressive model of the course is walked in
# the same way: it *yields* the logits of the next variable, and is *sent* its value.

# %%
@torch.no_grad()
def generate(model, num_samples: int, *, temperature: float = 1.0, seed: int = 0) -> torch.Tensor:
    """Ancestral sampling from p(x_t | x_<t)^(1 / temperature), normalised at every step."""
    walk, value, drawn, source = model.walk(num_samples), None, [], noise(seed)
    for _ in model.order:
        probabilities = (walk.send(value) / temperature).softmax(dim=-1)
        value = torch.multinomial(probabilities, 1, generator=source)[:, 0]
        drawn.append(value)
    return torch.stack(drawn, dim=1)


# %% [markdown] slide="subslide"
# **Temperature** divides the logits: $T \to 0$ always takes the likeliest symbol, $T = 1$ is the model, $T \to \infty$
# is uniform. **Predict:** which of these texts is the likeliest under the model, and which looks best?

# %%
for temperature in (0.2, 0.7, 1.0, 1.5):
    texts = generate(rnn, 4, temperature=temperature)
    with torch.no_grad():
        cost = bits_per_dim(-rnn.log_prob(texts).mean().item(), 64)
    print(f"T = {temperature}: {cost:.2f} bits/char under the model\n{corpus.decode(texts.flatten())}\n")

# %% [markdown] slide="fragment"
# At $T = 0.2$ it writes little but blanks. Nothing costs fewer bits, and no page of the corpus looks like that: **the
# likeliest text is not a typical one.** What people like to read lies in between. And what they like to hear? The same
# WaveNet, at $T = 0.6$:

# %%
Audio(data.mu_law_expand(generate(wavenet, 8, temperature=0.6)).flatten().numpy(), rate=notes.rate)

# %% [markdown] slide="subslide"
# **What breaks if** all pixels are drawn in *one* pass, each from its conditional given zeros? Or if each is its likeliest
# value? A row each, and ancestral sampling below.


# %% hide=true
@torch.no_grad()
def one_pass(model: PixelCNN, num_samples: int) -> torch.Tensor:
    logits = model.logits(model.blank(num_samples)[0])
    return torch.distributions.Categorical(logits=logits).sample()


rows = torch.cat(
    [
        one_pass(pixelcnn, 8),
        generate(pixelcnn, 8, temperature=1e-3).view(-1, 1, 8, 8),
        generate(pixelcnn, 8).view(-1, 1, 8, 8),
    ]
)
plots.show_images(rows, columns=8)

# %% [markdown] slide="subslide"
# Try it, in grey: pixel by pixel, hotter and colder with the same noise, and all pixels from one pass. **Predict** what
# the picture costs in bits when no pixel knows of the others. (`PixelSampler(model=mades["shuffled"])` draws in another
# order.)

# %%
PixelSampler()

# %% [markdown] slide="subslide"
# **Slow by definition?** $D$ steps, yes; $D$ *passes*, no. Each model remembers what it has computed: MADE a block of
# units per degree, NADE its sum, PixelCNN the features of earlier pixels, WaveNet a queue, the Transformer keys and values.

# %%
for name, model in {"MADE": mades["row by row"], "PixelCNN": pixelcnn, "Transformer": gpt}.items():
    by_definition = partial(AutoregressiveModel.walk, model)  # a whole pass for every step
    seconds = []
    for walk in (by_definition, model.walk):
        start, steps = time.perf_counter(), walk(16)
        value = None
        with torch.no_grad():
            for _ in model.order:
                value = steps.send(value).argmax(dim=-1)
        seconds.append(time.perf_counter() - start)
    print(f"{name:12} {seconds[0]:.3f} s by definition, {seconds[1]:.3f} s remembering")
