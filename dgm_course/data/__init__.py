"""Data: offline by default, the same parts for everyone, exact densities wherever they exist.

Every data set is one call (`data.digits()`) that returns a `Split`: `.train`, `.validation` and `.test` are
int64 tensors `(examples, *event)` with entries in `range(num_levels)`; labelled data have the same three parts
below `.labels`. What can be sampled without end has `.sample(num_samples, generator=…)` and, in nats,
`.log_prob(x)`. Only a `sample` without a generator reads or moves the global random state.
"""

from dgm_course.data.bars import BarsAndStripes, bars_and_stripes
from dgm_course.data.catalogue import CATALOGUE, Entry, entry
from dgm_course.data.digits import digits
from dgm_course.data.downloads import DownloadError
from dgm_course.data.full_images import cifar10, fashion_mnist, mnist_70k
from dgm_course.data.mnist import mnist
from dgm_course.data.notes import Notes, mu_law, mu_law_expand, notes
from dgm_course.data.split import LabelledSplit, Split
from dgm_course.data.text import Text, text
from dgm_course.data.toy import Toy, checkerboard, moons, pinwheel, ring, spirals, two_gaussians

__all__ = [
    "CATALOGUE",
    "BarsAndStripes",
    "DownloadError",
    "Entry",
    "LabelledSplit",
    "Notes",
    "Split",
    "Text",
    "Toy",
    "bars_and_stripes",
    "checkerboard",
    "cifar10",
    "digits",
    "entry",
    "fashion_mnist",
    "mnist",
    "mnist_70k",
    "moons",
    "mu_law",
    "mu_law_expand",
    "notes",
    "pinwheel",
    "ring",
    "spirals",
    "text",
    "two_gaussians",
]
