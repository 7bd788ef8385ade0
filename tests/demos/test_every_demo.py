"""What every demo promises, without a browser: one message a move, a way back, a moment that can be repeated."""

import inspect
import re
from functools import partial
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


def others(control):
    """Several of them, the nearest first."""
    yield other(control)
    match control:
        case widgets.IntSlider() | widgets.FloatSlider():
            yield from (control.min, control.max)
        case widgets.ToggleButtons() | widgets.SelectionSlider():
            yield from [value for _, value in control.options]


def again(demo, **own):
    """The demo that its printed state builds."""
    return eval(repr(demo), vars(dgm_course.demos) | own)


def shown(demo):
    """What there is to see and to read."""
    return demo.live.image.value, demo.says.value


def test_its_printed_state_brings_the_moment_back(build):
    demo = build()
    assert repr(demo) == f"{build.__name__}()"
    for control in [*demo.controls.values(), demo.hide]:
        control.value = other(control)
    assert again(demo).snapshot() == demo.snapshot()
    assert again(demo).says.value == demo.says.value


def test_a_function_of_ones_own_is_named_in_its_printed_state(build):
    for name, parameter in inspect.signature(build).parameters.items():
        if callable(usual := parameter.default):

            def mine(*given, usual=usual, **named):
                return usual(*given, **named)

            demo = build(**{name: mine})
            assert repr(demo) == f"{build.__name__}({name}=mine)"
            assert shown(again(demo, mine=mine)) == shown(demo)


def test_every_control_shows_in_some_state(build):
    demo = build()

    def shows(control, moved, there):
        demo.reset()
        moved.value = there
        before = shown(demo)
        for value in others(control):
            control.value = value
            if shown(demo) != before:
                return True
        return False

    for name, control in demo.controls.items():
        demo.reset()
        states = [(moved, there) for moved in demo.controls.values() for there in others(moved)]
        assert any(shows(control, *state) for state in [(control, control.value), *states]), name


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
    picture, line = demo.live.image.comm.comm_id, demo.says.comm.comm_id

    def assert_one_message_for_what_changes(act):
        """Returns what changed: the picture, the line."""
        sent.clear()
        before = shown(demo)
        act()
        changed = [old != new for old, new in zip(before, shown(demo), strict=True)]
        targets = [target for target, _ in sent]
        assert [targets.count(picture), targets.count(line)] == changed
        assert sum(size for target, size in sent if target == picture) < 250_000
        return changed

    for control in demo.controls.values():
        assert_one_message_for_what_changes(partial(setattr, control, "value", other(control)))
    assert assert_one_message_for_what_changes(demo.reset) == [True, True]
    if demo.clock:
        assert assert_one_message_for_what_changes(demo.step)[0]
        assert {target for target, _ in sent} <= {picture, line, demo.controls[demo.clock].comm.comm_id}


def test_slow_motion_is_where_a_clock_is_and_ends_with_reset(build):
    demo = build()
    buttons = demo.view.children[2].children
    assert (demo.slow in buttons) == (demo.clock is not None)
    for play in [each for each in buttons if isinstance(each, widgets.Play)]:
        names = [each.description for each in buttons if each is not play]
        assert names == ["Step", "Play", "Slow motion", "Reset", "Freeze", "Hide the answer"]
        assert play.interval == 100
        demo.slow.value = True
        assert play.interval == 500
        assert repr(demo) == f"{build.__name__}()"
        demo.reset()
        assert (demo.slow.value, play.interval) == (False, 100)


def test_what_it_says_is_announced(build):
    assert re.match(r'<div class="dgm-says" role="status" aria-live="polite">\S', build().says.value)


def test_where_no_kernel_runs_there_is_a_picture(build):
    bundle = build()._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} <= set(bundle)
