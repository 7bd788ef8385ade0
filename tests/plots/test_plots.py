"""Figures: what is drawn is what was given, and nothing of matplotlib's global state moves."""

import math

import matplotlib as mpl
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from dgm_course import plots
from dgm_course.training import History

LOWER = torch.ones(4, 4, dtype=torch.bool).tril(-1)
HISTORY = History([10, 20, 30], [1.0, 0.5, 0.4], [0.9, 0.6, 0.7], [0.1, 0.2, 0.3])
NORMAL = torch.distributions.Normal(0.0, 1.0)


def standard_normal(x):
    return -x.square().sum(1) / 2 - torch.log(torch.tensor(2 * torch.pi))


def doubled(z):
    return 2 * z, torch.full(z.shape[:1], 2.0).log() * z.dim()


EVERY_FIGURE = {
    "images": lambda rng: plots.show_images(torch.rand(5, 3, 4, 4, generator=rng)),
    "dependencies": lambda rng: plots.dependency_matrix(LOWER.T, LOWER),
    "field": lambda rng: plots.receptive_field(LOWER, (1, 1), allowed=LOWER),
    "curves": lambda rng: plots.training_curves(HISTORY, floor=0.3),
    "bars": lambda rng: plots.probability_bars({"a": torch.ones(2) / 2}),
    "histogram": lambda rng: plots.histogram(torch.rand(50, generator=rng)),
    "ladder": lambda rng: plots.ladder({"a": 2.0, "b": 1.0}, unit="nats"),
    "tree": lambda rng: plots.dilation_tree((1, 2)),
    "lines": lambda rng: plots.lines({"a": torch.ones(3)}, log=True, floor=0.5),
    "pushed": lambda rng: plots.pushed_forward(doubled, NORMAL.log_prob, torch.arange(-2, 3)),
    "grids": lambda rng: plots.warped_grids({"a": doubled, "b": doubled}),
    "density": lambda rng: plots.density(standard_normal, samples=torch.randn(20, 2, generator=rng)),
}


@pytest.mark.parametrize("name", EVERY_FIGURE)
def test_a_figure_can_be_drawn_is_readable_and_leaves_no_trace(name):
    settings, open_figures = dict(mpl.rcParams), plt.get_fignums()
    figure = EVERY_FIGURE[name](torch.Generator().manual_seed(1))
    figure.canvas.draw()
    assert isinstance(figure, Figure)
    assert plt.get_fignums() == open_figures
    assert dict(mpl.rcParams) == settings
    for axes in figure.axes:
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels()):
            assert text.get_fontsize() >= 14


def test_a_mosaic_puts_images_row_by_row_with_a_gap():
    images = torch.arange(3).view(3, 1, 1, 1).expand(3, 1, 2, 2)
    picture = plots.mosaic(images, num_levels=3, columns=2)
    assert picture.shape == (7, 7, 3)
    assert picture[1, 1].tolist() == [0, 0, 0]
    assert picture[2, 4].tolist() == [0.5, 0.5, 0.5]
    assert picture[4, 2].tolist() == [1, 1, 1]
    assert picture[5, 5].tolist() == picture[0, 0].tolist() == picture[-1, -1].tolist()


def test_a_mosaic_keeps_colours_apart():
    red = torch.zeros(1, 3, 1, 1)
    red[:, 0] = 255
    assert plots.mosaic(red, num_levels=256)[1, 1].tolist() == [1, 0, 0]


def test_a_mosaic_refuses_two_channels():
    with pytest.raises(ValueError, match="not 2"):
        plots.mosaic(torch.zeros(1, 2, 4, 4))


def test_forbidden_and_missing_dependencies_are_marked_where_they_are():
    got = LOWER.clone()
    got[0, 3], got[2, 1] = True, False
    yours, allowed = plots.dependency_matrix(got, LOWER).axes
    assert yours.get_title() == "yours: 1 forbidden, 1 missing"
    forbidden, missing = yours.collections[-2:]
    assert forbidden.get_offsets().tolist() == [[3, 0]]
    assert missing.get_offsets().tolist() == [[1, 2]]
    assert (yours.images[0].get_array() == got.numpy()).all()
    assert (allowed.images[0].get_array() == LOWER.numpy()).all()
    assert not any(len(marks.get_offsets()) for marks in allowed.collections[-2:])


