# %% [markdown] slide="slide"
# # Lecture 2 · Autoregressive models
#
# One idea: **predict the next thing from what came before.** Text, images, sound: everything is a sequence of small
# questions.
#
# $$p(x_1, \dots, x_D) = \prod_{t=1}^{D} p(x_t \mid x_1, \dots, x_{t-1})$$
#
# Exact likelihood. No latent variables, no sampling in training. And samples that are slow to draw.

# %% [markdown] slide="notes"
# *For the speaker.* 60 minutes. Every system enters because the one before failed; say the failure aloud before you
# scroll. Each figure is preceded by a question: let the class vote first. All cells train on one core in seconds; run
# everything before the lecture, and again live where you like (`Kernel › Restart and run all` takes about a minute and
# a half).
#
# | minutes | section | if you are late, skip |
# | --- | --- | --- |
# | 3 | the road, NLL, bits per dimension | |
# | 4 | Histograms | gradient descent on logits |
# | 4 | The chain rule | |
# | 3 | Markov models | the matrix of the window |
# | 4 | Recurrent models | the three things that break |
# | 6 | Causal convolutions, WaveNet | the eights; the waveforms |
# | 7 | Masks | three orders; NADE |
# | 6 | Masked convolutions | PixelRNN; the table of what breaks |
# | 2 | Gated PixelCNN | |
# | 4 | Discretised logistics | mixtures |
# | 4 | Attention | where it looks |
# | 4 | Training, The ladder | the live run |
# | 4 | Sampling | one pass against many |
# | 4 | Conditional models, Compression | all but the first slide of each |
# | 5 | Inpainting, Which system when | |

# %% [markdown] slide="subslide"
# **The road**
#
# | fails at | so we need | |
# | --- | --- | --- |
# | – | a table of probabilities | histogram |
# | many dimensions | the chain rule | tables of contexts |
# | long contexts | a network for the table | Markov window |
# | what left the window | a state | RNN |
# | training step by step | all positions at once | causal convolution, WaveNet |
# | data without an order in time | masks | MADE, NADE |
# | images: every pixel its own weights | masked convolution | PixelCNN, gated stacks |
# | 256 unrelated levels | an ordered output | discretised logistics |
# | a fixed reach | look anywhere | attention |

# %% slide="skip"
import bz2
import json
import math
import time
import zlib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from IPython.display import Audio, display
from matplotlib_inline.backend_inline import set_matplotlib_formats

from dgm_course import compression, data, plots
from dgm_course.demos import (
    DiscretisedLogistic,
    HistogramMLE,
    KVCache,
    LiveTraining,
    MadeMasks,
    NextSymbol,
    PixelSampler,
    ReceptiveField,
    WaveNetTree,
)
from dgm_course.metrics import bits_per_dim
from dgm_course.models.autoregressive.base import AutoregressiveModel
from dgm_course.models.autoregressive.char_rnn import CharRNN
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.models.autoregressive.histogram import Histogram
from dgm_course.models.autoregressive.logistic_mixture import LogisticMixture, mixture_log_prob
from dgm_course.models.autoregressive.made import MADE, hidden_degrees
from dgm_course.models.autoregressive.markov import MarkovMLP
from dgm_course.models.autoregressive.masked_conv import conv_mask
from dgm_course.models.autoregressive.orderless_nade import OrderlessNADE
from dgm_course.models.autoregressive.pixel_rnn import DiagonalBiLSTM, RowLSTM
from dgm_course.models.autoregressive.pixelcnn import PixelCNN
from dgm_course.models.autoregressive.transformer import Transformer
from dgm_course.models.autoregressive.wavenet import WaveNet
from dgm_course.testing import all_strings, dependencies, randomize
from dgm_course.training import fit

set_matplotlib_formats("retina")  # readable from the last row
torch.manual_seed(0)


def noise(seed: int = 0) -> torch.Generator:
    """A source of random numbers that is the same at every run."""
    return torch.Generator().manual_seed(seed)


# %% [markdown] slide="subslide"
# **What is a good model?** One that would not have been surprised. On images it never saw,
#
# $$\mathrm{NLL} = -\frac{1}{N} \sum_{n=1}^{N} \log p(x^{(n)}) .$$
#
# No model is better on average than the data's own entropy: $\;\mathrm{NLL} = H(p_\text{data}) +
# \mathrm{KL}(p_\text{data} \,\|\, p) \ge H(p_\text{data})$.

# %% [markdown] slide="fragment"
# ### Bits per dimension
#
# Natural logarithms give *nats*; divided by $\ln 2$ they are *bits*, and divided by the number of dimensions they can
# be compared between data sets:
#
# $$\text{bits/dim} = \frac{\mathrm{NLL} \text{ in nats}}{D \ln 2} .$$
#
# A bit is a question with two equally likely answers: a file of 8-bit pixels costs 8 bits/dim, and a model that says
# 3 could shrink it to three eighths.
