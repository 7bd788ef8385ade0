"""The maths of the demo on receptive fields, held to the network that draws images and to the published blind spot."""

import pytest
import torch
from torch import nn

from dgm_course.demos.autoregressive.receptive_field import DEEP, SIZE, ReceptiveField, before, reads
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.testing import dependencies, randomize

PIXELS = [(9, 7), (0, 0), (14, 14), (3, 12)]


@pytest.mark.parametrize("pixel", PIXELS)
@pytest.mark.parametrize("stack", ["one stack", "two stacks"])
def test_nothing_that_comes_later_is_read(stack, pixel):
    for layers, kernel in ((1, 3), (4, 5), (DEEP, 7)):
        assert not (reads(stack, layers, kernel, pixel) & ~before(pixel)).any()


@pytest.mark.parametrize("pixel", PIXELS)
def test_two_stacks_reach_everything_and_one_is_blind_beyond_its_slope(pixel):
    row, column = pixel
    assert torch.equal(reads("two stacks", DEEP, 3, pixel), before(pixel))
    blind = before(pixel) & ~reads("one stack", DEEP, 3, pixel)
    up, right = row - torch.arange(SIZE)[:, None], torch.arange(SIZE) - column
    assert torch.equal(blind, (up > 0) & (right > up))


def test_depth_adds_nothing_to_what_is_deep_enough():
    for stack in ("one stack", "two stacks"):
        for kernel in (3, 5, 7):
            for pixel in PIXELS:
                assert torch.equal(reads(stack, DEEP, kernel, pixel), reads(stack, 2 * DEEP, kernel, pixel))


def test_it_is_what_the_model_of_the_course_reads():
    model = GatedPixelCNN((1, SIZE, SIZE), channels=4, num_layers=2)
    x = torch.randint(2, (2, 1, SIZE, SIZE), generator=torch.Generator().manual_seed(0))
    randomize(model, torch.Generator().manual_seed(0), scale=0.5)
    with torch.no_grad():
        seen = dependencies(lambda x: model.logits(x)[:, :, 9, 7].flatten(1, 2)[:, None], x, alternatives=2)
    assert torch.equal(seen.view(SIZE, SIZE), reads("two stacks", 2, 3, (9, 7)))


@pytest.mark.parametrize("stack", ["one stack", "two stacks"])
def test_a_first_layer_of_type_b_adds_the_pixel_itself(stack):
    right, wrong = (reads(stack, 1, 3, (9, 7), kind) for kind in "AB")
    assert (wrong & ~right).nonzero().tolist() == [[9, 7]]


def test_what_is_wrong_is_said():
    assert "✗" not in ReceptiveField().says.value
    assert "It reads itself (✗)" in ReceptiveField(bug=True).says.value
    assert "reads 1 of the 1 pixel before it" in ReceptiveField(row=0, column=1).says.value


def test_a_layer_of_ones_own_is_shown():
    class MaskedConv2d(nn.Module):
        """The homework's signature, with a mask that hides nothing but the rows below."""

        def __init__(self, mask_type, in_channels, out_channels, kernel_size, num_groups=1):
            super().__init__()
            self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
            self.register_buffer("mask", torch.ones(kernel_size, 1))
            self.mask[kernel_size // 2 + 1 :] = 0

        def forward(self, x):
            return nn.functional.conv2d(x, self.conv.weight * self.mask, padding=self.conv.padding)

    demo = ReceptiveField(layers=2, conv=MaskedConv2d)
    assert "reads 12 of the 142 pixels before it" in demo.says.value
    assert "It reads 3 pixels not before it (✗)" in demo.says.value
    demo.controls["stack"].value = "two stacks"
    assert "✗" not in demo.says.value
