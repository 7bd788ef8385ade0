"""Pictures of what went wrong, drawn by the trusted side from plain matrices."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

SHOWN = 64  # rows and columns; more would be too small to see
CELL = 18  # user units a cell


def dependency_picture(picture: dict[str, Any] | None) -> Markup | None:
    """An SVG of which output depends on which input, "got" against "allowed"; None for any other picture.

    Colour is never the only sign: a forbidden dependency carries a cross, a missing one is a dashed frame.

    Example:
        >>> picture = {"got": [[True, False]], "allowed": [[False, False]]}
        >>> "forbidden" in dependency_picture(picture)
        True
    """
    match picture:
        case {"got": [[*_], *_] as got, "allowed": [[*_], *_] as allowed}:
            return _svg(got, allowed)
    return None


def _svg(got: Sequence[Sequence[bool]], allowed: Sequence[Sequence[bool]]) -> Markup:
    rows, columns = min(len(got), SHOWN), min(len(got[0]), SHOWN)
    shapes = [
        _cell(row, column, got[row][column], allowed[row][column])
        for row in range(rows)
        for column in range(columns)
    ]
    width, height = columns * CELL, rows * CELL
    return Markup(
        f'<svg class="matrix" role="img" aria-label="dependencies of outputs on inputs" '
        f'viewBox="-1 -1 {width + 2} {height + 2}" width="{width + 2}" height="{height + 2}">{"".join(shapes)}</svg>'
    )


def _cell(row: int, column: int, got: bool, allowed: bool) -> str:
    kind = {(True, True): "used", (True, False): "forbidden", (False, True): "missing"}.get(
        (got, allowed), "none"
    )
    x, y = column * CELL, row * CELL
    shape = f'<rect class="{kind}" x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" rx="2"/>'
    if kind == "forbidden":
        near, far = 5, CELL - 5
        shape += (
            f'<path class="cross" d="M{x + near} {y + near}L{x + far} {y + far}M{x + far} {y + near}L{x + near} '
            f'{y + far}"/>'
        )
    return shape
