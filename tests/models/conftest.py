from collections.abc import Iterator

import pytest
import torch
from torch import Generator


@pytest.fixture(autouse=True)
def global_randomness() -> Iterator[None]:
    """What a constructor draws is the same in every test, whichever ran before."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture
def rng() -> Generator:
    return Generator().manual_seed(0)
