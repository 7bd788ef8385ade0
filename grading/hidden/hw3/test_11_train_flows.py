"""Task 11: the training loop does what it says, and two trained flows are good, and densities.

Likelihoods are computed here, on points and noise that are drawn here. The windows were set with 20 trainings of the
reference, each with other points and other seeds:

    moons    1.893 … 1.993 nats, mean 1.941, standard deviation 0.025: the bounds 1.80 and 2.10 are 5.6 and 6.3 away
    digits   2.209 … 2.233 bits, mean 2.221, standard deviation 0.007: the bounds 1.70 and 2.35 are 75 and 18 away

The mass of these 20 flows of the moons was 1 to 0.0003, on one grid. One Gaussian has 2.73 nats, a histogram for every
pixel 2.43 bits.
"""

import math

import pytest
import torch

from dgm_course import data
from dgm_course.testing import (
    PropertyError,
    assert_bound,
    assert_close,
    assert_each_alone,
    assert_invertible,
    assert_log_det_matches_jacobian,
    assert_moved,
    assert_normalized,
    assert_samples_follow,
    assert_shape,
    randomize,
)

READ = "task 11 of the notebook, and lecture 5, section 'Training'"
ENTROPY = 1.830  # of the moons, in nats
ONE_GAUSSIAN, HISTOGRAMS = (
    2.6,
    2.42,
)  # a little better than one Gaussian, and than a histogram for every pixel
WINDOW = "above: too few steps, or too few layers; below: no density, or one that knows the test images"


def draw(low, high, rng):
    """An integer in low … high."""
    return int(torch.randint(low, high + 1, (), generator=rng))


def fresh(rng):
    """A new generator, whose seed is drawn."""
    return torch.Generator().manual_seed(draw(0, 2**31, rng))


def uniform(rng, low, high):
    return low + (high - low) * float(torch.rand((), generator=rng))


@pytest.fixture(scope="module")
def moons(task_student, task_rng):
    """The student's flow, trained on 2,000 points, in float64."""
    flow = task_student.train_moons(data.moons().sample(2000, generator=task_rng), fresh(task_rng))
    flow.double()
    return flow


@pytest.fixture(scope="module")
def digits(task_student, task_rng):
    """The student's density of dequantised digits, trained on 1,350 images, in float64."""
    split = data.digits()
    images = torch.cat([split.train, split.validation]).flatten(1)
    model = task_student.train_digits(images, fresh(task_rng))
    model.double()
    return model


def assert_samples_have_density(flow, across, up, masses, rng):
    """Samples fall into sixteen parts of the plane as the density says, whose masses in cells of a grid are given.

    The points may miss a hundredth of the mass: the counts that are expected are then wrong by half a standard
    deviation. The bounds of one false alarm in 10^8 lie six away, so that a right flow still fails less than once in
    10^7 tests.
    """
    edges = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64) + 0.3 * (uniform(rng, 0, 1) - 0.5)
    cuts = []
    for grid in (across, up):  # between two points each: a cell that is cut would count for one part alone
        after = torch.searchsorted(grid, edges)
        cuts.append((grid[after - 1] + grid[after]) / 2)

    def part(x):
        return torch.stack([torch.bucketize(x[:, d].contiguous(), cuts[d]) for d in (0, 1)], dim=1)

    probabilities = torch.zeros(4, 4, dtype=torch.float64)
    probabilities.index_put_(tuple(part(torch.cartesian_prod(across, up)).T), masses, accumulate=True)
    probabilities /= probabilities.sum()
    z = torch.randn(4000, 2, generator=rng, dtype=torch.float64)
    x, log_det = flow(z)
    assert_shape(x, (4000, 2), what="x", read=READ)
    assert_samples_follow(
        part(x.double()),
        probabilities.clamp(min=2e-3),  # a part may hold what lies beyond all the points
        false_alarm=1e-8,
        what="samples, in sixteen parts of the plane,",
        cause="log_prob is not that of the flow",
        read=READ,
    )
    assert_close(
        flow.log_prob(x),
        -z.square().sum(1) / 2 - math.log(2 * math.pi) - log_det,
        tolerance=1e-6,
        what="log_prob of samples, beside that of their noise and log_det",
        cause="log_prob is not that of the flow",
        read=READ,
    )


