"""An image is written pixel by pixel and colour by colour, and every value is put where it belongs."""

import pytest
import torch

from dgm_course.models.autoregressive import image_gpt, transformer
from dgm_course.models.autoregressive.image_gpt import ImageGPT
from dgm_course.testing import PropertyError, assert_causal, assert_close, randomize

SHAPE = (3, 3, 2)
WHERE = [(r, c, g) for g in range(3) for r in range(3) for c in range(2)]


@pytest.fixture
def x(rng):
    return torch.randint(4, (8, *SHAPE), generator=rng)


def build(rng):
    return randomize(ImageGPT(SHAPE, 4, width=8, num_heads=2, num_layers=1), rng, 0.5)


def assert_reads_what_comes_before(x, rng):
    model = build(rng)
    allowed = torch.tensor([[j < i for j in WHERE] for i in WHERE])
    assert_causal(lambda x: model.logits(x).flatten(1, -2), x, allowed, alternatives=4, tolerance=1e-12)


def test_reads_every_value_before_and_no_other(x, rng):
    assert_reads_what_comes_before(x, rng)


@pytest.mark.parametrize(
    ("module", "name", "wrong"),
    [
        (image_gpt, "raster_order", lambda *shape: list(range(18))),  # all of red, then all of green
        (transformer, "shift_right", lambda x, start: x),
    ],
)
def test_another_order_and_a_leak_are_noticed(module, name, wrong, x, rng, monkeypatch):
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(PropertyError):
        assert_reads_what_comes_before(x, rng)


def assert_is_its_sequence(logits, model, x):
    """The image's conditionals are those of the sequence that its pixels make."""
    sequence = torch.tensor([[example[g, r, c] for r, c, g in sorted(WHERE)] for example in x])
    expected = model.transformer.logits(sequence)
    got = logits(x)
    for t, (r, c, g) in enumerate(sorted(WHERE)):
        assert_close(got[:, g, r, c].detach(), expected[:, t].detach(), tolerance=1e-12)


def test_is_the_transformer_of_its_sequence(x, rng):
    model = build(rng)
    assert_is_its_sequence(model.logits, model, x)

    def left_in_the_sequence(x):
        order = torch.tensor(model.order)
        return model.transformer.logits(x.flatten(1)[:, order]).unflatten(1, SHAPE)

    def put_back_by_the_same_order(x):
        order = torch.tensor(model.order)
        return model.transformer.logits(x.flatten(1)[:, order])[:, order].unflatten(1, SHAPE)

    for wrong in (left_in_the_sequence, put_back_by_the_same_order):
        with pytest.raises(PropertyError):
            assert_is_its_sequence(wrong, model, x)
