"""Hand in an archive with many notebooks, an archive inside, an encrypted flag and a name that is no text."""

import io
import zipfile

import nbformat
from nbformat import NotebookNode

NAME = "mallory-hw1.zip"


def tamper(notebook: NotebookNode) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a/hw1.ipynb", "b/hw1.ipynb", "h\u202ew1.ipynb", "hw1.ipynb\0.txt", "x" * 5000):
            archive.writestr(name, nbformat.writes(notebook)[:1000])
        archive.writestr("inner.zip", packed.getvalue())
    return packed.getvalue().replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
    )
