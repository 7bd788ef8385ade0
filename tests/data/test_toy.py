"""The toys on the plane: densities with mass 1, and samplers that follow them."""

import math

import pytest
import torch

from dgm_course import data
from dgm_course.testing import assert_normalized, assert_samples_follow

TOYS = {
    "ring": data.ring(),
    "three far modes": data.ring(num_modes=3, radius=3.0, std=0.3),
    "two Gaussians": data.two_gaussians(),
    "moons": data.moons(),
    "blurred moons": data.moons(noise=0.3),
    "checkerboard": data.checkerboard(),
    "pinwheel": data.pinwheel(),
    "spirals": data.spirals(),
}


@pytest.fixture(params=TOYS)
def toy(request):
    return TOYS[request.param]


def grid(extent, resolution):
    """Midpoints of resolution² cells, the rows of cells one after another, and the area of a cell."""
    ticks = (torch.arange(resolution, dtype=torch.float64) + 0.5) * (2 * extent / resolution) - extent
    return torch.cartesian_prod(ticks, ticks), (2 * extent / resolution) ** 2


def test_the_mass_on_the_extent_is_one(toy):
    points, area = grid(toy.extent, 240)
    assert_normalized(toy.log_prob, points, volume=area, tolerance=1e-6, allow_zero=True)


def test_samples_follow_the_density(toy):
    """50,000 draws in 16 × 16 cells of the extent, each cell's mass by quadrature."""
    points, area = grid(toy.extent, 240)
    mass = (toy.log_prob(points).exp() * area).view(16, 15, 16, 15).sum((1, 3)).flatten()
    x = toy.sample(50_000, generator=torch.Generator().manual_seed(5))
    cell = ((x + toy.extent) * 8 / toy.extent).long().clamp(0, 15)
    assert_samples_follow(cell[:, 0] * 16 + cell[:, 1], mass / mass.sum())


def test_the_generator_decides_and_the_global_state_is_left_alone(toy):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, again = (toy.sample(10, generator=torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(torch.get_rng_state(), before)


def test_single_precision_agrees_with_double(toy):
    x = toy.sample(500, generator=torch.Generator().manual_seed(8))
    single, double = toy.log_prob(x), toy.log_prob(x.double())
    assert (x.dtype, single.dtype, double.dtype) == (torch.float32, torch.float32, torch.float64)
    torch.testing.assert_close(single.double(), double, atol=1e-3, rtol=1e-4)


def test_log_prob_of_a_sheared_mixture_is_the_multivariate_normal():
    generator = torch.Generator().manual_seed(9)
    means, factors, x = (
        torch.randn(s, dtype=torch.float64, generator=generator) for s in ((3, 2), (3, 2, 2), (9, 2))
    )
    mixture = data.toy.Mixture(means, factors, extent=9.0)
    parts = [
        torch.distributions.MultivariateNormal(m, f @ f.T).log_prob(x)
        for m, f in zip(means, factors, strict=True)
    ]
    torch.testing.assert_close(mixture.log_prob(x), torch.stack(parts).logsumexp(0) - math.log(3))


def test_a_twist_keeps_areas():
    x = torch.randn(20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(10))
    jacobian = torch.func.vmap(torch.func.jacrev(lambda point: data.toy._turned(point.unsqueeze(0), 1.7)[0]))(
        x
    )
    torch.testing.assert_close(jacobian.det(), torch.ones(20, dtype=torch.float64))


def test_moons_have_mean_zero_and_variance_one():
    points, area = grid(3.0, 200)
    p = data.moons().log_prob(points).exp() * area
    torch.testing.assert_close(p @ points, torch.zeros(2, dtype=torch.float64), atol=1e-6, rtol=0)
    torch.testing.assert_close(p @ points.square(), torch.ones(2, dtype=torch.float64), atol=1e-5, rtol=0)
    entropy = -torch.xlogy(p, p / area).sum().item()
    assert entropy == pytest.approx(1.8296, abs=1e-4)


def test_moons_are_exact_where_their_quadrature_is_refined(monkeypatch):
    points, _ = grid(3.0, 25)
    coarse = data.moons(noise=0.05).log_prob(points)
    rule = data.toy.np.polynomial.legendre.leggauss
    monkeypatch.setattr(data.toy.np.polynomial.legendre, "leggauss", lambda _: rule(1000))
    torch.testing.assert_close(coarse, data.moons(noise=0.05).log_prob(points), atol=1e-9, rtol=0)
