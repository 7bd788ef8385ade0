"""What every layer of a flow promises, asked of all of them in the same way."""

import pytest
import torch
from torch import Generator, nn

from dgm_course.models.flows.base import Chain, Reversed
from dgm_course.models.flows.coupling import AffineCoupling, RealNVP, mlp
from dgm_course.models.flows.dequantization import Logit
from dgm_course.models.flows.glow import ActNorm, Glow, Invertible1x1
from dgm_course.models.flows.iaf import IAF
from dgm_course.models.flows.maf import MAF, AutoregressiveAffine
from dgm_course.models.flows.mixture_cdf import MixtureCDF
from dgm_course.models.flows.multiscale import (
    Checkerboard,
    Multiscale,
    MultiscaleRealNVP,
    Squeeze,
    convolutions,
)
from dgm_course.models.flows.planar import Planar, PlanarFlow
from dgm_course.models.flows.spline import SplineCoupling, SplineFlow
from dgm_course.testing import (
    PropertyError,
    assert_gradients_reach,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_unchanged,
    randomize,
)


class Given(AffineCoupling):
    """A coupling with a context that is the same for all."""

    def _scale_and_shift(self, kept, context):
        return super()._scale_and_shift(
            kept, torch.tensor([1.5, -0.7], dtype=kept.dtype).expand(len(kept), 2)
        )


