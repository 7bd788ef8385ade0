"""Gradients, Jacobians and inverses: each assert accepts the right map and names the wrong one."""

import pytest
import torch
from torch import Generator, nn

from dgm_course.testing import (
    PropertyError,
    assert_gradients_reach,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_no_gradient,
    gradient,
)

X = torch.randn(3, 2, generator=Generator().manual_seed(0), dtype=torch.float64)


def test_gradient_of_the_named_arguments_only():
    slopes = gradient(lambda a, b, power: a * b**power, X, 2 * X, 3, wrt=(1, 0))
    torch.testing.assert_close(slopes, (3 * X * (2 * X) ** 2, (2 * X) ** 3))
    assert not X.requires_grad


def test_gradient_of_a_tuple_is_that_of_all_of_it():
    (slope,) = gradient(lambda a: (a**2, 3 * a.sum(1)), X)
    torch.testing.assert_close(slope, 2 * X + 3)


def test_gradient_is_zero_where_none_arrives():
    assert not any(slope.any() for slope in gradient(lambda a, b: a.detach(), X, X, wrt=(0, 1)))
    used, unused = gradient(lambda a, b: a, X, X, wrt=(0, 1))
    assert used.all()
    assert not unused.any()


def test_gradient_of_another_process_is_asked_for_there():
    class Remote:
        def compute_there(self, name, *args, wrt):
            assert name == "gradient"
            return [args[i] + 1 for i in wrt]

    (slope,) = gradient(Remote(), X, 5.0, wrt=(0,))
    assert torch.equal(slope, X + 1)


@pytest.mark.parametrize("value", [None, 3.0, torch.tensor([1, 2]), [X], (X, None)])
def test_gradient_needs_a_tensor(value):
    with pytest.raises(PropertyError, match="to differentiate"):
        gradient(lambda x: value, X)


def test_gradients_reach_or_do_not():
    encoder, decoder = nn.Linear(2, 2), nn.Linear(2, 1)
    both = nn.ModuleDict({"encoder": encoder, "decoder": decoder})

    def loss():
        return decoder(encoder(torch.ones(3, 2))).square().sum()

    def detached():
        return decoder(encoder(torch.ones(3, 2)).detach()).square().sum()

    assert_gradients_reach(loss, both)
    assert_gradients_reach(loss, {"w": encoder.weight})
    assert_no_gradient(detached, encoder)
    assert_no_gradient(lambda: torch.tensor(1.0), encoder)
    with pytest.raises(PropertyError, match=r"reaches encoder\.weight"):
        assert_gradients_reach(detached, both)
    with pytest.raises(PropertyError, match="no gradient for weight"):
        assert_no_gradient(loss, encoder)
    with pytest.raises(PropertyError, match="finite"):
        assert_gradients_reach(lambda: (encoder.weight - encoder.weight).sqrt().sum(), encoder)


@pytest.mark.parametrize("loss", [None, torch.ones(2), torch.tensor(float("nan")), torch.tensor(1)])
def test_a_loss_is_one_finite_number(loss):
    for ask in (assert_gradients_reach, assert_no_gradient):
        with pytest.raises(PropertyError, match="the loss"):
            ask(lambda: loss, nn.Linear(1, 1))


def stretch(x):
    return x.sinh() + x.flip(1).detach() * 0, x.cosh().log().sum(1)


def unstretch(z):
    x = z.asinh()
    return x, -x.cosh().log().sum(1)


def test_a_map_and_its_inverse_pass():
    assert_invertible(stretch, unstretch, X)
    assert_invertible(torch.exp, torch.log, X)


@pytest.mark.parametrize(
    ("forward", "inverse", "part"),
    [
        (torch.exp, torch.exp, "inverse"),
        (lambda x: x[:, :1], lambda z: z, "as many numbers"),
        (lambda x: None, lambda z: z, "None"),
        (lambda x: x * 0, lambda z: z / z, "nan"),
        (stretch, lambda z: (unstretch(z)[0], -unstretch(z)[1]), "log_det"),
        (lambda x: x.long(), lambda z: z, "int64"),
    ],
)
def test_a_wrong_inverse_fails(forward, inverse, part):
    with pytest.raises(PropertyError, match=part):
        assert_invertible(forward, inverse, X)


def rotate(x):
    matrix = torch.tensor([[1.0, 2.0], [-0.5, 3.0]], dtype=x.dtype)
    return (x @ matrix.T).tanh(), torch.full((len(x),), 4.0, dtype=x.dtype).log() + (
        1 - (x @ matrix.T).tanh() ** 2
    ).log().sum(1)


def test_log_det_by_autograd_and_by_differences():
    assert_log_det_matches_jacobian(rotate, X / 4)
    assert_log_det_matches_jacobian(lambda x: tuple(part.detach() for part in rotate(x)), X / 4)
    assert_log_det_matches_jacobian(
        lambda x: (3 * x, x.new_full((len(x),), 4 * torch.tensor(3.0).double().log())),
        torch.ones(2, 1, 2, 2).double(),
    )


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        (lambda x: (x.exp(), -x.sum(1)), "log_det"),
        (lambda x: (x.exp(), x.sum()), "shape"),
        (lambda x: (x.exp(), x.mean(1)), "log_det"),
        (lambda x: x.exp(), "None"),
        (lambda x: (x.exp()[:, :1], x.sum(1)), "2 numbers per example"),
        (lambda x: (None, x.sum(1)), "None"),
    ],
)
def test_a_wrong_log_det_fails(wrong, part):
    with pytest.raises(PropertyError, match=part):
        assert_log_det_matches_jacobian(wrong, X)
