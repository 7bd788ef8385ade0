"""Hand in an archive whose members lead out of the folder, to the gradebook, the hidden tests and the key."""

import io
import zipfile

import nbformat
from nbformat import NotebookNode

NAME = "mallory-hw1.zip"


def tamper(notebook: NotebookNode) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in (
            "../../gradebook.db",
            "/tmp/dgm-attack-marker",
            "..\\..\\.course-key",
            "../conftest.py",
            "C:/x",
        ):
            archive.writestr(name, "a mark")
        archive.writestr("../../../../tmp/dgm-attack-marker/hw1.ipynb", nbformat.writes(notebook))
    return packed.getvalue()
