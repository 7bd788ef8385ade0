"""Task 3: permutations, reflections and 1×1 convolutions are undone for any weights, with the right determinant."""

import pytest
import torch

from dgm_course.testing import (
    assert_bound,
    assert_close,
    assert_differentiable,
    assert_each_alone,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_shape,
    draw_responsive,
    randomize,
)

READ = "task 3 of the notebook, and lecture 5, section 'Linear maps'"


def normal(*shape, rng):
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


def draw_order(num_dims, rng):
    """A permutation that is not its own inverse."""
    order = torch.randperm(num_dims, generator=rng)
    while torch.equal(order.argsort(), order):
        order = torch.randperm(num_dims, generator=rng)
    return order


def value(result):
    return result[0]


def draw_reflections(student, num_dims, num_reflections, rng):
    layer = student.Householder(num_dims, num_reflections)
    if num_dims == 1:
        return randomize(layer, rng)  # x = ±z whatever the vectors are
    return draw_responsive(layer, rng, normal(4, num_dims, rng=rng), output=value, read=READ)


def matrix(layer, units):
    """W of a linear layer, from what it does to the unit vectors; 0 stays 0."""
    inputs = torch.cat([units, torch.zeros_like(units[:1])])
    x, _ = layer(inputs)
    assert_shape(x, tuple(inputs.shape), what="x", read=READ)
    cause = "something is added: a linear map leaves 0 where it is"
    assert_close(x[-1], inputs[-1], what="the image of 0", cause=cause, read=READ)
    return x[:-1].reshape(len(units), -1).T


def mixing(layer, num_channels):
    """W of a convolution, of which no entry is 0: a diagonal or a triangle alone can be inverted, too."""
    weight = matrix(layer, torch.eye(num_channels, dtype=torch.float64)[:, :, None, None])
    cause = "not every channel goes into every other one: L, U or P is left out, or nothing is mixed"
    assert_bound(weight.abs().min(), 1e-9, what="the smallest entry of |W|", cause=cause, read=READ)
    return weight


def draw_conv(student, num_channels, rng):
    """A convolution with weights that differ from those at the start, and its W."""
    layer, z = student.InvertibleConv1x1(num_channels), normal(2, num_channels, 2, 1, rng=rng)
    layer = draw_responsive(layer, rng, z, scale=0.4, output=value, read=READ)
    return layer, mixing(layer, num_channels)


def assert_trained(student, num_channels, rng):
    """Every number of W is trained, and its volume: neither a fixed matrix with a factor nor a rotation."""
    layer, unit = student.InvertibleConv1x1(num_channels), torch.eye(num_channels, dtype=torch.float64)
    weights = [
        matrix(randomize(layer, rng, 0.4), unit[:, :, None, None]) for _ in range(2 * num_channels**2 + 1)
    ]
    changes = torch.stack([weight.flatten() for weight in weights]).diff(dim=0)
    assert_bound(
        torch.linalg.svdvals(changes).min(),
        1e-6,
        what=f"the smallest singular value of {len(changes)} changes of W, {num_channels**2} numbers each,",
        cause="a part of W stays as it was: L, U and s are all trained",
        read=READ,
    )
    assert_bound(
        max(float(torch.linalg.slogdet(weight)[1].abs()) for weight in weights),
        1e-3,
        what=f"the largest |log |det W|| of {len(weights)} draws of its weights",
        cause="W is always orthogonal: s is trained as well",
        read=READ,
    )


def assert_reflects(layer, num_dims, num_reflections):
    """The matrix of the layer, seen to be orthogonal and to turn space over an odd or even number of times."""
    unit = torch.eye(num_dims, dtype=torch.float64)
    rotation = matrix(layer, unit)
    assert_close(
        rotation @ rotation.T,
        unit,
        what=f"Q Qᵀ for {num_reflections} reflections in {num_dims} dimensions",
        cause="v vᵀ is not divided by |v|² (or by |v|), or the factor 2 is missing",
        read=READ,
    )
    assert_close(
        torch.linalg.det(rotation),
        float((-1) ** num_reflections),
        what=f"the determinant of {num_reflections} reflections",
        cause="more or fewer reflections than asked for, or rotations",
        read=READ,
    )
    return rotation


