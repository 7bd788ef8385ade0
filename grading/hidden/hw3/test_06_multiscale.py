"""Task 6: numbers move where they are said to, half of them leaves at each level, and all of them are counted.

A right sampler fails the statistical test with a probability of at most 1e-6.
"""

import math

import pytest
import torch

from dgm_course.testing import (
    PropertyError,
    assert_close,
    assert_differentiable,
    assert_moved,
    assert_samples_follow,
    assert_shape,
)

READ = "task 6 of the notebook, and lecture 5, section 'Multiscale'"
NUM_SAMPLES = 2000
ORDER = "the docstring says where each pixel goes: split H and W into blocks of two, permute, and only then reshape"


def draw(*shape, rng):
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


def squeezed(x):
    """squeeze by slices."""
    corners = [x[:, :, i::2, j::2] for i in range(2) for j in range(2)]
    return torch.stack(corners, dim=2).flatten(1, 2)


def draw_maps(shape, num_levels, rng, size=0.4):
    """The matrix and shift of each level, with the site's channels of that level."""
    channels = [4 * shape[0] * 2**level for level in range(num_levels)]
    return [
        (torch.eye(n).double() + size * draw(n, n, rng=rng) / math.sqrt(n), draw(n, rng=rng))
        for n in channels
    ]


def draw_flow(student, shape, num_levels, rng):
    maps = draw_maps(shape, num_levels, rng)
    return student.MultiscaleFlow([student.ChannelMap(*each) for each in maps], shape), maps


def sent_back(x, maps):
    """The latents of x and the log-determinant on the way to them."""
    latents, log_det = [], 0.0
    for level, (matrix, shift) in enumerate(maps, start=1):
        x = squeezed(x) - shift[:, None, None]
        x = torch.linalg.solve(matrix, x.flatten(2)).reshape(x.shape)
        log_det -= x[0, 0].numel() * matrix.slogdet().logabsdet
        if level < len(maps):
            half = x.shape[1] // 2
            latents.append(x[:, half:])
            x = x[:, :half]
    return [*latents, x], log_det


def assert_latents(latents, expected, what):
    if not isinstance(latents, list | tuple) or len(latents) != len(expected):
        raise PropertyError(
            f"{what}: a list of {len(expected)} latents",
            f"{len(latents)} of them" if isinstance(latents, list | tuple) else "no list",
            "one latent for each level, the last one included",
            READ,
        )
    for number, (latent, right) in enumerate(zip(latents, expected, strict=True), start=1):
        assert_shape(latent, tuple(right.shape), what=f"latent {number} of {len(expected)}", read=READ)
        assert_close(
            latent,
            right,
            what=f"latent {number} of {len(expected)}, {what}",
            cause="squeeze, then the block, then the second half of the channels leaves, except at the last level",
            read=READ,
        )


