"""What every demo promises, without a browser: one message a move, a way back, a moment that can be repeated."""

import re
from io import BytesIO

import comm
import ipywidgets as widgets
import numpy as np
import pytest
from PIL import Image

import dgm_course.demos
from dgm_course.demos import DEMOS

pytestmark = pytest.mark.parametrize("build", DEMOS.values(), ids=DEMOS)


def other(control):
    """A value that a control does not have now."""
    match control:
        case widgets.IntSlider() | widgets.FloatSlider() | widgets.BoundedIntText():
            return (
                control.value + control.step if control.value < control.max else control.value - control.step
            )
        case widgets.ToggleButtons() | widgets.SelectionSlider():
            return next(value for _, value in reversed(control.options) if value != control.value)
        case widgets.Checkbox():
            return not control.value


def again(demo):
    """The demo that its printed state builds."""
    return eval(repr(demo), vars(dgm_course.demos))


def test_its_printed_state_brings_the_moment_back(build):
    demo = build()
    assert repr(demo) == f"{build.__name__}()"
    for control in [*demo.controls.values(), demo.hide]:
        control.value = other(control)
    assert again(demo).snapshot() == demo.snapshot()
    assert again(demo).says.value == demo.says.value


def test_reset_is_the_moment_at_which_it_began(build):
    name, control = next(iter(build().controls.items()))
    demo = build(**{name: other(control)})
    first = demo.snapshot()
    for moved in reversed(demo.controls.values()):
        moved.value = other(moved)
    demo.freeze()
    demo.reset()
    assert demo.snapshot() == first


def test_a_hidden_answer_is_neither_drawn_nor_said(build):
    demo = build(predict=True)
    assert demo.question in demo.says.value
    hidden, question = demo.snapshot(), demo.says.value
    demo.hide.value = False
    assert demo.snapshot() != hidden
    assert demo.says.value != question


def test_a_frozen_answer_stays_as_a_grey_ghost(build):
    demo = build()
    demo.freeze()
    demo.hide.value = True
    ghost, hidden = (np.array(Image.open(BytesIO(each.snapshot()))) for each in (demo, build(predict=True)))
    differs = (ghost != hidden).any(axis=-1)
    assert differs.mean() > 0.005
    assert (ghost[differs] <= hidden[differs]).mean() > 0.9
    assert np.ptp(ghost[differs], axis=-1).mean() < 20


def test_a_move_is_one_picture_and_one_line(build, monkeypatch):
    sent = []

    class Recorded(comm.base_comm.BaseComm):
        def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
            if msg_type == "comm_msg" and data["method"] == "update":
                sent.append((self.comm_id, sum(map(len, buffers or []))))

    monkeypatch.setattr(comm, "create_comm", Recorded)
    demo = build()
    for control in demo.controls.values():
        sent.clear()
        control.value = other(control)
        pictures = [size for target, size in sent if target == demo.live.image.comm.comm_id]
        lines = [target for target, _ in sent if target == demo.says.comm.comm_id]
        assert len(pictures) <= 1
        assert len(lines) <= 1
        assert sum(pictures) < 250_000
    sent.clear()
    demo.reset()
    assert [target for target, _ in sent].count(demo.live.image.comm.comm_id) == 1


def test_what_it_says_is_announced(build):
    assert re.match(r'<div class="dgm-says" role="status" aria-live="polite">\S', build().says.value)


def test_where_no_kernel_runs_there_is_a_picture(build):
    bundle = build()._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} <= set(bundle)
