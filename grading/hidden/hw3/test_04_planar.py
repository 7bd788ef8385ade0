"""Task 4: the planar map and its determinant in one to eight dimensions, without a fold for adversarial parameters."""

import pytest
import torch

from dgm_course.testing import (
    assert_bound,
    assert_close,
    assert_differentiable,
    assert_each_alone,
    assert_log_det_matches_jacobian,
    assert_moved,
    assert_shape,
)

READ = "task 4 of the notebook, and lecture 5, section 'Planar flows'"
CONSTRAINT = "task 4 of the notebook, the last equation, and lecture 5, section 'Planar flows'"


def normal(*shape, rng):
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


def draw_weights(num_dims, rng, along=None):
    """u, w, b with a given wᵀu, or whatever it comes out as."""
    u, w = normal(2, num_dims, rng=rng) / num_dims**0.25
    w = w + 0.3 * w.sign()
    if along is not None:
        u = u + (along - u @ w) * w / (w @ w)
    return {"u": u, "w": w, "b": 0.5 * normal(1, rng=rng)[0]}


def load(layer, weights):
    layer.double()
    layer.load_state_dict(weights, strict=False)
    return layer


def lifted(weights):
    """wᵀû = m(wᵀu)."""
    return torch.log1p(torch.exp(weights["u"] @ weights["w"])) - 1


def moved(layer, z):
    """x − z of the layer."""
    x, _ = layer(z)
    assert_shape(x, tuple(z.shape), what="x", read=READ)
    return x - z


@pytest.mark.points(2)
def test_planar_map(student, rng):
    """x = z + û tanh(wᵀz + b), for wᵀu from −4 to 4 and 1 to 8 dimensions, with the parameters of the moment"""
    for num_dims in range(1, 9):
        layer, z = student.Planar(num_dims), normal(5, num_dims, rng=rng)
        for along in (-4.0, -0.6, 4.0):
            weights = draw_weights(num_dims, rng, along)
            u, w, b = weights.values()
            constrained = u + (lifted(weights) - along) * w / (w @ w)
            assert_close(
                moved(load(layer, weights), z),
                torch.tanh(z @ w + b)[:, None] * constrained,
                tolerance=1e-8,
                what=f"x − z with wᵀu = {along:g} in {num_dims} dimensions",
                cause="û is u, w is not divided by |w|², m lacks its −1, b is forgotten, or û was made too early",
                read=CONSTRAINT,
            )


@pytest.mark.points(2)
def test_log_det_is_that_of_the_jacobian(student, rng):
    """log_det = log |det ∂x/∂z| in 1 to 8 dimensions, and u, w and b can be trained by it"""
    layers = {num_dims: student.Planar(num_dims) for num_dims in range(1, 9)}
    for num_dims, layer in layers.items():
        z, along = 0.7 * normal(4, num_dims, rng=rng), float(3 * torch.rand((), generator=rng) - 1)
        load(layer, draw_weights(num_dims, rng, along))
        cause = (
            "h′ is forgotten or taken elsewhere, u stands for û, or only the diagonal of the Jacobian is used"
        )
        assert_log_det_matches_jacobian(layer, z, cause=cause, read=READ)
        assert_close(
            int(torch.linalg.matrix_rank(moved(layer, z), atol=1e-9)),
            1,
            what="the number of directions in which points move",
            cause="x − z is a multiple of û, for every z",
            read=READ,
        )
        assert_differentiable(layer, rng, z, read=READ)
        before = layer(z)[1].clone()
        load(layer, draw_weights(num_dims, rng, along))
        assert_moved(layer(z)[1], before, "log_det when the parameters change", "they are not used", READ)