def test_a_receptive_field_says_whether_it_is_the_allowed_one():
    reads = torch.zeros(3, 5, dtype=torch.bool)
    reads[0] = True
    assert plots.receptive_field(reads, (1, 2), allowed=reads).axes[0].get_title() == "yours: as allowed"
    star = plots.receptive_field(reads, (1, 2)).axes[0].collections[-1]
    assert star.get_offsets().tolist() == [[2, 1]]


def test_curves_show_both_losses_and_the_best_row():
    (axes,) = plots.training_curves({"made": HISTORY, "nade": HISTORY}, floor=0.3).axes
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["made training"].get_ydata().tolist() == HISTORY.train_loss
    assert lines["nade validation"].get_ydata().tolist() == HISTORY.validation_loss
    assert lines["made best: 0.6000"].get_xdata().tolist() == [20]
    assert "floor: 0.3000" in lines
    assert lines["made training"].get_color() != lines["nade training"].get_color()


def test_curves_without_validation_show_training_alone():
    (axes,) = plots.training_curves(History([1, 2], [3.0, 2.0], [], [0.1, 0.2])).axes
    assert [line.get_label() for line in axes.lines] == ["training"]


def test_bars_are_as_high_as_the_probabilities_and_do_not_overlap():
    p, q = torch.tensor([0.2, 0.8]), torch.tensor([0.5, 0.5])
    (axes,) = plots.probability_bars({"p": p, "q": q}, symbols=["a", "b"]).axes
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    assert heights == [pytest.approx(p.tolist()), pytest.approx(q.tolist())]
    first, second = (bars[0] for bars in axes.containers)
    assert first.get_x() + first.get_width() == pytest.approx(second.get_x(), abs=1e-6)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]


def test_a_density_lies_where_it_is_high_and_shows_its_mass():
    def shifted(x):
        return standard_normal(x - torch.tensor([2.0, -1.0]))

    axes = plots.density(shifted, extent=8.0, resolution=80).axes[0]
    p = axes.images[0].get_array()
    row, column = divmod(int(p.argmax()), 80)
    assert ((column + 0.5) / 5 - 8, (row + 0.5) / 5 - 8) == pytest.approx((2, -1), abs=0.11)
    assert axes.get_title() == "mass on this square: 1.0000"
    assert plots.density(lambda x: shifted(x) + 1).axes[0].get_title() != "mass on this square: 1.0000"


def test_a_ladder_has_its_first_rung_on_top_and_its_numbers_beside_the_bars():
    (axes,) = plots.ladder({"independent": 204.7, "MADE": 96.31}, unit="nats").axes
    assert [bar.get_width() for bar in axes.patches] == [204.7, 96.31]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert [text.get_text() for text in axes.texts] == ["204.7", "96.31"]


def test_a_tree_reads_the_receptive_field_and_skips_what_no_path_reaches():
    def read(*arguments, **settings):
        (axes,) = plots.dilation_tree(*arguments, **settings).axes
        return axes.lines[-1].get_xdata().tolist()

    assert read((1, 2, 4)) == list(range(-7, 1))
    assert read((1, 2), kernel_size=3) == list(range(-6, 1))
    assert read((4, 2)) == [-6, -4, -2, 0]


def test_lines_lie_over_their_own_x():
    y = torch.tensor([4.0, 2.0, 1.0])
    (axes,) = plots.lines({"a": y}, x=torch.tensor([1, 10, 100]), floor=0.5, log=True).axes
    assert axes.lines[0].get_xydata().tolist() == [[1, 4], [10, 2], [100, 1]]
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_pieces_that_are_pushed_forward_keep_their_area():
    data, latent = plots.pushed_forward(doubled, NORMAL.log_prob, torch.tensor([-1.0, 0.5, 2.0])).axes[1:]

    def area(piece):
        corners = torch.tensor(piece.get_paths()[0].vertices)
        return corners[:, 0] @ corners[:, 1].roll(-1) - corners[:, 1] @ corners[:, 0].roll(-1)

    for z, x in zip(latent.collections, data.collections, strict=True):
        assert area(z).abs() == pytest.approx(area(x).abs().item(), rel=1e-6)


def test_a_warped_grid_lies_where_its_map_sends_it():
    axes = plots.warped_grids({"doubled": doubled}, extent=1.0, num_lines=3).axes[0]
    (lines,) = axes.collections
    corners = torch.tensor([piece.tolist() for piece in lines.get_segments()])
    assert (corners.amin((0, 1)).tolist(), corners.amax((0, 1)).tolist()) == ([-2, -2], [2, 2])
    assert lines.get_array().tolist() == pytest.approx([math.log(4.0)] * len(corners))
