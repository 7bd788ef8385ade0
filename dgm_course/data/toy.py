"""Distributions on the plane whose density is known exactly, so that a model can be held to it.

Each has `sample(num_samples, generator=…)` in torch's default dtype, `log_prob(x)` in nats and in the dtype of
`x`, and an `extent` such that all but 1e-6 of the mass lies in the square [-extent, extent]².
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor


class Toy(ABC):
    """A distribution on the plane with an exact density."""

    extent: float

    @abstractmethod
    def sample(
        self, num_samples: int, *, generator: Generator | None = None
    ) -> Float[Tensor, "num_samples 2"]:
        """Independent points."""

    @abstractmethod
    def log_prob(self, x: Float[Tensor, "batch 2"]) -> Float[Tensor, " batch"]:
        """log p(x) in nats."""


@dataclass(frozen=True, eq=False)
class Mixture(Toy):
    """Equally likely Gaussians N(means[k], factors[k] factors[k]ᵀ).

    Example:
        >>> normal = Mixture(means=torch.zeros(1, 2), factors=torch.eye(2).unsqueeze(0), extent=6.0)
        >>> normal.log_prob(torch.zeros(1, 2)).exp()
        tensor([0.1592])
    """

    means: Float[Tensor, "modes 2"]
    factors: Float[Tensor, "modes 2 2"]
    extent: float

    def sample(
        self, num_samples: int, *, generator: Generator | None = None
    ) -> Float[Tensor, "num_samples 2"]:
        mode = torch.randint(len(self.means), (num_samples,), generator=generator)
        noise = torch.randn(num_samples, 2, generator=generator)
        return self.means.to(noise)[mode] + torch.einsum("nij,nj->ni", self.factors.to(noise)[mode], noise)

    def log_prob(self, x: Float[Tensor, "batch 2"]) -> Float[Tensor, " batch"]:
        means, factors = self.means.to(x), self.factors.to(x)
        z = torch.einsum("kij,nkj->nki", factors.inverse(), x.unsqueeze(1) - means)
        log_normal = -z.square().sum(2) / 2 - factors.det().abs().log() - math.log(2 * math.pi)
        return log_normal.logsumexp(1) - math.log(len(means))


@dataclass(frozen=True, eq=False)
class Twist(Toy):
    """`base`, with every circle about the origin turned by `rate` radians for each unit of its radius.

    Turning circles keeps areas, so p(x) = base(x turned back): the log-determinant is 0.

    Example:
        >>> x = torch.tensor([[1.0, 0.0]])
        >>> torch.allclose(Twist(ring(), rate=2 * math.pi).log_prob(x), ring().log_prob(x))
        True
    """

    base: Mixture
    rate: float

    @property
    def extent(self) -> float:  # type: ignore[override]
        """The base's: what was inside a circle stays inside."""
        return self.base.extent

    def sample(
        self, num_samples: int, *, generator: Generator | None = None
    ) -> Float[Tensor, "num_samples 2"]:
        return _turned(self.base.sample(num_samples, generator=generator), self.rate)

    def log_prob(self, x: Float[Tensor, "batch 2"]) -> Float[Tensor, " batch"]:
        return self.base.log_prob(_turned(x, -self.rate))


def _turned(x: Float[Tensor, "batch 2"], rate: float) -> Float[Tensor, "batch 2"]:
    angle = rate * x.norm(dim=1)
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([cos * x[:, 0] - sin * x[:, 1], sin * x[:, 0] + cos * x[:, 1]], dim=1)


@dataclass(frozen=True)
class Moons(Toy):
    """Two half circles blurred by Gaussian noise, shifted and scaled to mean 0 and variance 1 in each direction.

    The density is the blurred curve's, an integral over the half circle by 256 Gauss-Legendre nodes: exact to
    1e-9 nats for noise of 0.05 and more. Its entropy at noise 0.1 is 1.830 nats.

    Example:
        >>> x = moons().sample(1000, generator=torch.Generator().manual_seed(0))
        >>> -moons().log_prob(x.double()).mean().round(decimals=1)
        tensor(1.8000, dtype=torch.float64)
    """

    noise: float

    @property
    def extent(self) -> float:  # type: ignore[override]
        """The curve's reach is (1½, ¾); six deviations of noise hold the rest."""
        reach = torch.tensor([1.5, 0.75], dtype=torch.float64) + 6 * self.noise
        return (reach / self._scale).max().item()

    @property
    def _scale(self) -> Float[Tensor, "2"]:
        """Standard deviations of the blurred, centred curve: those of (cos t − ½, sin t − ¼), plus the noise's."""
        curve = torch.tensor([3 / 4, 9 / 16 - 1 / math.pi], dtype=torch.float64)
        return (curve + self.noise**2).sqrt()

    @staticmethod
    def _upper(t: Float[Tensor, " points"]) -> Float[Tensor, "points 2"]:
        """The upper moon at angle t; the lower one is its mirror image in the origin."""
        return torch.stack([t.cos() - 0.5, t.sin() - 0.25], dim=1)

    def sample(
        self, num_samples: int, *, generator: Generator | None = None
    ) -> Float[Tensor, "num_samples 2"]:
        upper = self._upper(math.pi * torch.rand(num_samples, generator=generator))
        side = 2 * torch.randint(2, (num_samples, 1), generator=generator) - 1
        return (side * upper + self.noise * torch.randn(upper.shape, generator=generator)) / self._scale.to(
            upper
        )

    def log_prob(self, x: Float[Tensor, "batch 2"]) -> Float[Tensor, " batch"]:
        nodes, weights = (torch.from_numpy(array) for array in np.polynomial.legendre.leggauss(256))
        upper = self._upper((nodes + 1) * math.pi / 2)
        curve = torch.cat([upper, -upper]).to(x)
        log_weights = (weights.repeat(2) / 4).log().to(x)  # the weights of both moons sum to 4
        distances = torch.cdist(x * self._scale.to(x), curve, compute_mode="donot_use_mm_for_euclid_dist")
        log_kernel = -(distances / self.noise).square() / 2 - math.log(2 * math.pi * self.noise**2)
        return (log_weights + log_kernel).logsumexp(1) + self._scale.log().sum().item()


