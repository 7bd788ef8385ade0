"""The catalogue says of every data set what the data set says of itself."""

import pytest
import torch

from dgm_course import data


@pytest.mark.parametrize("row", [row for row in data.CATALOGUE if not row.download], ids=lambda row: row.name)
def test_a_row_describes_what_it_loads(row):
    loaded = row.load()
    if isinstance(loaded, data.Split):
        size = sum(len(part) for part in (loaded.train, loaded.validation, loaded.test))
        assert (row.shape, row.num_levels) == (loaded.event_shape, loaded.num_levels)
        assert row.size in (size, None)
    else:
        x = loaded.sample(3, generator=torch.Generator().manual_seed(0))
        assert (tuple(x.shape[1:]), x.is_floating_point()) == (row.shape, row.num_levels is None)


def test_a_name_that_is_not_there_is_answered_by_those_that_are():
    with pytest.raises(KeyError, match=r"'digit'.*digits.*cifar-10"):
        data.entry("digit")


def test_names_are_unique():
    names = [row.name for row in data.CATALOGUE]
    assert len(set(names)) == len(names)
