# %% [markdown]
# # Homework 1 · Autoregressive models
#
# Every joint distribution is a product of conditionals,
# $$p(x_1, \dots, x_D) = \prod_{t=1}^{D} p(x_t \mid x_1, \dots, x_{t-1}),$$
# and an autoregressive model is a network for the right-hand side. The likelihood is exact, training is
# classification, and sampling goes one variable at a time. What makes it a likelihood is one rule: **output
# $t$ sees inputs before $t$ and nothing else**. A network that peeks at $x_t$ trains beautifully, reports a
# wonderful loss, and is worthless. Half of this homework is about keeping the rule (windows, recurrent
# states, masks, causal convolutions, attention); the other half about what an exact likelihood is good for.
#
# Twelve tasks, 100 points, no GPU. Each task is the same five steps:
#
# 1. read the text, and **write your prediction down before you run anything**;
# 2. fill in the cell with `raise NotImplementedError`: keep names and signatures, the docstring is the
#    contract (shapes, units, ranges);
# 3. run the `check` cell below it. It prints ✓ or ✗ for every property; an ✗ says what was expected, what
#    your code gave, the likely cause and where to read;
# 4. look at the figure of what you just built;
# 5. break it on purpose, as the text suggests, and see which property notices.
#
# **What is graded.** The points come from hidden tests of the same kind as the checks, on other inputs and
# other sizes and for a few more properties. A task is judged on its own: if it builds on an earlier one that
# failed, it is judged again on top of a right version. You may add cells and helper functions wherever you
# like. Checks and figures never cost points.
#
# **Random numbers and precision.** Nothing you write is compared with numbers drawn from a fixed seed: you
# may draw in any order. Where a function takes a `generator`, pass it on to every draw (`torch.rand(...,
# generator=generator)`), and never set the global seed inside a function. Tests convert your modules with
# `.double()`, because in 64 bits "sums to one" means within $10^{-10}$ and a small mistake cannot hide in
# the rounding: create tensors in the dtype of what you were given, not in `torch.float32`. Beware of integers:
# `x / 3` and `counts / n` of integer tensors are `float32`, so convert first, `x.to(means.dtype) / 3`.

# %% given="imports"
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from dgm_course import data, plots
from dgm_course.homework import check, scoreboard
