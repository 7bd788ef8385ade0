"""Task 10: masses that are known in closed form, and verdicts on densities whose masses are known.

The windows of random flows hold all but 4e-6 of the mass: a flow is a homeomorphism, so it maps the disc of radius 5
onto what the image of its rim encloses.
"""

import math

import pytest
import torch

from dgm_course import data
from dgm_course.testing import PropertyError, assert_bound, assert_close

READ = "task 10 of the notebook, and lecture 5, section 'Mass'"


def draw(*shape, rng):
    return torch.rand(*shape, generator=rng, dtype=torch.float64)


def draw_peaks(student, rng, low, high, total, number=3, reach=1.5):
    """Peaks with their means in [-reach, reach]², of this total weight."""
    means = reach * (2 * draw(number, 2, rng=rng) - 1)
    stds = low + (high - low) * draw(number, rng=rng)
    weights = draw(number, rng=rng) + 0.2
    weights = total * weights / weights.sum()
    return student.Peaks(means, stds, weights), (means, stds, weights)


def known_mass(peaks, low, high):
    means, stds, weights = peaks
    edges = [torch.erf((edge - means) / stds[:, None] / math.sqrt(2)) / 2 for edge in (low, high)]
    return float((weights * (edges[1] - edges[0]).prod(1)).sum())


def assert_verdict(got, expected, what, cause):
    if not isinstance(got, bool):
        raise PropertyError(
            "a plain bool from honest",
            f"an object of type {type(got).__module__}.{type(got).__name__}",
            "a comparison of tensors, or of numpy's numbers: put bool(...) around it",
            READ,
        )
    if got != expected:
        raise PropertyError(f"honest says {expected} of {what}", f"{got}", cause, READ)


def draw_flow(student, rng):
    """Four layers of the student's coupling with known conditioners, and the half width of a window for it."""
    layers = []
    for number in range(4):
        weight, bias = 0.3 * draw(4, 2, rng=rng) - 0.15, 0.15 * draw(4, rng=rng) + 0.05
        mask = torch.tensor([number % 2 == 0, number % 2 == 1])
        layers.append(student.AffineCoupling(2, 4, mask, student.LinearConditioner(weight, bias)))
    angle = 2 * math.pi * torch.arange(400, dtype=torch.float64) / 400
    flow = student.Flow(layers, 2)
    rim, _ = flow(5 * torch.stack([angle.cos(), angle.sin()], dim=1))
    return flow, 1.02 * float(rim.detach().abs().max())


@pytest.mark.points(2)
def test_known_masses(student, rng):
    """The mass of peaks of any weights on squares that hold them and on squares that cut them"""
    for low, high, num_nodes, tolerance in (
        (-6.0, 6.0, 90, 1e-5),
        (-1.3, 0.9, 150, 1e-3),
        (0.2, 4.2, 180, 1e-3),
    ):
        total = float(0.5 + 4 * draw((), rng=rng))
        remote, peaks = draw_peaks(student, rng, 0.5, 0.7, total, reach=0.4)
        got = student.mass(remote.log_prob, low, high, num_nodes)
        assert_close(
            got,
            known_mass(peaks, low, high),
            tolerance=tolerance,
            what=f"the mass on [{low}, {high}]² by {num_nodes} nodes a side",
            cause="exp(log_prob) at the middles of the cells, times their area h², with h = (high - low) / n",
            read=READ,
        )


@pytest.mark.points(1)
def test_how_the_density_is_asked(student, rng):
    """num_nodes² points in all, at most 10,000 at once, without gradients"""
    for num_nodes in (int(torch.randint(130, 180, (), generator=rng)), 20):
        total = float(1.5 + draw((), rng=rng))
        remote, _ = draw_peaks(student, rng, 0.6, 0.8, total)
        got = student.mass(remote.log_prob, -6.0, 6.0, num_nodes)
        calls = [tuple(call) for call in remote.asked()]
        assert_close(got, total, tolerance=0.01, what=f"the mass of peaks of the weight {total:g}", read=READ)
        assert_close(
            sum(points for points, _ in calls),
            num_nodes**2,
            what=f"number of points for {num_nodes} nodes a side",
            cause="nodes a side, so their square in all, and each of them once",
            read=READ,
        )
        assert_bound(
            max(points for points, _ in calls),
            1,
            10_000,
            what="number of points asked about at once",
            cause="a million points do not fit into memory together: use split",
            read=READ,
        )
        assert_close(
            any(recorded for _, recorded in calls),
            False,
            what="'gradients are recorded'",
            cause="torch.no_grad is missing: the graphs of all points pile up",
            read=READ,
        )


