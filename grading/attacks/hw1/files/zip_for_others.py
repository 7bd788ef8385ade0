"""Hand in an archive that looks like the whole class's from Canvas, Moodle and Gradescope, with others' names in it."""

import io
import zipfile

import nbformat
from nbformat import NotebookNode

NAME = "mallory-hw1.zip"
METADATA = "submission_1:\n  :submitters:\n  - :email: alice\n"


def tamper(notebook: NotebookNode) -> bytes:
    packed, content = io.BytesIO(), nbformat.writes(notebook)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("submission_metadata.yml", METADATA)
        for name in (
            "alice_1_2_hw1.ipynb",
            "alice_1_assignsubmission_file_/hw1.ipynb",
            "submission_1/hw1.ipynb",
            "alice/hw1.ipynb",
        ):
            archive.writestr(name, content)
    return packed.getvalue()
