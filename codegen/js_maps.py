"""Basic operations in JavaScript: neighbouring ones of one shape share a loop."""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.codegen.basic import op_of
from symgraph.codegen.js_writer import JsWriter
from symgraph.codegen.plan import node_storage
from symgraph.codegen.strided import Value, entry, spread
from symgraph.errors import UnsupportedError
from symgraph.node import Kind, Node

__all__ = ["emit_maps"]

_EXPRESSIONS: dict[str, str] = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "divide": "{0} / {1}",
    "negative": "-{0}", "square": "{0} * {0}", "power": "power({0}, {1})",
    "less": "{0} < {1} ? 1 : 0", "less_equal": "{0} <= {1} ? 1 : 0",
    "greater": "{0} > {1} ? 1 : 0", "greater_equal": "{0} >= {1} ? 1 : 0",
    "equal": "{0} === {1} ? 1 : 0", "not_equal": "{0} !== {1} ? 1 : 0",
    "logical_and": "{0} * {1}", "logical_or": "{0} + {1} - {0} * {1}", "logical_not": "1 - {0}",
    "where": "{0} ? {1} : {2}", "iverson": "{0}",
    "maximum": "Math.max({0}, {1})", "minimum": "Math.min({0}, {1})",
    "remainder": "remainder({0}, {1})", "floor_divide": "floorDivide({0}, {1})",
    "atan2": "Math.atan2({0}, {1})", "tanh_of": "Math.tanh({0})",
} | {
    name: f"Math.{name}({{0}})"
    for name in (
        "abs floor ceil sqrt exp log sin cos tan asin acos atan sinh cosh asinh acosh atanh tanh "
        "expm1 log1p"
    ).split()
}  # fmt: skip

#: Whole numbers: they have no -0, and division by zero gives 0.
_WHOLE: dict[str, str] = {
    "multiply": "{0} * {1} + 0", "negative": "0 - {0}", "floor": "{0}", "ceil": "{0}",
    "remainder": "wholeRemainder({0}, {1})", "floor_divide": "wholeFloorDivide({0}, {1})",
}  # fmt: skip

_LONGEST = 60  # operations in one loop


def emit_maps(w: JsWriter, group: Sequence[Node]) -> None:
    """The loop that computes neighbouring basic operations of one shape."""
    for first in range(0, len(group), _LONGEST):
        _Group(w, group[first : first + _LONGEST]).emit()


class _Group:
    def __init__(self, w: JsWriter, nodes: Sequence[Node]) -> None:
        self.w, self.nodes = w, nodes
        self.inside = {node: w.name("v") for node in nodes}
        self.reads = dict.fromkeys(nodes, 0)
        for node in nodes:
            for arg in node.args:
                if arg in self.reads:
                    self.reads[arg] += 1
        self.storages: dict[Node, Kind] = {}

    def emit(self) -> None:
        w, shape = self.w, self.nodes[0].shape
        stored = {
            node: w.room(shape, self._storage(node))
            for node in self.nodes
            if self.reads[node] < w.block.uses[node]
        }
        outside = dict.fromkeys(a for n in self.nodes for a in n.args if a not in self.inside)
        values: dict[Node, Value] = {arg: w.value(arg) for arg in outside} | stored
        reads = [spread(value, shape) for value in values.values()]
        with w.nest(shape, reads) as places:
            texts = {
                node: entry(value, at)
                for (node, value), at in zip(values.items(), places, strict=True)
            }
            for node in self.nodes:
                self._line(node, texts, stored)
        w.env.update(stored)

    def _line(self, node: Node, texts: dict[Node, str], stored: dict[Node, Value]) -> None:
        text = self._expression(node, [self.inside.get(a) or texts[a] for a in node.args])
        if self.reads[node]:
            self.w.say(f"const {self.inside[node]} = {text};")
            text = self.inside[node]
        if node in stored:
            self.w.say(f"{texts[node]} = {text};")

    def _storage(self, node: Node) -> Kind:
        """How the value is stored; operands of the group come first."""
        found = self.storages.get(node)
        if found is None:
            found = self.storages[node] = node_storage(
                node,
                [self._storage(a) if a in self.inside else self.w.value(a).storage
                 for a in node.args],
            )  # fmt: skip
        return found

    def _expression(self, node: Node, operands: Sequence[str]) -> str:
        op = op_of(node)
        assert op is not None, "a Map that was not lowered"
        expression = _WHOLE.get(op) if self._storage(node) == "integer" else None
        expression = expression or _EXPRESSIONS.get(op)
        if expression is None:
            raise UnsupportedError(f"JavaScript: the operation {op!r} has no counterpart there.")
        return expression.format(*operands)
