"""A matplotlib figure that stays, and of which each frame draws what moves only.

A figure costs most in what never changes: axes, ticks, labels. Here they are drawn once and kept as pixels; a frame
puts them back, draws the artists that move over them, and hands the pixels to an `Image` widget. That is several times
faster than a new figure, does not flicker, and needs nothing in the browser beyond core ipywidgets. What costs most of
a frame then are words, half a millisecond each, so a word is drawn once, too, and stamped wherever it is needed again.
Frames are JPEGs of full colour resolution, which take a third of a PNG's time. They go as a data address: such a
picture is there at once, where a browser may show nothing for a moment while it fetches one handed over as bytes.
"""

import copy
import io
from base64 import b64encode
from typing import Any, NamedTuple

import numpy as np
from ipywidgets import Image
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform
from PIL import Image as Pixels

GHOST = 0.3  # how much of its darkness a frozen picture keeps
STAMPS = 1000  # words kept: about 10 MB


class Stamp(NamedTuple):
    """The pixels of a word, and where their upper left corner lies from the place that the word was given."""

    ink: np.ndarray  # colour times opacity, 0 … 255²
    shine: np.ndarray  # what the background keeps, 0 … 255
    right: int
    down: int

    def onto(self, pixels: np.ndarray, x: int, y: int) -> None:
        """Print at column x and row y; what lies beyond the edge is left off."""
        top, left = y + self.down, x + self.right
        bottom, right = top + self.ink.shape[0], left + self.ink.shape[1]
        below = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0), :3]
        cut = np.s_[max(-top, 0) :, max(-left, 0) :]
        ink, shine = (part[cut][: below.shape[0], : below.shape[1]] for part in (self.ink, self.shine))
        below[:] = (below * shine + ink + 127) // 255


class LiveFigure:
    """`figure` in the widget `image`.

    Example:
        >>> figure = Figure(figsize=(2, 1), dpi=50)
        >>> line, = figure.subplots().plot([0, 1], [0, 1])
        >>> live = LiveFigure(figure)
        >>> live.moves(line)
        >>> live.draw()
        >>> first = live.image.value
        >>> line.set_ydata([1, 0])
        >>> live.draw()
        >>> live.image.value == first, live.png()[1:4]
        (False, b'PNG')
    """

    def __init__(self, figure: Figure) -> None:
        self.canvas = FigureCanvasAgg(figure)
        self.image = Image(format="url")
        self.moving: list[Artist] = []
        self.answer: set[Artist] = set()
        self.still: np.ndarray | None = None
        self.ghost: np.ndarray | None = None
        self.stamps: dict[tuple, Stamp] = {}

    def moves(self, *artists: Artist, answer: bool = False) -> None:
        """These artists change from frame to frame; those of the `answer` can be hidden."""
        for artist in artists:
            artist.set_animated(True)
            artist.set_in_layout(False)  # where axes stand does not depend on what moves in them
        self.moving = sorted([*self.moving, *artists], key=lambda artist: artist.zorder)
        if answer:
            self.answer.update(artists)

    def draw(self, *, hide: bool = False) -> None:
        """The next frame, without the answer when that is to be hidden."""
        shown = [artist for artist in self.moving if not (hide and artist in self.answer)]
        self._over(self._still() if self.ghost is None else self.ghost, shown)
        jpeg = self._encoded("jpeg", quality=92, subsampling=0)
        self.image.value = b"data:image/jpeg;base64," + b64encode(jpeg)

    def png(self) -> bytes:
        """The last frame without loss."""
        return self._encoded("png")

    def freeze(self) -> None:
        """Keep what moves, but for words, as a grey ghost below all frames to come."""
        still = self._still()
        pixels = self._over(still, [artist for artist in self.moving if not isinstance(artist, Text)])
        moved = (pixels != still).any(axis=-1)
        grey = 255 - GHOST * (255 - pixels[moved, :3].mean(axis=-1, keepdims=True))
        self.ghost = still.copy()
        self.ghost[moved, :3] = grey

    def thaw(self) -> None:
        """Forget the ghost."""
        self.ghost = None

    def _still(self) -> np.ndarray:
        """What never moves, drawn once."""
        if self.still is None:
            self.canvas.draw()
            self.canvas.figure.set_layout_engine(
                "none"
            )  # a layout for each frame would cost more than the frame
            self.canvas.draw()
            self.still = np.array(self.canvas.buffer_rgba())
        return self.still

    def _over(self, background: np.ndarray, artists: list[Artist]) -> np.ndarray:
        pixels = np.asarray(self.canvas.buffer_rgba())
        pixels[:] = background
        for artist in artists:
            if isinstance(artist, Text) and artist.get_bbox_patch() is None:
                self._print(artist, pixels)
            else:
                artist.draw(self.canvas.get_renderer())
        return pixels

    def _print(self, word: Text, pixels: np.ndarray) -> None:
        """Stamp a word at the pixel nearest to its place."""
        if not (word.get_visible() and word.get_text()):
            return
        look = (word.get_text(), word.get_fontproperties(), word.get_color(), word.get_alpha())
        turn = (word.get_rotation(), word.get_rotation_mode())
        key = (*look, *turn, word.get_horizontalalignment(), word.get_verticalalignment())
        if key not in self.stamps:
            if len(self.stamps) == STAMPS:
                self.stamps.clear()
            self.stamps[key] = self._stamp(word)
        x, y = word.get_transform().transform(word.get_position())
        self.stamps[key].onto(pixels, round(x), round(len(pixels) - y))

    def _stamp(self, word: Text) -> Stamp:
        alone = copy.copy(word)
        alone.set_transform(IdentityTransform())
        alone.set_position((0, 0))
        box = alone.get_window_extent(self.canvas.get_renderer()).padded(2)
        left, bottom, right, top = round(box.x0), round(box.y0), round(box.x1), round(box.y1)
        alone.set_position((-left, -bottom))
        paper = RendererAgg(right - left, top - bottom, self.canvas.figure.dpi)
        alone.draw(paper)
        drawn = np.asarray(paper.buffer_rgba()).astype(np.uint16)
        return Stamp(drawn[..., :3] * drawn[..., 3:], 255 - drawn[..., 3:], left, -top)

    def _encoded(self, form: str, **options: Any) -> bytes:
        buffer, size = self.canvas.buffer_rgba(), self.canvas.get_width_height()
        file = io.BytesIO()
        Pixels.frombuffer("RGBX", size, buffer, "raw", "RGBX", 0, 1).convert("RGB").save(
            file, form, **options
        )
        return file.getvalue()
