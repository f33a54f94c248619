"""`sg.explore`: an expression as a page in which it can be computed, stepped through, trained."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from symgraph.answers import answering
from symgraph.build.coerce import as_node
from symgraph.build.unroll import unroll
from symgraph.draw import saving
from symgraph.draw.given import check_rate, check_values, check_wording
from symgraph.draw.theme import ThemeName, theme_named
from symgraph.draw.view import Language
from symgraph.errors import DrawError, GradientError
from symgraph.evaluate import bind_values
from symgraph.explorer.content import content_of
from symgraph.explorer.page import page
from symgraph.explorer.start import Start, start_of
from symgraph.graph import Graph
from symgraph.javascript import javascript
from symgraph.node import Node
from symgraph.notation.write import write

__all__ = ["Explorer", "explore"]

Labels = Literal["symbolic", "numeric", "none"]
#: More vertices than this no browser lays out in a moment.
LIMIT = 10_000
#: Characters of a title that says what the root is.
LONGEST_TITLE = 60


@answering
class Explorer:
    """A finished page; `save` writes it, a notebook shows it in a frame."""

    def __init__(self, html: str, title: str) -> None:
        self.html = html
        self.title = title

    def save(self, path: str | Path) -> Path:
        """Write the page. Raises DrawError for a suffix other than .html, and where it cannot.

        >>> import symgraph as sg
        >>> sg.explore(sg.input("x") ** 2).save("page.pdf")
        Traceback (most recent call last):
        ...
        symgraph.errors.DrawError: explore: 'page.pdf' is no page. Write 'page.html', for example.
        """
        target = saving.path_of(path, "explore")
        if target.suffix.lower() not in (".html", ".htm"):
            raise DrawError(
                f"explore: {target.name!r} is no page. "
                f"Write {(target.stem or 'page') + '.html'!r}, for example."
            )
        return saving.write(target, self.html.encode(), "explore")

    def _repr_html_(self) -> str:
        source = html.escape(self.html, quote=True)
        return (
            f'<iframe srcdoc="{source}" sandbox="allow-scripts" width="100%" height="640" '
            f'title="{html.escape(self.title, quote=True)}" style="border:0"></iframe>'
        )


def explore(
    expr: Any,
    path: str | Path | None = None,
    *,
    values: Mapping[Any, Any] | None = None,
    data: Mapping[Any, Any] | None = None,
    rate: float = 0.1,
    steps: bool = False,
    labels: Labels = "symbolic",
    language: Language = "en",
    theme: ThemeName = "light",
    title: str | None = None,
) -> Explorer:
    """An expression as one page that needs nothing else: no network, no fonts, no server.

    In it values are changed and all others follow; every leaf shows its paths to the root, their
    products and their sum; forward and backward pass go step by step; modules (what `let` names)
    open and close; gradient steps with `rate` train the parameters, or what is ticked.

    `values` by name or node; the others are drawn at random. `data` by name is what is trained on:
    arrays as the variables have them, all used in each step, or with one axis in front that counts
    samples, one for each step. `steps` writes loops out. `labels` of the edges are "symbolic",
    "numeric" or "none", `language` is "en" or "zh", `theme` "light" or "dark" ("lecture" and
    "print" as in `sg.draw`); the page can change all of these. With `path` the page is written.
    Raises GradientError for an array as root, DrawError for an unknown choice and for more than
    can be shown, UnknownNameError and ShapeError for values and data that do not fit.

    >>> import symgraph as sg
    >>> x, w = sg.input("x"), sg.parameter("w")
    >>> shown = sg.explore((w * x - 1) ** 2, values={"w": 2.0, "x": 3.0})
    >>> "<script" in shown.html, "http://" in shown.html.replace("http://www.w3.org/", "")
    (True, False)
    """
    _check_choices(rate, labels, theme)
    check_wording("" if title is None else title, language, "explore")
    check_values(values, "explore")
    check_values(data, "explore", "data")
    root = as_node(expr, "explore")
    if root.shape:
        raise GradientError(
            f"explore: the root has shape {root.shape}, and a gradient belongs to a number. "
            "Take its sum, or one entry."
        )
    start = start_of(root, values, data)
    if steps:
        root = _written_out(root, start)
        start = start_of(root, start.values, data)
    graph = Graph([root])
    if len(graph.vertices) > LIMIT:
        raise DrawError(
            f"explore: {len(graph.vertices)} vertices are more than can be shown ({LIMIT}). "
            "Explore a part of the expression."
        )
    shown = _title(graph) if title is None else title
    content = content_of(graph) | _begin(start) | {
        "title": shown, "language": language, "theme": theme, "labels": labels, "rate": rate,
    }  # fmt: skip
    made = Explorer(page(content, javascript(graph, name="program").source, shown), shown)
    if path is not None:
        made.save(path)
    return made


def _check_choices(rate: float, labels: str, theme: ThemeName) -> None:
    theme_named(theme)
    if labels not in ("symbolic", "numeric", "none"):
        raise DrawError(f"explore: labels={labels!r}; write 'symbolic', 'numeric' or 'none'.")
    check_rate(rate, "explore")


def _written_out(root: Node, start: Start) -> Node:
    """The expression without loops, as long as the values say."""
    _, dims = bind_values([root], start.values)
    lengths = {str(symbol): size for symbol, size in dims.items()}
    made = unroll(root, lengths or None)
    assert isinstance(made, Node)
    return made


def _title(graph: Graph) -> str:
    """What the root is: its name, and its formula where that fits."""
    vertex = graph.vertex(graph.roots[0])
    name, formula = vertex.label(), write(vertex.formula, "unicode")
    whole = formula if formula == name else f"{name} = {formula}"
    return whole if len(whole) <= LONGEST_TITLE else name[:LONGEST_TITLE]


def _begin(start: Start) -> dict[str, Any]:
    """Start values and data as lists."""
    data = None
    if start.data is not None:
        data = {name: array.tolist() for name, array in start.data.items()}
    return {
        "values": [[name, array.tolist()] for name, array in start.values.items()],
        "data": None if data is None else [[name, array] for name, array in data.items()],
        "samples": start.samples,
    }
