"""A Jupyter notebook for each lecture, made from the scripts of its topics.

Run: python examples/make_notebooks.py [FOLDER]      (default: examples/notebooks)

A comment that starts a paragraph of a script becomes text, what follows it a cell of code; pictures
that a script saves are shown instead. The same scripts give the same bytes.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

TOPICS = Path(__file__).parent / "topics"
LECTURES = {
    "000": "Neural networks, and derivatives along the edges of a graph",
    "001": "Recurrent networks and backpropagation through time",
    "002": "LSTM, gate by gate",
    "003": "From recurrent networks to LSTM",
    "004": "Neural networks in machine learning",
}
#: The topics in the order in which they build on one another.
ORDER = """
    features losses threshold_units perceptron_and_xor two_cars why_activation activations
    universal_approximation sensitivity backpropagation dense_backprop worked_example softmax
    optimizers normalisation_dropout_residual autoencoders boltzmann_machines convolution text_cnn
    rnn_through_time five_modes char_rnn language_models tagging vanishing_gradients error_wall
    lstm_gates gru_and_variants attention encoder_decoder bidirectional_and_captions cbow
""".split()
#: Figures of matplotlib are shown in the page.
SET_UP = "%matplotlib inline"


def lectures_of(text: str) -> list[str]:
    """The numbers of the lectures that a script belongs to, from the second part of its title."""
    _, _, rest = (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")
    return re.findall(r"\b\d{3}\b", rest.partition("Run:")[0])


def cells_of(text: str) -> Iterator[tuple[str, str]]:
    """The kind and the source of each cell of a script."""
    tree = ast.parse(text)
    title = (ast.get_docstring(tree) or "").partition("\n")[0]
    yield "markdown", f"## {_escaped(title)}"
    begin = tree.body[0].end_lineno or 0
    lines = text.splitlines()
    pictures = next(node for node in tree.body if ast.unparse(node).startswith("if folder:"))
    assert isinstance(pictures, ast.If)
    shown = range(pictures.lineno - 1, pictures.end_lineno or 0)
    paragraph: list[str] = []
    for number, line in enumerate(lines[begin:], begin):
        if number in shown:
            if number == shown[0]:
                yield from _parts(paragraph)
                yield from _pictures(pictures.body, text)
                paragraph = []
        elif line.startswith("# ") and not (paragraph and paragraph[-1].strip()):
            yield from _parts(paragraph)
            paragraph = [line]
        elif line != "from pictures import folder":
            paragraph.append(line)
    yield from _parts(paragraph)


def _parts(paragraph: list[str]) -> Iterator[tuple[str, str]]:
    """The comment that a paragraph starts with as text, the rest as code."""
    count = 0
    while count < len(paragraph) and paragraph[count].startswith("# "):
        count += 1
    if count:
        yield "markdown", _escaped(" ".join(line[2:] for line in paragraph[:count]))
    code = re.sub(r"\n{3,}", "\n\n", "\n".join(paragraph[count:]).strip("\n"))
    code = code.replace("  # fmt: skip", "")
    if code:
        yield "code", code


def _pictures(body: list[ast.stmt], text: str) -> Iterator[tuple[str, str]]:
    """`x.save(folder / ...)` as `x`, and `table.plot(folder / ...)` as `table.plot()`, each a cell.

    What a picture is made of stands in the cell before it.
    """
    for node in body:
        shown: ast.AST = node
        end = ""
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            shown = node.value.func
            if isinstance(shown, ast.Attribute) and shown.attr == "save":
                shown = shown.value
            else:
                end = "()"
        yield "code", (ast.get_source_segment(text, shown) or "") + end


def _escaped(text: str) -> str:
    """A text in which nothing is a mark of Markdown."""
    return re.sub(r"([*_<`\[])", r"\\\1", text)


def notebook(lecture: str) -> str:
    """The notebook of a lecture as text."""
    texts = {name: (TOPICS / f"{name}.py").read_text("utf-8") for name in ORDER}
    chosen = [text for text in texts.values() if lecture in lectures_of(text)]
    made = [("markdown", f"# Lecture {lecture}: {LECTURES[lecture]}"), ("code", SET_UP)]
    made += [cell for text in chosen for cell in cells_of(text)]
    cells = []
    for number, (kind, source) in enumerate(made):
        cell = {"cell_type": kind, "id": f"cell-{number:03}", "metadata": {}}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append({**cell, "source": source.splitlines(keepends=True)})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    for lecture in LECTURES:
        target = folder / f"lecture_{lecture}.ipynb"
        target.write_text(notebook(lecture), encoding="utf-8", newline="\n")
        print(target)
