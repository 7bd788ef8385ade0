"""Task 11, visible checks: the loop on models with a known answer, its noise, and short runs of your two trainings.

The likelihoods after a full training are what the notebook's figure prints below the checks.
"""

import math
from itertools import chain
from typing import Any

import torch
from torch import Generator, Tensor

from dgm_course.testing import PropertyError, assert_bound, assert_close, assert_shape, randomize

READ = "task 11 of the notebook, and lecture 5, section 'Training'"


def _generator(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def _batches(student: Any, x: Tensor, **options: Any) -> list[Tensor]:
    """What `log_prob` is given in two epochs."""
    roll = student.RollCall()
    student.train_flow(
        roll, x, num_epochs=2, batch_size=4, learning_rate=0.01, generator=_generator(1), **options
    )
    return list(roll.calls())


def check_every_example_once_an_epoch(student: Any) -> None:
    """Two epochs over 10 points in batches of 4: every point twice, in batches of 4, 4, 2, in another order"""
    batches = [batch.flatten().tolist() for batch in _batches(student, torch.arange(10.0).unsqueeze(1))]
    order = list(chain(*batches))
    if [len(batch) for batch in batches] != [4, 4, 2] * 2 or sorted(order) != sorted([*range(10)] * 2):
        raise PropertyError(
            "batches of 4, 4, 2 in each of two epochs, and every point twice",
            f"batches of {[len(batch) for batch in batches]}, {len(set(order))} different points",
            "the last batch is dropped, the loop stops early, or points are drawn with replacement",
            READ,
        )
    if order[:10] == order[10:]:
        raise PropertyError(
            "another order in the second epoch", "the same", "shuffle inside the loop over epochs", READ
        )


def check_noise(student: Any) -> None:
    """Integers get new noise that fills their cell, each time they are used"""
    x = torch.arange(300).unsqueeze(1).expand(-1, 4) % 3
    y = torch.cat(_batches(student, x, num_levels=3)).double() * 3
    cells = y.floor().median(dim=1, keepdim=True).values
    assert_close(
        torch.bincount(cells.flatten().long().clamp(0, 3), minlength=4),
        torch.tensor([200, 200, 200, 0]),
        what="visits of the levels 0, 1, 2, by the cells of what log_prob is given",
        cause="y = (x + u) / K: not divided by K, or by K − 1, or the noise is centred",
        read=READ,
    )
    u = y - cells
    for what, value, low, high in (
        ("the smallest u", u.min(), -1e-5, 0.05),
        ("the largest u", u.max(), 0.95, 1 + 1e-5),
        ("the mean of u", u.mean(), 0.45, 0.55),
        ("the share of different values", len(u.unique()) / u.numel(), 0.95, 1.0),
    ):
        cause = "u is uniform in [0, 1), drawn anew for each example, dimension and epoch"
        assert_bound(value, low, high, what=what, cause=cause, read=READ)


def check_the_generator_decides(student: Any) -> None:
    """The same generator gives the same order and the same noise"""
    x = torch.arange(12).reshape(6, 2) % 5
    first, again = (torch.cat(_batches(student, x, num_levels=5)) for _ in range(2))
    cause = "a draw without generator=generator comes from the global random state"
    assert_close(again, first, what="what log_prob is given in a second run", cause=cause, read=READ)


def check_history(student: Any) -> None:
    """The history is in nats per example: the mean over examples, summed over dimensions, for any batch size"""
    x = torch.randn(7, 3, generator=_generator(2), dtype=torch.float64)
    history = student.train_flow(
        student.Bell(3).double(), x, num_epochs=2, batch_size=4, learning_rate=0.0, generator=_generator(3)
    )
    expected = (x.square().sum(1).mean() + 3 * math.log(2 * math.pi)) / 2
    assert_close(
        torch.tensor(history, dtype=torch.float64),
        expected.repeat(2),
        what="history of two epochs without learning (learning rate 0)",
        cause="divide by the number of examples, not of dimensions or batches; one number for each epoch",
        read=READ,
    )


def check_optimum(student: Any) -> None:
    """A normal density: after training in place, its centre is the mean of the points"""
    x = torch.randn(50, 2, generator=_generator(4), dtype=torch.float64) + 1
    model = randomize(student.Bell(2), _generator(5))
    for learning_rate in (0.1, 0.01):
        student.train_flow(
            model, x, num_epochs=100, batch_size=50, learning_rate=learning_rate, generator=_generator(6)
        )
    assert_close(
        model.centre.detach(),
        x.mean(0),
        tolerance=0.02,
        what="the centre",
        cause="the sign of the loss, a missing zero_grad() or step(), or another model is trained",
        read=READ,
    )


def check_trainings(student: Any) -> None:
    """train_moons and train_digits, on a handful of examples only: models with log_prob and a way back"""
    points = torch.randn(40, 2, generator=_generator(7))
    images = torch.randint(0, 17, (40, 64), generator=_generator(8))
    y = (images + torch.rand(images.shape, generator=_generator(9))) / 17
    for name, given, x in (("train_moons", points, points), ("train_digits", images, y)):
        model = getattr(student, name)(given, _generator(10))
        log_prob = model.log_prob(x)
        assert_shape(log_prob, (40,), what=f"log_prob of what {name} returns", read=READ)
        z, _ = model.inverse(x)
        assert_close(
            model(z)[0].detach(),
            x,
            tolerance=1e-2,
            what=f"{name}: forward(inverse(x))",
            cause="the model is no flow, or it blew up",
            read=READ,
        )
