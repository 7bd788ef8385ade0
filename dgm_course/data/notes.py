"""Synthetic notes as μ-law audio: small, audible, and made on the spot.

A note is a plucked sound, harmonics that die away the faster the higher they are,

    s(t) = e^{−4t} Σ_h h^{−1.5} e^{−h t} sin(2π h f t + φ_h),

on one of eight pitches of a C major scale. The waveform is companded to K = 256 levels by the μ-law of telephony
(ITU-T G.711), with μ = K − 1:

    f(s) = sign(s) log(1 + μ |s|) / log(1 + μ),

which spends its levels where the ear does, on what is quiet. WaveNet models these levels (arXiv:1609.03499).
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dgm_course.data.split import LabelledSplit, cut

MU = 255


def mu_law(waveform: Float[Tensor, "*batch"]) -> Int[Tensor, "*batch"]:
    """Samples in [−1, 1] -> levels 0 … 255; silence is level 128.

    Example:
        >>> mu_law(torch.tensor([-1.0, 0.0, 0.01, 0.1, 1.0]))
        tensor([  0, 128, 157, 203, 255])
    """
    companded = waveform.sign() * torch.log1p(MU * waveform.abs()) / math.log1p(MU)
    return ((companded + 1) / 2 * MU + 0.5).long().clamp(0, MU)


def mu_law_expand(levels: Int[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Levels 0 … 255 -> samples in [−1, 1]: the other way round, but for the rounding.

    Example:
        >>> levels = torch.arange(256)
        >>> bool((mu_law(mu_law_expand(levels)) == levels).all())
        True
    """
    companded = 2 * levels.to(torch.get_default_dtype()) / MU - 1
    return companded.sign() * torch.expm1(companded.abs() * math.log1p(MU)) / MU


@dataclass(frozen=True, repr=False)
class Notes(LabelledSplit):
    """Waveforms of `rate` samples a second with 256 levels; a label is a place in `scale`.

    Example:
        >>> Notes.scale[5], round(Notes.frequencies[5])
        ('A', 440)
    """

    rate: ClassVar[int] = 4000
    scale: ClassVar[tuple[str, ...]] = ("C", "D", "E", "F", "G", "A", "B", "C'")
    frequencies: ClassVar[tuple[float, ...]] = tuple(
        440.0 * 2 ** (step / 12) for step in (-9, -7, -5, -4, -2, 0, 2, 3)
    )


def notes(length: int = 1024) -> Notes:
    """Notes of shape `(length,)` with 256 levels: 400 train, 50 validation and 50 test notes.

    Pitch, loudness and the phases of three harmonics, all that this rate can carry, are drawn by a generator seeded
    with 0: the same for everyone.

    Example:
        >>> notes()
        Notes(train=(400, 1024), validation=(50, 1024), test=(50, 1024), num_levels=256)
    """
    generator = torch.Generator().manual_seed(0)
    sizes, harmonics = (400, 50, 50), torch.arange(1.0, 4.0, dtype=torch.float64)[:, None]
    pitch = torch.randint(len(Notes.scale), (sum(sizes),), generator=generator)
    loudness = 0.3 + 0.6 * torch.rand(sum(sizes), 1, generator=generator, dtype=torch.float64)
    phase = 2 * math.pi * torch.rand(sum(sizes), 3, 1, generator=generator, dtype=torch.float64)
    t = torch.arange(length, dtype=torch.float64) / Notes.rate
    f = torch.tensor(Notes.frequencies, dtype=torch.float64)[pitch, None, None]
    waves = torch.sin(2 * math.pi * harmonics * f * t + phase) * torch.exp(-harmonics * t) / harmonics**1.5
    sound = waves.sum(dim=1) * torch.exp(-4 * t)
    x = mu_law(loudness * sound / sound.abs().amax(dim=1, keepdim=True))
    parts = cut(x, pitch, sizes=sizes, num_levels=MU + 1, classes=len(Notes.scale))
    return Notes(parts.train, parts.validation, parts.test, parts.num_levels, parts.labels)
