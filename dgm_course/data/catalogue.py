"""The data sets by name: what `dgm data list` shows and `dgm data fetch` gets."""

from collections.abc import Callable
from dataclasses import dataclass

from dgm_course.data.bars import BarsAndStripes, bars_and_stripes
from dgm_course.data.digits import digits
from dgm_course.data.full_images import cifar10, fashion_mnist, mnist_70k
from dgm_course.data.mnist import mnist
from dgm_course.data.notes import notes
from dgm_course.data.split import Split
from dgm_course.data.text import text
from dgm_course.data.toy import Toy, checkerboard, moons, pinwheel, ring, spirals, two_gaussians


@dataclass(frozen=True)
class Entry:
    """One data set; `load()` gets it.

    `shape` is of one example; `num_levels` is None for real numbers; `size` counts the examples, None for what
    can be sampled without end.

    Example:
        >>> entry("digits").shape, entry("digits").num_levels, entry("digits").download
        ((1, 8, 8), 17, False)
        >>> entry("digits").load()
        LabelledSplit(train=(1000, 1, 8, 8), validation=(350, 1, 8, 8), test=(447, 1, 8, 8), num_levels=17)
    """

    name: str
    load: Callable[[], Split | Toy | BarsAndStripes]
    shape: tuple[int, ...]
    num_levels: int | None
    size: int | None
    about: str
    download: bool = False


CATALOGUE = (
    Entry("ring", ring, (2,), None, None, "eight Gaussians on a circle, exact density"),
    Entry("two-gaussians", two_gaussians, (2,), None, None, "two Gaussians, exact density"),
    Entry("moons", moons, (2,), None, None, "two blurred half circles, density exact to 1e-9"),
    Entry("checkerboard", checkerboard, (2,), None, None, "uniform on every other square, exact density"),
    Entry("pinwheel", pinwheel, (2,), None, None, "five curved arms, exact density"),
    Entry("spirals", spirals, (2,), None, None, "two wound arms, exact density"),
    Entry("bars-and-stripes", bars_and_stripes, (1, 4, 4), 2, 30, "every image and its exact probability"),
    Entry("digits", digits, (1, 8, 8), 17, 1797, "handwritten digits of scikit-learn"),
    Entry("mnist", mnist, (1, 28, 28), 256, 5000, "500 of each MNIST digit"),
    Entry("text", text, (64,), 96, None, "Python's help texts in windows of 64 characters"),
    Entry("notes", notes, (1024,), 256, 500, "plucked notes as μ-law audio, made on the spot"),
    Entry("mnist-70k", mnist_70k, (1, 28, 28), 256, 70_000, "all of MNIST, 12 MB", download=True),
    Entry("fashion-mnist", fashion_mnist, (1, 28, 28), 256, 70_000, "clothes, 31 MB", download=True),
    Entry("cifar-10", cifar10, (3, 32, 32), 256, 60_000, "small photographs, 170 MB", download=True),
)


def entry(name: str) -> Entry:
    """The data set called `name`; `KeyError` names the ones there are.

    Example:
        >>> entry("mnist-70k").download
        True
    """
    for row in CATALOGUE:
        if row.name == name:
            return row
    raise KeyError(f"there is no data set {name!r}; there is {', '.join(row.name for row in CATALOGUE)}")
