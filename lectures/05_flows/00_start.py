# %% [markdown] slide="slide"
# # Lecture 5 · Normalizing flows
#
# One idea: **bend a simple density into the one you need.** Draw $z$ from a Gaussian, push it through an invertible map,
# and keep account of how much the map stretches.
#
# $$x = f(z), \qquad \log p(x) = \log p_Z\big(f^{-1}(x)\big) + \log \left| \det \frac{\partial f^{-1}}{\partial x} \right|$$
#
# Exact likelihood, one pass for a sample, and a latent code that loses nothing. The price: $f$ must be invertible, and
# its determinant cheap.

# %% [markdown] slide="notes"
# *For the speaker.* 60 minutes. Every system enters because the one before failed; say the failure aloud before you scroll. Each figure
# is preceded by a question: let the class vote first. All cells train on one core in seconds; run everything before the
# lecture, and again live where you like.

# %% [markdown] slide="subslide"
# **The road**
#
# | stuck at | so we need | |
# | --- | --- | --- |
# | counting, where data are real numbers | a map whose stretching is known | change of variables |
# | more than one dimension | volumes | determinants, linear maps |
# | linear maps: Gaussians stay Gaussian | a bend | planar flows |
# | one bend a layer, no formula back | a triangular Jacobian | coupling |
# | halves that are fixed, scales that run away | mixing and scaling that are learned | 1×1 convolution, ActNorm |
# | images: full size at every layer | let go of what is finished | multiscale |
# | half of the dimensions idle | all of them, in order | autoregressive flows |
# | a stretch for every number | a curve for every number | splines |
# | data that are integers | noise that fills the cell | dequantisation |
# | a determinant that lies | a test that cannot be fooled | mass |
# | no data, only an energy | samples of our own | reverse KL |

# %% slide="skip"
import math
from functools import partial

import torch
from IPython.display import display
from matplotlib_inline.backend_inline import set_matplotlib_formats

from dgm_course import data, plots
from dgm_course.demos import (
    ChangeOfVariables,
    CouplingSteps,
    Dequantization,
    GridWarp,
    JacobianArea,
    LiveFlow,
    MafIaf,
    PlanarBend,
    SignError,
)
from dgm_course.demos.flows.maf_iaf import passes
from dgm_course.metrics import bits_per_dim
from dgm_course.models.autoregressive.histogram import Histogram
from dgm_course.models.flows.base import Chain, Flow, log_normal
from dgm_course.models.flows.coupling import RealNVP
from dgm_course.models.flows.dequantization import UniformDequantization, VariationalDequantization
from dgm_course.models.flows.glow import Glow
from dgm_course.models.flows.iaf import IAF
from dgm_course.models.flows.maf import MAF, AutoregressiveAffine
from dgm_course.models.flows.mixture_cdf import MixtureCDF
from dgm_course.models.flows.multiscale import MultiscaleRealNVP, Squeeze
from dgm_course.models.flows.planar import PlanarFlow
from dgm_course.models.flows.spline import SplineFlow, rational_quadratic
from dgm_course.testing import randomize
from dgm_course.training import fit

set_matplotlib_formats("retina")  # readable from the last row
torch.manual_seed(0)


def noise(seed: int = 0) -> torch.Generator:
    """A source of random numbers that is the same at every run."""
    return torch.Generator().manual_seed(seed)


normal = torch.distributions.Normal(0.0, 1.0)
