"""Name another kernel, another language and another interpreter to run the notebook with."""

from nbformat import NotebookNode


def tamper(notebook: NotebookNode) -> NotebookNode:
    command = ["/bin/sh", "-c", "touch /tmp/dgm-attack-marker"]
    notebook.metadata["kernelspec"] = {"name": "../../evil", "display_name": "<script>", "argv": command}
    notebook.metadata["language_info"] = {
        "name": "bash",
        "file_extension": ".sh",
        "pygments_lexer": "__import__",
    }
    notebook.metadata["jupytext"] = {"formats": "ipynb,sh:percent", "notebook_metadata_filter": "all"}
    for cell in notebook.cells:
        cell.metadata["language"] = cell.metadata["kernel"] = "bash"
    return notebook