def assert_moons(flow, upper, rng):
    """It is a flow of mass 1, whose cross-entropy with the true density, the entropy at least, is in a window."""
    across, up = torch.linspace(-5, 5, 251).double(), torch.linspace(-6, 6, 301).double()
    across, up = across + uniform(rng, 0, 0.04), up + uniform(rng, 0, 0.04)
    points = torch.cartesian_prod(across, up)
    area = float((across[1] - across[0]) * (up[1] - up[0]))
    assert_normalized(
        flow.log_prob,
        points,
        volume=area,
        tolerance=0.01,
        what="the mass of the trained flow",
        cause="the log-determinant is not that of the map",
        read=READ,
    )
    assert_samples_have_density(flow, across, up, flow.log_prob(points).exp() * area, rng)
    x = data.moons().sample(3000, generator=rng).double()
    log_prob = flow.log_prob(x)
    assert_shape(log_prob, (3000,), what="log_prob", read=READ)
    nats = ENTROPY + (data.moons().log_prob(x) - log_prob).mean()
    assert_bound(nats, 1.80, upper, what="nats per point of fresh moons", cause=WINDOW, read=READ)


def assert_goes_through(model, y):
    """Straight on from one image's noise to another's, the images change step by step, and end at the other.

    In 101 steps the largest is 0.03 of the whole way for the reference. A table of images, each the middle of a density
    of its own, fits one image and its surroundings as a flow does, and has to jump from one to the next.
    """
    noise, _ = model.inverse(y)
    start, end = noise.chunk(2)
    way = torch.linspace(0, 1, 102, dtype=torch.float64)[:, None, None]
    images, _ = model((start + way * (end - start)).flatten(0, 1))
    assert_shape(images, (102 * len(start), y.shape[1]), what="images on the way", read=READ)
    images = images.unflatten(0, (102, len(start)))
    assert_close(
        images[[0, -1]].flatten(0, 1), y, tolerance=1e-6, what="forward(inverse(y))", cause=WINDOW, read=READ
    )
    steps = images.diff(dim=0).norm(dim=2).amax(0) / (images[-1] - images[0]).norm(dim=1)
    assert_bound(
        steps,
        0.0,
        0.3,
        what="the largest of 101 steps from image to image, as a part of the way",
        cause="no flow: images are looked up, not computed",
        read=READ,
    )


def assert_digits(model, upper, rng):
    """log_prob is that of its inverse, for some of many test images with noise, and their mean is in a window."""
    x = data.digits().test.flatten(1)
    y = (x + torch.rand(x.shape, generator=rng, dtype=torch.float64)) / 17
    log_prob = assert_each_alone(model.log_prob, y, what="log_prob", shape=(), read=READ)
    some = torch.randperm(len(y), generator=rng)[:2]

    def slowly(y):
        """The way back, by differences of a thousandth: they stay in the cube and seldom meet a ReLU's corner."""
        z, log_det = model.inverse(y / 1000)
        return 1000 * z, log_det

    assert_log_det_matches_jacobian(
        slowly,
        1000 * y[some],
        tolerance=2e-3,  # relative
        cause="the log-determinant is not that of the map",
        read=READ,
    )
    z, log_det = model.inverse(y[some])
    assert_close(
        log_prob[some],
        log_det - z.square().sum(1) / 2 - 32 * math.log(2 * math.pi),
        tolerance=1e-8,
        what="log_prob of some images, beside that of their noise and log_det",
        cause="log_prob is not that of the flow",
        read=READ,
    )
    assert_goes_through(model, y[torch.randperm(len(y), generator=rng)[:8]])
    bits = -log_prob.mean() / (64 * math.log(2)) + math.log2(17)
    assert_bound(bits, 1.7, upper, what="bits per dimension on the test images", cause=WINDOW, read=READ)


