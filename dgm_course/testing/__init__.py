"""Property asserts for generative models, in the manner of `numpy.testing`.

One set of asserts serves the library's own tests, the checks in the notebooks and the hidden tests. Each raises a
`PropertyError` that says what was expected, what came, the likely cause, and where to read about it.
"""

from dgm_course.testing.calculus import (
    assert_gradients_reach,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_no_gradient,
    gradient,
)
from dgm_course.testing.compare import (
    assert_bound,
    assert_close,
    assert_moved,
    assert_shape,
    assert_unchanged,
)
from dgm_course.testing.errors import PropertyError, StudentError
from dgm_course.testing.modules import (
    assert_differentiable,
    draw_responsive,
    fill_weights,
    keeps_parameters,
    outputs_over_weights,
    randomize,
    slopes,
    stack_outputs,
)
from dgm_course.testing.probability import (
    all_strings,
    assert_normalized,
    assert_not_independent,
    assert_samples_follow,
    binary_strings,
    draw_dependent,
)
from dgm_course.testing.structure import assert_causal, assert_each_alone, dependencies

__all__ = [
    "PropertyError",
    "StudentError",
    "all_strings",
    "assert_bound",
    "assert_causal",
    "assert_close",
    "assert_differentiable",
    "assert_each_alone",
    "assert_gradients_reach",
    "assert_invertible",
    "assert_log_det_matches_jacobian",
    "assert_moved",
    "assert_no_gradient",
    "assert_normalized",
    "assert_not_independent",
    "assert_samples_follow",
    "assert_shape",
    "assert_unchanged",
    "binary_strings",
    "dependencies",
    "draw_dependent",
    "draw_responsive",
    "fill_weights",
    "gradient",
    "keeps_parameters",
    "outputs_over_weights",
    "randomize",
    "slopes",
    "stack_outputs",
]
