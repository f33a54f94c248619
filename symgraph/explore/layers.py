"""How the derivative grows or shrinks through the layers of a net that has no loop.

Layers are the values that every path from one variable to the result passes: what dominates the
result, seen from that variable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from symgraph.answers import answering
from symgraph.columns import aligned
from symgraph.dominators import nearest_dominators
from symgraph.errors import KindError, UnsupportedError
from symgraph.explore.chain import whole_of
from symgraph.figures import new_figure, save_figure
from symgraph.graph import Graph, graph
from symgraph.ops import Var
from symgraph.rounding import checked_digits
from symgraph.shapes import shape_text
from symgraph.vertices import Vertex

__all__ = ["LayerInfluence", "LayerReach", "influence_of_layers"]

Language = Literal["en", "zh"]

#: Of a longer formula only the beginning is written.
LONGEST = 40
#: A change by less than this is none.
_SAME = 1e-9
_HEADS: dict[Language, tuple[str, str, str]] = {
    "en": ("layer", "shape", "factor"), "zh": ("层", "形状", "倍数")
}  # fmt: skip
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "none": "Nothing that all paths from {leaf} to {root} pass lies between them.",
        "zero": "At {name}, and from there on back, the derivative is 0: nothing is learned there.",
        "shrinks": "From {first} back to {last} it shrinks to {whole} of its size{each}.",
        "grows": "From {first} back to {last} it grows to {whole} times its size{each}.",
        "stays": "From {first} back to {last} it stays as large as it is.",
        "each": ", by {factor} a layer",
    },
    "zh": {
        "none": "从 {leaf} 到 {root} 之间，没有所有路径都经过的值。",
        "zero": "从 {name} 起往回，导数为 0：那里学不到任何东西。",
        "shrinks": "从 {first} 往回到 {last}，导数缩小为原来的 {whole}{each}。",
        "grows": "从 {first} 往回到 {last}，导数增大到原来的 {whole} 倍{each}。",
        "stays": "从 {first} 往回到 {last}，导数大小不变。",
        "each": "，平均每层乘以 {factor}",
    },
}


class LayerReach(NamedTuple):
    """One value on the way: the norm of the derivative of the result by it.

    `label` is how it is printed, `factor` the norm divided by that of the value one nearer to the
    result.
    """

    name: str
    label: str
    shape: tuple[int, ...]
    norm: float
    factor: float | None


@answering
@dataclass(frozen=True)
class LayerInfluence:
    """Spectral norms of the derivatives of a result by its layers, from the result back."""

    result: str
    source: str
    rows: tuple[LayerReach, ...]
    lang: Language = "en"

    def __getitem__(self, name: str) -> LayerReach:
        """The row of a value.

        Raises UnsupportedError for a value that some path does not pass.
        """
        for row in self.rows:
            if row.name == name:
                return row
        known = ", ".join(row.name for row in self.rows)
        raise UnsupportedError(
            f"influence: not all paths from {self.source} to {self.result} pass {name!r}; all pass "
            f"{known}. Name one of these, or give `by`."
        )

    def __str__(self) -> str:
        return self.table()

    def table(self, digits: int = 6) -> str:
        """A line a value, from the result back: shape, norm, and how the last step changed it."""
        checked_digits(digits, "influence")
        layer, shape, factor = _HEADS[self.lang]
        heads = [layer, shape, f"‖∂{self.rows[0].label}/∂{layer}‖", factor]
        cells = [
            [
                row.label, shape_text(row.shape), f"{row.norm:.{digits}g}",
                "" if row.factor is None else f"{row.factor:.{digits}g}",
            ]
            for row in self.rows
        ]  # fmt: skip
        return "\n".join([*aligned([heads, *cells], left=(0, 1)), self._verdict(digits)])

    def _verdict(self, digits: int) -> str:
        words = _WORDS[self.lang]
        dead = next((row for row in self.rows if row.norm == 0), None)
        if dead is not None:
            return words["zero"].format(name=dead.label)
        if len(self.rows) < 3:
            return words["none"].format(leaf=self.rows[-1].label, root=self.rows[0].label)
        first, last = self.rows[1], self.rows[-1]
        whole, steps = last.norm / first.norm, len(self.rows) - 2
        each = words["each"].format(factor=f"{whole ** (1 / steps):.{min(digits, 4)}g}")
        does = "stays" if abs(whole - 1) < _SAME else "shrinks" if whole < 1 else "grows"
        return words[does].format(
            first=first.label, last=last.label, whole=f"{whole:.{min(digits, 4)}g}",
            each=each if steps > 1 else "",
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        rows = [{**row._asdict(), "shape": list(row.shape)} for row in self.rows]
        return {"result": self.result, "source": self.source, "rows": rows}

    def plot(self, path: str | Path | None = None) -> Any:
        """The norms from the result back, logarithmic: a matplotlib Figure, saved where asked.

        Raises UnsupportedError where matplotlib is not installed.
        """
        figure = new_figure("influence: a plot", (6.4, 4.0), fitted=True)
        axes = figure.subplots()
        norms = [row.norm if 0 < row.norm < np.inf else np.nan for row in self.rows]
        axes.plot(range(len(norms)), norms, "o-", markersize=3)
        axes.set_yscale("log")
        axes.set_xticks(
            range(len(norms)), [row.label for row in self.rows], rotation=60, ha="right"
        )
        axes.set_ylabel(f"‖∂{self.rows[0].label}/∂{_HEADS[self.lang][0]}‖")
        if path is not None:
            save_figure(figure, path)
        return figure


def influence_of_layers(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    of: str | None = None,
    by: str | None = None,
    lang: Language = "en",
) -> LayerInfluence:
    """How the derivative of a result grows or shrinks on its way back through the layers of a net.

    `expr`: an expression; `of` names a value in it that is taken for the result, and `by` the
    variable from which layers are counted, which is by default the one with most of them. A layer
    is a value that every path from the variable to the result passes; of these all are shown that
    have names, or all where fewer than two have one. A loop counts as one layer: what happens in
    it over time is told by `sg.influence`.
    The norms are spectral; those of the derivatives of a number are the lengths of its gradients.
    Raises UnknownNameError for names that do not occur, UnsupportedError where no derivative flows,
    RangeError for results with too many entries.
    Source: Lengauer and Tarjan 1979 on dominators; Glorot and Bengio 2010, section 4.2.

    >>> import symgraph as sg
    >>> h = sg.input("x")
    >>> for k in (1, 2, 3):
    ...     h = sg.let(f"h{k}", sg.sigmoid(4 * h))
    >>> print(sg.influence_of_layers(h, {"x": 0.5}, lang="en").table(4))
    layer  shape  ‖∂h₃/∂layer‖   factor
    h₃     ()                1
    h₂     ()          0.07889  0.07889
    h₁     ()         0.008784   0.1114
    x      ()         0.003689     0.42
    From h₂ back to x it shrinks to 0.04677 of its size, by 0.2163 a layer.
    """
    if lang not in _WORDS:
        raise KindError(f"influence: lang is {lang!r}; write 'en' or 'zh'.")
    drawn = graph(expr)
    if of is None and len(drawn.roots) != 1:
        raise UnsupportedError(
            f"influence: {len(drawn.roots)} results. Give one expression, or name the result by of."
        )
    root = drawn.vertex(drawn.roots[0] if of is None else of)
    way = _way(drawn, root, None if by is None else drawn.vertex(by))
    found = whole_of([vertex.node for vertex in way], drawn.roots, values or {})
    rows: list[LayerReach] = []
    for vertex, (matrix, shape) in reversed(list(zip(way, found, strict=True))):
        norm = float(np.linalg.norm(matrix, 2)) if matrix.size else 0.0
        before = rows[-1].norm if rows else 0.0
        rows.append(
            LayerReach(
                _name(vertex),
                _short(vertex.label()),
                shape,
                norm,
                norm / before if before else None,
            )
        )
    return LayerInfluence(_name(root), _name(way[0]), tuple(rows), lang)


def _name(vertex: Vertex) -> str:
    return vertex.name or vertex.label()


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"


def _way(drawn: Graph, root: Vertex, leaf: Vertex | None) -> list[Vertex]:
    """What is shown of the layers from a leaf to the root."""
    users = _users(drawn, root)
    variables = [one for one in drawn.vertices if isinstance(one.node, Var)]
    leaves = [one for one in (variables if leaf is None else [leaf]) if users.get(one)]
    if not leaves:
        source = "any variable" if leaf is None else leaf.label()
        raise UnsupportedError(
            f"influence: no derivative flows from {source} to {root.label()}. Give an expression "
            "with a derivative by a variable, such as zoo:two-layer."
        )
    order = (one for one in reversed(drawn.vertices) if one in users)
    above = nearest_dominators(order, users.__getitem__)
    ways = [_passed(one, above) for one in leaves]
    longest = max(ways, key=lambda way: (len(way), way[0].role == "data"))
    return _shown(longest)


def _users(drawn: Graph, root: Vertex) -> dict[Vertex, list[Vertex]]:
    """All from which a derivative flows to the root, which is among them: where it comes from."""
    found: dict[Vertex, list[Vertex]] = {root: []}
    stack = [root]
    while stack:
        head = stack.pop()
        for edge in drawn.live_links(head.node):
            if edge.tail not in found:
                found[edge.tail] = []
                stack.append(edge.tail)
            found[edge.tail].append(head)
    return found


def _passed(leaf: Vertex, above: Mapping[Vertex, Vertex | None]) -> list[Vertex]:
    """What all paths from the leaf to the root pass, in the order of evaluation."""
    found: list[Vertex] = []
    at: Vertex | None = leaf
    while at is not None:
        found.append(at)
        at = above[at]
    return found


def _shown(passed: Sequence[Vertex]) -> list[Vertex]:
    """Both ends, and between them what has a name; all if fewer than two have one."""
    between = [one for one in passed[1:-1] if not one.node.is_loop]
    named = [one for one in between if one.name is not None]
    return [passed[0], *(named if len(named) > 1 else between), passed[-1]]
