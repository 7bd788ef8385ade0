"""Two stacks reach every pixel before, no other, and a conditional model is a distribution for each class."""

import pytest
import torch

from dgm_course.models.autoregressive import gated_pixelcnn
from dgm_course.models.autoregressive.gated_pixelcnn import GatedLayer, GatedPixelCNN
from dgm_course.testing import (
    PropertyError,
    assert_bound,
    assert_causal,
    assert_normalized,
    assert_samples_follow,
    binary_strings,
    randomize,
)

BINARY_3X3 = binary_strings(9).view(-1, 1, 3, 3)


def before(colours, height, width):
    where = [(r, c, g) for g in range(colours) for r in range(height) for c in range(width)]
    return torch.tensor([[j < i for j in where] for i in where])


def assert_every_pixel_before(image_shape, rng, num_levels=2, channels=12, num_layers=3):
    model = GatedPixelCNN(image_shape, num_levels, channels, num_layers)
    randomize(model, rng, 0.5)
    allowed = before(*image_shape)
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


@pytest.fixture
def conditional(rng):
    return randomize(GatedPixelCNN((1, 3, 3), channels=4, num_layers=2, num_classes=3), rng)


def given(model, label):
    return lambda x: model.log_prob(x, torch.full((len(x),), label))


def assert_distribution_for_each_class(log_prob_given):
    for label in range(3):
        assert_normalized(log_prob_given(label), BINARY_3X3, tolerance=1e-12)
        difference = log_prob_given(label)(BINARY_3X3) - log_prob_given((label + 1) % 3)(BINARY_3X3)
        assert_bound(difference.abs().max().detach(), lower=0.1)


def test_a_distribution_for_each_class(conditional):
    assert_distribution_for_each_class(lambda label: given(conditional, label))
    with pytest.raises(PropertyError):  # the label is ignored
        assert_distribution_for_each_class(lambda label: given(conditional, 0))
    with pytest.raises(PropertyError):  # the joint p(x, y) instead
        assert_distribution_for_each_class(
            lambda label: lambda x: given(conditional, label)(x) - torch.log(torch.tensor(3.0))
        )


def test_each_sample_is_of_its_own_class(conditional, rng):
    y = torch.arange(3).repeat(1500)
    x = conditional.sample(len(y), y=y, generator=rng).flatten(1)
    for label in range(3):
        probabilities = given(conditional, label)(BINARY_3X3).exp().detach()
        assert_samples_follow(x[y == label], probabilities)
        with pytest.raises(PropertyError):
            assert_samples_follow(x[y == (label + 1) % 3], probabilities)


def test_a_kernel_without_a_centre_is_refused():
    with pytest.raises(ValueError, match="must be odd, got 4"):
        GatedPixelCNN((1, 4, 4), channels=4, kernel_size=4)


def test_labels_go_with_a_conditional_model_only(conditional):
    with pytest.raises(ValueError, match="labels"):
        conditional.log_prob(BINARY_3X3)
    with pytest.raises(ValueError, match="labels"):
        GatedPixelCNN((1, 3, 3), channels=4).log_prob(BINARY_3X3, torch.zeros(512, dtype=torch.long))
