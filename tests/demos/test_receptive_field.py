"""The maths of the demo on receptive fields, held to the network that draws images and to the published blind spot."""

import pytest
import torch

from dgm_course.demos.autoregressive.receptive_field import DEEP, SIZE, before, reads
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
