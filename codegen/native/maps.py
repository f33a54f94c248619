"""Basic operations in C: neighbouring ones of one shape share a loop.

Inside of a group a value is a local variable of its storage; only what is read elsewhere is
written to memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.codegen.basic import op_of
from symgraph.codegen.labels import Labels
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.plan import node_storage
from symgraph.codegen.strided import Value, entry, spread
from symgraph.node import Kind, Node

__all__ = ["emit_maps"]

_LONGEST = 60  # operations in one loop

#: Operations that are operators of C. Others are functions of the prelude.
_OPERATORS: dict[str, str] = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}",
    "negative": "-{0}", "square": "{0} * {0}", "divide": "{0} / {1}",
    "less": "{0} < {1}", "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}", "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}", "not_equal": "{0} != {1}",
    "logical_and": "{0} & {1}", "logical_or": "{0} | {1}", "logical_not": "!{0}",
    "where": "{0} ? {1} : {2}", "iverson": "{0}",
}  # fmt: skip


def emit_maps(w: CWriter, group: Sequence[Node], labels: Labels) -> None:
    """The loops that compute neighbouring basic operations of one shape."""
    for first in range(0, len(group), _LONGEST):
        _Group(w, group[first : first + _LONGEST], labels).emit()


class _Group:
    def __init__(self, w: CWriter, nodes: Sequence[Node], labels: Labels) -> None:
        self.w, self.nodes, self.labels = w, nodes, labels
        self.inside = {node: w.name("v") for node in nodes}
        self.storages: dict[Node, Kind] = {}
        self.reads = dict.fromkeys(nodes, 0)
        for node in nodes:
            for arg in node.args:
                if arg in self.reads:
                    self.reads[arg] += 1

    def emit(self) -> None:
        w, shape = self.w, self.nodes[0].shape
        stored = {
            node: w.result(node, self._storage(node))
            for node in self.nodes
            if self.reads[node] < w.block.uses[node]
        }
        outside = dict.fromkeys(a for n in self.nodes for a in n.args if a not in self.inside)
        values: dict[Node, Value] = {**stored, **{arg: w.value(arg) for arg in outside}}
        reads = [spread(value, shape) for value in values.values()]
        with w.unit(), w.nest(shape, reads) as places:
            texts = {
                node: entry(value, at)
                for (node, value), at in zip(values.items(), places, strict=True)
            }
            for node in self.nodes:
                self._line(node, texts, stored)
        w.env.update(stored)

    def _line(self, node: Node, texts: dict[Node, str], stored: dict[Node, Value]) -> None:
        w = self.w
        storage = self._storage(node)
        operands = [self._operand(arg, texts, storage) for arg in node.args]
        name, note = self.inside[node], self.labels.note(node, w.env)
        w.say(f"const {w.ctype(storage)} {name} = {self._expression(node, operands)};", note)
        if node in stored:
            w.say(f"{texts[node]} = {name};")

    def _operand(self, arg: Node, texts: dict[Node, str], storage: Kind) -> str:
        return self.inside.get(arg) or texts[arg]

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
        text = _OPERATORS.get(op)
        if text is not None:
            return text.format(*operands)
        whole = self._storage(node) != "real"
        return f"{self.w.function(f'i_{op}' if whole else op)}({', '.join(operands)})"
