"""Task 6, visible checks: where squeeze puts each pixel, chess boards, and a flow that lets half go at each level."""

import math
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.testing import assert_close, assert_shape

READ = "task 6 of the notebook, and lecture 5, section 'Multiscale'"
SHAPE = (1, 4, 4)


def _blocks(student: Any, seed: int) -> list[Any]:
    """Two levels of random linear maps for images (1, 4, 4): of 4 and then of 8 channels."""
    generator = Generator().manual_seed(seed)
    return [
        student.ChannelMap(
            torch.eye(size).double()
            + 0.3 * torch.randn(size, size, generator=generator, dtype=torch.float64),
            torch.randn(size, generator=generator, dtype=torch.float64),
        )
        for size in (4, 8)
    ]


def _flow(student: Any, seed: int) -> Any:
    return student.MultiscaleFlow(_blocks(student, seed), SHAPE)


def _idle_flow(student: Any) -> Any:
    """Two levels that only move numbers."""
    blocks = [student.ChannelMap(torch.eye(size).double(), torch.zeros(size).double()) for size in (4, 8)]
    return student.MultiscaleFlow(blocks, SHAPE)


def _images(seed: int) -> Tensor:
    return torch.randn(5, *SHAPE, generator=Generator().manual_seed(seed), dtype=torch.float64)


def check_squeeze(student: Any) -> None:
    """The 16 numbered pixels of a 4×4 image: each 2×2 block becomes one site of four channels"""
    squeezed = student.squeeze(torch.arange(16.0).reshape(1, 1, 4, 4))
    expected = torch.tensor([[[0, 2], [8, 10]], [[1, 3], [9, 11]], [[4, 6], [12, 14]], [[5, 7], [13, 15]]])
    assert_close(
        squeezed,
        expected[None].float(),
        what="squeeze of the image 0 … 15",
        cause="reshape alone does not move a block together: split H into (H/2, 2) and W into (W/2, 2), permute, then "
        "reshape",
        read=READ,
    )


def check_channels_stay_together(student: Any) -> None:
    """Of two channels, the first becomes channels 0 … 3 and the second 4 … 7"""
    both = torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1).expand(1, 2, 2, 2)
    assert_close(
        student.squeeze(both).flatten(),
        torch.tensor([1.0] * 4 + [2.0] * 4),
        what="squeeze of one channel of ones and one of twos",
        cause="channel c goes to 4c ... 4c+3, not to c, c+C, c+2C, ...",
        read=READ,
    )


def check_unsqueeze(student: Any) -> None:
    """unsqueeze undoes squeeze"""
    x = torch.arange(2 * 3 * 4 * 6.0).reshape(2, 3, 4, 6)
    assert_close(student.unsqueeze(student.squeeze(x)), x, what="unsqueeze(squeeze(x))", read=READ)


def check_checkerboard(student: Any) -> None:
    """A board of 3×4 squares: corner True for parity 0, and all the other ones for parity 1"""
    even = torch.tensor([[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]]).bool()
    for parity, expected in enumerate((even, ~even)):
        mask = student.checkerboard_mask(3, 4, parity)
        assert_shape(mask, (3, 4), what="the mask", read=READ)
        assert_close(
            mask.double(),
            expected.double(),
            what=f"the mask of parity {parity}",
            cause="stripes: row + column decides, not the number of the square; or the parity is not used",
            read=READ,
        )


def check_levels(student: Any) -> None:
    """Two levels that only move numbers: the first latent is what the lower row of each 2×2 block holds"""
    x = torch.arange(16.0).double().reshape(1, *SHAPE)
    latents, log_det = _idle_flow(student).inverse(x)
    assert_close(len(latents), 2, what="number of latents", cause="one for each level", read=READ)
    assert_shape(latents[0], (1, 2, 2, 2), what="the first latent", read=READ)
    assert_shape(latents[1], (1, 8, 1, 1), what="the last latent", read=READ)
    assert_close(
        latents[0].flatten(),
        torch.tensor([4.0, 6, 12, 14, 5, 7, 13, 15]).double(),
        what="the first latent of the image 0 … 15",
        cause="the second half of the channels leaves, after the squeeze and the block",
        read=READ,
    )
    assert_close(log_det, torch.zeros(1).double(), what="log_det of moves alone", read=READ)


def check_round_trip(student: Any) -> None:
    """forward(inverse(x)) is x, and the two log_dets cancel"""
    flow = _flow(student, 1)
    latents, log_det = flow.inverse(_images(2))
    x, back = flow(latents)
    assert_close(
        x,
        _images(2),
        what="forward(inverse(x))",
        cause="the last level comes first: block, unsqueeze, and then the factored-out half is put back behind",
        read=READ,
    )
    assert_close(back, -log_det, what="log_det of forward", cause="that of inverse, negative", read=READ)


def check_log_prob(student: Any) -> None:
    """log_prob is the prior of all latents, plus the log-determinants of all blocks"""
    blocks, x = _blocks(student, 3), _images(4)
    first, first_log_det = blocks[0].inverse(student.squeeze(x))
    second, second_log_det = blocks[1].inverse(student.squeeze(first[:, :2]))
    z = torch.cat([first[:, 2:].flatten(1), second.flatten(1)], dim=1)
    assert_close(
        student.MultiscaleFlow(blocks, SHAPE).log_prob(x),
        first_log_det + second_log_det - z.square().sum(1) / 2 - 8 * math.log(2 * math.pi),
        what="log_prob",
        cause="the prior of a factored-out latent, or the log-determinant of a block, is left out",
        read=READ,
    )


def check_sample(student: Any) -> None:
    """Samples have the shape of the images, come from the generator, and vary in all latents"""
    flow = _idle_flow(student)
    x, again = (flow.sample(500, Generator().manual_seed(5)) for _ in range(2))
    assert_shape(x, (500, *SHAPE), what="samples", read=READ)
    assert_close(again, x, what="samples from the same seed", cause="generator is not used", read=READ)
    assert_close(
        x.std(0).double(),
        torch.ones(SHAPE).double(),
        tolerance=0.2,
        what="the standard deviation of each pixel, with blocks that only move numbers,",
        cause="a factored-out latent is set to zero, or to the same noise for all",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """A numbered image, its four channels, and both boards."""
    image = torch.arange(36.0).reshape(1, 1, 6, 6)
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    pictures = {"x": image[0, 0]} | {f"channel {k}": c for k, c in enumerate(student.squeeze(image)[0])}
    pictures |= {f"parity {k}": 36 * student.checkerboard_mask(6, 6, k) for k in range(2)}
    for axis, (title, values) in zip(figure.subplots(1, len(pictures)), pictures.items(), strict=True):
        axis.imshow(values, cmap="gray" if "parity" in title else "viridis", vmin=0, vmax=36)
        axis.set(title=title, xticks=[], yticks=[])
    return figure