LAYERS = {
    "mixture CDF": (lambda: MixtureCDF((3,), 4), (3,)),
    "planar, one dimension": (lambda: Planar(1), (1,)),
    "planar": (lambda: Planar(4), (4,)),
    "coupling": (lambda: AffineCoupling(mlp(3, (8,), 4)), (5,)),
    "coupling, flipped": (lambda: AffineCoupling(mlp(2, (8,), 6), flip=True), (5,)),
    "coupling of images": (lambda: AffineCoupling(convolutions(2, 4, 2)), (3, 2, 2)),
    "coupling, given a context": (lambda: Given(mlp(3 + 2, (8,), 4)), (5,)),
    "chain of nothing": (lambda: Chain([]), (3,)),
    "autoregressive": (lambda: AutoregressiveAffine((2, 0, 3, 1), (8, 9)), (4,)),
    "autoregressive, one dimension": (lambda: AutoregressiveAffine((0,), ()), (1,)),
    "autoregressive, reversed": (lambda: Reversed(AutoregressiveAffine((1, 2, 0), (8,))), (3,)),
    "spline": (lambda: SplineCoupling(mlp(3, (8,), 2 * 14)), (5,)),
    "spline, flipped": (lambda: SplineCoupling(mlp(2, (8,), 3 * 14), flip=True, bound=1.0), (5,)),
    "squeeze": (Squeeze, (8, 1, 2)),
    "checkerboard": (lambda: Checkerboard(AffineCoupling(convolutions(4, 4, 8), flip=True)), (2, 2, 4)),
    "multiscale": (lambda: Multiscale([Squeeze(), Squeeze(), Chain([])], (1, 4, 4)), (1, 4, 4)),
    "actnorm": (lambda: ActNorm(3), (3,)),
    "actnorm of images": (lambda: ActNorm(3), (3, 2, 2)),
    "1×1 convolution": (lambda: Invertible1x1(3), (3, 2, 2)),
    "logit": (lambda: Logit(5), (3,)),
    "planar flow": (lambda: PlanarFlow(3, 3), (3,)),
    "RealNVP": (lambda: RealNVP(5, 3, (8,)), (5,)),
    "RealNVP, multiscale": (lambda: MultiscaleRealNVP((1, 4, 4), 2, 4), (1, 4, 4)),
    "Glow": (lambda: Glow((2, 4, 2), 2, 1, 4), (2, 4, 2)),
    "MAF": (lambda: MAF(4, 3, (8,)), (4,)),
    "IAF": (lambda: IAF(4, 3, (8,)), (4,)),
    "spline flow": (lambda: SplineFlow(4, 3, (8,), num_bins=4), (4,)),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def built(name: str, rng: Generator, scale: float = 0.2) -> nn.Module:
    return randomize(LAYERS[name][0](), rng, scale).double()


def latents(name: str, rng: Generator, num: int = 6) -> torch.Tensor:
    return torch.randn(num, *LAYERS[name][1], generator=rng, dtype=torch.float64)


def assert_layer(layer, z):
    x = layer(z)[0].detach()
    for direction, point in ((layer.forward, z), (layer.inverse, x)):
        assert_log_det_matches_jacobian(direction, point, tolerance=1e-10)
    assert_invertible(layer, layer.inverse, z, tolerance=1e-10)
    assert_invertible(layer.inverse, layer, x, tolerance=1e-10)


@every_layer
@pytest.mark.parametrize("seed", range(2))
def test_log_det_is_that_of_the_jacobian_and_both_ways_lead_back(name, seed):
    rng = Generator().manual_seed(seed)
    assert_layer(built(name, rng), latents(name, rng))


class Wrong(AffineCoupling):
    def inverse(self, x):
        z, log_det = super().inverse(x)
        return z, -self._of(-log_det)

    def forward(self, z):
        x, log_det = super().forward(z)
        return x, self._of(log_det)


class WrongSign(Wrong):
    def _of(self, log_det):
        return -log_det


class Mean(Wrong):
    """A mean over the event where a sum belongs."""

    def _of(self, log_det):
        return log_det / 2


class OfTheBatch(Wrong):
    def _of(self, log_det):
        return log_det.sum().expand_as(log_det)


class SameSignTwice(AffineCoupling):
    """The inverse says the log-determinant of forward."""

    def inverse(self, x):
        z, log_det = super().inverse(x)
        return z, -log_det


class DividesFirst(AffineCoupling):
    """The inverse undoes scale and shift in the order in which they were done."""

    def inverse(self, x):
        (kept, changed), (_, log_det) = x.tensor_split(2, dim=1), super().inverse(x)
        s, t = self._scale_and_shift(kept, None)
        return torch.cat([kept, changed * (-s).exp() - t], dim=1), log_det


class SeesItself(AffineCoupling):
    """Scale and shift are made of the half that changes."""

    def forward(self, z):
        kept, changed = z.tensor_split(2, dim=1)
        s, t = self._scale_and_shift(changed, None)
        return torch.cat([kept, changed * s.exp() + t], dim=1), s.sum(dim=1)


class OnePixel(ActNorm):
    """h · w is forgotten."""

    def _log_det(self, x):
        return self.log_scale.sum().expand(len(x))


class Determinant(Invertible1x1):
    """s in place of log |s|."""

    def _log_det(self, x):
        return (x[0, 0].numel() * (self.sign * self.log_s.exp()).sum()).expand(len(x))


class TransposedPermutation(Invertible1x1):
    def inverse(self, x):
        L, U = self._factors()
        return torch.einsum("ij,bj...->bi...", self.P.T @ L @ U, x), self._log_det(x)


class Unguarded(Planar):
    """u as it is: points are pushed past each other where uᵀw < −1."""

    def _direction(self):
        return self.u, 1 + self.w @ self.u


class WithoutSlope(Planar):
    """h′ is forgotten."""

    @staticmethod
    def _log_det(h, gap):
        return gap.log().expand(len(h))


class DroppedPart(Multiscale):
    """The latents come out in another order than they go in."""

    def inverse(self, x):
        z, log_det = super().inverse(x)
        return z.flatten(1).flip(1).view_as(z), log_det


@pytest.mark.parametrize(
    ("wrong", "shape"),
    [
        *[
            (lambda kind=kind: kind(mlp(2, (8,), 4)), (4,))
            for kind in (WrongSign, Mean, OfTheBatch, SameSignTwice, DividesFirst, SeesItself)
        ],
        (lambda: OnePixel(2), (2, 2, 2)),
        (lambda: Determinant(3), (3, 2, 2)),
        (lambda: TransposedPermutation(5), (5, 1, 1)),
        (lambda: Unguarded(2), (2,)),
        (lambda: WithoutSlope(2), (2,)),
        (lambda: DroppedPart([Squeeze(), Chain([])], (1, 2, 2)), (1, 2, 2)),
    ],
    ids=lambda value: None,
)
def test_a_wrong_layer_is_noticed(wrong, shape, rng):
    def attempt():
        for _ in range(6):  # some wrong layers are right for some weights
            torch.manual_seed(1)
            layer = randomize(wrong(), rng, 1.0).double()
            assert_layer(layer, torch.randn(6, *shape, generator=rng, dtype=torch.float64))

    with torch.random.fork_rng(), pytest.raises(PropertyError):
        attempt()


def assert_finite_far_out(layer, shape, dtype):
    far = torch.tensor([-1e6, -50.0, 0.0, 50.0, 1e6], dtype=dtype)
    points = torch.stack([far.roll(i) for i in range(5)]).repeat(1, 4)[:, : torch.Size(shape).numel()]
    latent = points.view(-1, *shape)
    data = points.view(layer(latent)[0].shape)
    for direction, point in ((layer, latent), (layer.inverse, data)):
        for part in direction(point):
            if not part.isfinite().all():
                raise PropertyError("finite", f"{part}", "an overflow far from the data", "base.py")


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "logit"])  # its data end somewhere
@pytest.mark.parametrize(
    ("scale", "dtype"), [(0.5, torch.float32), (0.5, torch.float64), (50.0, torch.float64)]
)
def test_far_from_the_data_all_numbers_are_finite(name, scale, dtype, rng):
    assert_finite_far_out(built(name, rng, scale).to(dtype), LAYERS[name][1], dtype)


