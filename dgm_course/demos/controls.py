"""Controls that can be read from the last row and moved by keyboard, each with its name and value beside it."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

# ipywidgets has no trait for most of this: the sheet travels with every demo, also into Voilà.
STYLE = """<style>
.dgm-demo {max-width: 1140px; overflow: hidden}
.dgm-demo :is(.widget-label, .widget-readout, .widget-toggle-buttons button, .jupyter-button, label, select, input) {
  font-size: 18px !important; line-height: 30px !important; height: auto !important}
.dgm-demo .widget-inline-hbox {height: auto; align-items: center}
.dgm-demo .widget-toggle-buttons {display: flex !important; flex-flow: row nowrap; gap: 8px}
.dgm-demo .widget-readout {min-width: 60px}
.dgm-demo :is(.jupyter-button, .widget-toggle-buttons button) {width: auto; padding: 2px 14px}
.dgm-demo .mod-active {background: #3f90da !important; color: white !important; font-weight: 600}
.dgm-demo input[type=checkbox] {width: 20px; height: 20px !important; margin-right: 8px; vertical-align: middle}
.dgm-demo .noUi-handle {width: 24px !important; height: 24px !important; top: -10px !important; right: -12px !important;
  background: #3f90da !important; border-radius: 12px !important}
.dgm-demo .noUi-target {height: 6px !important}
.dgm-demo :is(button, input, select, .noUi-handle):focus-visible {
  outline: 3px solid #832db6 !important; outline-offset: 2px}
.dgm-demo .dgm-title {font-size: 26px; font-weight: 600; line-height: 1.4}
.dgm-demo .dgm-says {font-size: 22px; line-height: 1.4; min-height: 2.8em}
</style>"""


def slider(label: str, value: int, low: int, high: int) -> widgets.IntSlider:
    """A whole number from `low` to `high`.

    Example:
        >>> slider("layers", 3, 1, 12).value
        3
        >>> slider("layers", 30, 1, 12)
        Traceback (most recent call last):
        ValueError: layers: 1 to 12, not 30
    """
    if not low <= value <= high:
        raise ValueError(f"{label}: {low} to {high}, not {value}")
    return widgets.IntSlider(value, low, high, description=label, **_wide(label))


def fine_slider(label: str, value: float, low: float, high: float, step: float) -> widgets.FloatSlider:
    """A number from `low` to `high` in steps.

    Example:
        >>> fine_slider("temperature", 1.0, 0.1, 3.0, 0.1).value
        1.0
    """
    if not low <= value <= high:
        raise ValueError(f"{label}: {low} to {high}, not {value}")
    return widgets.FloatSlider(value, min=low, max=high, step=step, description=label, **_wide(label))


def notched_slider(label: str, value: Any, options: Sequence[Any]) -> widgets.SelectionSlider:
    """One of many that have an order, such as powers of ten.

    Example:
        >>> notched_slider("learning rate", 0.01, (0.001, 0.01, 0.1)).index
        1
    """
    labelled = _labelled(label, value, options)
    return widgets.SelectionSlider(options=labelled, value=value, description=label, **_wide(label))


def choice(label: str, value: Any, options: Sequence[Any]) -> widgets.ToggleButtons:
    """One of a few, all of them in sight.

    Example:
        >>> choice("kernel", 3, (3, 5, 7)).value
        3
        >>> choice("kernel", 4, (3, 5, 7))
        Traceback (most recent call last):
        ValueError: kernel: one of 3, 5, 7, not 4
    """
    return widgets.ToggleButtons(
        options=_labelled(label, value, options),
        value=value,
        description=label,
        style={"description_width": "initial", "button_width": "auto"},
        layout={"width": "max-content", "margin": "2px 24px 2px 2px"},
    )


def switch(label: str, value: bool) -> widgets.Checkbox:
    """On or off.

    Example:
        >>> switch("bug", True).value
        True
    """
    return widgets.Checkbox(
        value, description=label, indent=False, layout={"width": "auto", "margin": "2px 24px 2px 2px"}
    )


def seed_box(value: int) -> widgets.BoundedIntText:
    """Which noise; the same number is the same noise, whatever else is moved.

    Example:
        >>> seed_box(3).value
        3
    """
    return widgets.BoundedIntText(
        value, 0, 9999, description="seed", style={"description_width": "initial"}, layout={"width": "150px"}
    )


def _labelled(label: str, value: Any, options: Sequence[Any]) -> list[tuple[str, Any]]:
    if value not in options:
        raise ValueError(f"{label}: one of {', '.join(map(str, options))}, not {value}")
    return [(str(option), option) for option in options]


def _wide(label: str) -> dict[str, Any]:
    return {
        "style": {"description_width": f"{max(70, 10 * len(label) + 26)}px"},
        "layout": {"width": "47%", "min_width": "420px", "margin": "2px 12px 2px 2px"},
    }
