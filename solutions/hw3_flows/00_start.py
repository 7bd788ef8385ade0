# %% [markdown]
# # Homework 3 · Normalizing flows
#
# An autoregressive model factorises, a latent variable model integrates, a flow **bends space**. Draw $z$ from a simple
# density $p_Z$ and push it through an invertible map, $x = f(z)$. Where $f$ stretches, probability gets thin, and where it
# squeezes, thick:
# $$\log p(x) = \log p_Z\bigl(f^{-1}(x)\bigr) + \log\left|\det \frac{\partial f^{-1}}{\partial x}\right|.$$
# The likelihood is exact, a sample is one draw of $z$ sent through $f$, and nothing is approximate. It is paid for twice:
# $f$ must have an inverse, and the determinant of a $D \times D$ matrix, which costs $D^3$ in general, must be cheap. Every
# flow is an answer to these two demands. In this homework you write a decade of answers: linear maps, planar flows, couplings, autoregressive flows,
# splines.
#
# **The one rule is an honest determinant.** A flow that gets it wrong does not crash and does not look bad. Flip its sign
# and train on two moons: the loss reaches −2.09 nats where an honest flow ends at 1.92, a triumph, and the "density"
# integrates to 681.6. So every task here asks the same three questions: does the inverse undo the map, is the
# log-determinant that of the Jacobian, and, in the end, is the mass one?
#
# **Conventions**, the same in all tasks. A layer maps latent to data:
#
# * `forward(z) -> (x, log_det)` generates, `inverse(x) -> (z, log_det)` evaluates;
# * `log_det` has one number per example, `(B,)`, in nats, summed over all dimensions of the example, and it belongs to the
#   map that was computed: at corresponding points `forward`'s and `inverse`'s log_det have opposite signs;
# * vectors are `(B, D)`, images `(B, C, H, W)`, and `log_prob` is `(B,)` in nats;
# * what is trained is an `nn.Parameter`; what is not trained is a buffer (`register_buffer`).
#
# Twelve tasks, 100 points, no GPU. In each of them: read the text and **write your prediction down before you run anything**;
# fill in the cell with `raise NotImplementedError`, where names and signatures stay and the docstring is the contract; run
# the `check` cell below it, which says of every property that fails what was expected, what came, the likely cause and where
# to read; look at the figure; then break your code as the text suggests and see which property notices.
#
# **What is graded.** The points come from hidden tests of the same kind as the checks, on other inputs and other sizes and
# for a few more properties. A task is judged on its own: if it builds on an earlier one that failed, it is judged again on
# top of a right version. You may add cells and helper functions wherever you like. Checks and figures never cost points.
#
# **Random numbers and precision.** Nothing is compared with numbers drawn from a fixed seed. A `generator` that you are
# given goes to every draw (`torch.rand(..., generator=generator)`), and no function sets the global seed. Tests convert your
# modules with `.double()`, because a round trip that is good to $10^{-10}$ leaves a small mistake no place to hide: create
# tensors in the dtype and on the device of what you were given.

# %% given="imports"
import math
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from dgm_course import data, plots
from dgm_course.homework import check, scoreboard
