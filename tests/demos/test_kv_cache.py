"""The maths of the demo on the cache: counts from the shape of the network, logits compared, what is kept."""

import pytest
import torch

from dgm_course.demos.autoregressive.kv_cache import LENGTH, NUM_LEVELS, KVCache, cost
from dgm_course.models.autoregressive.transformer import Transformer


def multiply_adds(width, layers, new, seen):
    """Of `new` symbols through the network that look at `seen`: projections, attention, perceptron, readout."""
    block = new * (3 + 1 + 8) * width**2 + 2 * new * seen * width
    return layers * block + new * width * NUM_LEVELS


@pytest.mark.parametrize(("width", "layers"), [(16, 1), (64, 2)])
def test_counts_follow_from_the_shape(width, layers):
    measured = cost(width, layers)
    again = [multiply_adds(width, layers, t, t) for t in range(1, LENGTH + 1)]
    cached = [multiply_adds(width, layers, 1, t) for t in range(1, LENGTH + 1)]
    assert measured.again.diff().tolist() == again
    assert measured.cached.diff().tolist() == cached
    assert measured.whole == multiply_adds(width, layers, LENGTH, LENGTH)


def test_the_cache_changes_no_logit_and_a_position_that_starts_again_does():
    right, wrong = cost(16, 2).apart.T
    assert right.max() < 1e-9
    assert wrong[1] < 1e-9  # the first symbol does stand at the first position
    assert wrong[2] > 0.01
    assert (wrong.diff() >= 0).all()


def test_as_many_numbers_are_kept_as_it_says():
    model = Transformer(LENGTH, NUM_LEVELS, width=16, num_heads=4, num_layers=4)
    _, caches = model.read(torch.zeros(1, 10, dtype=torch.long))
    kept = sum(each.numel() for cache in caches for each in cache)
    assert f"which keeps {kept:,} numbers" in KVCache(time=10, width=16, layers=4).says.value


def test_the_picture_has_a_square_for_every_position():
    demo = KVCache(time=10)
    for (before, new, said), count in ((demo.again, 55), (demo.kept, 10)):
        assert len(before.get_paths()) == 45
        assert len(new.get_paths()) == 10
        assert said.get_text() == f"{count} positions"
    assert [path.vertices[:4].max(axis=0).tolist() for path in demo.again[0].get_paths()][-1] == [9, 10]
    orange, blue = (line.get_ydata()[-1] for line in demo.lines)
    assert orange / blue == pytest.approx(5.5, rel=0.02)


def test_the_bug_is_said_and_drawn():
    assert "the same logits." in KVCache(time=10).says.value
    demo = KVCache(time=10, bug=True)
    assert f"logits off by {cost(64, 2).apart[10, 1]:.2f}." in demo.says.value
    assert "logits off by" in demo.ratio.get_text()
