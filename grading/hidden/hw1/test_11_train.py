"""Task 11: the training loop does what it says, and two trained models are good, and good for the right reason.

The likelihood is computed here, from the logits that the trained models return for the 297 test images. The windows
were calibrated with 24 trainings of the reference, in nats per dimension: MADE 0.273 to 0.277, PixelCNN 0.288 to
0.305, which is a standard deviation of about 0.001 and 0.0044 (range / 3.9). The nearest bound, 0.325, is 48 and 6.5
of these away from the middle: were they normal, it would reject a right training once in 10^10. Trained much longer,
models of the same kind end at 0.267 (MADE, 60 epochs) and 0.279 (PixelCNN, 32 channels); independent pixels reach
0.395, and a leak 0.17 or less.
"""

import pytest
import torch
import torch.nn.functional as F

from dgm_course import data
from dgm_course.testing import (
    PropertyError,
    assert_bound,
    assert_close,
    assert_moved,
    assert_shape,
    dependencies,
    randomize,
)

READ = "task 11 of the notebook, and lecture 2, section 'Training'"
BEST_COINS = 0.395
WINDOW = "above: too few steps, or a model that sees too little; below: a model that sees what it predicts"


def draw(low, high, rng):
    """An integer in low … high."""
    return int(torch.randint(low, high + 1, (), generator=rng))


def fresh(rng):
    """A new generator, whose seed is drawn."""
    return torch.Generator().manual_seed(draw(0, 2**31, rng))


@pytest.fixture(scope="module")
def digits():
    return data.digits(binarize="threshold")


@pytest.fixture(scope="module")
def made_log_odds(task_student, task_rng, digits):
    """Images (N, 64) -> log-odds (N, 64) of the student's trained MADE, in float64."""
    model = task_student.train_made(digits.train.flatten(1), fresh(task_rng))
    model.double()
    return model


@pytest.fixture(scope="module")
def pixelcnn_log_odds(task_student, task_rng, digits):
    """The same of the student's trained PixelCNN."""
    model = task_student.train_pixelcnn(digits.train, fresh(task_rng))
    model.double()

    def log_odds(x):
        logits = model(x.reshape(-1, 1, 8, 8))
        assert_shape(logits, (len(x), 1, 8, 8, 2), what="logits of the trained PixelCNN", read=READ)
        return (logits[..., 1] - logits[..., 0]).flatten(1)

    return log_odds


def looks_back_in(log_odds, digits):
    """The order of the 64 pixels in which the model says that it looks back: rows from the top, where that is one."""
    reads = dependencies(log_odds, digits.test[:8].flatten(1), alternatives=2, read=READ).double()
    reach = reads
    for _ in range(6):  # all paths of up to 2^6 steps
        reach = ((reach + reach @ reach) > 0).double()
    circular = reach.diagonal().nonzero().flatten().tolist()
    if circular:
        raise PropertyError(
            "an order of the 64 pixels in which the trained model looks back only",
            f"{len(circular)} pixels that depend on themselves, such as {divmod(circular[0], 8)}",
            "the trained model is not masked (type A first), so its likelihood is none",
            READ,
        )
    order, left = [], list(range(64))
    while left:
        order.append(next(i for i in left if not reach[i, left].any()))
        left.remove(order[-1])
    return torch.tensor(order)


def judged_log_odds(log_odds, digits, rng):
    """The log-odds of the test images, from a model that looks back only.

    It is asked once more about all of them, in the same breath as about images that begin like one and, from some
    pixel of its order on, go on like another: up to there nothing changes. A table of the test images, which everybody
    has, would know these only.
    """
    x, order = digits.test.flatten(1), looks_back_in(log_odds, digits)
    first = draw(1, 63, rng) + torch.arange(len(x))
    rank, cut = order.argsort(), 1 + first[:, None] % 63
    mixed = torch.where(rank < cut, x, x[torch.randperm(len(x), generator=rng)])
    places = torch.randperm(2 * len(x), generator=rng)
    answers = log_odds(torch.cat([x, mixed])[places])
    assert_shape(answers, (2 * len(x), 64), what=f"logits for {2 * len(x)} images", read=READ)
    own, others = answers[places.argsort()].split(len(x))
    assert_close(
        torch.where(rank <= cut, others, own),
        own,
        tolerance=max(1e-9, 1000 * torch.finfo(own.dtype).eps),
        what="the logits of an image up to the pixel from which on it is replaced",
        cause="the trained model is not masked, or it knows test images by heart: they are not for training",
        read=READ,
    )
    return own


def assert_test_likelihood(log_odds, digits, upper, rng):
    logits = judged_log_odds(log_odds, digits, rng)
    nats = F.binary_cross_entropy_with_logits(logits, digits.test.flatten(1).to(logits.dtype))
    assert_bound(nats, 0.24, upper, what="nats per dimension on the test images", cause=WINDOW, read=READ)


