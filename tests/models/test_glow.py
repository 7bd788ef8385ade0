"""Data-dependent initialisation, channels that are mixed, and what is factored out at which scale."""

import copy

import pytest
import torch

from dgm_course.models.flows.base import Chain, log_normal
from dgm_course.models.flows.coupling import AffineCoupling
from dgm_course.models.flows.glow import ActNorm, Glow, Invertible1x1
from dgm_course.models.flows.multiscale import Checkerboard, Multiscale, MultiscaleRealNVP, Squeeze
from dgm_course.testing import PropertyError, assert_causal, assert_close, randomize


def assert_initializes(layer, rng):
    """Each channel of the first batch has mean 0 and deviation 1, and later batches move nothing."""
    x = 5 + torch.arange(1, 4)[:, None, None] * torch.randn(50, 3, 4, 2, generator=rng, dtype=torch.float64)
    z = layer.initialize(x)
    assert_close(z.mean(dim=(0, 2, 3)), torch.zeros(3).double(), tolerance=1e-9, what="the means")
    assert_close(z.std(dim=(0, 2, 3), correction=0), torch.ones(3).double(), tolerance=1e-9)
    assert_close(layer.inverse(x)[0].detach(), z)
    loaded = type(layer)(3).double()
    loaded.load_state_dict(copy.deepcopy(layer.state_dict()))
    for each in (layer, loaded):
        each.initialize(x - 100)
        assert_close(each.inverse(x)[0].detach(), z, what="the latents after a second initialisation")


def test_actnorm_takes_its_numbers_from_one_batch_only(rng):
    assert_initializes(ActNorm(3).double(), rng)


def test_a_wrong_initialisation_is_noticed(rng):
    class OfEachPixel(ActNorm):
        """Statistics over the batch only, then averaged."""

        def initialize(self, x):
            self.mean.data = x.mean(dim=(0, 2, 3))
            self.log_scale.data = x.std(dim=0).log().mean(dim=(1, 2))
            self.initialized.fill_(True)
            return self.inverse(x)[0].detach()

    class EachTime(ActNorm):
        def initialize(self, x):
            self.initialized.fill_(False)
            return super().initialize(x)

    class NotKept(ActNorm):
        """The mark is not part of the state."""

        def __init__(self, num_channels):
            super().__init__(num_channels)
            del self.initialized
            self.register_buffer("initialized", torch.tensor(False), persistent=False)

    for wrong in (OfEachPixel, EachTime, NotKept):
        with pytest.raises(PropertyError):
            assert_initializes(wrong(3).double(), rng)


def test_every_actnorm_of_a_glow_is_initialised_by_what_reaches_it(rng):
    model = Glow((1, 8, 8), num_scales=3, num_steps=2, channels=4).double()
    x = 3 + 2 * torch.randn(200, 1, 8, 8, generator=rng, dtype=torch.float64)
    model.initialize(x)
    seen = []
    layers = [module for module in model.modules() if isinstance(module, ActNorm)]
    for layer in layers:
        layer.inverse = lambda x, to=layer.inverse: (seen.append(to(x)[0]), to(x))[1]
    model.inverse(x)
    assert len(seen) == 6
    for z in seen:
        assert_close(z.mean(dim=(0, 2, 3)).detach(), torch.zeros(z.shape[1]).double(), tolerance=1e-9)


def test_a_1x1_convolution_stays_invertible_and_is_a_rotation_at_first(rng):
    layer = Invertible1x1(5).double()
    L, U = layer._factors()
    W = (layer.P @ L @ U).detach()
    assert_close(W @ W.T, torch.eye(5).double(), tolerance=1e-5)
    x = torch.randn(3, 5, 2, 2, generator=rng, dtype=torch.float64)
    for _ in range(100):
        for weight in layer.parameters():
            weight.data += 0.01 * torch.randn(weight.shape, generator=rng, dtype=torch.float64)
    with torch.no_grad():
        assert_close(layer(layer.inverse(x)[0])[0], x, tolerance=1e-9)


@pytest.mark.parametrize("flip", [False, True])
def test_one_colour_of_the_board_stays(flip, rng):
    model = MultiscaleRealNVP((2, 4, 6), 2, channels=4)
    board = next(module for module in model.modules() if isinstance(module, Checkerboard))
    layer = randomize(Checkerboard(AffineCoupling(board.coupling.network, flip)), rng)
    x = torch.randn(3, 2, 4, 6, generator=rng, dtype=torch.float64)
    stays = (layer(x)[0] == x).all(dim=0)
    first = (torch.arange(4)[:, None] + torch.arange(6)) % 2 == 0
    assert torch.equal(stays, (first ^ flip).expand(2, 4, 6))


def test_each_block_becomes_one_site():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert Squeeze().inverse(x)[0][0, :, 0, 1].tolist() == [2, 3, 6, 7]


def test_half_is_factored_out_at_each_scale_and_all_of_it_counts(rng):
    """Of 64 numbers 32 leave after the first level, 16 after the second, and the last 16 go all the way."""

    class Adds(Chain):
        """Marks what goes through it, and says how much that is."""

        def inverse(self, x):
            z, _ = self.layers[0].inverse(x) if len(self.layers) else (x, None)
            return z + 1, torch.full((len(x),), float(x[0].numel()))

    flow = Multiscale([Adds([Squeeze()]), Adds([Squeeze()]), Adds([])], (1, 8, 8))
    z, log_det = flow.inverse(torch.zeros(2, 1, 8, 8))
    assert [int((z[0] == depth).sum()) for depth in (1, 2, 3)] == [32, 16, 16]
    assert log_det.tolist() == [64 + 32 + 16] * 2
    model = randomize(MultiscaleRealNVP((1, 4, 4), 2, channels=4), rng, 0.2)
    x = model.sample(3, generator=rng)
    z, log_det = model.inverse(x)
    assert_close(model.log_prob(x).detach(), (log_normal(z) + log_det).detach())


def test_fine_latents_know_nothing_of_deeper_levels(rng):
    """What is factored out first is a function of x by the first level alone: deeper weights do not move it."""
    model = randomize(Glow((1, 4, 4), num_scales=2, num_steps=1, channels=4), rng, 0.2)
    deep = model.layers[0].levels[1]
    x = torch.randn(3, 1, 4, 4, generator=rng, dtype=torch.float64)
    before = model.encode(x).flatten(1)
    randomize(deep, rng, 0.3)
    moved = (model.encode(x).flatten(1) != before).all(dim=0)
    assert moved.tolist() == [False] * 8 + [True] * 8


def test_a_1x1_convolution_mixes_all_channels_and_no_pixels(rng):
    layer = randomize(Invertible1x1(3), rng)
    with torch.no_grad():
        assert_causal(
            lambda x: layer.inverse(x)[0].flatten(1),
            torch.randn(4, 3, 2, 1, generator=rng, dtype=torch.float64),
            torch.eye(2).bool().repeat(3, 3),
        )
