"""The graph of an expression as a view: what each vertex and edge shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, get_args

import sympy

from symgraph.build.coerce import as_node
from symgraph.build.unroll import Times
from symgraph.draw.given import names_in
from symgraph.draw.graphs.collapsing import Arrangement, Constants, Wanted, arranged
from symgraph.draw.graphs.highlight import marked
from symgraph.draw.graphs.labels import EdgeText, Labels, Written, edge_texts, key_lines
from symgraph.draw.graphs.local_values import numbers_of
from symgraph.draw.graphs.node_texts import Beside, NodeTexts
from symgraph.draw.graphs.sharing import hues_of
from symgraph.draw.graphs.sketch import Sketch, key_of
from symgraph.draw.graphs.times import written_out
from symgraph.draw.nets.net_outputs import loss_of
from symgraph.draw.view import Direction, Language, LegendEntry, View, ViewEdge
from symgraph.errors import DrawError
from symgraph.graph import Graph, graph
from symgraph.node import Node
from symgraph.ops import Var
from symgraph.rounding import checked_digits
from symgraph.vertices import Vertex

__all__ = ["graph_view"]

Shared = Literal["once", "chips"]
Hidden = Literal["constants", "ones"]
Shown = Literal["constants"]
Folded = Literal["softmax", "affine"]


def graph_view(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    wrt: Any = None,
    tree: bool = False,
    labels: Labels = "symbolic",
    labels_as: Written = "factor",
    beside: Beside = "auto",
    shared: Shared | None = None,
    path: Any = None,
    paths: Any = None,
    collapse: Any = "auto",
    expand: Sequence[str] | str = (),
    steps: Any = None,
    hide: Sequence[Hidden] | Hidden = (),
    show: Sequence[Shown] | Shown = (),
    fold: Folded | None = "softmax",
    direction: Direction = "BT",
    title: str = "",
    language: Language = "en",
    legend: bool = True,
    prefixes: bool = False,
    digits: int = 4,
) -> View:
    """The labelled graph of an expression, of a list of these, or a graph that `sg.graph` made.

    `labels`: "symbolic", "numeric", "both" or "none". A number is written for a derivative of a
    number, and for a Jacobian of up to 9 entries; a longer gradient shows its norm, a larger
    Jacobian its formula. The derivative of an array by an array is written as what multiplies on a
    path (1 - h² for diag(1 - h²), W for W h); `labels_as="map"` writes the map of the derivative
    that arrives, • ⊙ (1 - h²), Wᵀ •. `beside`: what stands at a vertex, "numbers", "names",
    "none", or "auto", which is numbers where there are values. `shared`: "chips" draws a parameter
    that is used several times at each use, in its own colour (usual with `steps`); "once" only
    colours it.

    `path` marks one path (values from the root to a leaf, a leaf, or (leaf, k) for its k-th
    largest) and writes its product below; `paths`, a leaf or (leaf, how many), marks the largest
    and writes their sum too.

    `collapse`: "names" (each named value is one box), a list of names, "repeats" (alike blocks in
    a row are one box), "branches" (alike parts side by side are one box), several in a list,
    "none", or "auto", which collapses what is too large to be read. `expand`: names that stay
    open, in a frame; "all" for every name. `steps`: loops written out for so many times, or True
    for as many as the values have. Numbers that only scale, as in 2 x, x/2 and x³, stand in their
    operation; `hide`: "constants" (no constant has a vertex), "ones" (no label 1); `show`:
    "constants" (every constant has a vertex).
    `fold`: "softmax" draws a softmax as one vertex (and numbers that are joined to a vector
    without steps between), "affine" W x + b as one vertex too, None neither.

    Raises DrawError for options that do not exist or do not fit, UnknownNameError for names that
    do not occur.
    """
    hidden, constants = _checked(labels, labels_as, beside, shared, hide, show, fold, digits)
    _check_values(values, labels, beside)
    if isinstance(expr, Graph):
        expr, tree, wrt = list(expr.roots), tree or expr.is_tree, expr.wrt if wrt is None else wrt
    roots = _roots(expr)
    times: list[Times] = []
    if steps is not None:
        shared = shared or "chips"
        roots, times = written_out(roots, steps, values)
        values, wrt = _by_name(values), _names_of(wrt)
    whole = graph(roots, wrt)
    numbers = None if values is None else numbers_of(whole, values)
    shown = graph(roots, wrt, tree=True) if tree else whole
    keys, lines = marked(whole, values, path, paths, digits, language)
    kept = [name for name in _names_of(wrt) or () if isinstance(name, str)]
    wanted = Wanted(collapse, expand, shared == "chips", constants, fold, kept)
    drawn = arranged(shown, times, wanted, language)
    texts = edge_texts(drawn.sketch, shown, numbers, labels, digits, hidden, labels_as)
    hues = {} if shared is None else hues_of(drawn.sketch)
    names = {name for text in texts for name in text.names}
    nodes = NodeTexts(shown, numbers, beside, digits, names, hues, drawn.gaps)
    operands = drawn.sketch.operands()
    return View(
        nodes=tuple(nodes.node(place, operands[place.id]) for place in drawn.sketch.places),
        edges=_edges(drawn.sketch, texts, keys, hues),
        title=title,
        direction=direction,
        legend=legend,
        language=language,
        prefixes=prefixes,
        groups=drawn.groups,
        entries=_entries(drawn, texts, bool(keys), hues, language),
        notes=(*drawn.notes, *lines, *key_lines(texts, labels)),
    )


def _checked(
    labels: Any,
    written: Any,
    beside: Any,
    shared: Any,
    hide: Any,
    show: Any,
    fold: Any,
    digits: Any,
) -> tuple[tuple[str, ...], Constants]:
    """What is hidden and which constants are drawn, once every choice is known to be one."""
    hidden = tuple(names_in("hide", hide))
    shown = tuple(names_in("show", show))
    choices: list[tuple[str, Any, tuple[Any, ...]]] = [
        ("labels", labels, get_args(Labels)),
        ("labels_as", written, get_args(Written)),
        ("beside", beside, get_args(Beside)),
        ("shared", shared, (*get_args(Shared), None)),
        ("fold", fold, (*get_args(Folded), None)),
        *(("hide", one, get_args(Hidden)) for one in hidden),
        *(("show", one, get_args(Shown)) for one in shown),
    ]
    for option, given, known in choices:
        if given not in known:
            *others, last = [repr(one) for one in known]
            listed = f"{', '.join(others)} or {last}" if others else last
            raise DrawError(f"draw: {option}={given!r}; write {listed}.")
    checked_digits(digits, "draw")
    if "constants" in hidden and "constants" in shown:
        raise DrawError("draw: hide and show both name 'constants'. Leave one away.")
    return hidden, "none" if "constants" in hidden else "all" if shown else "operands"


def _check_values(values: Any, labels: Labels, beside: Beside) -> None:
    """Numbers that are asked for need values."""
    if values is None and (labels in ("numeric", "both") or beside == "numbers"):
        option = f"labels={labels!r}" if beside != "numbers" else f"beside={beside!r}"
        raise DrawError(f"draw: {option} needs numbers; give values={{name: number}}.")


def _roots(expr: Any) -> list[Node]:
    given = loss_of(expr)
    several = given if isinstance(given, (list, tuple)) else [given]
    roots = [as_node(one, "draw") for one in several]
    if not roots:
        raise DrawError("draw: there is no expression. Give one, or a list of some.")
    return roots


def _by_name(values: Mapping[Any, Any] | None) -> dict[Any, Any] | None:
    """Values by the names of their variables, which stay when a loop is written out."""
    if values is None:
        return None
    return {_name_of(key): value for key, value in values.items()}


def _names_of(wrt: Any) -> list[Any] | None:
    if wrt is None:
        return None
    return [_name_of(one) for one in (wrt if isinstance(wrt, (list, tuple)) else [wrt])]


def _name_of(key: Any) -> Any:
    if isinstance(key, Vertex):
        key = key.node
    return key.name if isinstance(key, (Var, sympy.Symbol)) else key


def _edges(
    sketch: Sketch,
    texts: Sequence[EdgeText],
    keys: Collection[tuple[Node, int]],
    hues: Mapping[Node, int],
) -> tuple[ViewEdge, ...]:
    return tuple(
        ViewEdge(
            tail=link.tail,
            head=link.head,
            operand=link.operand,
            label=text.label,
            value=text.value,
            dead=text.dead,
            highlight=any(key_of(edge) in keys for edge in link.edges),
            hue=hues.get(link.source.node),
            alt=text.full,
        )
        for link, text in zip(sketch.links, texts, strict=True)
    )


_MEANINGS: dict[Language, dict[str, str]] = {
    "en": {
        "parameter": "parameter", "data": "data", "module": "module",
        "chip": "shared parameter", "hue0": "shared parameter", "highlight": "path",
        "dead": "no derivative flows",
    },
    "zh": {
        "parameter": "参数", "data": "数据", "module": "模块",
        "chip": "共享参数", "hue0": "共享参数", "highlight": "路径", "dead": "无导数流过",
    },
}  # fmt: skip

#: The sign in the label of an edge to an array, which is a map of the derivative by the array.
_BULLET: dict[Language, str] = {
    "en": r"\partial\,\text{root}/\partial\,\text{parent}",
    "zh": r"\partial\,\text{根}/\partial\,\text{父节点}",
}


def _entries(
    drawn: Arrangement,
    texts: Sequence[EdgeText],
    marked_paths: bool,
    hues: Mapping[Node, int],
    language: Language,
) -> tuple[LegendEntry, ...]:
    """The samples of the legend: of what is in the picture, and of nothing else."""
    places = drawn.sketch.places
    leaves = {place.vertex.role for place in places if place.is_leaf and place.kind != "chip"}
    leaves -= {"parameter"} if all(
        place.vertex.node in hues for place in places if place.vertex.role == "parameter"
    ) else set()  # fmt: skip
    chips = any(place.kind == "chip" for place in places)
    used = {
        "parameter": "parameter" in leaves,
        "data": bool(leaves & {"data", "state"}),
        "module": any(place.is_box for place in places),
        "chip": chips,
        "hue0": bool(hues) and not chips,
        "highlight": marked_paths,
        "dead": any(text.dead for text in texts),
    }
    entries = [
        LegendEntry(name, rf"\text{{{_MEANINGS[language][name]}}}")
        for name, here in used.items()
        if here
    ]
    if any(r"\bullet" in (text.label or "") for text in texts):
        entries.append(LegendEntry("bullet", _BULLET[language]))
    return tuple(entries)
