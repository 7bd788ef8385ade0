"""Coding loses nothing, whatever the events and the model, and takes as many bits as the model says."""

import math

import pytest
import torch

from dgm_course import compression
from dgm_course.compression import OVERHEAD_BITS, OVERHEAD_BITS_PER_SYMBOL, decode, encode
from dgm_course.models.autoregressive.base import AutoregressiveModel
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.models.autoregressive.histogram import Histogram
from dgm_course.models.autoregressive.made import MADE
from dgm_course.testing import randomize
from dgm_course.zoo import SYSTEMS

CODERS = [system for system in SYSTEMS if isinstance(system.tiny(), AutoregressiveModel)]


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("scale", [0.5, 20.0])
@pytest.mark.parametrize("system", CODERS, ids=lambda system: system.name)
def test_everything_comes_back(system, scale, rng):
    """Also what a model holds for all but impossible: the uniform events are none of its own."""
    model = randomize(system.tiny(), rng, scale)
    for dtype in (torch.float64, torch.float32):
        model = model.to(dtype)
        x = torch.randint(model.num_levels, (50, *model.event_shape), generator=rng)
        assert torch.equal(decode(model, encode(model, x), num_events=50), x)


def ideal_and_coded(model, x):
    """−log₂ p of all events, and how many bits their stream has."""
    return -model.log_prob(x).sum().item() / math.log(2), 8 * len(encode(model, x))


def most(ideal, x):
    return ideal + OVERHEAD_BITS + OVERHEAD_BITS_PER_SYMBOL * x.numel()


@pytest.mark.parametrize("system", CODERS, ids=lambda system: system.name)
def test_the_length_is_the_negative_log_likelihood(system, rng):
    model = randomize(system.tiny(), rng, scale=0.5)
    x = model.sample(200, generator=rng)
    ideal, bits = ideal_and_coded(model, x)
    assert ideal - 1 < bits <= most(ideal, x)
    assert bits < x.numel() * math.log2(model.num_levels)


@pytest.mark.parametrize("scale", [0.5, 5.0])
@pytest.mark.parametrize("system", CODERS, ids=lambda system: system.name)
def test_no_event_costs_more_than_that(system, scale, rng):
    """Uniform events, too, which the model did not expect."""
    model = randomize(system.tiny(), rng, scale)
    x = torch.randint(model.num_levels, (1000, *model.event_shape), generator=rng)
    ideal, bits = ideal_and_coded(model, x)
    assert bits <= most(ideal, x)


def test_a_long_stream_loses_by_the_symbol(rng):
    model = randomize(Histogram(2), rng)
    x = model.sample(1_000_000, generator=rng)
    ideal, bits = ideal_and_coded(model, x)
    assert ideal + OVERHEAD_BITS < bits <= most(ideal, x)


def test_a_model_of_classes_needs_the_class(rng):
    model = randomize(GatedPixelCNN((1, 4, 4), channels=8, num_layers=2, num_classes=3), rng, scale=0.5)
    y = torch.randint(3, (20,), generator=rng)
    x = model.sample(20, y=y, generator=rng)
    packed = encode(model, x, y)
    assert torch.equal(decode(model, packed, 20, y), x)
    assert not torch.equal(decode(model, packed, 20, (y + 1) % 3), x)


def test_probabilities_that_differ_by_rounding_lose_the_stream(rng, monkeypatch):
    """Why the coder walks: in float32 the logits of one pass are others in the last bits."""
    model = randomize(MADE(200, hidden=(300, 300)), rng).float()
    x = model.sample(200, generator=rng)
    packed = encode(model, x)
    assert torch.equal(decode(model, packed, 200), x)
    exact = compression._probabilities
    monkeypatch.setattr(compression, "_probabilities", lambda logits: exact(logits * (1 + 1e-6)))
    with pytest.raises(ValueError, match="another model"):
        decode(model, packed, 200)


def test_a_value_outside_the_levels_is_refused(rng):
    with pytest.raises(ValueError, match="0 … 1"):
        encode(MADE(3), torch.tensor([[0, 2, 1]]))
