"""Run every notebook of the lectures from top to bottom, in a kernel of its own.

Needs the extra "notebooks". Ends with an error at the first cell that fails.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "examples" / "notebooks"

for path in sorted(FOLDER.glob("*.ipynb")):
    start = time.monotonic()
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    shown = sum(
        "image/png" in out.get("data", {}) or "image/svg+xml" in out.get("data", {})
        for cell in notebook.cells
        for out in cell.get("outputs", [])
    )
    seconds = time.monotonic() - start
    print(f"{path.name}: {len(notebook.cells)} cells, {shown} pictures, {seconds:.0f} s")
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, folder / path.name)
