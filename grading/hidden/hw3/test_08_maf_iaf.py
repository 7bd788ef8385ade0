"""Task 8: MAF and IAF follow their formulas for a network whose weights are drawn here, in every order.

Shifts and log-scales are computed here from the same weights, so that a network that was exchanged for another one
earns nothing.
"""

import pytest
import torch

from dgm_course.testing import (
    assert_causal,
    assert_close,
    assert_differentiable,
    assert_each_alone,
    assert_invertible,
    assert_log_det_matches_jacobian,
    draw_responsive,
)

READ = "task 8 of the notebook, and lecture 5, section 'Autoregressive flows'"
HIDDEN = 11
SIZES = ((1, 3), (2, 9), (4, 17), (5, 12))  # dimensions, examples


def normal(rng, *shape, scale=1.0):
    return scale * torch.randn(shape, generator=rng, dtype=torch.float64)


def draw_order(num_dims, rng):
    """A random order; from three dimensions on it differs from its own inverse, so that reading it backwards shows."""
    order = torch.randperm(num_dims, generator=rng)
    while num_dims > 2 and torch.equal(order.argsort(), order):
        order = torch.randperm(num_dims, generator=rng)
    return order


def draw_weights(num_dims, rng):
    shapes = {"first": (HIDDEN, num_dims), "shift": (num_dims, HIDDEN), "log_scale": (num_dims, HIDDEN)}
    scales = {"first": 1.0, "shift": 0.7, "log_scale": 0.35}
    return {
        f"{name}.{kind}": normal(rng, *(shape if kind == "weight" else shape[:1]), scale=scales[name])
        for name, shape in shapes.items()
        for kind in ("weight", "bias")
    }


def shift_and_log_scale(weights, order, x):
    """What the network of the task must answer."""
    degrees = torch.arange(HIDDEN) % max(len(order) - 1, 1)
    inner = weights["first.weight"] * (order <= degrees[:, None])
    h = torch.tanh(x @ inner.T + weights["first.bias"])
    return tuple(
        h @ (weights[f"{name}.weight"] * (degrees < order[:, None])).T + weights[f"{name}.bias"]
        for name in ("shift", "log_scale")
    )


def draw_layer(student, name, num_dims, rng):
    """A student's layer, its network, and the function that the network must be."""
    order, weights = draw_order(num_dims, rng), draw_weights(num_dims, rng)
    net = student.AutoregressiveNet(order, HIDDEN)
    net.double()
    net.load_state_dict(weights, strict=False)
    return getattr(student, name)(net), net, lambda x: shift_and_log_scale(weights, order, x)


def found(net, noise):
    """x_i = z_i exp(α_i(x)) + μ_i(x), one dimension settled a round."""
    x = noise
    for _ in range(noise.shape[1]):
        shift, log_scale = net(x)
        x = noise * log_scale.exp() + shift
    return x


def assert_map(direction, inputs, expected, log_det, *, name, cause):
    """The values and the log-determinant are these, one example at a time or all together."""
    answers = assert_each_alone(
        lambda v: torch.cat([direction(v)[0], direction(v)[1].reshape(len(v), -1)], dim=1),
        inputs,
        what=f"{name}: values and log_det",
        shape=(inputs.shape[1] + 1,),
        read=READ,
    )
    assert_close(answers[:, :-1], expected, what=name, cause=cause, read=READ)
    assert_close(
        answers[:, -1],
        log_det,
        what=f"log_det of {name}",
        cause="the sum of the log-scales over the dimensions, with the sign of the map that is computed",
        read=READ,
    )


@pytest.mark.points(2)
def test_maf_finds_the_noise(student, rng):
    """MAF.inverse: z = (x − μ(x)) exp(−α(x)), log_det −Σα, in any order and dimension, with their gradients"""
    for num_dims, batch in SIZES:
        layer, _, net = draw_layer(student, "MAF", num_dims, rng)
        x = normal(rng, batch, num_dims, scale=1.5)
        shift, log_scale = net(x)
        cause = "the network of a MAF reads the data; subtract the shift first, then divide by exp(α)"
        z = (x - shift) * (-log_scale).exp()
        assert_map(layer.inverse, x, z, -log_scale.sum(1), name="z = MAF.inverse(x)", cause=cause)
        assert_differentiable(layer, rng, x, direction="inverse", read=READ)


