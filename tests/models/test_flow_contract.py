"""What every flow of the zoo promises: a mass of one, draws that follow it, and no side effects."""

import pytest
import torch
from torch import Generator

from dgm_course import data
from dgm_course.models.flows.coupling import RealNVP
from dgm_course.models.flows.maf import MAF
from dgm_course.models.flows.spline import SplineFlow
from dgm_course.testing import (
    PropertyError,
    assert_close,
    assert_normalized,
    assert_samples_follow,
    assert_unchanged,
    randomize,
)
from dgm_course.training import fit
from dgm_course.zoo import SYSTEMS, grid

DENSITIES = [s for s in SYSTEMS if s.family == "flows" and not hasattr(s.tiny(), "num_levels")]
every_flow = pytest.mark.parametrize("system", DENSITIES, ids=lambda system: system.name)


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def assert_mass(model):
    nodes, volume = grid(model)
    with torch.no_grad():
        assert_normalized(model.log_prob, nodes, volume=volume, tolerance=5e-3)


@every_flow
@pytest.mark.parametrize("seed", range(2))
def test_the_mass_of_a_random_density_is_one(system, seed):
    assert_mass(randomize(system.tiny(), seeded(seed), 0.2))


def trained(model):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        x = data.moons().sample(1000, generator=seeded(0))
        flow = model()
        fit(flow, x, steps=60, batch_size=100, lr=5e-3, progress=False)
    return flow.double()


@pytest.mark.parametrize(
    "model",
    [lambda: RealNVP(2, 3, (16,)), lambda: MAF(2, 3, (16,)), lambda: SplineFlow(2, 2, (16,))],
    ids=["RealNVP", "MAF", "spline"],
)
def test_the_mass_of_a_trained_density_is_one(model):
    assert_mass(trained(model))


def test_a_wrong_sign_in_the_log_det_costs_mass():
    """Its training loss looks splendid."""

    class WrongSign(RealNVP):
        def log_prob(self, x):
            return super().log_prob(x) - 2 * self.inverse(x)[1]

    with pytest.raises(PropertyError):
        assert_mass(trained(lambda: WrongSign(2, 3, (16,))))
    with pytest.raises(PropertyError):
        assert_mass(randomize(WrongSign(2, 2, (8,)), seeded(0), 0.2))


def cell(x, num_cells, width):
    """The number of the coarse cell of each point: `num_cells` along an axis, of this width, the outer ones open."""
    along = (x.flatten(1) / width + num_cells / 2).floor().clamp(0, num_cells - 1).long()
    place_values = num_cells ** torch.arange(along.shape[1])
    return (along * place_values).sum(dim=1)


def assert_sampler(model, num_samples=4000):
    dims = torch.Size(model.event_shape).numel()
    num_cells, width = {1: (16, 0.625), 2: (8, 0.625), 4: (2, 1.0)}[dims]  # edges are edges of the grid, too
    nodes, volume = grid(model)
    with torch.no_grad():
        mass = model.log_prob(nodes).exp() * volume
    probabilities = torch.zeros(num_cells**dims, dtype=torch.float64)
    probabilities.index_add_(0, cell(nodes, num_cells, width), mass)
    x = model.sample(num_samples, generator=seeded(1))
    assert_samples_follow(cell(x, num_cells, width), probabilities / probabilities.sum())


@every_flow
def test_samples_follow_log_prob(system, rng):
    assert_sampler(randomize(system.tiny(), rng, 0.2))


def test_a_wrong_sampler_is_noticed(rng):
    class Backwards(RealNVP):
        """Noise is sent the way of the data."""

        def sample(self, num_samples, *, generator=None):
            return self.inverse(torch.randn(num_samples, 2, generator=generator, dtype=torch.float64))[0]

    class Uniform(RealNVP):
        def sample(self, num_samples, *, generator=None):
            return self(4 * torch.rand(num_samples, 2, generator=generator, dtype=torch.float64) - 2)[0]

    for wrong in (Backwards, Uniform):
        with pytest.raises(PropertyError):
            assert_sampler(randomize(wrong(2, 4, (8,)), rng, 0.4))


@every_flow
def test_the_generator_decides_and_nothing_else_changes(system, rng):
    model = randomize(system.tiny(), rng, 0.2).train()
    state, weights = torch.get_rng_state(), {k: v.clone() for k, v in model.state_dict().items()}
    first, again, other = (model.sample(20, generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    model.loss(first).backward()
    assert_unchanged(state, torch.get_rng_state(), what="the global random state")
    assert_unchanged(weights, model.state_dict())


@every_flow
def test_loss_is_the_mean_and_each_example_is_alone(system, rng):
    model = randomize(system.tiny(), rng, 0.2)
    x = model.sample(5, generator=rng)
    with torch.no_grad():
        logs = model.log_prob(x)
        assert_close(model.loss(x), -logs.mean())
        assert_close(torch.cat([model.log_prob(one) for one in x.split(1)]), logs, tolerance=1e-12)
        assert_close(model(model.encode(x))[0], x, tolerance=1e-9)
        single = model.float().log_prob(x.float())
    assert_close(single, logs.float(), tolerance=1e-4)