@pytest.mark.points(1)
def test_the_optimum_is_reached(student, rng):
    """Independent pixels: training in place ends at the known optimum"""
    images = torch.bernoulli(torch.tensor([0.2, 0.35, 0.5, 0.7, 0.8]).expand(60, 5), generator=rng).long()
    model = randomize(student.BernoulliModel(5), rng)
    expected = dict(model.named_parameters())["logits"].clone().requires_grad_()
    adam = torch.optim.Adam([expected], lr=0.05)
    for _ in range(5):
        adam.zero_grad()
        F.binary_cross_entropy_with_logits(expected.expand(60, 5), images.double()).backward()
        adam.step()
    student.train_autoregressive(
        model, images, num_epochs=5, batch_size=60, learning_rate=0.05, generator=fresh(rng)
    )
    assert_close(
        dict(model.named_parameters())["logits"],
        expected.detach(),
        tolerance=0.02,
        what="the weights after five steps of Adam with a learning rate of 0.05",
        cause="the weights are set and not learned, or another optimiser is in use",
        read=READ,
    )
    student.train_autoregressive(
        model, images, num_epochs=300, batch_size=60, learning_rate=0.05, generator=fresh(rng)
    )
    probability = dict(model.named_parameters())["logits"].sigmoid()
    assert_close(
        probability,
        images.double().mean(0),
        tolerance=0.01,
        what="the model's probability of a 1, beside the share of ones in the images,",
        cause="the sign of the loss, a missing zero_grad() or step(), or another model than the one handed in is "
        "trained",
        read=READ,
    )


@pytest.mark.points(1)
def test_every_image_once_an_epoch_in_an_order_from_the_generator(student, rng):
    """Each epoch visits every image once, in batches of the stated size and in a new order; the generator decides it"""
    number, batch_size, epochs = draw(20, 40, rng), draw(3, 7, rng), 3
    images = torch.arange(number).reshape(-1, 1, 1, 1).expand(-1, 1, 2, 1).contiguous()
    seed = draw(0, 2**31, rng)

    def visits(seed):
        roll = student.RollCall()
        student.train_autoregressive(
            roll,
            images,
            num_epochs=epochs,
            batch_size=batch_size,
            learning_rate=0.01,
            generator=torch.Generator().manual_seed(seed),
        )
        weight = dict(roll.named_parameters())["weight"]
        assert_moved(weight, torch.zeros(()), "the weight of the model", "nothing is trained", READ)
        return [list(batch) for batch in roll.calls()]

    batches = visits(seed)
    sizes = {len(batch) for batch in batches}
    order = [image for batch in batches for image in batch]
    rounds = [order[i : i + number] for i in range(0, len(order), number)]
    if len(rounds) != epochs or any(sorted(visited) != list(range(number)) for visited in rounds):
        counts = [order.count(image) for image in range(number)]
        raise PropertyError(
            f"each of {number} images {epochs} times in {epochs} epochs, batch size {batch_size}",
            f"some {min(counts)} and some {max(counts)} times",
            "the last batch is dropped, the loop stops early, or images are drawn with replacement",
            READ,
        )
    if max(sizes) > batch_size or len(batches) != epochs * -(-number // batch_size):
        raise PropertyError(
            f"batches of {batch_size} and a last one with the rest",
            f"batches of {sorted(sizes)}",
            "batch_size is not passed on",
            READ,
        )
    if any(visited in (rounds[0], sorted(visited)) for visited in rounds[1:]):
        raise PropertyError(
            "a new order in every epoch",
            "an order that is repeated",
            "shuffle inside the loop over epochs",
            READ,
        )
    if visits(seed) != batches or visits(seed + 1) == batches:
        raise PropertyError(
            "the same order for the same generator, another for another",
            "an order that does not follow the generator",
            "torch.randperm without generator=generator draws from the global random state",
            READ,
        )


@pytest.mark.points(1)
def test_the_history_is_in_nats_per_dimension(student, rng):
    """The returned numbers are the mean over all images and dimensions, the smaller last batch included"""
    number, height, width = draw(11, 17, rng), draw(2, 4, rng), draw(2, 4, rng)
    images = torch.randint(0, 2, (number, 1, height, width), generator=rng)
    model = randomize(student.BernoulliModel(height * width), rng)
    logits = dict(model.named_parameters())["logits"].clone()
    history = student.train_autoregressive(
        model, images, num_epochs=2, batch_size=5, learning_rate=0.0, generator=fresh(rng)
    )
    x = images.flatten(1).double()
    nats = F.binary_cross_entropy_with_logits(logits.expand_as(x), x)
    assert_close(
        torch.tensor(history, dtype=torch.float64),
        nats.repeat(2),
        what="history of two epochs without learning (learning rate 0)",
        cause="divide by images and dimensions; weigh the smaller last batch by its size; all batches count, not only "
        "the last",
        read=READ,
    )


@pytest.mark.points(1)
def test_made_is_trained(made_log_odds, digits, rng):
    """MADE: between 0.24 and 0.335 nats per dimension on the test images"""
    assert_test_likelihood(made_log_odds, digits, 0.335, rng)


@pytest.mark.points(1)
def test_made_is_well_trained(made_log_odds, digits, rng):
    """MADE: between 0.24 and 0.325 nats per dimension on the test images"""
    assert_test_likelihood(made_log_odds, digits, 0.325, rng)


@pytest.mark.points(1)
def test_pixelcnn_is_trained(pixelcnn_log_odds, digits, rng):
    """PixelCNN: between 0.24 and 0.335 nats per dimension on the test images"""
    assert_test_likelihood(pixelcnn_log_odds, digits, 0.335, rng)


@pytest.mark.points(1)
def test_pixelcnn_is_well_trained(pixelcnn_log_odds, digits, rng):
    """PixelCNN: between 0.24 and 0.325 nats per dimension on the test images"""
    assert_test_likelihood(pixelcnn_log_odds, digits, 0.325, rng)


@pytest.mark.points(1)
def test_trained_models_only_look_back(made_log_odds, pixelcnn_log_odds, digits, rng):
    """Better than the best coin for each pixel, still no logit depends on its own pixel, directly or through others"""
    for log_odds in (made_log_odds, pixelcnn_log_odds):
        assert_test_likelihood(log_odds, digits, BEST_COINS, rng)