@pytest.mark.points(1)
def test_the_optimum_is_reached(student, rng):
    """A normal density: training in place takes Adam's steps, and ends at the mean"""
    x = torch.randn(40, 3, generator=rng).double() + 2 * torch.randn(3, generator=rng).double()
    model = randomize(student.Bell(3), rng)
    expected = dict(model.named_parameters())["centre"].clone().requires_grad_()
    adam = torch.optim.Adam([expected], lr=0.05)
    for _ in range(4):
        adam.zero_grad()
        ((x - expected).square().sum(1) / 2).mean().backward()
        adam.step()
    student.train_flow(model, x, num_epochs=4, batch_size=40, learning_rate=0.05, generator=fresh(rng))
    cause = "the sign of the loss, a missing zero_grad() or step(), or another model than the one handed in is trained"
    assert_close(
        dict(model.named_parameters())["centre"],
        expected.detach(),
        tolerance=0.02,
        what="the centre after four steps of Adam with a learning rate of 0.05",
        cause=cause,
        read=READ,
    )
    for learning_rate in (0.1, 0.01):
        student.train_flow(
            model, x, num_epochs=120, batch_size=40, learning_rate=learning_rate, generator=fresh(rng)
        )
    assert_close(
        dict(model.named_parameters())["centre"],
        x.mean(0),
        tolerance=0.02,
        what="the centre, beside the mean of the points,",
        cause=cause,
        read=READ,
    )