@dataclass(frozen=True)
class Checkerboard(Toy):
    """Uniform on the 8 dark squares of a 4 × 4 board on [-4, 4]²: log p = −log 32 there, −∞ elsewhere.

    Example:
        >>> Checkerboard().log_prob(torch.tensor([[1.0, 1.0], [1.0, -1.0]]))
        tensor([-3.4657,    -inf])
    """

    extent: float = 4.0

    def sample(
        self, num_samples: int, *, generator: Generator | None = None
    ) -> Float[Tensor, "num_samples 2"]:
        row, half = (
            torch.randint(4, (num_samples,), generator=generator),
            torch.randint(2, (num_samples,), generator=generator),
        )
        corner = torch.stack([2 * half + row % 2, row], dim=1)
        return 2 * (corner + torch.rand(num_samples, 2, generator=generator)) - 4

    def log_prob(self, x: Float[Tensor, "batch 2"]) -> Float[Tensor, " batch"]:
        dark = ((x / 2).floor().sum(1) % 2 == 0) & (x.abs() <= 4).all(1)
        return torch.where(dark, -math.log(32), -math.inf).to(x)


def ring(num_modes: int = 8, radius: float = 2.0, std: float = 0.1) -> Mixture:
    """Round Gaussians evenly spaced on a circle, the first one to the right.

    Example:
        >>> ring().sample(5, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([5, 2])
    """
    return _spokes(num_modes, radius, along=std, across=std)


def two_gaussians(distance: float = 4.0, std: float = 0.5) -> Mixture:
    """Two round Gaussians on the horizontal axis, `distance` apart, with the origin half-way.

    Example:
        >>> two_gaussians().means.round(decimals=3).abs()
        tensor([[2., 0.],
                [2., 0.]], dtype=torch.float64)
    """
    return _spokes(2, distance / 2, along=std, across=std)


def pinwheel(num_arms: int = 5) -> Twist:
    """Curved arms: spokes of Gaussians, twisted.

    Example:
        >>> x = pinwheel().sample(3, generator=torch.Generator().manual_seed(0))
        >>> pinwheel().log_prob(x).shape
        torch.Size([3])
    """
    return Twist(_spokes(num_arms, 2.0, along=0.5, across=0.15), rate=0.6)


def spirals() -> Twist:
    """Two arms that wind about each other: two long Gaussians, twisted hard.

    Example:
        >>> x = spirals().sample(3, generator=torch.Generator().manual_seed(0))
        >>> spirals().log_prob(x).shape
        torch.Size([3])
    """
    return Twist(_spokes(2, 1.8, along=0.6, across=0.2), rate=1.6)


def moons(noise: float = 0.1) -> Moons:
    """Two interleaved half circles with Gaussian `noise`, measured before the scaling to unit variance.

    Example:
        >>> moons().log_prob(torch.zeros(1, 2)).shape
        torch.Size([1])
    """
    return Moons(noise)


def checkerboard() -> Checkerboard:
    """Every other square of a 4 × 4 board on [-4, 4]².

    Example:
        >>> checkerboard().sample(3, generator=torch.Generator().manual_seed(0)).abs().max() <= 4
        tensor(True)
    """
    return Checkerboard()


def _spokes(number: int, radius: float, *, along: float, across: float) -> Mixture:
    """Gaussians at `radius` in `number` directions, with their standard deviations along and across them."""
    angle = 2 * math.pi * torch.arange(number, dtype=torch.float64) / number
    outward = torch.stack([angle.cos(), angle.sin()], dim=1)
    sideways = torch.stack([-angle.sin(), angle.cos()], dim=1)
    factors = torch.stack([along * outward, across * sideways], dim=2)
    return Mixture(radius * outward, factors, extent=radius + 6 * along)