def assert_zero_log_det(result, batch):
    assert_close(
        result[1],
        torch.zeros(batch, dtype=torch.float64),
        what="log_det",
        cause="nothing is stretched: 0 for each example, (B,)",
        read=READ,
    )


@pytest.mark.points(2)
def test_permutation_reorders_and_comes_back(student, rng):
    """x[:, i] is z[:, order[i]] and log_det 0, for vectors and images of any size, and `inverse` undoes it"""
    for num_dims, rest in ((5, ()), (7, (3, 2)), (1, (2, 1))):
        order = draw_order(num_dims, rng) if num_dims > 2 else torch.arange(num_dims)
        layer, z = student.Permutation(order), normal(4, num_dims, *rest, rng=rng)
        there, back = layer(z), layer.inverse(z)
        cause = "forward and inverse are exchanged, or another dimension than the second is reordered"
        assert_close(there[0], z[:, order], what="forward(z)", cause=cause, read=READ)
        cause = "the inverse order is order.argsort(), which is the order itself in special cases only"
        assert_close(back[0], z[:, order.argsort()], what="inverse(x)", cause=cause, read=READ)
        assert_zero_log_det(there, 4)
        assert_zero_log_det(back, 4)


@pytest.mark.points(1)
def test_reflections_are_orthogonal(student, rng):
    """R reflections of any weights: an orthogonal matrix of determinant (−1)^R that changes R directions"""
    for num_dims, num_reflections in ((1, 1), (6, 1), (5, 2), (4, 4), (3, 5)):
        layer = draw_reflections(student, num_dims, num_reflections, rng)
        rotation = assert_reflects(layer, num_dims, num_reflections)
        changed = (torch.linalg.svdvals(rotation - torch.eye(num_dims, dtype=torch.float64)) > 1e-8).sum()
        assert_close(
            int(changed),
            min(num_dims, num_reflections),
            what="the number of directions that are changed",
            cause="the reflections share one vector, or more or fewer of them than asked for are used",
            read=READ,
        )


@pytest.mark.points(1)
def test_reflections_are_undone(student, rng):
    """`inverse` undoes the reflections in the opposite order; log_det is 0 for each; the vectors can be trained"""
    for num_dims, num_reflections in ((6, 1), (5, 4)):
        for layer in (
            draw_reflections(student, num_dims, num_reflections, rng),
            student.Householder(num_dims, num_reflections).double(),
        ):
            z = normal(7, num_dims, rng=rng)
            assert_reflects(layer, num_dims, num_reflections)
            assert_invertible(
                layer,
                layer.inverse,
                z,
                cause="the reflections are undone in the same order, or their vectors start at 0",
                read=READ,
            )
            assert_zero_log_det(layer(z), 7)
            assert_zero_log_det(layer.inverse(z), 7)
            for direction in ("forward", "inverse"):
                assert_differentiable(layer, rng, z, direction=direction, read=READ)


@pytest.mark.points(1)
def test_conv_multiplies_every_pixel(student, rng):
    """The same C × C matrix is applied to the channels of every pixel, whatever the size of the image"""
    assert_trained(student, 3, rng)
    for num_channels, height, width in ((1, 2, 3), (3, 4, 2), (6, 1, 5)):
        layer, weight = draw_conv(student, num_channels, rng)
        z = normal(9, num_channels, height, width, rng=rng)
        got = assert_each_alone(lambda z, layer=layer: layer(z)[0], z, what="x", read=READ)
        assert_close(
            got,
            torch.einsum("dc,bcij->bdij", weight, z),
            what="x, from the matrix that images of one pixel show,",
            cause="pixels are mixed, height and width are swapped, or W and its transpose",
            read=READ,
        )


