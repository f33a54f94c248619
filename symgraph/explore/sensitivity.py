"""What does a change ε of this value do: predicted by the derivative, and computed anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answering
from symgraph.build.coerce import as_node
from symgraph.columns import aligned
from symgraph.errors import GradientError, KindError, RangeError, UnknownNameError
from symgraph.evaluate import bind_values, evaluate_above
from symgraph.grad import grad
from symgraph.graph import Graph, graph
from symgraph.node import Node
from symgraph.ops import Var
from symgraph.ops.let import bare
from symgraph.printing import describe, unicode_name
from symgraph.rounding import checked_digits

__all__ = ["Change", "Sensitivity", "sensitivity"]

Array = NDArray[Any]
Language = Literal["en", "zh"]

#: The most entries that get a row of their own.
LIMIT = 50


class Change(NamedTuple):
    """A change of one number, and what it does to the result."""

    name: str
    place: tuple[int, ...]
    derivative: float
    eps: float
    predicted: float
    actual: float

    @property
    def error(self) -> float:
        """What the derivative does not tell."""
        return self.actual - self.predicted

    @property
    def title(self) -> str:
        """The name with the index, counted from 0: W[0, 1]."""
        place = ", ".join(map(str, self.place))
        return unicode_name(self.name) + (f"[{place}]" if self.place else "")


@answering
@dataclass(frozen=True)
class Sensitivity:
    """What changes of single numbers do to a result; the largest first within an array."""

    result: str
    value: float
    rows: tuple[Change, ...]
    further: int
    lang: Language = "en"

    def __getitem__(self, name: str) -> Change:
        """The first row of a name, or the row of an entry such as W[0, 1].

        Raises UnknownNameError for a name that has none.
        """
        for row in self.rows:
            if name in (row.name, row.title):
                return row
        known = ", ".join(dict.fromkeys(row.name for row in self.rows))
        raise UnknownNameError(f"sensitivity: no row is called {name!r}; the rows are of {known}.")

    def __str__(self) -> str:
        return self.table()

    def table(self, digits: int = 6) -> str:
        """One line a number: derivative, change, prediction, what really happens, difference."""
        checked_digits(digits, "sensitivity")
        words = _WORDS[self.lang]
        out = unicode_name(self.result)
        heads = [
            words["value"],
            f"∂{out}/∂·",
            "ε",
            words["predicted"],
            words["actual"],
            words["error"],
        ]
        cells = [
            [row.title, *(f"{x + 0.0:.{digits}g}" for x in (*row[2:], self._difference(row)))]
            for row in self.rows
        ]
        lines = [f"{out} = {self.value:.{digits}g}", *aligned([heads, *cells], left=[0])]
        if self.further:
            lines.append(words["more"].format(n=self.further))
        return "\n".join(lines)

    def _difference(self, row: Change) -> float:
        """What the derivative does not tell, 0 where it is what rounding makes of two values."""
        noise = 8 * np.finfo(float).eps * (abs(self.value) + abs(row.actual))
        return 0.0 if abs(row.error) <= noise else row.error

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        rows = [
            {**row._asdict(), "place": list(row.place), "error": row.error} for row in self.rows
        ]
        return {"result": self.result, "value": self.value, "rows": rows, "further": self.further}


_WORDS: dict[Language, dict[str, str]] = {
    "en": {"value": "value", "predicted": "predicted", "actual": "actual", "error": "difference",
           "more": "{n} further entries with smaller derivatives"},
    "zh": {"value": "变量", "predicted": "线性预测", "actual": "实际变化", "error": "差",
           "more": "另有 {n} 个导数更小的分量"},
}  # fmt: skip


def sensitivity(
    expr: Any,
    values: Mapping[Any, Any],
    of: Any = None,
    eps: float = 1e-3,
    lang: Language = "en",
) -> Sensitivity:
    """What a change ε of an input does to a scalar: derivative · ε, and the value computed anew.

    `of`: a variable or a named value (a node, a name, a pair (name, index) for one entry), or a
    list of these; by default every real variable. An array has a row an entry, those with the
    largest derivatives when there are more than 50. A named value is changed by itself, whatever it
    is made of.
    Raises GradientError for a result that is no real scalar, UnknownNameError for a name that does
    not occur, RangeError for an index outside or an ε of 0.

    >>> import symgraph as sg
    >>> in1, in2, in3 = (sg.input(f"in{k}") for k in (1, 2, 3))
    >>> out = sg.let("out", 2 * in1 + in2 * in3)
    >>> print(sg.sensitivity(out, {"in1": 1.0, "in2": 2.0, "in3": 3.0}))
    out = 8
    value  ∂out/∂·      ε  predicted  actual  difference
    in₁          2  0.001      0.002   0.002           0
    in₂          3  0.001      0.003   0.003           0
    in₃          2  0.001      0.002   0.002           0
    """
    if lang not in _WORDS:
        raise KindError(f"sensitivity: lang is {lang!r}; write 'en' or 'zh'.")
    step = _checked_eps(eps)
    root = as_node(expr, "sensitivity")
    if root.shape:
        raise GradientError(
            f"sensitivity: {describe(root)} has shape {root.shape}, and the change of one number "
            "is asked for. Pick an entry, or reduce it with sg.sum."
        )
    drawn = graph(root)
    run = _Run(root, drawn, values)
    sources = _sources(drawn, of)
    rows: list[Change] = []
    further = 0
    for (source, index), slope in zip(sources, run.slopes([s for s, _ in sources]), strict=True):
        found = _entries(slope, index, drawn.vertex(source).name or str(source))
        further += max(0, len(found) - LIMIT)
        for name, place, derivative in found[:LIMIT]:
            actual = run.changed(source, place, step)
            rows.append(Change(name, place, derivative, step, derivative * step, actual))
    result = drawn.vertex(root).name or "out"
    return Sensitivity(result, run.value, tuple(rows), further, lang)


def _checked_eps(eps: Any) -> float:
    try:
        step = float(eps)
    except (TypeError, ValueError) as error:
        raise KindError(
            f"sensitivity: eps={eps!r} is no number. Give one, such as 1e-3."
        ) from error
    if step == 0 or not np.isfinite(step):
        raise RangeError(f"sensitivity: eps={eps!r} changes nothing. Give a finite number but 0.")
    return step


def _sources(drawn: Graph, of: Any) -> list[tuple[Node, tuple[int, ...] | None]]:
    """The values to change, each with an index or with None for all entries."""
    if of is None:
        leaves = [
            v.node for v in drawn.vertices if isinstance(v.node, Var) and v.node.kind == "real"
        ]
        return [(leaf, None) for leaf in leaves]
    found: list[tuple[Node, tuple[int, ...] | None]] = []
    for one in of if isinstance(of, list) else [of]:
        if isinstance(one, tuple):
            key, index = one
            place = tuple(index) if isinstance(index, Sequence) else (index,)
            found.append((drawn.vertex(key).node, place))
        else:
            found.append((drawn.vertex(one).node, None))
    return found


def _entries(
    slope: Array, index: tuple[int, ...] | None, name: str
) -> list[tuple[str, tuple[int, ...], float]]:
    """Entries with their derivatives, the largest first."""
    if index is not None:
        fits = len(index) == slope.ndim and all(
            0 <= i < n for i, n in zip(index, slope.shape, strict=True)
        )
        if not fits:
            raise RangeError(
                f"sensitivity: {name}{list(index)} does not exist, {name} has shape {slope.shape}. "
                "Give one position an axis, counted from 0."
            )
        return [(name, index, float(slope[index]))]
    places = list(np.ndindex(slope.shape))
    if slope.size > LIMIT:
        places.sort(key=lambda place: -abs(slope[place]))
    return [(name, place, float(slope[place])) for place in places]


class _Run:
    """One evaluation, and others in which a single number differs."""

    def __init__(self, root: Node, drawn: Graph, values: Mapping[Any, Any]) -> None:
        self._root, self._drawn = root, drawn
        known, self._dims = bind_values([root], values)
        # A value that is given under its name is known without it, too.
        self._known = {**{bare(node): value for node, value in known.items()}, **known}
        self._found = evaluate_above([root], self._known, self._dims)
        self.value = float(self._found[root])

    def slopes(self, sources: Sequence[Node]) -> list[Array]:
        """The derivatives by several values, from one sweep."""
        for source in sources:
            if source.kind != "real":
                raise GradientError(
                    f"sensitivity: {describe(source)} is {source.kind}; a small change needs a "
                    "real value. Ask for what is made of it."
                )
        nodes = grad(self._root, list(sources))
        found = evaluate_above(nodes, self._found, self._dims)
        return [np.asarray(found[node], dtype=float) for node in nodes]

    def changed(self, source: Node, index: tuple[int, ...], eps: float) -> float:
        """By how much the result really changes."""
        moved = np.array(self._found[source], dtype=float)
        moved[index] += eps
        # Every name of the value moves with it.
        twins = {node: moved for node in self._drawn.forward.order if bare(node) is bare(source)}
        kept: dict[Node, Any] = {**self._known, **twins}
        return float(evaluate_above([self._root], kept, self._dims)[self._root]) - self.value
