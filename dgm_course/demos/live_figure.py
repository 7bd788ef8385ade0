"""A matplotlib figure that stays, and of which each frame draws what moves only.

A figure costs most in what never changes: axes, ticks, labels. Here they are drawn once and kept as pixels; a frame
puts them back, draws the artists that move over them, and hands the pixels to an `Image` widget. That is several times
faster than a new figure, does not flicker, and needs nothing in the browser beyond core ipywidgets. Frames are JPEGs
of full colour resolution, which take a third of a PNG's time. They go as a data address: such a picture is there at
once, where a browser may show nothing for a moment while it fetches one that was handed over as bytes.
"""

import io
from base64 import b64encode
from typing import Any

import numpy as np
from ipywidgets import Image
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image as Pixels

GHOST = 0.3  # how much of its darkness a frozen picture keeps


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
            artist.draw(self.canvas.get_renderer())
        return pixels

    def _encoded(self, form: str, **options: Any) -> bytes:
        buffer, size = self.canvas.buffer_rgba(), self.canvas.get_width_height()
        file = io.BytesIO()
        Pixels.frombuffer("RGBX", size, buffer, "raw", "RGBX", 0, 1).convert("RGB").save(
            file, form, **options
        )
        return file.getvalue()