@pytest.mark.points(2)
def test_no_fold_for_any_parameters(student, rng):
    """Along w the map rises and log_det is the slope, for wᵀu down to −8 and w from short to long"""
    for along, length in ((-1.05, 1.0), (-2.5, 0.2), (-5.0, 6.0), (-8.0, 1.0), (6.0, 2.0)):
        weights = draw_weights(4, rng, 0.0)
        weights["w"] = weights["w"] * (length / weights["w"].norm())
        weights["u"] = weights["u"] + along * weights["w"] / length**2
        layer = load(student.Planar(4), weights)
        a = torch.linspace(-5.0, 5.0, 201, dtype=torch.float64)
        direction = weights["w"] / length**2  # a step along it lengthens wᵀz by the same step

        start = normal(4, rng=rng)

        def along_w(a, start=start, weights=weights, direction=direction):
            """The z with wᵀz + b = a on a line through a random point."""
            return start + (a - start @ weights["w"] - weights["b"])[:, None] * direction

        heights = a + moved(layer, along_w(a)) @ weights["w"]
        assert_bound(
            heights.diff(),
            1e-7,
            what=f"the step of wᵀx where wᵀz takes a step of 0.05, with wᵀu = {along:g},",
            cause="u is used without its constraint, or the constraint lacks 1/|w|²: space folds",
            read=CONSTRAINT,
        )
        up, down = (a + step + moved(layer, along_w(a + step)) @ weights["w"] for step in (1e-4, -1e-4))
        assert_close(
            layer(along_w(a))[1].exp(),
            (up - down) / 2e-4,
            tolerance=1e-6,
            what=f"the determinant, beside the slope of wᵀx in wᵀz, with wᵀu = {along:g},",
            cause="the determinant is that of u, not of û",
            read=READ,
        )
        steepest = heights.diff().max() if along > 0 else heights.diff().min()
        assert_close(
            steepest / 0.05,
            1 + lifted(weights),
            tolerance=2e-2 * (1 + abs(along)),
            what=f"the slope of wᵀx in wᵀz at the bend, with wᵀu = {along:g},",
            cause="wᵀû is not m(wᵀu): a layer that hardly bends has no folds either",
            read=CONSTRAINT,
        )


@pytest.mark.points(1)
def test_constraint_acts_along_w_only(student, rng):
    """What of u is orthogonal to w moves the points as it is, however large wᵀu is"""
    for num_dims, along in ((2, -6.0), (3, 5.0), (7, -2.0)):
        weights, z = draw_weights(num_dims, rng, along), normal(6, num_dims, rng=rng)
        u, w, b = weights.values()
        shift = moved(load(student.Planar(num_dims), weights), z)
        unit = w / w.norm()
        assert_close(
            shift - (shift @ unit)[:, None] * unit,
            torch.tanh(z @ w + b)[:, None] * (u - (u @ unit) * unit),
            tolerance=1e-8,
            what="the part of x − z orthogonal to w",
            cause="u is clipped, scaled or replaced as a whole: the constraint adds a multiple of w",
            read=CONSTRAINT,
        )


@pytest.mark.points(1)
def test_each_example_has_its_own_log_det(student, rng):
    """log_det is one number per example, the same in any batch, and 0 for points at a distance of thousands"""
    for num_dims in (1, 6):
        weights = draw_weights(num_dims, rng, 1.5)
        layer = load(student.Planar(num_dims), weights)
        far = torch.tensor([-3000.0, 2000.0], dtype=torch.float64)[:, None] * weights["w"]
        z = torch.cat([normal(15, num_dims, rng=rng), far])
        log_det = assert_each_alone(
            lambda z, layer=layer: layer(z)[1],
            z,
            what="log_det",
            shape=(),
            cause="a mean or sum over the batch",
            read=READ,
        )
        slope = 1 - torch.tanh(z @ weights["w"] + weights["b"]) ** 2
        assert_close(
            log_det,
            torch.log1p(slope * lifted(weights)),
            tolerance=1e-8,
            what="log_det",
            cause="a mean or sum over the batch, or exponentials that overflow far out",
            read=READ,
        )
