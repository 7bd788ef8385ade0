"""What every demo has: labelled controls, a picture, one line that says in words what it shows, Reset and Freeze.

A demo names its controls, builds its picture once (`build`), and says how the picture follows the controls (`show`).
Where something evolves, time is a slider, too, so that it can be drawn back; Step and Play move it on, Play at full
speed or in slow motion. Play is the browser's clock, which waits for the kernel: no thread, no backlog.
"""

import inspect
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable
from html import escape
from typing import Any, ClassVar, TypeVar

import ipywidgets as widgets
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from dgm_course.demos.controls import STYLE, switch
from dgm_course.demos.live_figure import LiveFigure
from dgm_course.plots.style import styled

AnyArtist = TypeVar("AnyArtist", bound=Artist)

TICK = 100  # milliseconds from one step of Play to the next: ten frames a second
SLOW = 5  # times as long in slow motion

projected = rc_context(
    {
        "font.size": 18,
        "axes.titlesize": 20,
        "axes.linewidth": 1.5,
        "legend.fontsize": 18,
        "lines.linewidth": 3,
    }
)


class Demo(ABC):
    """A demo shows itself as the last line of a cell; its `repr` is the call that brings this very moment back.

    A function of one's own stands in it by its name, and is kept in the attribute that is called like its parameter.
    """

    title: ClassVar[str]
    question: ClassVar[str]  # asked while the answer is hidden
    clock: ClassVar[str | None] = None  # the slider that Step and Play move on
    begins_again: ClassVar[bool] = False  # whether another setting is another run, from the clock's start
    show: Callable[..., str]  # takes the value of every control; returns the line that says it in words

    @styled
    @projected
    def __init__(self, controls: dict[str, Any], *, predict: bool) -> None:
        self.controls = controls
        self.hide = switch("Hide the answer", predict)
        self.slow = switch("Slow motion", False)
        self.says = widgets.HTML()
        drawn = (*controls.values(), self.hide)
        self.initial = {control: control.value for control in (*drawn, self.slow)}
        self.busy = False
        figure = Figure(figsize=(14, 6), dpi=80)
        self.live = LiveFigure(figure)
        self.build(figure)
        self.view = self._view()
        for control in drawn:
            control.observe(self.update, "value")
        self.update()

    @abstractmethod
    def build(self, figure: Figure) -> None:
        """Add axes to the figure, and the artists that `show` moves to `self`."""

    def moves(self, artist: AnyArtist, *, answer: bool = False) -> AnyArtist:
        """An artist that `show` changes; one of the answer can be hidden."""
        self.live.moves(artist, answer=answer)
        return artist

    def snapshot(self) -> bytes:
        """The picture as it is, in PNG."""
        return self.live.png()

    def update(self, change: Any = None) -> None:
        """One frame for the controls as they are."""
        if self.busy:
            return
        self.busy = True  # a clock that is set back is part of this frame
        try:
            if self.begins_again and change is not None:
                time = self.controls[str(self.clock)]
                if change.owner not in (time, self.hide):
                    time.value = time.min
            said = self.show(**{name: control.value for name, control in self.controls.items()})
        except Exception as error:  # of a function of one's own: a page may show no traceback
            self._say(f"{type(error).__name__}: {error}")
            raise
        finally:
            self.busy = False
        self.live.draw(hide=self.hide.value)
        self._say(self.question if self.hide.value else said)

    def reset(self, *_: object) -> None:
        """Back to the moment at which the demo began."""
        self.live.thaw()
        self.busy = True
        for control, value in self.initial.items():
            control.value = value
        self.busy = False
        self.update()

    def freeze(self, *_: object) -> None:
        """Keep the present picture as a grey ghost below what follows."""
        self.live.freeze()
        self.update()

    def step(self, *_: object) -> None:
        """One tick of the clock, and from its end back to its start."""
        time = self.controls[str(self.clock)]
        time.value = time.min if time.value == time.max else time.value + time.step

    def __repr__(self) -> str:
        values = {name: control.value for name, control in self.controls.items()} | {
            "predict": self.hide.value
        }
        usual = {name: known.default for name, known in inspect.signature(type(self)).parameters.items()}
        said = [f"{name}={value!r}" for name, value in values.items() if value != usual[name]]
        own = {name: getattr(self, name, usual[name]) for name in usual if name not in values}
        said += [
            f"{name}={getattr(mine, '__name__', '…')}"
            for name, mine in own.items()
            if mine is not usual[name]
        ]
        return f"{type(self).__name__}({', '.join(said)})"

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        """The widgets, and the picture for where no kernel runs."""
        live = self.view._repr_mimebundle_()
        return {**live, "text/plain": repr(self), "image/png": b64encode(self.snapshot()).decode()}

    def _say(self, line: str) -> None:
        self.says.value = f'<div class="dgm-says" role="status" aria-live="polite">{escape(line)}</div>'

    def _view(self) -> widgets.VBox:
        title = widgets.HTML(f'{STYLE}<div class="dgm-title">{escape(self.title)}</div>')
        self.live.image.layout = widgets.Layout(width="100%", max_width="1120px")
        buttons = [_button("Reset", self.reset), _button("Freeze", self.freeze)]
        if self.clock:
            play = self._play(self.controls[self.clock])
            buttons = [_button("Step", self.step), *play, self.slow, *buttons]
        view = widgets.VBox(
            [
                title,
                _row(list(self.controls.values())),
                _row([*buttons, self.hide]),
                self.live.image,
                self.says,
            ]
        )
        view.add_class("dgm-demo")
        return view

    def _play(self, time: Any) -> list[widgets.Widget]:
        """A button with a name, for those of `widgets.Play` have none, and the clock behind it."""
        play = widgets.Play(time.value, time.min, time.max, time.step, interval=TICK)
        play.layout.display = "none"
        named = widgets.ToggleButton(description="Play", tooltip="Play")
        self.links = [  # made in the browser: a tick costs one message
            widgets.jslink((play, "value"), (time, "value")),
            widgets.jslink((play, "max"), (time, "max")),
            widgets.jslink((play, "playing"), (named, "value")),
        ]
        widgets.dlink((self.slow, "value"), (play, "interval"), lambda slow: TICK * (SLOW if slow else 1))
        return [named, play]


def _row(children: list[widgets.Widget]) -> widgets.Box:
    return widgets.Box(children, layout={"flex_flow": "row wrap", "align_items": "center"})


def _button(label: str, act: Callable[..., None]) -> widgets.Button:
    button = widgets.Button(description=label)
    button.on_click(act)
    return button
