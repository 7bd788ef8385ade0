# %% [markdown] slide="slide"
# ## Gated PixelCNN
#
# Two stacks instead of one ([van den Oord et al. 2016, arXiv:1606.05328](https://arxiv.org/abs/1606.05328)):
#
# - the **vertical** stack reads whole rectangles of rows; what it knows is handed on **one row below**;
# - the **horizontal** stack reads its own row to the left, and is given what the vertical stack saw above.
#
# A rectangle grows into a rectangle: no blind spot. And WaveNet's gate, with a class $c$ if there is one:
#
# $$y = \tanh(W_f * x + V_f c) \odot \sigma(W_g * x + V_g c) .$$

# %% [markdown] slide="subslide"
# **Predict:** how many pixels does the star read now, with five layers?

# %% hide=true
gated_field = field(GatedPixelCNN((1, 9, 9), channels=8, num_layers=5))
plots.receptive_field(gated_field, (4, 4), allowed=earlier, title="two stacks: all that comes before")

# %% [markdown] slide="fragment"
# **What breaks if** the shift by one row is left out? The vertical features of a row know all of that row, the pixel
# itself included: a leak, and the 512 "probabilities" add up to 3.25 for one draw of random weights.