@pytest.mark.points(1)
def test_every_example_once_an_epoch_in_an_order_from_the_generator(student, rng):
    """Each epoch visits every example once, in batches of the stated size and a new order; the generator decides it"""
    number, batch_size, epochs, seed = draw(20, 40, rng), draw(3, 7, rng), 3, draw(0, 2**31, rng)
    x = torch.arange(number, dtype=torch.float32).unsqueeze(1)

    def visits(seed):
        roll = student.RollCall()
        student.train_flow(
            roll,
            x,
            num_epochs=epochs,
            batch_size=batch_size,
            learning_rate=0.01,
            generator=torch.Generator().manual_seed(seed),
        )
        weight = dict(roll.named_parameters())["weight"]
        assert_moved(weight, torch.zeros(()), "the weight of the model", "nothing is trained", READ)
        return [batch.flatten().tolist() for batch in roll.calls()]

    batches = visits(seed)
    order = [example for batch in batches for example in batch]
    rounds = [order[i : i + number] for i in range(0, len(order), number)]
    sizes = (
        [batch_size] * (number // batch_size) + [number % batch_size] * (number % batch_size > 0)
    ) * epochs
    if [len(batch) for batch in batches] != sizes or any(
        sorted(visited) != list(range(number)) for visited in rounds
    ):
        raise PropertyError(
            f"each of {number} examples once in each of {epochs} epochs, in batches of {batch_size} and a rest",
            f"{len(order)} visits, in batches of {sorted({len(batch) for batch in batches})}",
            "the last batch is dropped, batch_size is not passed on, or examples are drawn with replacement",
            READ,
        )
    if any(visited in (rounds[0], sorted(visited)) for visited in rounds[1:]):
        raise PropertyError(
            "a new order in every epoch", "an order that is repeated", "shuffle inside the loop", READ
        )
    if visits(seed) != batches or visits(seed + 1) == batches:
        raise PropertyError(
            "the same order for the same generator, another for another",
            "an order that does not follow the generator",
            "torch.randperm without generator=generator draws from the global random state",
            READ,
        )


@pytest.mark.points(1)
def test_every_visit_has_new_noise_that_fills_the_cell(student, rng):
    """Integers: log_prob gets (x + u) / K, u uniform in [0, 1), new for each example, dimension and epoch"""
    levels, epochs, seed = draw(5, 9, rng), 8, draw(0, 2**31, rng)
    x = torch.arange(4 * levels).unsqueeze(1).expand(-1, 5) % levels

    def noise(seed):
        roll = student.RollCall()
        student.train_flow(
            roll,
            x,
            num_epochs=epochs,
            batch_size=2 * levels + 1,
            learning_rate=0.01,
            generator=torch.Generator().manual_seed(seed),
            num_levels=levels,
        )
        y = torch.cat(list(roll.calls())).double() * levels
        assert_shape(y, (epochs * len(x), 5), what="all batches together", read=READ)
        cells = y.floor().median(dim=1, keepdim=True).values
        assert_close(
            torch.bincount(cells.flatten().long().clamp(0, levels), minlength=levels + 1),
            torch.tensor([4 * epochs] * levels + [0]),
            what=f"visits of each of {levels} levels, by the cells of what log_prob is given",
            cause="y = (x + u) / K: not divided by K, or by K − 1, or the noise is centred",
            read=READ,
        )
        return y - cells

    u = noise(seed)
    slack = 1e-5  # (x + u) / K in float32
    assert_bound(
        u, -slack, 1 + slack, what="u", cause="noise outside the cell, or the same for a row", read=READ
    )
    assert_samples_follow(
        (5 * u.flatten()).floor().long().clamp(0, 4),
        torch.full((5,), 0.2),
        false_alarm=1e-8,  # the noise is exact, and everyone is tested
        what="fifths of the cell",
        cause="the noise does not fill the whole cell evenly",
        read=READ,
    )
    assert_bound(
        float(len(u.flatten().unique())),
        0.98 * u.numel(),
        u.numel(),
        what=f"number of different values among {u.numel()}",
        cause="noise is drawn once for all epochs, or once for a row or a batch",
        read=READ,
    )
    assert_close(
        noise(seed),
        u,
        what="the noise with the same seed",
        cause="torch.rand without generator=generator",
        read=READ,
    )
    assert_moved(noise(seed + 1), u, "the noise with another seed", "a seed is set inside", READ)


@pytest.mark.points(1)
def test_the_history_is_in_nats_per_example(student, rng):
    """The returned numbers are the mean over all examples, the smaller last batch included, summed over dimensions"""
    number, dims = draw(11, 14, rng), draw(2, 4, rng)
    x = 3 * torch.randn(number, dims, generator=rng).double()
    model = randomize(student.Bell(dims), rng)
    centre = dict(model.named_parameters())["centre"].clone()
    history = student.train_flow(
        model, x, num_epochs=2, batch_size=5, learning_rate=0.0, generator=fresh(rng)
    )
    nats = (x - centre).square().sum(1) / 2 + dims * math.log(2 * math.pi) / 2
    assert_close(
        torch.tensor(history, dtype=torch.float64),
        nats.mean().repeat(2),
        what="history of two epochs without learning (learning rate 0)",
        cause="a mean over dimensions; the smaller last batch weighs as much as the others; or the last batch only",
        read=READ,
    )


@pytest.mark.points(1)
def test_moons_are_learned(moons, rng):
    """Moons: between 1.80 and 2.10 nats, by a density of mass 1"""
    assert_moons(moons, 2.10, rng)


@pytest.mark.points(1)
def test_the_flow_of_moons_is_a_flow(moons, rng):
    """Better than a Gaussian and of mass 1, with a way back, and samples that have this density"""
    assert_moons(moons, ONE_GAUSSIAN, rng)
    z = torch.randn(40, 2, generator=rng, dtype=torch.float64)
    assert_invertible(moons, moons.inverse, z, tolerance=1e-6, read=READ)


@pytest.mark.points(1)
def test_digits_are_learned(digits, rng):
    """Digits: between 1.7 and 2.35 bits per dimension on the test images, by a density"""
    assert_digits(digits, 2.35, rng)


@pytest.mark.points(1)
def test_the_flow_of_digits_is_a_flow(digits, rng):
    """Better than a histogram for every pixel, and with a way back"""
    assert_digits(digits, HISTOGRAMS, rng)
    x = data.digits().test.flatten(1)[:50]
    y = (x + torch.rand(x.shape, generator=rng, dtype=torch.float64)) / 17
    assert_invertible(digits.inverse, digits, y, tolerance=1e-6, read=READ)
