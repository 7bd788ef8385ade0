"""What every row of the zoo with discrete data promises, held by enumeration over all its events."""

import pytest
import torch
import torch.nn.functional as F
from torch import Generator

from dgm_course.models.autoregressive.base import draw
from dgm_course.models.autoregressive.made import MADE, hidden_degrees
from dgm_course.models.autoregressive.masked_linear import MaskedLinear
from dgm_course.models.base import ExactLikelihood
from dgm_course.testing import (
    PropertyError,
    assert_close,
    assert_gradients_reach,
    assert_normalized,
    assert_samples_follow,
    assert_shape,
    assert_unchanged,
    randomize,
)
from dgm_course.zoo import SYSTEMS, enumerable, support

ENUMERABLE = [system for system in SYSTEMS if enumerable(system)]
every_system = pytest.mark.parametrize("system", ENUMERABLE, ids=lambda system: system.name)


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


@every_system
@pytest.mark.parametrize("seed", range(3))
def test_probabilities_of_all_events_sum_to_one(system, seed):
    model = randomize(system.tiny(), seeded(seed))
    assert_normalized(model.log_prob, support(model), tolerance=1e-12)


def test_a_leak_is_noticed(rng):
    class Leaky(MADE):
        """The output's mask is not strict."""

        def __init__(self):
            super().__init__(num_dims=6, hidden=(10,))
            self.last = MaskedLinear(torch.arange(1, 7)[:, None] >= hidden_degrees(10, num_dims=6))

    with pytest.raises(PropertyError):
        assert_normalized(randomize(Leaky(), rng).log_prob, support(Leaky()))


def assert_sampler(model, num_samples=3000):
    x = model.sample(num_samples, generator=seeded(1))
    assert_shape(x, (num_samples, *model.event_shape))
    probabilities = model.log_prob(support(model)).exp().detach()
    assert_samples_follow(x.flatten(1), probabilities, false_alarm=1e-6)


@every_system
@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_samples_follow_log_prob(system, scale, rng):
    assert_sampler(randomize(system.tiny(), rng, scale))


def test_a_wrong_sampler_is_noticed(rng):
    class OnePass(MADE):
        """All dimensions from one pass over zeros."""

        def sample(self, num_samples, *, generator=None):
            x, _ = self.blank(num_samples)
            return draw(self.logits(x), generator)

    class MostLikely(MADE):
        def complete(self, x, known, *, y=None, generator=None):
            for i in self.order:
                x[:, i] = self.logits(x)[:, i].argmax(dim=-1)
            return x

    class NaturalOrder(MADE):
        """Draws in another order than that of its conditionals."""

        def complete(self, x, known, *, y=None, generator=None):
            for i in range(6):
                x[:, i] = draw(self.logits(x)[:, i], generator)
            return x

    for wrong in (OnePass, MostLikely, NaturalOrder):
        model = randomize(wrong(num_dims=6, hidden=(10,), order=(5, 4, 3, 2, 1, 0)), rng)
        with pytest.raises(PropertyError):
            assert_sampler(model)


@every_system
def test_the_generator_decides_and_the_global_one_is_left_alone(system, rng):
    model = randomize(system.tiny(), rng, scale=0.3)
    before = torch.get_rng_state()
    first, again, other = (model.sample(50, generator=seeded(seed)) for seed in (1, 1, 2))
    assert_unchanged(before, torch.get_rng_state(), what="the global random state")
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def assert_pure(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = support(model)
    model.loss(x).backward()
    model.sample(2, generator=seeded(0))
    assert_unchanged(before, model.state_dict())


@every_system
def test_using_a_model_does_not_change_it(system, rng):
    assert_pure(randomize(system.tiny(), rng))


def test_a_mask_written_into_the_weights_is_noticed(rng):
    class Overwriting(MaskedLinear):
        def forward(self, x):
            self.weight.data *= self.mask
            return F.linear(x, self.weight, self.bias)

    model = MADE(num_dims=4, hidden=(6,))
    model.last = Overwriting(model.last.mask)
    with pytest.raises(PropertyError):
        assert_pure(randomize(model, rng))


@every_system
def test_single_precision_gives_the_same_likelihood_in_its_own_type(system, rng):
    model = randomize(system.tiny(), rng, scale=0.5)
    x = support(model)
    exact = model.log_prob(x)
    assert_close(model.float().log_prob(x).detach(), exact.detach().float(), tolerance=1e-4)
    assert model.sample(2, generator=rng).dtype == torch.int64


@pytest.mark.parametrize(
    "system",
    [system for system in ENUMERABLE if type(system.tiny()).loss is ExactLikelihood.loss],
    ids=lambda system: system.name,
)
def test_loss_is_the_mean_negative_log_likelihood_and_reaches_every_parameter(system, rng):
    model = randomize(system.tiny(), rng, scale=0.5)
    x = support(model)[::3]
    assert_close(model.loss(x).detach(), -model.log_prob(x).detach().mean())
    assert_gradients_reach(lambda: model.loss(x), model)


@every_system
def test_a_batch_of_one_and_strided_input_change_nothing(system, rng):
    model = randomize(system.tiny(), rng)
    x = support(model)[:7]
    strided = torch.stack([x, x], dim=-1)[..., 0]
    assert not strided.is_contiguous()
    alone = torch.cat([model.log_prob(x[i : i + 1]) for i in range(7)])
    assert_close(model.log_prob(strided).detach(), model.log_prob(x).detach(), tolerance=1e-12)
    assert_close(alone.detach(), model.log_prob(x).detach(), tolerance=1e-12)
