"""What flows through a labelled graph: values, tables of them, and the contributions of paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.evaluate import bind_values, evaluate_above
from symgraph.grad import adjoints
from symgraph.node import Node
from symgraph.notation.write import write
from symgraph.ops.leaves import fill
from symgraph.ops.loop import local
from symgraph.ops.sweep import total
from symgraph.printing import Style
from symgraph.shapes import bind_shape

if TYPE_CHECKING:
    from symgraph.graph import Edge, Vertex

__all__ = ["Flow", "Path", "Paths", "Row", "Table", "Values"]

Array = NDArray[Any]


class Values(NamedTuple):
    """Forward values f and backward values g (the derivative of the root by the value)."""

    forward: dict[Vertex, Array]
    backward: dict[Vertex, Array]


class Row(NamedTuple):
    """One line of the table of values."""

    number: int
    formula: str
    forward: Array
    backward: Array | None


class Table(NamedTuple):
    """Forward and backward value of every vertex, in the order of evaluation."""

    rows: tuple[Row, ...]
    digits: int

    def __str__(self) -> str:
        lines = [("i", "value", "f", "g")]
        for row in self.rows:
            f, g = (_shown(x, self.digits) for x in (row.forward, row.backward))
            lines.append((str(row.number), row.formula, f, g))
        wide = [max(len(line[k]) for line in lines) for k in range(4)]
        texts = (
            f"{a:>{wide[0]}}  {b:<{wide[1]}}  {c:>{wide[2]}}  {d:>{wide[3]}}"
            for a, b, c, d in lines
        )
        return "\n".join(text.rstrip() for text in texts)


def _shown(value: Array | None, digits: int) -> str:
    if value is None:
        return ""
    text = np.array2string(
        np.asarray(value, dtype=float) + 0.0, separator=", ", threshold=20, edgeitems=3,
        formatter={"float_kind": lambda x: f"{x:.{digits}g}"},
    )  # fmt: skip
    return text.replace("\n", "")


class Path(NamedTuple):
    """A way from the root down to a leaf and what it contributes to the gradient.

    `contribution` is the product of the labels on the way, composed from the root to the leaf: a
    node, and with values an array.
    """

    edges: tuple[Edge, ...]
    value: Array | None

    @property
    def vertices(self) -> tuple[Vertex, ...]:
        """The root, what lies between, the leaf."""
        return (self.edges[0].head, *(edge.tail for edge in self.edges)) if self.edges else ()

    def label(self, style: Style = "unicode") -> str:
        """The labels on the way, not multiplied."""
        dot = {"text": " * ", "unicode": " · ", "latex": r" \cdot "}[style]
        formulas = [edge.formula for edge in self.edges]
        return dot.join("…" if f is None else write(f, style, as_factor=True) for f in formulas)

    def __str__(self) -> str:
        return " → ".join(vertex.label() for vertex in self.vertices)


@dataclass(frozen=True)
class Paths:
    """The largest paths from a root to a leaf, the number of all, and what the others add up to."""

    shown: tuple[Path, ...]
    count: int
    gradient: Array | None
    remainder: Array | None

    def __iter__(self) -> Iterator[Path]:
        return iter(self.shown)

    def __len__(self) -> int:
        return len(self.shown)

    def __str__(self) -> str:
        lines = [f"{path}: {path.label()}{_equals(path.value)}" for path in self.shown]
        more = self.count - len(self.shown)
        if more:
            lines.append(f"{more} more paths{_equals(self.remainder)}")
        if self.gradient is not None:
            lines.append(f"sum{_equals(self.gradient)}")
        return "\n".join(lines)


def _equals(value: Array | None) -> str:
    return "" if value is None else f" = {_shown(value, 6)}"


class Flow:
    """Forward and backward values for one root and one leaf, and what flows along paths."""

    def __init__(self, root: Node, leaf: Node, values: Mapping[Any, Any]) -> None:
        self._root = root
        seed = fill(1, root.shape, "real")
        found = adjoints(root, [leaf], seed)
        self._contribution = found.contribution
        self._cotangent = found.cotangent
        roots = [root, *found.cotangent.values(), *found.contribution.values()]
        known, self._dims = bind_values(roots, values)
        self._values = evaluate_above(roots, known, self._dims)
        gradient = found.cotangent.get(leaf)
        shape = bind_shape(leaf.shape, self._dims)
        self.gradient: Array = (
            np.zeros(shape) if gradient is None else np.asarray(self._values[gradient])
        )

    def weights(self, edges: Sequence[Edge]) -> dict[Edge, float]:
        """How much each edge enlarges what flows along it."""
        return {edge: self._weight(edge) for edge in edges}

    def _weight(self, edge: Edge) -> float:
        head = edge.head.node
        if not edge.head.shape and not edge.tail.shape:
            derivative = edge.derivative
            if derivative is not None:
                return abs(float(self._value(derivative, {})))
        arriving = self._cotangent.get(head)
        passed = self._contribution.get((head, edge.operand))
        if arriving is None or passed is None:
            return 1.0 if head.is_projection or head.is_loop else 0.0
        before, after = (float(np.linalg.norm(self._values[x])) for x in (arriving, passed))
        return after / before if before > 0 else 1.0

    def _value(self, node: Node, more: Mapping[Node, Any]) -> Array:
        return np.asarray(evaluate_above([node], {**self._values, **more}, self._dims)[node])

    def along(self, edges: Sequence[Edge]) -> Array:
        """The derivative that takes exactly this way."""
        ct: Array = np.ones(bind_shape(self._root.shape, self._dims))
        projection: Node | None = None
        for edge in edges:
            head = edge.head.node
            if head.is_projection:
                projection = head
                continue
            if head.is_loop and projection is not None:
                ct = self._through_loop(head, projection, edge.operand, ct)
                continue
            derivative = edge.derivative
            if derivative is None:
                return np.zeros(bind_shape(edges[-1].tail.shape, self._dims))
            bullet = edge.placeholder
            scale = ct if bullet is None else 1.0
            given = {} if bullet is None else {bullet: ct}
            ct = np.asarray(scale * self._value(derivative, given))
        return ct

    def _through_loop(self, loop: Node, projection: Node, k: int, ct: Array) -> Array:
        """What one result of a loop sends to one operand."""
        place = local(projection, "•")
        wanted = [j == k for j in range(len(loop.args))]
        pieces = loop.as_loop().pull_back([(projection, place)], wanted)[k]
        if not pieces:
            return np.zeros(bind_shape(loop.args[k].shape, self._dims))
        return self._value(total(pieces), {place: ct})
