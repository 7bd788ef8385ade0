"""A model with classes is a distribution for each of them, and draws what it is asked for."""

import math

import pytest
import torch

from dgm_course.compression import decode, encode
from dgm_course.models.autoregressive.base import AutoregressiveModel
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.models.autoregressive.image_gpt import ImageGPT
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.pixel_snail import PixelSNAIL
from dgm_course.models.autoregressive.pixelcnn_pp import PixelCNNPlusPlus
from dgm_course.models.autoregressive.transformer import Transformer
from dgm_course.testing import (
    PropertyError,
    assert_bound,
    assert_close,
    assert_normalized,
    assert_samples_follow,
    randomize,
)
from dgm_course.zoo import SYSTEMS, support

MODELS = {
    "Gated PixelCNN": lambda **classes: GatedPixelCNN((1, 3, 2), channels=4, num_layers=2, **classes),
    "PixelCNN++": lambda **classes: PixelCNNPlusPlus((1, 3, 2), 2, 2, 1, num_components=2, **classes),
    "PixelSNAIL": lambda **classes: PixelSNAIL((1, 3, 2), 2, 2, 1, 1, dims=2, num_components=2, **classes),
    "Transformer": lambda **classes: Transformer(4, 3, width=8, num_heads=2, num_layers=1, **classes),
    "ImageGPT": lambda **classes: ImageGPT((2, 2, 1), 3, width=8, num_heads=2, num_layers=1, **classes),
}
every_model = pytest.mark.parametrize("build", MODELS.values(), ids=MODELS)


@pytest.fixture
def model(build, rng):
    return randomize(build(num_classes=3), rng)


def given(model, label):
    return lambda x: model.log_prob(x, torch.full((len(x),), label))


def assert_distribution_for_each_class(log_prob_given, x):
    for label in range(3):
        assert_normalized(log_prob_given(label), x, tolerance=1e-12)
        difference = log_prob_given(label)(x) - log_prob_given((label + 1) % 3)(x)
        assert_bound(difference.abs().max().detach(), lower=0.1)


@every_model
def test_a_distribution_for_each_class(model):
    x = support(model)
    assert_distribution_for_each_class(lambda label: given(model, label), x)
    with pytest.raises(PropertyError):  # the label is ignored
        assert_distribution_for_each_class(lambda label: given(model, 0), x)
    with pytest.raises(PropertyError):  # the joint p(x, y) instead
        assert_distribution_for_each_class(lambda label: lambda x: given(model, label)(x) - math.log(3), x)


def assert_samples_are_of_class(model, x, y):
    for label in range(3):
        probabilities = given(model, label)(support(model)).exp().detach()
        assert_samples_follow(x[y == label].flatten(1), probabilities)


@every_model
def test_each_sample_is_of_its_own_class(model, rng):
    y = torch.arange(3).repeat(600)
    x = model.sample(len(y), y=y, generator=rng)
    assert_samples_are_of_class(model, x, y)
    with pytest.raises(PropertyError):
        assert_samples_are_of_class(model, x, (y + 1) % 3)


@every_model
def test_a_walk_of_a_class_gives_its_logits(model, rng):
    x = torch.randint(model.num_levels, (3, *model.event_shape), generator=rng)
    y = torch.tensor([2, 0, 1])
    at_once = model.logits(x, y).flatten(1, -2)
    walk, value = model.walk(3, y), None
    for i in model.order:
        assert_close(walk.send(value).detach(), at_once[:, i].detach(), tolerance=1e-11)
        value = x.flatten(1)[:, i]


@every_model
def test_labels_go_with_a_conditional_model_only(build, model):
    x = support(model)[:4]
    y = torch.zeros(4, dtype=torch.long)
    without = build()
    for refused in (
        lambda: model.log_prob(x),
        lambda: model.sample(4),
        lambda: next(model.walk(4)),
        lambda: without.log_prob(x, y),
        lambda: without.sample(4, y=y),
    ):
        with pytest.raises(ValueError, match="labels"):
            refused()


def assert_refuses_labels(model):
    x, y = model.sample(4), torch.zeros(4, dtype=torch.long)
    for refused in (
        lambda: model.log_prob(x, y),
        lambda: model.sample(4, y=y),
        lambda: model.complete(x, x > 0, y=y),
        lambda: next(model.walk(4, y)),
        lambda: encode(model, x, y),
        lambda: decode(model, b"", 4, y),
    ):
        with pytest.raises((ValueError, TypeError), match=r"labels|argument"):
            refused()


@pytest.mark.parametrize(
    "system",
    [system for system in SYSTEMS if isinstance(system.tiny(), AutoregressiveModel)],
    ids=lambda system: system.name,
)
def test_a_model_without_classes_refuses_labels(system):
    assert_refuses_labels(system.tiny())


def test_labels_that_are_ignored_are_noticed():
    class Deaf(MADE):
        def walk(self, batch, y=None):
            yield from super().walk(batch)

    with pytest.raises(pytest.fail.Exception):
        assert_refuses_labels(Deaf(3))
