"""Show pictures that are none: a page behind a PNG's first bytes, one that says it is enormous, one with scripts."""

# %% task="histogram"
import base64
import struct
import zlib

from IPython.display import display


def png(data):
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + data).decode()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


enormous = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)) + chunk(
    b"IDAT", zlib.compress(bytes(10**6))
)
for picture in (
    png(b"<html><script>alert(1)</script>"),
    png(enormous + chunk(b"IEND", b"")),
    png(chunk(b"tEXt", b"Comment\0<script>alert(1)</script>")),
    png(b"") + '"><script>alert(1)</script>',
    base64.b64encode(b"<svg onload=alert(1)>").decode(),
):
    display({"image/png": picture, "text/plain": "a picture"}, raw=True)
