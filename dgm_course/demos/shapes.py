"""What several demos draw and say: cells of a grid, words at places, numbers with their nouns."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from matplotlib.text import Text
from torch import Tensor

CORNERS = torch.tensor([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


def squares(where: Bool[Tensor, "rows columns"]) -> Any:
    """The corners of every cell that is true, an array (cells, 4, 2) of x, the column, and y, the row.

    `PolyCollection.set_verts` is fast with such an array, which its types do not name.

    Example:
        >>> squares(torch.tensor([[False, True]])).tolist()
        [[[1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0]]]
    """
    return (where.nonzero().flip(1)[:, None] + CORNERS).numpy()


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what there are so many of; `many` where the plural does not end in s.

    Example:
        >>> counted(1, "pixel"), counted(3, "pixel"), counted(0, "pass", "passes")
        ('1 pixel', '3 pixels', '0 passes')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def say(texts: Sequence[Text], words: Sequence[str], places: Float[Tensor, "words 2"]) -> None:
    """The first texts say the words at their places; the others say nothing.

    Example:
        >>> texts = [Text(), Text(text="old")]
        >>> say(texts, ["x"], torch.tensor([[1.0, 2.0]]))
        >>> [each.get_text() for each in texts], texts[0].get_position()
        (['x', ''], (1.0, 2.0))
    """
    for text in texts[len(words) :]:
        text.set_text("")
    for text, word, place in zip(texts, words, places.tolist(), strict=False):
        text.set(text=word, position=place)