@pytest.mark.points(2)
def test_conv_log_det_counts_the_pixels(student, rng):
    """log_det is H · W · log |det W| for every example, as the Jacobian says, in both directions, with its gradients"""
    assert_trained(student, 2, rng)
    for num_channels, height, width in ((1, 1, 1), (5, 1, 1), (2, 3, 2), (3, 1, 4)):
        layer, weight = draw_conv(student, num_channels, rng)
        z = normal(3, num_channels, height, width, rng=rng)
        expected = (height * width * torch.linalg.slogdet(weight)[1]).expand(3)
        cause = (
            "H·W forgotten, no absolute value or no logarithm of the diagonal, a sign, or one number for all"
        )
        assert_close(layer(z)[1], expected, what="log_det of forward", cause=cause, read=READ)
        assert_close(layer.inverse(z)[1], -expected, what="log_det of inverse", cause=cause, read=READ)
    assert_log_det_matches_jacobian(layer, z, cause=cause, read=READ)
    for direction in ("forward", "inverse"):
        assert_differentiable(layer, rng, z, direction=direction, read=READ)


@pytest.mark.points(1)
def test_conv_is_undone(student, rng):
    """`inverse` undoes the convolution after 100 noisy steps of all its weights"""
    assert_trained(student, 2, rng)
    for num_channels, height, width in ((6, 3, 2), (9, 1, 3)):
        layer = student.InvertibleConv1x1(num_channels).double()
        weights = dict(layer.named_parameters())
        for _ in range(100):
            noise = {name: torch.randn(value.shape, generator=rng) for name, value in weights.items()}
            weights = {name: value + 0.03 * noise[name].double() for name, value in weights.items()}
        layer.load_state_dict(weights, strict=False)
        mixing(layer, num_channels)
        z = normal(4, num_channels, height, width, rng=rng)
        assert_invertible(
            layer,
            layer.inverse,
            z,
            tolerance=1e-7,
            cause="P, L, U are not undone in the opposite order, P is forgotten, or the inverse is that of the start",
            read=READ,
        )


@pytest.mark.points(1)
def test_conv_is_invertible_for_any_weights(student, rng):
    """All parameters 0, all 1, all −0.5: W is still invertible and log_det still true"""
    draw_conv(student, 8, rng)
    assert_trained(student, 2, rng)
    for number in (0.0, 1.0, -0.5):
        layer = student.InvertibleConv1x1(8).double()
        weights = {name: torch.full_like(value, number) for name, value in layer.named_parameters()}
        layer.load_state_dict(weights, strict=False)
        z = normal(4, 8, 2, 1, rng=rng)
        cause = "a free matrix, a diagonal of U that is not ±exp(s), or one of L that is trained: W can be singular"
        assert_bound(
            torch.linalg.svdvals(matrix(layer, torch.eye(8, dtype=torch.float64)[:, :, None, None])),
            1e-5,
            1e5,
            what=f"the singular values of W with all parameters {number:g}",
            cause=cause,
            read=READ,
        )
        assert_invertible(layer, layer.inverse, z, cause=cause, read=READ)
        assert_log_det_matches_jacobian(layer, z, cause=cause, read=READ)


@pytest.mark.points(1)
def test_conv_starts_orthogonal(student, rng):
    """W starts as an orthogonal matrix that mixes the channels, another one for each layer, and is saved with it"""
    assert_trained(student, 2, rng)
    draw_conv(student, 8, rng)
    unit = torch.eye(8, dtype=torch.float64)
    layers = [student.InvertibleConv1x1(8).double() for _ in range(2)]
    weights = [matrix(layer, unit[:, :, None, None]) for layer in layers]
    for weight in weights:
        assert_close(
            weight @ weight.T,
            unit,
            tolerance=1e-5,
            what="W Wᵀ at the start",
            cause="P, L, U do not come from one orthogonal matrix, or s starts elsewhere than at log |u|",
            read=READ,
        )
        assert_bound(
            (weight.abs() > 1e-4).sum(dim=1).double().mean(),
            2.0,
            what="the number of channels that go into one",
            cause="W starts as the identity or a permutation: it mixes nothing",
            read=READ,
        )
    assert_bound(
        (weights[0] - weights[1]).abs().max(),
        1e-3,
        what="the difference between two layers at the start",
        cause="a seed is set inside the layer, or W is always the same",
        read=READ,
    )
    layers[1].load_state_dict(layers[0].state_dict())
    assert_close(
        matrix(layers[1], unit[:, :, None, None]),
        weights[0],
        what="W of a layer that has loaded the state of another one",
        cause="P or σ is a plain attribute, which no state_dict holds: use register_buffer",
        read=READ,
    )
