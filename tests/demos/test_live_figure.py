"""A word that is stamped looks like the word that matplotlib would draw."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from dgm_course.demos import live_figure
from dgm_course.demos.live_figure import LiveFigure

LOOKS = {
    "plain": {},
    "two lines": {"s": "one\nand two", "ha": "right", "va": "top"},
    "coloured and faint": {"color": "#3f90da", "alpha": 0.4, "fontweight": "bold"},
    "turned": {"rotation": 30, "rotation_mode": "anchor"},
    "mathematics": {"s": r"$\sum_t x_t$"},
    "beyond the edge": {"x": 158, "y": 1},
    "beyond the other edge": {"x": -9, "y": 74},
    "out of sight": {"x": 400},
    "out of sight above": {"y": 300},
}


def pixels(live):
    live.draw()
    return np.asarray(live.canvas.buffer_rgba())[..., :3].astype(int)


def figure_with(look):
    figure = Figure(figsize=(2, 1), dpi=80, facecolor="#ddccbb")
    return LiveFigure(figure), figure.text(**{"x": 40, "y": 50, "s": "word", "transform": None} | look)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_stamp_is_what_would_have_been_drawn(look):
    live, word = figure_with(look)
    empty = pixels(LiveFigure(Figure(figsize=(2, 1), dpi=80, facecolor="#ddccbb")))
    live.moves(word)
    first, second = pixels(live), pixels(live)
    drawn, _ = figure_with(look)
    assert np.abs(first - pixels(drawn)).max() <= 2
    assert (first == second).all()
    assert (first != empty).any() == (look not in (LOOKS["out of sight"], LOOKS["out of sight above"]))


def test_a_word_that_changes_is_another_stamp():
    live, word = figure_with({})
    live.moves(word)
    seen = [pixels(live)]
    for change in ({"text": "words"}, {"color": "red"}, {"fontsize": 20}, {"rotation": 90}, {"x": 60}):
        word.set(**change)
        assert all((pixels(live) != before).any() for before in seen)
        seen.append(pixels(live))
    word.set_visible(False)
    assert (pixels(live) == live.still[..., :3]).all()


def test_stamps_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(live_figure, "STAMPS", 3)
    live, word = figure_with({})
    live.moves(word)
    for i in range(10):
        word.set_text(str(i))
        live.draw()
        assert len(live.stamps) <= 3
