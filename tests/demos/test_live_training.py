"""The maths of the demo on training: runs that can be repeated, marks, and a leak that no likelihood shows."""

import math

import pytest
import torch
from torch import Generator, nn

from dgm_course.demos.autoregressive.live_training import (
    DRAWS,
    TICKS,
    LiveTraining,
    Run,
    draws,
    images,
    marks,
    nats_per_pixel,
    runs,
    two_values,
)
from dgm_course.models.autoregressive.made import MADE


@pytest.fixture(scope="module")
def trained():
    """A function that trains to the end."""

    def train(size=1200, bug=False):
        run = runs(0.01, size, 0, bug, MADE.loss)
        run.at(TICKS)
        return run

    return train


def test_it_learns_and_ends_between_the_marks(trained):
    run, (independent, table) = trained(), marks().values()
    assert run.validation_nll[0] > math.log(2) - 0.01
    assert table < run.validation_nll[-1] < table + 0.04
    assert run.validation_nll[-1] < independent - 0.08


def test_the_upper_mark_is_the_best_coin_for_each_pixel():
    train, validation = images()
    p = (train.sum(dim=0) + 1.0) / (len(train) + 2.0)
    coins = -(validation * p.log() + (1 - validation) * (1 - p).log()).mean().item()
    assert marks()["independent pixels"] == pytest.approx(coins, abs=1e-6)


def test_few_images_are_learnt_by_heart(trained):
    run = trained(size=100)
    assert run.train_nll[-1] < min(run.validation_nll) - 0.1
    assert run.validation_nll[-1] > min(run.validation_nll) + 0.05


def test_the_bug_lets_a_pixel_see_itself_and_nothing_later():
    model = Run(0.01, 1200, seed=0, bug=True).model
    reaches = model.last.mask @ model.hidden[0].mask > 0
    expected = torch.ones(64, 64).tril().bool()
    expected[-1, -1] = False  # no unit reads the last pixel
    assert torch.equal(reaches, expected)


def test_the_bug_falls_below_every_mark_and_is_no_distribution(trained):
    wrong, right, (_, x) = trained(bug=True), trained(), images()
    assert wrong.validation_nll[-1] < 0.1 < min(marks().values())
    assert two_values(wrong.at(TICKS), x[:4]) > 1.3
    assert two_values(right.at(TICKS), x[:4]) == pytest.approx(1.0, abs=1e-5)
    assert "not a distribution" in LiveTraining(time=20, bug=True).says.value
    assert "not a distribution" not in LiveTraining(time=20).says.value


def test_both_values_of_a_pixel_are_added_up():
    class Sure(nn.Module):
        """Gives 0.9 to whatever the upper half shows, and is undecided about the lower half."""

        def log_conditionals(self, x):
            return torch.where(torch.arange(64) < 32, 0.9, 0.5).log().expand(x.shape)

    assert two_values(Sure(), images()[1][:3]) == pytest.approx((1.8 + 1.0) / 2)


def test_a_tick_is_the_same_whenever_it_is_asked_for():
    there, back = Run(0.01, 300, seed=1), Run(0.01, 300, seed=1)
    back.at(4)
    for tick in (2, 0, 4):
        assert all(map(torch.equal, there.at(tick).parameters(), back.at(tick).parameters()))
    assert there.validation_nll == back.validation_nll
    assert there.validation_nll[2] == nats_per_pixel(there.at(2), images()[1])
    assert Run(0.01, 300, seed=2).validation_nll[0] != there.validation_nll[0]


def test_training_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    Run(0.01, 100, seed=5).at(1)
    assert torch.equal(torch.get_rng_state(), before)


def test_draws_are_ancestral_and_share_their_noise(trained):
    run, u = trained(), torch.rand(64, DRAWS, generator=Generator().manual_seed(7)).T
    x = draws(run.at(TICKS), seed=7)
    p = run.at(TICKS).logits(x).softmax(dim=-1)[..., 1].detach()
    assert torch.equal(x, (u < p).long())
    assert (x == draws(run.at(TICKS - 1), seed=7)).float().mean() > 0.85
    assert (x == draws(run.at(TICKS), seed=8)).float().mean() < 0.85


def test_another_setting_is_another_run_from_its_start():
    demo = LiveTraining(time=3)
    demo.hide.value = True
    assert demo.controls["time"].value == 3
    demo.controls["seed"].value = 1
    assert demo.controls["time"].value == 0
    demo.reset()
    assert demo.controls["time"].value == 3


def test_a_loss_of_ones_own_is_minimised_and_the_likelihood_reported():
    def upside_down(model, x):
        return -model.loss(x)

    run = Run(0.01, 1200, seed=0, loss=upside_down)
    run.at(3)
    assert run.validation_nll[-1] > run.validation_nll[0] + 0.1
