"""Glow: ActNorm, invertible 1×1 convolutions, several scales (Kingma & Dhariwal 2018, arXiv:1807.03039).

A step of the flow, from data to latents, is

    actnorm         z = (x − μ_c) exp(−s_c)       log_det = −h w Σ_c s_c
    1×1             z = W x at every pixel        log_det = h w log |det W|
    coupling        as in RealNVP, one half of the channels given the other

RealNVP's halves change roles by a fixed swap; here W mixes all channels before each coupling, and is learned. Kept as
W = P L (U + diag s) its log-determinant is Σ log |s|, and its inverse two triangular solves. P and the signs of s stay
what they were in the random rotation that W begins as.

ActNorm's first μ and s are the mean and the logarithm of the standard deviation of each channel on a batch of data. No
forward pass sets them: `flow.initialize(x)` does, once, layer by layer from the data down. It leaves a mark in the
state, so that a flow that is loaded from a `state_dict` is not initialised again.

What a level factors out is N(μ(h), σ(h)²) given the channels h that go on: a coupling makes it standard normal.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dgm_course.models.flows.base import Chain, Flow, Layer
from dgm_course.models.flows.coupling import AffineCoupling
from dgm_course.models.flows.multiscale import Multiscale, Squeeze, convolutions


class ActNorm(Layer):
    """Each channel (dimension 1) is scaled and moved by numbers of its own.

    Example:
        >>> layer = ActNorm(num_channels=3)
        >>> z = layer.initialize(5 + 2 * torch.randn(100, 3, 4, 4))
        >>> z.mean(dim=(0, 2, 3)).abs().max() < 1e-5, layer(z)[0].mean().round()
        (tensor(True), tensor(5., grad_fn=<RoundBackward0>))
    """

    initialized: Tensor

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(num_channels))
        self.log_scale = nn.Parameter(torch.zeros(num_channels))
        self.register_buffer("initialized", torch.tensor(False))

    def forward(
        self, z: Float[Tensor, "batch channels *space"]
    ) -> tuple[Float[Tensor, "batch channels *space"], Float[Tensor, " batch"]]:
        return z * self._like(self.log_scale.exp(), z) + self._like(self.mean, z), self._log_det(z)

    def inverse(
        self, x: Float[Tensor, "batch channels *space"]
    ) -> tuple[Float[Tensor, "batch channels *space"], Float[Tensor, " batch"]]:
        return (x - self._like(self.mean, x)) * self._like((-self.log_scale).exp(), x), -self._log_det(x)

    @torch.no_grad()
    def initialize(self, x: Float[Tensor, "batch channels *space"]) -> Float[Tensor, "batch channels *space"]:
        """Make the latents of x have mean 0 and standard deviation 1 in each channel; the second time does nothing."""
        if not self.initialized:
            rows = x.transpose(0, 1).flatten(1)
            self.mean.copy_(rows.mean(dim=1))
            self.log_scale.copy_(rows.std(dim=1, correction=0).clamp(min=1e-6).log())
            self.initialized.fill_(True)
        return self.inverse(x)[0]

    def _log_det(self, x: Tensor) -> Float[Tensor, " batch"]:
        return (x[0, 0].numel() * self.log_scale.sum()).expand(len(x))

    @staticmethod
    def _like(value: Float[Tensor, " channels"], x: Tensor) -> Tensor:
        return value.view(-1, *[1] * (x.dim() - 2))


class Invertible1x1(Layer):
    """One learned matrix mixes the channels (dimension 1) at every pixel.

    Example:
        >>> layer = Invertible1x1(num_channels=3)
        >>> z, log_det = layer.inverse(torch.randn(5, 3, 4, 4))
        >>> z.shape, log_det.abs().max() < 1e-4                      # a rotation at first
        (torch.Size([5, 3, 4, 4]), tensor(True))
    """

    P: Tensor
    sign: Tensor

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(num_channels, num_channels))[0]
        P, L, U = torch.linalg.lu(rotation)
        self.register_buffer("P", P)
        self.register_buffer("sign", U.diagonal().sign())
        self.L = nn.Parameter(L.tril(-1))
        self.U = nn.Parameter(U.triu(1))
        self.log_s = nn.Parameter(U.diagonal().abs().log())

    def forward(
        self, z: Float[Tensor, "batch channels *space"]
    ) -> tuple[Float[Tensor, "batch channels *space"], Float[Tensor, " batch"]]:
        """Two triangular solves in place of a matrix inverse."""
        L, U = self._factors()
        y = self.P.T @ z.transpose(0, 1).flatten(1)
        y = torch.linalg.solve_triangular(L, y, upper=False, unitriangular=True)
        x = torch.linalg.solve_triangular(U, y, upper=True)
        return x.unflatten(1, (len(z), *z.shape[2:])).transpose(0, 1), -self._log_det(z)

    def inverse(
        self, x: Float[Tensor, "batch channels *space"]
    ) -> tuple[Float[Tensor, "batch channels *space"], Float[Tensor, " batch"]]:
        L, U = self._factors()
        return torch.einsum("ij,bj...->bi...", self.P @ L @ U, x), self._log_det(x)

    def _factors(self) -> tuple[Float[Tensor, "channels channels"], Float[Tensor, "channels channels"]]:
        L = self.L.tril(-1) + torch.eye(len(self.L), dtype=self.L.dtype, device=self.L.device)
        return L, self.U.triu(1) + torch.diag(self.sign * self.log_s.exp())

    def _log_det(self, x: Tensor) -> Float[Tensor, " batch"]:
        return (x[0, 0].numel() * self.log_s.sum()).expand(len(x))


class Glow(Flow):
    """`num_scales` levels of `num_steps` steps on images, whose sides are multiples of 2^(num_scales − 1).

    Every level but the last begins with a squeeze. (The paper squeezes before the last one, too.)

    Example:
        >>> model = Glow((1, 8, 8), num_scales=3, num_steps=2, channels=8)
        >>> latents = model.initialize(torch.randn(20, 1, 8, 8))
        >>> x = model.sample(5, generator=torch.Generator().manual_seed(0))
        >>> x.shape, model.log_prob(x).shape, model.encode(x).shape
        (torch.Size([5, 1, 8, 8]), torch.Size([5]), torch.Size([5, 1, 8, 8]))
    """

    def __init__(
        self, event_shape: Sequence[int], num_scales: int = 3, num_steps: int = 4, channels: int = 32
    ) -> None:
        c = event_shape[0]
        levels: list[Layer] = []
        for _ in range(num_scales - 1):
            prior = AffineCoupling(convolutions(2 * c, channels, 4 * c))
            levels.append(Chain([prior, *_steps(num_steps, 4 * c, channels), Squeeze()]))
            c *= 2
        levels.append(Chain(_steps(num_steps, c, channels)))
        super().__init__([Multiscale(levels, event_shape)], event_shape)


def _steps(num_steps: int, c: int, channels: int) -> list[Layer]:
    """The steps of one level on c channels, in the order from latents to data."""
    few = c // 2
    return [
        layer
        for _ in range(num_steps)
        for layer in (
            AffineCoupling(convolutions(c - few, channels, 2 * few)),
            Invertible1x1(c),
            ActNorm(c),
        )
    ]
