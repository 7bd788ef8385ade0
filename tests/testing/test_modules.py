"""Random weights reach every parameter and leave buffers alone, also through a handle."""

import pytest
import torch
from torch import Generator, Tensor, nn

import dgm_course.testing
from dgm_course.testing import (
    PropertyError,
    assert_differentiable,
    draw_responsive,
    keeps_parameters,
    outputs_over_weights,
    randomize,
)


class Masked(nn.Linear):
    def __init__(self):
        super().__init__(3, 2)
        self.register_buffer("mask", torch.ones(2, 3))


def test_parameters_are_drawn_in_double_and_buffers_stay():
    module = randomize(Masked(), Generator().manual_seed(0), scale=2.0)
    (seed,) = torch.randint(2**62, (1,), generator=Generator().manual_seed(0)).tolist()
    weights = Generator().manual_seed(seed)
    for parameter in module.parameters():
        assert torch.equal(
            parameter.detach(), 2 * torch.randn(parameter.shape, generator=weights, dtype=torch.float64)
        )
    assert torch.equal(module.mask, torch.ones(2, 3).double())


def test_a_frozen_parameter_is_no_weight():
    module = Masked()
    module.frozen = nn.Parameter(torch.tensor([1.0, 0.0]), requires_grad=False)
    randomize(module, Generator().manual_seed(0))
    assert module.frozen.tolist() == [1.0, 0.0]
    assert module.frozen.dtype == torch.float64


class Handle:
    """Of a module in another process."""

    def __init__(self, module):
        self.module = module
        self.named_parameters = module.named_parameters

    def compute_there(self, name, *args):
        return getattr(dgm_course.testing, name)(self.module, *args)


def test_a_module_elsewhere_gets_the_same_weights():
    near, far = Masked(), Masked()
    randomize(near, Generator().manual_seed(4))
    handle = Handle(far)
    assert randomize(handle, Generator().manual_seed(4)) is handle
    assert torch.equal(near.weight, far.weight)


def test_outputs_over_weights_are_those_of_each_draw_here_and_elsewhere():
    x = torch.eye(3).double()
    here = outputs_over_weights(Masked(), Generator().manual_seed(1), x, num_draws=4, scale=0.5)
    there = outputs_over_weights(Handle(Masked()), Generator().manual_seed(1), x, num_draws=4, scale=0.5)
    assert torch.equal(here, there)
    assert here.shape == (3, 2, 4)
    assert (here[..., 0] != here[..., 1]).all()


@pytest.mark.parametrize("wrong", [None, [1.0], (torch.ones(2),)])
def test_outputs_that_do_not_stack_come_back_for_the_assert_to_name(wrong):
    class Odd(Masked):
        def forward(self, x):
            return wrong

    value = outputs_over_weights(Odd(), Generator().manual_seed(1), torch.eye(3).double(), num_draws=3)
    assert value is wrong


@pytest.mark.parametrize("wrong", [None, 3, torch.ones(2)])
def test_what_is_no_module_fails(wrong):
    with pytest.raises(PropertyError, match=r"nn\.Module"):
        randomize(wrong, Generator())


def linear(x, weight):
    return x @ weight.T


@pytest.mark.parametrize(
    ("forward", "part"),
    [
        (lambda x, weight: x[:, :2], "weights change"),
        (lambda x, weight: weight, "input changes its sign"),
        (lambda x, weight: torch.randn(4, 2) + linear(x, weight), "asked again"),
        (lambda x, weight: None, "None"),
        (lambda x, weight: linear(x, weight)[:0], "none at all"),
    ],
)
def test_what_answers_without_weights_or_input_or_by_chance_is_not_responsive(forward, part):
    class Formula(Masked):
        def forward(self, x):
            return forward(x, self.weight)

    x = torch.ones(4, 3).double()
    with pytest.raises(PropertyError, match=part):
        draw_responsive(Formula(), Generator().manual_seed(1), x)


def test_a_responsive_module_comes_back_with_random_weights_and_its_output_may_be_a_part():
    class Pair(Masked):
        def forward(self, x):
            return "other", linear(x, self.weight)

    x, module = torch.ones(4, 3).double(), Pair()
    drawn = draw_responsive(module, Generator().manual_seed(1), x, scale=9.0, output=lambda y: y[1])
    assert drawn is module
    assert module.weight.abs().max() > 5


def test_a_network_that_is_silent_under_some_draws_is_responsive():
    class OftenSilent(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return (self.weight * x).relu()  # of positive x nothing is left where the weight is negative

    x = torch.ones(4, 1).double()
    for seed in range(5):
        draw_responsive(OftenSilent(), Generator().manual_seed(seed), x)


class Stretch(nn.Module):
    """x exp(s) + t, and s once for each number: `cut` is applied to one s or the other."""

    def __init__(self, scale=lambda s: s, log_det=lambda s: s):
        super().__init__()
        self.s, self.t = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2))
        self.scale, self.log_det = scale, log_det

    def there(self, x):
        return x * self.scale(self.s).exp() + self.t, self.log_det(self.s).sum().expand(len(x))


@pytest.mark.parametrize("frozen", [False, True])
def test_what_keeps_its_graph_is_differentiable(frozen):
    layer = randomize(Stretch(), Generator().manual_seed(1))
    layer.t.requires_grad_(not frozen)
    before = layer.s.tolist()
    assert_differentiable(layer, Generator().manual_seed(2), torch.ones(3, 2).double(), direction="there")
    assert layer.s.tolist() == before


@pytest.mark.parametrize("part", ["scale", "log_det"])
def test_what_is_cut_from_its_graph_is_not_differentiable(part):
    layer = randomize(Stretch(**{part: Tensor.detach}), Generator().manual_seed(1))
    with pytest.raises(PropertyError, match="as the parameters move"):
        assert_differentiable(layer, Generator().manual_seed(2), torch.ones(3, 2).double(), direction="there")


def test_an_input_that_is_cut_and_a_gradient_of_nan_are_not_differentiable():
    x = torch.ones(3, 2).double()

    class Cut(Masked):
        def forward(self, x):
            return linear(x.detach(), self.weight)

    class Trap(Masked):
        def forward(self, x):
            return torch.where(x > 0, x, (x - 2).sqrt())

    with pytest.raises(PropertyError, match="as the inputs move"):
        assert_differentiable(Cut().double(), Generator().manual_seed(1), torch.ones(4, 3).double())
    with pytest.raises(PropertyError, match="nan"):
        assert_differentiable(Trap().double(), Generator().manual_seed(1), x)


def test_parameters_that_are_set_in_place_are_kept():
    class Set(Masked):
        def replace(self, x):
            self.weight = nn.Parameter(x)

        def fill(self, x):
            self.weight.data = x

    assert keeps_parameters(Set(), "fill", torch.ones(2, 3))
    assert not keeps_parameters(Set(), "replace", torch.ones(2, 3))


def test_outputs_that_ignore_the_weights_are_not_those_of_a_network():
    class Fixed(Masked):
        def forward(self, x):
            return x

    with pytest.raises(PropertyError, match="no parameters"):
        outputs_over_weights(Fixed(), Generator().manual_seed(1), torch.eye(3).double(), num_draws=3)
