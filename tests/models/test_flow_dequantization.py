"""A density becomes a model of integers: the bound is below what quadrature says, and closes with more particles."""

import pytest
import torch
from torch import Generator

from dgm_course.metrics import bits_per_dim
from dgm_course.models.flows.base import Flow
from dgm_course.models.flows.coupling import RealNVP
from dgm_course.models.flows.dequantization import Logit, UniformDequantization, VariationalDequantization
from dgm_course.testing import (
    PropertyError,
    all_strings,
    assert_bound,
    assert_close,
    assert_gradients_reach,
    assert_samples_follow,
    randomize,
)

K = 4
PAIRS = all_strings(K, 2)
every_kind = pytest.mark.parametrize("kind", [UniformDequantization, VariationalDequantization])


def built(kind, rng, scale=0.1):
    return randomize(kind(RealNVP(2, 2, (8,)), K), rng, scale)


@torch.no_grad()
def masses(flow, nodes=64):
    """The mass of each cell of two dimensions, by the rule of midpoints; without what lies beyond the outer ones."""
    u = (torch.arange(nodes, dtype=torch.float64) + 0.5) / nodes
    points = PAIRS[:, None] + torch.cartesian_prod(u, u)
    z, log_det = Logit(K).inverse(points.flatten(0, 1))
    return (flow.log_prob(z) + log_det).exp().view(len(PAIRS), -1).mean(dim=1)


def assert_bounds(model, rng, tolerance):
    """Many particles find the mass of a cell, one is a draw of the bound, and the bound's mean is below the mass."""
    exact = masses(model.flow).log()
    with torch.no_grad():
        estimate = model.log_prob(PAIRS, num_particles=20000, generator=rng)
        draws = torch.stack([model.elbo(PAIRS, generator=rng) for _ in range(400)])
        one, same = (
            bound(PAIRS, num_particles=1, generator=Generator().manual_seed(1))
            for bound in (model.elbo, model.log_prob)
        )
    error = draws.std(dim=0) / len(draws) ** 0.5
    assert_close(estimate, exact, tolerance=tolerance, what="the estimate from 20,000 particles")
    assert_close(one, same, what="the bound, beside an estimate from the same particle")
    assert_bound(draws.mean(dim=0), upper=exact + 5 * error, what="the bound")


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [
        (UniformDequantization, 0.03),
        (VariationalDequantization, 0.3),
    ],  # the weights of the latter have heavy tails
)
def test_the_bound_is_one_and_closes(kind, tolerance, rng):
    assert_bounds(built(kind, rng), rng, tolerance)


class HalfABin(UniformDequantization):
    """Noise on half of the cell: a better figure that is no bound."""

    def noise(self, x, generator=None):
        u, log_q = super().noise(x, generator)
        return 0.25 + u / 2, log_q


class ForgottenScale(Logit):
    """log K is forgotten."""

    def inverse(self, x):
        z, log_det = super().inverse(x)
        return z, log_det + x[0].numel() * torch.tensor(self.num_levels).log()


class WrongSign(VariationalDequantization):
    def noise(self, x, generator=None):
        u, log_q = super().noise(x, generator)
        return u, -log_q


class NoBound(UniformDequantization):
    """Below the mass, and nothing else can be said for it."""

    def elbo(self, x, *, num_particles=1, generator=None):
        return super().elbo(x, num_particles=num_particles, generator=generator) - 100


def test_a_wrong_bound_is_noticed(rng):
    scaled = built(UniformDequantization, rng)
    scaled.logit = ForgottenScale(K)
    for wrong, tolerance in (
        (built(HalfABin, rng, 0.5), 0.03),
        (scaled, 0.03),
        (built(NoBound, rng), 0.03),
        (built(WrongSign, rng), 0.3),
    ):
        with pytest.raises(PropertyError):
            assert_bounds(wrong, rng, tolerance)


def assert_noise(model, rng):
    """It lies in the cell; and for any density f on the cell, E_q[f / q] = 1."""
    x = torch.tensor([[1, 3]]).expand(20000, -1)
    with torch.no_grad():
        u, log_q = model.noise(x, rng)
    assert_bound(u, 0.0, 1.0, what="the noise")
    for a, b in ((3, 3), (2, 4), (4, 2)):
        f = torch.distributions.Beta(torch.tensor(a).double(), torch.tensor(b).double())
        ratio = (f.log_prob(u).sum(dim=1) - log_q).exp()
        slack = 5 * float(ratio.std()) / len(x) ** 0.5
        assert_bound(ratio.mean(), 1 - slack, 1 + slack, what="E[f / q]")


@every_kind
def test_noise_fills_the_whole_cell_and_has_its_density(kind, rng):
    assert_noise(built(kind, rng), rng)


def test_wrong_noise_is_noticed(rng):
    for wrong in (HalfABin, WrongSign):
        with pytest.raises(PropertyError):
            assert_noise(built(wrong, rng), rng)


@every_kind
def test_samples_are_the_cells_in_which_the_flow_falls(kind, rng):
    """Levels 1 and 2 of both dimensions have all their mass inside; the outer ones have what lies beyond, too."""
    model = built(kind, rng)
    x = model.sample(20000, generator=rng)
    assert x.dtype == torch.int64
    inner = ((PAIRS > 0) & (PAIRS < K - 1)).all(dim=1)
    expected = torch.cat([masses(model.flow)[inner], torch.zeros(1).double()])
    expected[-1] = 1 - expected.sum()
    names = torch.full((len(PAIRS),), int(inner.sum()))
    names[inner] = torch.arange(int(inner.sum()))
    assert_samples_follow(names[x[:, 0] * K + x[:, 1]], expected)


@every_kind
def test_the_generator_decides_and_every_weight_is_trained(kind, rng):
    model = built(kind, rng)
    state = torch.get_rng_state()
    first, again = (model.elbo(PAIRS, generator=Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(state, torch.get_rng_state())
    with torch.random.fork_rng():
        assert_gradients_reach(lambda: model.loss(PAIRS), model)


def test_a_flow_that_is_uniform_costs_the_bits_of_a_uniform_integer():
    """Base and logit undo each other where the flow is the logistic's inverse: log2 17 bits in each dimension."""

    class OfTheLogistic(Flow):
        def log_prob(self, x):
            z, log_det = self.inverse(x)
            return (torch.nn.functional.logsigmoid(z) + torch.nn.functional.logsigmoid(-z)).sum(1) + log_det

    model = UniformDequantization(OfTheLogistic([], (5,)), 17)
    model.logit = Logit(17, alpha=0.0)
    x = torch.randint(17, (8, 5), generator=Generator().manual_seed(0))
    bits = bits_per_dim(-model.elbo(x, generator=Generator().manual_seed(0)), 5)
    assert_close(bits.detach(), torch.full((8,), 17.0).log2(), tolerance=1e-5)
