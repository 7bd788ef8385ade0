"""A causal convolution reads exactly its taps, and a WaveNet exactly its receptive field."""

import pytest
import torch
import torch.nn.functional as F

from dgm_course.models.autoregressive import wavenet
from dgm_course.models.autoregressive.causal_conv import CausalConv1d
from dgm_course.models.autoregressive.wavenet import WaveNet
from dgm_course.testing import PropertyError, assert_causal, assert_close, randomize


class Symmetric(CausalConv1d):
    """Half of the padding on either side."""

    def forward(self, x):
        left = self.reach // 2
        return torch.nn.Conv1d.forward(self, F.pad(x, (left, self.reach - left)))


class Undilated(CausalConv1d):
    """The dilation reaches the padding but not the kernel."""

    def forward(self, x):
        return F.conv1d(F.pad(x, (self.kernel_size[0] - 1, 0)), self.weight, self.bias)


def by_definition(layer, x):
    """y_t = b + Σ_j w_j x_{t − j d}; w_0 is the kernel's last entry."""
    (d,), (k,) = layer.dilation, layer.kernel_size
    y = layer.bias[:, None].expand(len(x), -1, x.shape[2]).clone()
    for t in range(x.shape[2]):
        for j in range(k):
            if t - j * d >= 0:
                y[:, :, t] += x[:, :, t - j * d] @ layer.weight[:, :, k - 1 - j].T
    return y


@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (2, 1), (2, 5), (3, 2), (4, 3)])
def test_causal_convolution_is_its_definition(kernel_size, dilation, rng):
    layer = randomize(CausalConv1d(3, 2, kernel_size, dilation), rng)
    x = torch.randn(4, 3, 11, generator=rng, dtype=torch.float64)
    assert_close(layer(x).detach(), by_definition(layer, x).detach(), tolerance=1e-12)


@pytest.mark.parametrize("wrong", [Symmetric, Undilated])
def test_a_wrong_convolution_is_noticed(wrong, rng):
    layer = randomize(wrong(3, 2, 3, 2), rng)
    x = torch.randn(4, 3, 11, generator=rng, dtype=torch.float64)
    with pytest.raises(PropertyError):
        assert_close(layer(x).detach(), by_definition(layer, x).detach())


def assert_receptive_field(kernel_size, dilations, rng):
    field = 1 + sum((kernel_size - 1) * d for d in dilations)
    length = field + 3
    model = WaveNet(length, 3, channels=4, skip_channels=5, kernel_size=kernel_size, dilations=dilations)
    assert model.receptive_field == field
    distance = torch.arange(length)[:, None] - torch.arange(length)
    x = torch.randint(3, (6, length), generator=rng)
    assert_causal(
        randomize(model, rng, 0.5).logits,
        x,
        (distance >= 1) & (distance <= field),
        alternatives=3,
        tolerance=1e-12,
    )


@pytest.mark.parametrize(
    ("kernel_size", "dilations"), [(2, (1,)), (2, (1, 2, 4)), (3, (1, 3)), (2, (1, 2, 1, 2)), (1, (1,))]
)
def test_receptive_field_is_exact(kernel_size, dilations, rng):
    assert_receptive_field(kernel_size, dilations, rng)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("CausalConv1d", Symmetric),
        ("CausalConv1d", Undilated),
        ("shift_right", lambda x, start: x),
    ],
)
def test_a_wrong_receptive_field_is_noticed(name, wrong, rng, monkeypatch):
    monkeypatch.setattr(wavenet, name, wrong)
    with pytest.raises(PropertyError):
        assert_receptive_field(2, (1, 2, 4), rng)
