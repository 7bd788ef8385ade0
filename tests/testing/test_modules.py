"""Random weights reach every parameter and leave buffers alone, also through a handle."""

import pytest
import torch
from torch import Generator, nn

from dgm_course.testing import PropertyError, randomize


class Masked(nn.Linear):
    def __init__(self):
        super().__init__(3, 2)
        self.register_buffer("mask", torch.ones(2, 3))


def test_parameters_are_drawn_in_double_and_buffers_stay():
    module = randomize(Masked(), Generator().manual_seed(0), scale=2.0)
    generator = Generator().manual_seed(0)
    for parameter in module.parameters():
        expected = 2 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        assert torch.equal(parameter.detach(), expected)
    assert torch.equal(module.mask, torch.ones(2, 3).double())


def test_a_handle_with_three_methods_is_enough():
    class Handle:
        def __init__(self, module):
            self.named_parameters = lambda: [(name, p.detach()) for name, p in module.named_parameters()]
            self.double = lambda: module.double() and None
            self.load_state_dict = lambda state, strict: module.load_state_dict(state, strict=strict) and None

    near, far = Masked(), Masked()
    randomize(near, Generator().manual_seed(4))
    randomize(Handle(far), Generator().manual_seed(4))
    assert torch.equal(near.weight, far.weight)


@pytest.mark.parametrize("wrong", [None, 3, torch.ones(2)])
def test_what_is_no_module_fails(wrong):
    with pytest.raises(PropertyError, match=r"nn\.Module"):
        randomize(wrong, Generator())
