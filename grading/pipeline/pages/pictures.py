"""Pictures of what went wrong, drawn by the trusted side from plain matrices."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

SHOWN = 64  # rows and columns; more would be too small to see
CELL = 22  # user units a cell
NUMBERED = 24  # rows and columns up to which each has its number
MARGIN = 22  # where the numbers stand


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
    if max(rows, columns) <= NUMBERED:
        shapes += [_number(row, -MARGIN / 2, (row + 0.5) * CELL) for row in range(rows)]
        shapes += [_number(column, (column + 0.5) * CELL, -MARGIN / 2) for column in range(columns)]
    width, height = columns * CELL + MARGIN + 1, rows * CELL + MARGIN + 1
    return Markup(
        f'<svg class="matrix" role="img" aria-label="dependencies of outputs on inputs" '
        f'viewBox="{-MARGIN} {-MARGIN} {width} {height}" width="{width}" height="{height}">{"".join(shapes)}</svg>'
    )


def _number(number: int, x: float, y: float) -> str:
    return f'<text class="number" x="{x:g}" y="{y:g}">{number}</text>'


def _cell(row: int, column: int, got: bool, allowed: bool) -> str:
    kind = {(True, True): "used", (True, False): "forbidden", (False, True): "missing"}.get(
        (got, allowed), "none"
    )
    x, y = column * CELL, row * CELL
    shape = f'<rect class="{kind}" x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" rx="2"/>'
    if kind == "forbidden":
        near, far = 6, CELL - 6
        shape += (
            f'<path class="cross" d="M{x + near} {y + near}L{x + far} {y + far}M{x + far} {y + near}L{x + near} '
            f'{y + far}"/>'
        )
    return shape
