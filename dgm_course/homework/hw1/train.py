"""Task 11, visible checks: the loop on models with a known answer, and quick runs on a few digits.

The likelihood of your models after a full training is what the notebook's figure prints below the checks.
"""

from itertools import chain
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from dgm_course import data
from dgm_course.testing import (
    PropertyError,
    assert_bound,
    assert_close,
    assert_shape,
    dependencies,
    randomize,
)

READ = "task 11 of the notebook, and lecture 2, section 'Training'"


def _generator(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def _visits(student: Any, seed: int) -> list[list[int]]:
    """The batches in which 10 numbered images pass through `log_prob` in two epochs."""
    roll = student.RollCall()
    images = torch.arange(10).reshape(-1, 1, 1, 1).repeat(1, 1, 2, 1)
    student.train_autoregressive(
        roll, images, num_epochs=2, batch_size=4, learning_rate=0.01, generator=_generator(seed)
    )
    return [list(batch) for batch in roll.calls()]


def check_every_image_once_an_epoch(student: Any) -> None:
    """Two epochs over 10 images in batches of 4: every image twice, in batches of 4, 4, 2"""
    batches = _visits(student, 1)
    sizes = [len(batch) for batch in batches]
    counts = torch.bincount(torch.tensor(list(chain(*batches)), dtype=torch.int64), minlength=10).tolist()
    if counts != [2] * 10 or sizes != [4, 4, 2] * 2:
        raise PropertyError(
            "batches of 4, 4, 2 in each of two epochs, and every image twice",
            f"batches of {sizes}, images {counts} times",
            "the last batch is dropped, the loop stops early, or images are drawn with replacement",
            READ,
        )


def check_the_generator_decides_the_order(student: Any) -> None:
    """A new order in every epoch, and the same generator gives the same orders"""
    first, again = (list(chain(*_visits(student, 2))) for _ in range(2))
    if first[:10] == first[10:]:
        raise PropertyError(
            "another order in the second epoch",
            f"{first[:10]} both times",
            "shuffle inside the loop over epochs",
            READ,
        )
    if first != again:
        raise PropertyError(
            "the same orders for generators of the same seed",
            f"{first[:10]}, then {again[:10]}",
            "torch.randperm without generator=generator draws from the global random state",
            READ,
        )


def check_history(student: Any) -> None:
    """The history is in nats per dimension: independent fair pixels cost log 2, whatever the batch size"""
    images = torch.randint(0, 2, (7, 1, 2, 3), generator=_generator(3))
    model = student.BernoulliModel(6)
    history = student.train_autoregressive(
        model, images, num_epochs=2, batch_size=4, learning_rate=0.0, generator=_generator(4)
    )
    assert_close(
        torch.tensor(history),
        torch.full((2,), 2.0).log(),
        tolerance=1e-6,
        what="history of two epochs without learning (learning rate 0)",
        cause="divide by the number of images and of dimensions; return one number for each epoch",
        read=READ,
    )


def check_optimum(student: Any) -> None:
    """Independent pixels: after training in place, the probabilities are the shares of ones"""
    images = torch.bernoulli(torch.tensor([0.2, 0.5, 0.7]).expand(50, 3), generator=_generator(5)).long()
    model = randomize(student.BernoulliModel(3), _generator(6))
    student.train_autoregressive(
        model, images, num_epochs=300, batch_size=50, learning_rate=0.05, generator=_generator(7)
    )
    assert_close(
        dict(model.named_parameters())["logits"].sigmoid(),
        images.double().mean(0),
        tolerance=0.01,
        what="the model's probability of a 1",
        cause="the sign of the loss, a missing zero_grad() or step(), or another model than the one handed in is "
        "trained",
        read=READ,
    )


def check_made(student: Any) -> None:
    """train_made, on 300 digits only: better than coins, and no pixel depends on itself"""
    images = data.digits(binarize="threshold").train[:300].flatten(1)
    model = student.train_made(images, _generator(8))
    model.double()
    _check_trained(model, images, "MADE")


def check_pixelcnn(student: Any) -> None:
    """train_pixelcnn, on 300 digits only: better than coins, and no pixel depends on itself"""
    images = data.digits(binarize="threshold").train[:300]
    model = student.train_pixelcnn(images, _generator(9))
    model.double()

    def log_odds(x: Tensor) -> Tensor:
        logits = model(x.reshape(-1, 1, 8, 8))
        assert_shape(logits, (len(x), 1, 8, 8, 2), what="logits of the PixelCNN", read=READ)
        return (logits[..., 1] - logits[..., 0]).flatten(1)

    _check_trained(log_odds, images.flatten(1), "PixelCNN")


def _check_trained(log_odds: Any, x: Tensor, name: str) -> None:
    logits = log_odds(x)
    assert_shape(logits, tuple(x.shape), what=f"logits of the {name}", read=READ)
    nats = F.binary_cross_entropy_with_logits(logits.detach(), x.double())
    assert_bound(
        nats, 0.0, 0.6, what="nats per dimension", cause="the model is not trained, or too little", read=READ
    )
    itself = dependencies(log_odds, x[:4], alternatives=2, read=READ).diagonal()
    if itself.any():
        raise PropertyError(
            f"a {name} in which no logit depends on its own pixel",
            f"{int(itself.sum())} that do",
            "the model that is trained is not masked (do tasks 5 and 7 pass?), or its first layer is type B",
            READ,
        )
