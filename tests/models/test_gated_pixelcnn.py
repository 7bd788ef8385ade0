"""Two stacks reach every pixel before, and no other."""

import pytest
import torch

from dgm_course.models.autoregressive import gated_pixelcnn
from dgm_course.models.autoregressive.gated_pixelcnn import GatedLayer, GatedPixelCNN
from dgm_course.testing import PropertyError, assert_causal, randomize


def assert_every_pixel_before(image_shape, rng, num_levels=2, channels=12, num_layers=3):
    model = GatedPixelCNN(image_shape, num_levels, channels, num_layers)
    randomize(model, rng, 0.5)
    place = torch.tensor(model.order).argsort()
    allowed = place < place[:, None]
    x = torch.randint(num_levels, (16, *image_shape), generator=rng)
    assert_causal(
        lambda x: model.logits(x).flatten(1, -2), x, allowed, alternatives=num_levels, tolerance=1e-12
    )
    return int(allowed.sum())


def test_no_blind_spot_and_no_leak(rng):
    assert assert_every_pixel_before((1, 3, 3), rng) == 36
    assert assert_every_pixel_before((1, 4, 4), rng, num_levels=3, num_layers=4) == 120


def test_colours_are_generated_one_after_another(rng):
    assert assert_every_pixel_before((3, 3, 2), rng, num_levels=4) == 153


def no_shift(v):
    return v


def shifted_twice(v):
    return gated_pixelcnn.F.pad(v, (0, 0, 2, 0))[:, :, :-2]


def nothing_from_above(v):
    """A horizontal stack alone."""
    return torch.zeros_like(v)


@pytest.mark.parametrize("wrong", [no_shift, shifted_twice, nothing_from_above])
def test_a_wrong_link_between_the_stacks_is_noticed(wrong, rng, monkeypatch):
    monkeypatch.setattr(gated_pixelcnn, "shift_down", wrong)
    with pytest.raises(PropertyError):
        assert_every_pixel_before((1, 3, 3), rng)


class ResidualEverywhere(GatedLayer):
    """The first layer, too, adds what it read; here the image itself, spread over the channels."""

    def forward(self, v, h, y):
        below, new = super().forward(v, h, y)
        return below, new if self.kind == "B" else new + h


class ReadsHorizontal(GatedLayer):
    """The vertical stack of later layers reads the horizontal one, and is not shifted for it."""

    def forward(self, v, h, y):
        below, new = super().forward(v, h, y)
        return below, new if self.kind == "A" else new + self.vertical(h)[:, : new.shape[1]]


@pytest.mark.parametrize("wrong", [ResidualEverywhere, ReadsHorizontal])
def test_a_wrong_layer_is_noticed(wrong, rng, monkeypatch):
    monkeypatch.setattr(gated_pixelcnn, "GatedLayer", wrong)
    with pytest.raises(PropertyError):
        assert_every_pixel_before((1, 3, 3), rng)


def test_a_gate_that_mixes_the_colours_is_noticed(rng, monkeypatch):
    def halves(x, num_colours):
        a, b = x.chunk(2, dim=1)
        return torch.tanh(a) * torch.sigmoid(b)

    monkeypatch.setattr(gated_pixelcnn, "gate", halves)
    with pytest.raises(PropertyError):
        assert_every_pixel_before((3, 2, 2), rng)


def test_a_kernel_without_a_centre_is_refused():
    with pytest.raises(ValueError, match="must be odd, got 4"):
        GatedPixelCNN((1, 4, 4), channels=4, kernel_size=4)
