"""The maths of the demo on sampling, held to the definition: a pass of the whole network for every pixel."""

import math

import pytest
import torch

from dgm_course.data.digits import digits
from dgm_course.demos.autoregressive.digits_model import digits_model, untrained
from dgm_course.demos.autoregressive.pixel_sampler import (
    PIXELS,
    TEMPERATURES,
    PixelSampler,
    draws,
    gumbel,
    passes,
)
from dgm_course.models.autoregressive.base import AutoregressiveModel
from dgm_course.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from dgm_course.models.autoregressive.made import MADE
from dgm_course.models.autoregressive.nade import NADE
from dgm_course.testing import randomize

MIXED = torch.randperm(PIXELS, generator=torch.Generator().manual_seed(1)).tolist()


def mixed_made():
    return randomize(MADE(PIXELS, hidden=(80,), num_levels=3, order=MIXED), torch.Generator().manual_seed(0))


@pytest.mark.parametrize("model", [digits_model(), mixed_made()], ids=["Gated PixelCNN", "MADE, mixed order"])
@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_each_pixel_is_drawn_given_those_drawn_before_it(model, temperature):
    drawn, at = draws(model, seed=3), TEMPERATURES.tolist().index(temperature)
    image, _ = model.blank(1)
    for i, noise, value, p in zip(
        model.order, gumbel(3, model.num_levels), drawn.values[at], drawn.conditionals[at], strict=True
    ):
        expected = (model.logits(image).flatten(1, -2)[0, i] / temperature).softmax(dim=-1)
        assert torch.allclose(p, expected)
        assert value == (expected.log() + noise).argmax()
        image.view(-1)[i] = value
    assert drawn.bits[at].sum().item() == pytest.approx(-model.log_prob(image).item() / math.log(2))


def test_the_noise_makes_draws_of_any_distribution():
    p = torch.tensor([0.1, 0.6, 0.05, 0.25], dtype=torch.float64)
    drawn = torch.cat([(p.log() + gumbel(seed, 4)).argmax(dim=1) for seed in range(200)])
    share = drawn.bincount(minlength=4) / len(drawn)
    assert ((share - p).abs() < 5 * (p * (1 - p) / len(drawn)).sqrt()).all()


def test_from_one_pass_every_pixel_is_drawn_as_if_nothing_had_been():
    model = digits_model()
    drawn = draws(model, seed=3, one_pass=True)
    alone = model.logits(model.blank(1)[0]).softmax(dim=-1).view(PIXELS, -1)
    assert torch.allclose(drawn.conditionals[TEMPERATURES == 1][0], alone)


def test_images_from_one_pass_cost_far_more_bits():
    cost = {
        bug: torch.stack([draws(digits_model(), seed, one_pass=bug).bits[9].sum() for seed in range(6)])
        for bug in (False, True)
    }
    assert cost[True].mean() > 1.5 * cost[False].mean()


def test_a_model_that_remembers_needs_about_one_pass_and_by_definition_it_is_one_a_pixel():
    class Forgetful(GatedPixelCNN):
        walk = AutoregressiveModel.walk

    forgetful = Forgetful((1, 8, 8), num_levels=3, channels=2, num_layers=2)
    assert passes(forgetful).tolist() == list(range(PIXELS + 1))
    assert 0.5 < passes(mixed_made())[-1] < 1.1
    spent = passes(digits_model())
    assert spent[0] == 0
    assert (spent.diff() > 0).all()
    assert 0.9 < spent[-1] < 1


def test_the_weights_that_ship_are_those_of_a_trained_model():
    test = digits().test[:150]
    bits = [model.loss(test).item() / PIXELS / math.log(2) for model in (digits_model(), untrained())]
    assert 1.6 < bits[0] < 1.95 < 3 < bits[1]


def test_what_it_says_is_what_was_drawn_and_spent():
    demo, drawn = PixelSampler(time=20, seed=5), draws(digits_model(), seed=5)
    bits = drawn.bits[9, :20].sum().item()
    assert f"The 20 pixels so far cost {bits:.1f} bits, and 20 passes by definition, " in demo.says.value
    demo.controls["bug"].value = True
    wrong = draws(digits_model(), seed=5, one_pass=True).bits[9, :20].sum().item()
    assert (
        f"took one pass, and cost {wrong:.1f} bits; drawn in turn, with the same noise, {bits:.1f}."
        in demo.says.value
    )


def test_at_the_end_nothing_is_left_to_draw_and_step_begins_again():
    demo = PixelSampler(time=PIXELS - 1)
    demo.step()
    assert demo.says.value.count("All 64 pixels are drawn") == 1
    assert not demo.next.get_visible()
    assert all(bar.get_height() == 0 for bar in demo.bars)
    demo.step()
    assert demo.controls["time"].value == 0
    assert demo.next.get_visible()


def test_a_model_of_ones_own_is_drawn_in_its_own_order():
    demo = PixelSampler(time=1, model=mixed_made())
    (square,) = (path.vertices for path in demo.pixels.get_paths())
    row, column = divmod(MIXED[0], 8)
    assert square.min(axis=0).tolist() == [column, row]
    assert demo.next.get_xy() == (MIXED[1] % 8, MIXED[1] // 8)


def test_a_model_of_something_else_is_refused():
    with pytest.raises(ValueError, match="model: one of 64 pixels, not 9"):
        PixelSampler(model=NADE(9, hidden=4))