def test_a_scale_without_bounds_is_noticed(rng):
    class Unbounded(AffineCoupling):
        def _scale_and_shift(self, kept, context):
            return self.network(kept).chunk(2, dim=1)

    with pytest.raises(PropertyError):
        assert_finite_far_out(randomize(Unbounded(mlp(2, (8,), 4)), rng, 50.0), (4,), torch.float64)


@every_layer
def test_using_a_layer_does_not_change_it(name, rng):
    layer, z = built(name, rng).train(), latents(name, rng)
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    x, log_det = layer(z)
    layer.inverse(x)
    if log_det.requires_grad:
        (x.sum() + log_det.sum()).backward()
    assert_unchanged(before, layer.state_dict())


@pytest.mark.parametrize(
    "name", [name for name in LAYERS if name != "autoregressive, one dimension"]
)  # all masked
def test_gradients_of_both_directions_reach_every_weight(name, rng):
    layer, z = built(name, rng), latents(name, rng, num=40)
    for direction in (layer, layer.inverse):
        point = z if direction is layer else layer(z)[0].detach()

        def loss(direction=direction, point=point):
            moved, log_det = direction(point)
            return (moved * torch.arange(1, 1 + moved.numel()).view_as(moved)).sum() + log_det.sum()

        assert_gradients_reach(loss, layer)


@pytest.mark.parametrize(
    ("layer", "way"),
    [
        (MixtureCDF((2,), 3), "forward"),
        (Planar(3), "inverse"),
        (AutoregressiveAffine((1, 0, 2), (5,)), "forward"),
    ],
    ids=["mixture CDF", "planar", "autoregressive"],
)
def test_gradients_through_a_search_are_those_of_differences(layer, way, rng):
    randomize(layer, rng, 0.5)
    dims = 2 if isinstance(layer, MixtureCDF) else 3
    point = torch.randn(2, dims, generator=rng, dtype=torch.float64).requires_grad_()

    def moved(point, *weights):
        named = dict(zip(dict(layer.named_parameters()), weights, strict=True))
        return torch.func.functional_call(
            _Way(layer, way), {f"layer.{k}": v for k, v in named.items()}, (point,)
        )

    weights = [weight.detach().requires_grad_() for weight in layer.parameters()]
    assert torch.autograd.gradcheck(moved, (point, *weights))


class _Way(nn.Module):
    def __init__(self, layer, way):
        super().__init__()
        self.layer, self.way = layer, way

    def forward(self, point):
        return getattr(self.layer, self.way)(point)


@pytest.mark.parametrize("flip", [False, True])
def test_a_coupling_evaluates_only_the_half_it_needs(flip, rng):
    """Of nine numbers five are of the first half: a network of any other size could not be asked."""
    seen = []
    sizes = (4, 5) if flip else (5, 4)
    for layer in (
        AffineCoupling(mlp(sizes[0], (8,), 2 * sizes[1]), flip),
        SplineCoupling(mlp(sizes[0], (8,), 14 * sizes[1]), flip),
    ):
        layer.network.register_forward_hook(lambda _, inputs, output: seen.append(inputs[0].shape))
        z = torch.randn(3, 9, generator=rng)
        x, _ = layer(z)
        layer.inverse(x)
        kept = slice(5, None) if flip else slice(5)
        assert torch.equal(x[:, kept], z[:, kept])
    assert seen == [(3, sizes[0])] * 4
