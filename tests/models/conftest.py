import pytest
from torch import Generator


@pytest.fixture
def rng() -> Generator:
    return Generator().manual_seed(0)