@pytest.mark.points(2)
def test_squeeze_moves_each_pixel_to_its_place(student, rng):
    """squeeze puts pixel (2h+i, 2w+j) of channel c at site (h, w) of channel 4c+2i+j, for any shape"""
    for batch, channels, height, width in ((2, 3, 4, 6), (1, 1, 2, 8), (3, 2, 6, 2)):
        x = draw(batch, channels, height, width, rng=rng)
        result = student.squeeze(x)
        assert_shape(result, (batch, 4 * channels, height // 2, width // 2), what="squeeze(x)", read=READ)
        assert_close(result, squeezed(x), what="squeeze(x)", cause=ORDER, read=READ)


@pytest.mark.points(1)
def test_unsqueeze_moves_them_back(student, rng):
    """unsqueeze takes every pixel back to where squeeze took it from"""
    for shape in ((2, 3, 4, 6), (1, 1, 2, 8), (3, 2, 6, 2)):
        x = draw(*shape, rng=rng)
        result = student.unsqueeze(squeezed(x))
        assert_shape(result, shape, what="unsqueeze(y)", read=READ)
        assert_close(result, x, what="unsqueeze(y)", cause=ORDER, read=READ)


@pytest.mark.points(1)
def test_checkerboards(student, rng):
    """Neighbours in a row or column are never both True or both False; the parity says which"""
    height, width = torch.randint(2, 5, (2,), generator=rng).tolist()
    for size in ((height, 2 * width), (2 * height, 2 * width - 1), (1, width), (height, 1)):
        for parity in (0, 1):
            mask = student.checkerboard_mask(*size, parity)
            assert_shape(mask, size, what="the mask", read=READ)
            expected = [
                [float((row + column) % 2 == parity) for column in range(size[1])] for row in range(size[0])
            ]
            assert_close(
                mask.double(),
                torch.tensor(expected).double(),
                what=f"the mask of parity {parity} for {size[0]}×{size[1]} pixels",
                cause="counting squares in reading order gives stripes where the width is even; row + column decides",
                read=READ,
            )
            assert_close(
                mask.dtype == torch.bool, True, what="'the mask is bool'", cause="a sum or a float", read=READ
            )


@pytest.mark.points(1)
def test_half_leaves_at_each_level(student, rng):
    """One to three levels: each latent holds the numbers that it should, and log_det adds up over levels and sites"""
    for shape, num_levels in (((2, 4, 8), 2), ((1, 8, 8), 3), ((3, 2, 6), 1)):
        flow, maps = draw_flow(student, shape, num_levels, rng)
        x = draw(3, *shape, rng=rng)
        expected, right = sent_back(x, maps)
        latents, log_det = flow.inverse(x)
        assert_latents(latents, expected, f"{num_levels} levels, images {shape}")
        assert_close(
            log_det,
            right.expand(3),
            what=f"log_det of inverse with {num_levels} levels",
            cause="the log-determinants of all blocks are added; squeeze and factoring out add nothing",
            read=READ,
        )


@pytest.mark.points(1)
def test_the_way_forward(student, rng):
    """forward takes the latents back to x, from the last level to the first, with the log_det of that way"""
    for shape, num_levels in (((2, 4, 8), 2), ((1, 8, 8), 3)):
        flow, maps = draw_flow(student, shape, num_levels, rng)
        x = draw(4, *shape, rng=rng)
        latents, log_det = sent_back(x, maps)
        there, forward_log_det = flow(latents)
        assert_close(
            there,
            x,
            what="x from its latents",
            cause="block, unsqueeze, then the latent of the level before goes behind what came back",
            read=READ,
        )
        assert_close(
            forward_log_det,
            -log_det.expand(4),
            what="log_det of forward",
            cause="the sum over all blocks, with the sign of the way that is taken",
            read=READ,
        )


@pytest.mark.points(1)
def test_every_latent_has_its_prior(student, rng):
    """log_prob adds the standard normal prior of every level's latent and the log-determinants, with their gradients"""
    for shape, num_levels in (((2, 4, 4), 2), ((1, 8, 8), 3), ((3, 2, 2), 1)):
        flow, maps = draw_flow(student, shape, num_levels, rng)
        x = 2 * draw(6, *shape, rng=rng)
        latents, log_det = sent_back(x, maps)
        prior = sum(torch.distributions.Normal(0, 1).log_prob(z).flatten(1).sum(1) for z in latents)
        assert_close(
            flow.log_prob(x),
            prior + log_det,
            what=f"log_prob with {num_levels} levels",
            cause="the prior of a factored-out latent is left out, or a mean stands for a sum",
            read=READ,
        )
        assert_differentiable(flow, rng, x, direction="log_prob", read=READ)


@pytest.mark.points(1)
def test_samples(student, rng):
    """2000 samples, sent back through the exact inverse, are standard normal at every level; the generator decides"""
    shape, seed = (1, 4, 4), int(torch.randint(2**31, (), generator=rng))
    flow, maps = draw_flow(student, shape, 2, rng)
    samples, again, other = (
        flow.sample(number, torch.Generator().manual_seed(seed + extra))
        for number, extra in ((NUM_SAMPLES, 0), (NUM_SAMPLES, 0), (20, 1))
    )
    assert_shape(samples, (NUM_SAMPLES, *shape), what="samples", read=READ)
    assert_close(again, samples, what="samples from the same seed", cause="generator is not used", read=READ)
    assert_moved(other, samples[:20], "samples with the seed", "generator is not used", READ)
    latents, _ = sent_back(samples.double(), maps)
    for number, latent in enumerate(latents, start=1):
        z = latent.flatten(1)
        pairs = torch.stack([z, z.roll(1, 1)], dim=-1)[:, ::2].flatten(
            0, 1
        )  # of places that lie side by side
        quarters = (2 * (1 + torch.erf(pairs / math.sqrt(2)))).long().clamp(0, 3)
        assert_samples_follow(
            quarters,
            torch.full((4, 4), 1 / 16, dtype=torch.float64),
            false_alarm=1e-6 / 2,
            what=f"latents of level {number}, in pairs and in quarters of the normal distribution,",
            cause="a level's latent is zero, shared, or no standard normal noise",
            read=READ,
        )