@pytest.mark.points(1)
def test_the_window_of_honesty(student, rng):
    """A mass of 1 ± 0.003 on the square is honest, one of 1 ± 0.008 is not, whatever lies beside it"""
    for total in (1.003, 0.992, 0.997, 1.008):
        for low, high in ((-7.0, 7.0), (-0.5, 3.5)):
            _, (means, stds, weights) = draw_peaks(student, rng, 0.5, 0.9, 1.0)
            weights = total * weights / known_mass((means, stds, weights), low, high)
            assert_verdict(
                student.honest(student.Peaks(means, stds, weights).log_prob, low, high),
                abs(total - 1) < 0.005,
                f"peaks of the mass {total} on the square [{low}, {high}]²",
                "the window is [0.995, 1.005], both ends, and only the square counts",
            )


@pytest.mark.points(1)
def test_narrow_peaks_need_more_nodes(student, rng):
    """Peaks narrower than the first grids: honest with mass 1, dishonest with 1.02, and so when nothing is seen"""
    for total in (1.0, 1.02, 0.98):
        _, (means, stds, weights) = draw_peaks(student, rng, 0.045, 0.06, 2 * total, number=1)
        means[0, int(torch.randint(2, (), generator=rng))] = -5.0  # half of it lies outside
        assert_verdict(
            student.honest(student.Peaks(means, stds, weights).log_prob, -5.0, 5.0),
            total == 1.0,
            f"a narrow peak, of which the mass {total} lies on the square",
            "the number of nodes is doubled until two masses agree to 0.001, up to 512 nodes a side",
        )
    hidden, _ = draw_peaks(student, rng, 0.001, 0.002, 1.0, number=1)
    narrow = 0.019 + 0.002 * draw(1, rng=rng)
    unsure = student.Peaks(torch.zeros(1, 2).double(), narrow, torch.ones(1).double())
    for what, peak in (("a peak that no grid hits", hidden), ("a peak on which no two grids agree", unsure)):
        assert_verdict(student.honest(peak.log_prob, -5.0, 5.0), False, what, "no evidence, no honesty")


@pytest.mark.points(2)
def test_random_flows(student, rng):
    """Random flows of your coupling layers have mass 1 and are honest; with the wrong sign they are not"""
    for _ in range(2):
        flow, reach = draw_flow(student, rng)
        assert_close(
            student.mass(flow.log_prob, -reach, reach, 256),
            1.0,
            tolerance=0.005,
            what="the mass of a random flow",
            cause="does task 5 pass? exp(log_prob), times the area of a cell",
            read=READ,
        )
        assert_verdict(
            student.honest(flow.log_prob, -reach, reach), True, "a random flow", "does task 5 pass?"
        )
        assert_bound(
            student.mass(flow.log_prob, 0.0, reach, 128),
            0.02,
            0.9,
            what="the mass of this flow where both coordinates are positive",
            cause="the mass of a flow is 1 on a square that holds it, and less on one that cuts it",
            read=READ,
        )
        assert_verdict(
            student.honest(flow.log_prob, 0.0, reach),
            False,
            "the same flow on a square that cuts it",
            "the verdict must rest on the mass alone",
        )
        turn = torch.linalg.qr(torch.randn(2, 2, generator=rng, dtype=torch.float64)).Q
        rotation = student.Flow([student.LinearMap(turn, draw(2, rng=rng))], 2)
        assert_verdict(
            student.honest(student.SignBug(rotation).log_prob, -8.0, 8.0),
            True,
            "a rotation with the wrong sign of log_det, which is 0",
            "the verdict must rest on the mass alone",
        )
        assert_verdict(
            student.honest(student.SignBug(flow).log_prob, -reach, reach),
            False,
            "the same flow with the wrong sign of log_det",
            "the verdict must rest on the mass alone",
        )


@pytest.mark.points(1)
def test_a_trained_flow(student, rng):
    """After a short training on moons the right flow is honest; with the wrong sign it is not, at any likelihood"""
    moons = data.moons().sample(1000, generator=rng)
    nats = []
    for wrap in (lambda flow: flow, student.SignBug):
        masks = [torch.tensor([number % 2 == 0, number % 2 == 1]) for number in range(4)]
        model = wrap(student.Flow([student.AffineCoupling(2, 16, mask) for mask in masks], 2))
        seed = int(torch.randint(2**31, (), generator=rng))
        nats.append(student.fit_briefly(model, moons, 60, torch.Generator().manual_seed(seed)))
        model.double()
        right = len(nats) == 1
        assert_verdict(
            student.honest(model.log_prob, -8.0, 8.0),
            right,
            f"a trained flow of {nats[0]:.2f} nats"
            if right
            else f"one with the wrong sign and {nats[1]:.2f} nats, after one of {nats[0]:.2f} nats",
            "does task 5 pass?" if right else "the better likelihood says nothing: its mass is not 1",
        )
        if right:
            assert_verdict(
                student.honest(model.log_prob, 0.0, 8.0),
                False,
                "a trained flow on a quarter of the plane",
                "the verdict must rest on the mass alone",
            )
