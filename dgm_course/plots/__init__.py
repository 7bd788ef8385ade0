"""Static figures, readable from the last row.

Every function returns a new matplotlib `Figure`: nothing is shown, and neither pyplot's state nor the reader's
style is touched. Colours can be told apart by colour-blind readers (petroff10, cividis).
"""

from dgm_course.plots.curves import training_curves
from dgm_course.plots.distributions import density, histogram, ladder, probability_bars
from dgm_course.plots.images import mosaic, show_images
from dgm_course.plots.maps import pushed_forward, warped_grids
from dgm_course.plots.sequences import dilation_tree, lines
from dgm_course.plots.structure import dependency_matrix, receptive_field

__all__ = [
    "density",
    "dependency_matrix",
    "dilation_tree",
    "histogram",
    "ladder",
    "lines",
    "mosaic",
    "probability_bars",
    "pushed_forward",
    "receptive_field",
    "show_images",
    "training_curves",
    "warped_grids",
]
