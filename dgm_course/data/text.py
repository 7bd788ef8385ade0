"""A text corpus that is on every Python: the help texts of `pydoc_data.topics`, about 460,000 characters."""

import unicodedata
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Int
from torch import Tensor

from dgm_course.data.split import Split

_TYPEWRITER = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "ß": "ss"}
)


@dataclass(frozen=True, repr=False)
class Text(Split):
    """A `Split` of character strings; symbol `i` is `alphabet[i]`.

    The alphabet is the newline and the 95 printable ASCII characters, whatever the Python version.

    Example:
        >>> Text.encode("a = 1")
        tensor([66,  1, 30,  1, 18])
        >>> Text.decode(Text.encode("naïve “quotes”"))
        'naive "quotes"'
    """

    alphabet: ClassVar[str] = "\n" + "".join(map(chr, range(32, 127)))

    @classmethod
    def encode(cls, string: str) -> Int[Tensor, " length"]:
        """Each character's place in the alphabet; accents are dropped and what is left over becomes `?`."""
        plain = unicodedata.normalize("NFKD", string.translate(_TYPEWRITER))
        letters = (char for char in plain if not unicodedata.combining(char))
        unknown = cls.alphabet.index("?")
        return torch.tensor(
            [place if (place := cls.alphabet.find(char)) >= 0 else unknown for char in letters],
            dtype=torch.int64,
        )

    @classmethod
    def decode(cls, symbols: Int[Tensor, " length"]) -> str:
        """The string that `encode` turns into `symbols`."""
        return "".join(cls.alphabet[symbol] for symbol in symbols.tolist())


def text(length: int = 64) -> Text:
    """Strings of shape `(length,)` with 96 levels: the corpus in consecutive windows.

    Topics in alphabetical order, cut into windows that do not overlap; the first 80 % are train, the next
    10 % validation, the last 10 % test. The same for everyone who has the same Python version: Python's help
    texts grow from one version to the next.

    Example:
        >>> corpus = text(length=100)
        >>> corpus.event_shape, corpus.num_levels
        ((100,), 96)
        >>> len(corpus.decode(corpus.train[0]))
        100
    """
    from pydoc_data.topics import topics

    symbols = Text.encode("\n".join(topics[name] for name in sorted(topics)))
    windows = symbols[: len(symbols) // length * length].view(-1, length)
    held_out = len(windows) // 10
    train, validation, test = windows.split([len(windows) - 2 * held_out, held_out, held_out])
    return Text(train, validation, test, num_levels=len(Text.alphabet))
