"""Live demos, one file each, in a folder a chapter: the maths as plain functions, and a thin view below them.

    >>> MadeMasks(seed=3, order="random")
    MadeMasks(order='random', seed=3)

As the last line of a cell this is a live widget. `snapshot()` gives its picture; its `repr` brings the moment back.
"""

from importlib.util import find_spec

if find_spec("ipywidgets") is None:
    raise ModuleNotFoundError('live demos need ipywidgets: pip install "dgm_course[lab]"')

from dgm_course.demos.autoregressive.discretised_logistic import DiscretisedLogistic
from dgm_course.demos.autoregressive.histogram_mle import HistogramMLE
from dgm_course.demos.autoregressive.kv_cache import KVCache
from dgm_course.demos.autoregressive.live_training import LiveTraining
from dgm_course.demos.autoregressive.made_masks import MadeMasks
from dgm_course.demos.autoregressive.next_symbol import NextSymbol
from dgm_course.demos.autoregressive.pixel_sampler import PixelSampler
from dgm_course.demos.autoregressive.receptive_field import ReceptiveField
from dgm_course.demos.autoregressive.wavenet_tree import WaveNetTree
from dgm_course.demos.demo import Demo
from dgm_course.demos.flows.change_of_variables import ChangeOfVariables
from dgm_course.demos.flows.coupling_steps import CouplingSteps
from dgm_course.demos.flows.dequantization import Dequantization
from dgm_course.demos.flows.grid_warp import GridWarp
from dgm_course.demos.flows.jacobian_area import JacobianArea
from dgm_course.demos.flows.live_flow import LiveFlow
from dgm_course.demos.flows.maf_iaf import MafIaf
from dgm_course.demos.flows.planar_bend import PlanarBend
from dgm_course.demos.flows.sign_error import SignError

# By the name of the file in which each one is found.
DEMOS: dict[str, type[Demo]] = {
    demo.__module__.rpartition(".")[2]: demo
    for demo in (
        HistogramMLE,
        NextSymbol,
        WaveNetTree,
        MadeMasks,
        ReceptiveField,
        DiscretisedLogistic,
        KVCache,
        LiveTraining,
        PixelSampler,
        ChangeOfVariables,
        JacobianArea,
        PlanarBend,
        CouplingSteps,
        GridWarp,
        MafIaf,
        Dequantization,
        LiveFlow,
        SignError,
    )
}

__all__ = [
    "DEMOS",
    "ChangeOfVariables",
    "CouplingSteps",
    "Demo",
    "Dequantization",
    "DiscretisedLogistic",
    "GridWarp",
    "HistogramMLE",
    "JacobianArea",
    "KVCache",
    "LiveFlow",
    "LiveTraining",
    "MadeMasks",
    "MafIaf",
    "NextSymbol",
    "PixelSampler",
    "PlanarBend",
    "ReceptiveField",
    "SignError",
    "WaveNetTree",
]
