"""Task 7, visible checks: what the first batch sets, and that nothing sets it again."""

from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.testing import (
    assert_close,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_shape,
    randomize,
)

READ = "task 7 of the notebook, and lecture 5, section 'ActNorm'"


def _images(seed: int, batch: int = 10) -> Tensor:
    """Images (B, 3, 4, 2) whose channels have means 5, -1, 0 and standard deviations 1, 3, 0.2 or so."""
    noise = torch.randn(batch, 3, 4, 2, generator=Generator().manual_seed(seed), dtype=torch.float64)
    scale, mean = torch.tensor([[1.0, 3.0, 0.2], [5.0, -1.0, 0.0]], dtype=torch.float64)[..., None, None]
    return noise * scale + mean


def _layer(student: Any) -> Any:
    layer = student.ActNorm(3)
    layer.double()
    return layer


def _assert_normal(z: Tensor, over: tuple[int, ...]) -> None:
    for what, got, right in (
        ("mean", z.mean(over), 0.0),
        ("standard deviation", z.std(over, correction=0), 1.0),
    ):
        assert_close(
            got,
            torch.full_like(got, right),
            tolerance=1e-6,
            what=f"the {what} of each channel of z",
            cause="statistics are over the batch and all sites, for each channel alone, and the first batch is already "
            "sent through with them",
            read=READ,
        )


def check_first_batch_of_images(student: Any) -> None:
    """The first images to come through inverse have mean 0 and standard deviation 1 in every channel"""
    z, log_det = _layer(student).inverse(_images(1))
    assert_shape(z, (10, 3, 4, 2), what="z", read=READ)
    assert_shape(log_det, (10,), what="log_det", read=READ)
    _assert_normal(z.detach(), (0, 2, 3))


def check_first_batch_of_vectors(student: Any) -> None:
    """The same for vectors (B, C)"""
    z, _ = _layer(student).inverse(_images(2, 30)[:, :, 0, 0])
    assert_shape(z, (30, 3), what="z", read=READ)
    _assert_normal(z.detach(), (0,))


def check_once_only(student: Any) -> None:
    """A second batch is sent through with the statistics of the first"""
    layer, first, second = _layer(student), _images(3), _images(4) + 7
    layer.inverse(first)
    assert_close(
        layer.inverse(second)[0],
        (second - first.mean((0, 2, 3), keepdim=True)) / first.std((0, 2, 3), keepdim=True, correction=0),
        tolerance=1e-6,
        what="z of the second batch",
        cause="every batch is normalised, as by batch normalisation; only the first one sets the parameters",
        read=READ,
    )


def check_not_in_evaluation(student: Any) -> None:
    """In evaluation mode nothing is set: a new layer is the identity, for inverse and forward"""
    layer, x = _layer(student), _images(5)
    assert_close(
        layer(x)[0], x, what="x of forward", cause="only `inverse` sees data and initialises", read=READ
    )
    layer.eval()
    assert_close(
        layer.inverse(x)[0], x, what="z in evaluation mode", cause="self.training is not asked", read=READ
    )


def check_survives_saving(student: Any) -> None:
    """A layer that loads the state of an initialised one is not initialised again"""
    layer, loaded, first, second = _layer(student), _layer(student), _images(6), _images(7) + 7
    layer.inverse(first)
    loaded.load_state_dict(layer.state_dict())
    assert_close(
        loaded.inverse(second)[0],
        layer.inverse(second)[0],
        what="z of the loaded layer",
        cause="whether the first batch has been seen is kept in a plain attribute: use register_buffer",
        read=READ,
    )


def check_log_det(student: Any) -> None:
    """With any parameters, log_det is that of the Jacobian, in both directions, and the round trip is exact"""
    layer = randomize(_layer(student), Generator().manual_seed(8))
    layer.eval()
    x = _images(9, 2)
    for transform in (layer, layer.inverse):
        assert_log_det_matches_jacobian(
            transform,
            x,
            cause="H·W is forgotten: each of the sites of a channel is scaled; or the sign of one direction",
            read=READ,
        )
    assert_invertible(layer, layer.inverse, x, read=READ)


def picture(student: Any) -> Figure:
    """Each channel of two batches, before and after."""
    layer, first, second = _layer(student), _images(10, 50), _images(11, 50) + 1
    panels = {"first batch": first, "z of the first": layer.inverse(first)[0]}
    panels |= {"second batch": second, "z of the second": layer.inverse(second)[0]}
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    for axis, (title, values) in zip(figure.subplots(1, 4), panels.items(), strict=True):
        axis.boxplot(
            list(values.detach().transpose(0, 1).flatten(1)), orientation="horizontal", showfliers=False
        )
        axis.axvline(0, color="lightgrey", zorder=0)
        axis.set(title=title, ylabel="channel")
    return figure
