"""Put scripts wherever a file holds text: Markdown, outputs, mime types, names, tags, titles, authors, ids."""

from nbformat import NotebookNode, v4

SCRIPT = "</script><script>parent.stolen = 1</script><img src=x onerror=alert(1)><svg onload=alert(1)>"
LINK = "[full marks](javascript:alert(1)) <a href='javascript:alert(1)' onclick=alert(1)>here</a>"


def tamper(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source += SCRIPT + LINK
        else:
            data = {
                "text/html": SCRIPT,
                "image/svg+xml": SCRIPT,
                "application/javascript": "alert(1)",
                SCRIPT: SCRIPT,
            }
            cell.outputs = [v4.new_output("display_data", data=data, metadata={SCRIPT: SCRIPT})]
            cell.outputs.append(v4.new_output("error", ename=SCRIPT, evalue=SCRIPT, traceback=[SCRIPT]))
        cell.metadata |= {"tags": [SCRIPT], "name": SCRIPT, SCRIPT: SCRIPT}
    notebook.metadata |= {"title": SCRIPT, "authors": [{"name": SCRIPT}], "widgets": {SCRIPT: SCRIPT}}
    notebook.cells[:0] = [v4.new_markdown_cell(LINK, id="x"), v4.new_raw_cell(SCRIPT, id="y")]
    notebook.cells[0].id = notebook.cells[1].metadata["format"] = SCRIPT
    return notebook
