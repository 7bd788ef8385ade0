"""Visible checks of task 3: three linear layers that undo themselves and know their determinants."""

from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor

from dgm_course.testing import (
    assert_bound,
    assert_close,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_shape,
    draw_responsive,
    randomize,
)

READ = "task 3 of the notebook, and lecture 5, section 'Linear maps'"


def _normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(1), dtype=torch.float64)


def _matrix_of_pixel(conv: Any, num_channels: int) -> Tensor:
    """W, read off from images of one pixel."""
    units = torch.eye(num_channels, dtype=torch.float64)[:, :, None, None]
    x, _ = conv(units)
    assert_shape(x, tuple(units.shape), what="x", read=READ)
    return x.detach()[:, :, 0, 0].T


def _conv(student: Any, num_channels: int) -> Any:
    conv = student.InvertibleConv1x1(num_channels)
    z = _normal(2, num_channels, 2, 2)
    return draw_responsive(
        conv, Generator().manual_seed(2), z, scale=0.4, output=lambda result: result[0], read=READ
    )


def check_permutation(student: Any) -> None:
    """x[:, i] is z[:, order[i]], for vectors and images, and `inverse` undoes it"""
    layer = student.Permutation(torch.tensor([2, 0, 3, 1]))
    x, log_det = layer(torch.tensor([[10.0, 11.0, 12.0, 13.0]], dtype=torch.float64))
    assert_close(
        x,
        torch.tensor([[12.0, 10.0, 13.0, 11.0]], dtype=torch.float64),
        what="the permutation of (10, 11, 12, 13) by order (2, 0, 3, 1)",
        cause="forward and inverse are exchanged: x[i] is z[order[i]]",
        read=READ,
    )
    assert_close(
        log_det, torch.zeros(1, dtype=torch.float64), what="log_det", cause="nothing is stretched", read=READ
    )
    for z in (_normal(5, 4), _normal(3, 4, 2, 3)):
        assert_invertible(
            layer, layer.inverse, z, cause="the inverse of an order is order.argsort()", read=READ
        )


def check_householder(student: Any) -> None:
    """Reflections keep all lengths, for any vectors, and `inverse` undoes them"""
    for num_reflections in (1, 2):
        layer, z = student.Householder(4, num_reflections), _normal(6, 4)
        layer.double()
        assert_invertible(layer, layer.inverse, z, cause="the vectors start at 0, or share one", read=READ)
        layer = draw_responsive(
            layer, Generator().manual_seed(3), z, output=lambda result: result[0], read=READ
        )
        x, log_det = layer(z)
        assert_close(
            x.norm(dim=1),
            z.norm(dim=1),
            what=f"the length of x after {num_reflections} reflections",
            cause="v vᵀ is not divided by |v|², or the factor 2 is missing: a projection",
            read=READ,
        )
        assert_close(
            log_det,
            torch.zeros(6, dtype=torch.float64),
            what="log_det",
            cause="the determinant is 1 or −1, one number per example",
            read=READ,
        )
        assert_invertible(
            layer, layer.inverse, z, cause="the reflections are not undone in the opposite order", read=READ
        )


def check_reflection_turns_over(student: Any) -> None:
    """One reflection turns space over, two turn it"""
    for num_reflections, determinant in ((1, -1.0), (2, 1.0)):
        layer = randomize(student.Householder(3, num_reflections), Generator().manual_seed(4))
        rows, _ = layer(torch.eye(3, dtype=torch.float64))
        assert_close(
            torch.linalg.det(rows.detach()),
            determinant,
            what=f"the determinant of {num_reflections} reflections",
            cause="another number of reflections, or a rotation in place of a reflection",
            read=READ,
        )


def check_conv_everywhere(student: Any) -> None:
    """The convolution multiplies the channels of every pixel with the same matrix"""
    conv, z = _conv(student, 3), _normal(2, 3, 4, 2)
    assert_close(
        conv(z)[0],
        torch.einsum("dc,bcij->bdij", _matrix_of_pixel(conv, 3), z),
        what="x, from the matrix that images of one pixel show,",
        cause="pixels are mixed, or height and width are swapped by a reshape",
        read=READ,
    )


def check_conv_log_det(student: Any) -> None:
    """Its log-determinant counts all H·W pixels"""
    conv = _conv(student, 3)
    for shape in ((2, 3, 1, 1), (2, 3, 2, 3)):
        assert_log_det_matches_jacobian(
            conv,
            _normal(*shape),
            cause="the factor H·W is forgotten, or the diagonal counts with its sign or without a logarithm",
            read=READ,
        )


def check_conv_inverse(student: Any) -> None:
    """`inverse` undoes the convolution, whatever the weights are"""
    conv, z = _conv(student, 6), _normal(3, 6, 2, 3)
    cause = "P, L, U undone in the wrong order, P forgotten, or a transpose in place of the inverse"
    assert_invertible(conv, conv.inverse, z, cause=cause, read=READ)
    zeros = {name: torch.zeros_like(value) for name, value in conv.named_parameters()}
    conv.load_state_dict(zeros, strict=False)
    singular = "W is singular there: a free matrix, no exp(s) on the diagonal of U, or no ones on that of L"
    x, log_det = conv(z)
    assert_bound(
        torch.cat([log_det.detach(), x.detach().flatten(1).norm(dim=1)]),
        -1e3,
        1e3,
        what="log_det and the length of x with all parameters 0",
        cause=singular,
        read=READ,
    )
    assert_invertible(conv, conv.inverse, z, cause=singular, read=READ)


def check_conv_start(student: Any) -> None:
    """The convolution starts as a rotation, or reflection, of all channels"""
    conv = student.InvertibleConv1x1(4)
    conv.double()
    weight = _matrix_of_pixel(conv, 4)
    assert_close(
        weight @ weight.T,
        torch.eye(4, dtype=torch.float64),
        tolerance=1e-5,
        what="W Wᵀ at the start",
        cause="P, L and U do not come from one orthogonal matrix, or s starts elsewhere than at log |u|",
        read=READ,
    )
    assert_bound(
        (weight.abs() > 1e-3).sum(),
        9,
        what="the number of entries of W, of 16, that are not 0 at the start",
        cause="W starts as the identity, or a permutation, which mixes nothing",
        read=READ,
    )


def picture(student: Any) -> Figure:
    """The matrix of the convolution, and what is left after undoing it."""
    conv = _conv(student, 6)
    weight = _matrix_of_pixel(conv, 6)
    back, _ = conv.inverse(weight.T[:, :, None, None])
    figure = Figure(figsize=(5.5, 2.8), layout="constrained")
    pictures = {"your W": weight, "inverse(W), the identity": back.detach()[:, :, 0, 0].T}
    for axis, (title, matrix) in zip(figure.subplots(1, 2), pictures.items(), strict=True):
        axis.imshow(matrix, cmap="RdBu", vmin=-2, vmax=2)
        axis.set(title=title, xticks=[], yticks=[])
    return figure
