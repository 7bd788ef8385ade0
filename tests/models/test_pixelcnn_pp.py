"""Moved kernels and a U reach every pixel before and no other; a mixture in place of a softmax; dropout."""

import pytest
import torch
import torch.nn.functional as F

from dgm_course.models.autoregressive import pixelcnn_pp
from dgm_course.models.autoregressive.pixelcnn_pp import (
    Double,
    DownConv,
    DownRightConv,
    Layer,
    PixelCNNPlusPlus,
)
from dgm_course.testing import (
    PropertyError,
    assert_bound,
    assert_causal,
    assert_close,
    assert_normalized,
    binary_strings,
    randomize,
)

BINARY_3X3 = binary_strings(9).view(-1, 1, 3, 3)


@pytest.mark.parametrize(("kind", "right"), [(DownConv, 1), (DownRightConv, 0)])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_moved_kernel_reads_its_row_and_the_one_above(kind, right, stride, rng):
    layer = randomize(kind(1, 2, stride=stride), rng)
    outputs = [(r, c) for r in range(0, 5, stride) for c in range(0, 4, stride)]
    inputs = [(r, c) for r in range(5) for c in range(4)]
    reads = [[0 <= i[0] - j[0] <= 1 and -1 <= j[1] - i[1] <= right for j in inputs] for i in outputs]
    x = torch.randn(4, 1, 5, 4, generator=rng, dtype=torch.float64)
    assert_causal(lambda x: layer(x).flatten(2).mT, x, torch.tensor(reads))


def assert_every_pixel_before(image_shape, rng, num_levels=2, **settings):
    model = PixelCNNPlusPlus(image_shape, num_levels, 6, num_blocks=1, num_components=3, **settings)
    randomize(model, rng, 0.3)
    place = torch.tensor(model.order).argsort()
    allowed = place < place[:, None]
    x = torch.randint(num_levels, (16, *image_shape), generator=rng)
    assert_causal(
        lambda x: model.logits(x).flatten(1, -2), x, allowed, alternatives=num_levels, tolerance=1e-12
    )
    return int(allowed.sum())


def test_every_pixel_before_and_no_other(rng):
    assert assert_every_pixel_before((1, 4, 4), rng, num_levels=3) == 120
    assert assert_every_pixel_before((1, 5, 3), rng, num_scales=3) == 105
    assert assert_every_pixel_before((1, 3, 3), rng, num_scales=1) == 36


def test_colours_are_generated_one_after_another(rng):
    assert assert_every_pixel_before((3, 3, 2), rng, num_levels=4) == 153


def not_moved(x, down=0, right=0):
    return x


def moved_twice(x, down=0, right=0, shift=pixelcnn_pp.shift):
    return shift(x, 2 * down, 2 * right)


class Upwards(DownConv):
    """Rows below in place of those above."""

    def forward(self, x):
        return super().forward(x.flip(2)).flip(2)


class Leftwards(DownRightConv):
    """Columns to the right in place of those to the left."""

    def forward(self, x):
        return super().forward(x.flip(3)).flip(3)


class SpreadTooFar(Double):
    """The square begins one pixel further to the left."""

    def forward(self, streams, size):
        above, before = super().forward(streams, size)
        return above, F.pad(before, (0, 1))[..., 1:]


class ShortcutsSwapped(Layer):
    """The stream above is given what the other one knows of the own row."""

    def forward(self, streams, y, shortcuts=None):
        return super().forward(streams, y, shortcuts and shortcuts[::-1])


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("shift", not_moved),
        ("shift", moved_twice),
        ("DownConv", Upwards),
        ("DownRightConv", Leftwards),
        ("Double", SpreadTooFar),
        ("Layer", ShortcutsSwapped),
    ],
)
def test_a_wrong_part_is_noticed(name, wrong, rng, monkeypatch):
    monkeypatch.setattr(pixelcnn_pp, name, wrong)
    with pytest.raises(PropertyError):
        assert_every_pixel_before((1, 4, 4), rng)


def assert_likelihood_is_that_of_its_conditionals(model, x):
    assert_close(
        model.log_prob(x).detach(), model.log_conditionals(x).flatten(1).sum(dim=1).detach(), tolerance=1e-12
    )


def test_log_prob_is_the_sum_of_the_conditionals(rng):
    model = PixelCNNPlusPlus((3, 4, 3), 256, channels=6, num_blocks=1, num_components=3)
    x = torch.randint(256, (5, 3, 4, 3), generator=rng)
    assert_likelihood_is_that_of_its_conditionals(randomize(model, rng, 0.2), x)


def test_dropout_is_for_training_only(rng):
    model = PixelCNNPlusPlus((1, 3, 3), 2, channels=4, num_blocks=1, num_components=2, dropout=0.5)
    randomize(model, rng, 0.5)
    first, second = (model.log_prob(BINARY_3X3) for _ in range(2))
    assert_bound((first - second).abs().max().detach(), lower=1e-3)
    model.eval()
    assert_normalized(model.log_prob, BINARY_3X3, tolerance=1e-12)