@pytest.mark.points(2)
def test_maf_makes_data_dimension_by_dimension(student, rng):
    """MAF.forward: every x_i is made from the x before it in the order of the network; it has gradients, too"""
    for num_dims, batch in SIZES:
        layer, _, net = draw_layer(student, "MAF", num_dims, rng)
        z = normal(rng, batch, num_dims)
        x = found(net, z)
        cause = "one pass on z makes an IAF; or dimensions are settled by their index and not by the order"
        assert_map(layer.forward, z, x, net(x)[1].sum(1), name="x = MAF.forward(z)", cause=cause)
        assert_differentiable(layer, rng, z, read=READ)


@pytest.mark.points(2)
def test_iaf_makes_data(student, rng):
    """IAF.forward: x = z exp(α(z)) + μ(z), log_det Σα, in any order and dimension, with their gradients"""
    for num_dims, batch in SIZES:
        layer, _, net = draw_layer(student, "IAF", num_dims, rng)
        z = normal(rng, batch, num_dims, scale=1.5)
        shift, log_scale = net(z)
        cause = "the network of an IAF reads the noise; multiply by exp(α) first, then add the shift"
        x = z * log_scale.exp() + shift
        assert_map(layer.forward, z, x, log_scale.sum(1), name="x = IAF.forward(z)", cause=cause)
        assert_differentiable(layer, rng, z, read=READ)


@pytest.mark.points(2)
def test_iaf_finds_the_noise_dimension_by_dimension(student, rng):
    """IAF.inverse: every z_i is found from the z before it in the order of the network; it has gradients, too"""
    for num_dims, batch in SIZES:
        layer, _, net = draw_layer(student, "IAF", num_dims, rng)
        z = normal(rng, batch, num_dims)
        shift, log_scale = net(z)
        x = z * log_scale.exp() + shift
        cause = "one pass on x makes a MAF; or dimensions are settled by their index and not by the order"
        assert_map(layer.inverse, x, z, -log_scale.sum(1), name="z = IAF.inverse(x)", cause=cause)
        assert_differentiable(layer, rng, x, direction="inverse", read=READ)


@pytest.mark.points(2)
def test_one_pass_one_way_and_one_a_dimension_the_other(student, rng):
    """The network is used once where it reads what is given, and D times in the other direction"""
    for name, quick, slow in (("MAF", "inverse", "forward"), ("IAF", "forward", "inverse")):
        for num_dims in (3, 6):
            layer, net, _ = draw_layer(student, name, num_dims, rng)
            values, counts = normal(rng, 8, num_dims), [net.passes()]
            for direction in (quick, slow):
                getattr(layer, direction)(values)
                counts.append(net.passes())
            used = torch.tensor(counts).diff()
            assert_close(
                used,
                torch.tensor([1, num_dims]),
                what=f"passes of the network in {name}.{quick} and {name}.{slow}, {num_dims} dimensions, 8 examples",
                cause="a pass for each example, a pass more for the log-determinant, or a kept answer",
                read=READ,
            )


@pytest.mark.points(2)
def test_a_deep_maf_reverses_the_order(student, rng):
    """maf_layers: the layers read in the natural order and its reverse in turn, each with weights of its own"""
    for num_dims, num_layers in ((4, 3), (3, 4), (2, 1)):
        layers = student.maf_layers(num_dims, num_layers, HIDDEN)
        assert_close(len(layers), num_layers, what="number of layers", cause="one MAF for each", read=READ)
        z = normal(rng, 6, num_dims)
        for layer in layers:
            draw_responsive(layer, rng, z, scale=0.5, output=lambda pair: pair[0], read=READ)
        for number, layer in enumerate(layers):
            reads = torch.ones(num_dims, num_dims).tril().bool()
            assert_causal(
                lambda z, layer=layer: layer(z)[0],
                z,
                reads if number % 2 == 0 else reads.T,
                cause=f"layer {number + 1} of {num_layers}: natural order first, then reversed, in turn",
                read=READ,
            )
            assert_invertible(
                layer, layer.inverse, z, cause="the layers are no MAFs, or share a network", read=READ
            )
            assert_log_det_matches_jacobian(layer.inverse, z, cause="the layers are no MAFs", read=READ)
        if num_layers > 1:
            outputs = [layer(z)[0] for layer in layers]
            shared = any(torch.equal(outputs[i], outputs[i + 2]) for i in range(num_layers - 2))
            assert_close(
                shared, False, what="'two layers are the same'", cause="they share one network", read=READ
            )
