"""One path, or the largest ones, marked in the picture and written out below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from symgraph.draw.graphs.numbers import value_latex
from symgraph.draw.graphs.sketch import key_of
from symgraph.draw.view import Language
from symgraph.errors import DrawError
from symgraph.expanded.products import Path, Paths
from symgraph.graph import Graph
from symgraph.node import Node
from symgraph.notation.tree import Derivative
from symgraph.notation.write import write

__all__ = ["Marked", "marked"]

Marked = tuple[frozenset[tuple[Node, int]], tuple[str, ...]]

_MOST_PATHS = 4
_LONGEST_WAY = 10
_WORDS: dict[Language, dict[str, str]] = {
    "en": {"more": "{n} further, together", "sum": "sum over the paths"},
    "zh": {"more": "其余 {n} 条路径之和", "sum": "各路径之和"},
}


def marked(
    graph: Graph,
    values: Mapping[Any, Any] | None,
    path: Any,
    paths: Any,
    digits: int,
    language: Language,
) -> Marked:
    """The edges to mark, as (head, operand), and the lines below the picture.

    `path`: values from the root to a leaf, or a leaf and a number k for its k-th largest path, or
    a leaf alone. `paths`: a leaf, or a leaf and how many; the sum of all closes the lines.
    """
    if path is None and paths is None:
        return frozenset(), ()
    if path is not None and paths is not None:
        raise DrawError("draw: path and paths were both given. Write path for one, paths for all.")
    if path is not None:
        chosen = _one(graph, values, path)
        return _edges([chosen]), (_line(chosen, digits),)
    leaf, count = _leaf_and_number(paths, _MOST_PATHS)
    found = graph.paths(graph.roots[0], leaf, values, limit=count, lang=language)
    return _edges(found.shown), tuple(_lines(found, digits, language))


def _line(path: Path, digits: int) -> str:
    """A way by the names on it, and its product: as on the edges, in numbers, and multiplied."""
    products = list(path.products("latex", digits))
    if len(products) > 1:
        products = products[1:]
    if path.value is not None:
        products[-1] = value_latex(path.value, digits)
    named = [
        vertex.label("latex")
        for vertex in path.vertices
        if vertex.name is not None or vertex in (path.edges[0].head, path.edges[-1].tail)
    ]
    way = [*named[:3], r"\dots", *named[-3:]] if len(named) > _LONGEST_WAY else named
    return r" \to ".join(way) + r":\quad " + " = ".join(dict.fromkeys(products))


def _lines(found: Paths, digits: int, language: Language) -> Iterator[str]:
    """A line a path, what is left, and the sum that is the gradient."""
    for path in found.shown:
        yield _line(path, digits) if path.edges else write(found.root, "latex") + ": 1"
    words = _WORDS[language]
    if found.further:
        more = rf"\text{{{words['more'].format(n=found.further)}}}"
        rest = found.remainder
        yield more if rest is None else rf"{more}\;{value_latex(rest, digits)}"
    if found.gradient is not None:
        whole = write(Derivative(found.root, found.leaf), "latex")
        total = value_latex(found.gradient, digits)
        yield rf"\text{{{words['sum']}}} = {whole} = {total}"


def _edges(paths: Sequence[Path]) -> frozenset[tuple[Node, int]]:
    return frozenset(key_of(edge) for path in paths for edge in path.edges)


def _leaf_and_number(given: Any, usual: int) -> tuple[Any, int]:
    if isinstance(given, (tuple, list)):
        if len(given) == 2 and isinstance(given[1], int) and given[1] > 0:
            return given[0], given[1]
        raise DrawError(f"draw: paths={given!r}; write a leaf, or (leaf, how many).")
    return given, usual


def _one(graph: Graph, values: Mapping[Any, Any] | None, path: Any) -> Path:
    """The path that is meant."""
    if isinstance(path, (tuple, list)):
        if len(path) != 2 or not isinstance(path[1], int) or isinstance(path[1], bool):
            return graph.path(path, values)
        leaf, rank = path
    else:
        leaf, rank = path, 1
    if rank < 1:
        raise DrawError(f"draw: path={path!r}; the paths of a leaf are counted from 1.")
    found = graph.paths(graph.roots[0], leaf, values, limit=rank)
    if len(found) < rank:
        raise DrawError(
            f"draw: path={path!r}, but {found.count} paths lead to {graph.vertex(leaf).label()}."
        )
    return found.shown[int(rank) - 1]
