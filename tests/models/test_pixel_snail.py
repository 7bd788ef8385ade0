"""Attention reads the strict past, and carries the image to where the moved kernels do not reach."""

import pytest
import torch

from dgm_course.models.autoregressive import pixel_snail
from dgm_course.models.autoregressive.pixel_snail import PixelSNAIL, attend_to_past
from dgm_course.testing import (
    PropertyError,
    assert_causal,
    assert_close,
    randomize,
)


def by_definition(queries, keys, values):
    """One time after another, over those before it."""
    told = [torch.zeros_like(values[:, 0])]
    for t in range(1, queries.shape[1]):
        scores = (keys[:, :t] @ queries[:, t, :, None])[..., 0] / queries.shape[2] ** 0.5
        told.append((scores.softmax(dim=1)[..., None] * values[:, :t]).sum(dim=1))
    return torch.stack(told, dim=1)


def own_pixel_too(queries, keys, values):
    past = torch.ones(queries.shape[1], queries.shape[1]).tril().bool()
    scores = queries @ keys.mT / queries.shape[2] ** 0.5
    return scores.masked_fill(~past, -torch.inf).softmax(dim=-1) @ values


def masked_after_softmax(queries, keys, values):
    past = torch.ones(queries.shape[1], queries.shape[1]).tril(-1).bool()
    return (queries @ keys.mT / queries.shape[2] ** 0.5).softmax(dim=-1) * past @ values


def nearest_only(queries, keys, values):
    return torch.nn.functional.pad(values, (0, 0, 1, 0))[:, :-1]


def column_by_column(queries, keys, values):
    """The past in another order, for images of three rows."""
    order = torch.arange(queries.shape[1]).view(3, -1).T.flatten()
    told = attend_to_past(*(part[:, order] for part in (queries, keys, values)))
    return told[:, order.argsort()]


WRONG = [own_pixel_too, masked_after_softmax, nearest_only, column_by_column]


def assert_attention(attend, rng):
    queries, keys, values = torch.randn(3, 4, 6, 5, generator=rng, dtype=torch.float64)
    assert_close(attend(queries, keys, values), by_definition(queries, keys, values), tolerance=1e-12)


def test_attention_is_its_definition(rng):
    assert_attention(attend_to_past, rng)
    for wrong in WRONG:
        with pytest.raises(PropertyError):
            assert_attention(wrong, rng)


def assert_every_pixel_before(image_shape, rng, num_levels=2):
    model = PixelSNAIL(image_shape, num_levels, 6, num_blocks=1, num_layers=1, dims=4, num_components=3)
    randomize(model, rng, 0.3)
    place = torch.tensor(model.order).argsort()
    allowed = place < place[:, None]
    x = torch.randint(num_levels, (24, *image_shape), generator=rng)
    assert_causal(
        lambda x: model.logits(x).flatten(1, -2), x, allowed, alternatives=num_levels, tolerance=1e-12
    )
    return int(allowed.sum())


def test_one_block_reaches_every_pixel_before_and_no_other(rng):
    assert assert_every_pixel_before((1, 3, 7), rng) == 210
    assert assert_every_pixel_before((1, 3, 3), rng, num_levels=5) == 36
    assert assert_every_pixel_before((1, 1, 1), rng) == 0


def test_colours_are_generated_one_after_another(rng):
    assert assert_every_pixel_before((3, 3, 2), rng, num_levels=4) == 153


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_attention_is_noticed(wrong, rng, monkeypatch):
    monkeypatch.setattr(pixel_snail, "attend_to_past", wrong)
    with pytest.raises(PropertyError):
        assert_every_pixel_before((1, 3, 7), rng)


def test_an_image_that_is_not_moved_is_noticed(rng, monkeypatch):
    monkeypatch.setattr(pixel_snail, "shift", lambda x, down=0, right=0: x)
    with pytest.raises(PropertyError):
        assert_every_pixel_before((1, 3, 7), rng)
