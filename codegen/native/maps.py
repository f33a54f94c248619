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

__all__ = ["emit_maps", "expression"]

_LONGEST = 60  # operations in one loop

#: Operations that are operators of C. Others are functions of the prelude.
_OPERATORS: dict[str, str] = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}",
    "negative": "-{0}", "square": "{0} * {0}",
    "less": "{0} < {1}", "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}", "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}", "not_equal": "{0} != {1}",
    "logical_and": "{0} & {1}", "logical_or": "{0} | {1}", "logical_not": "!{0}",
    "where": "{0} ? {1} : {2}", "iverson": "{0}",
}  # fmt: skip

#: Whole numbers have functions of their own, and need no rounding.
_WHOLE: dict[str, str] = {"floor": "{0}", "ceil": "{0}"} | {
    op: f"sg_i_{op}({places})"
    for op, places in {
        "abs": "{0}", "maximum": "{0}, {1}", "minimum": "{0}, {1}", "remainder": "{0}, {1}",
        "floor_divide": "{0}, {1}", "power": "{0}, {1}",
    }.items()
}  # fmt: skip


def emit_maps(w: CWriter, group: Sequence[Node], labels: Labels) -> None:
    """The loops that compute neighbouring basic operations of one shape."""
    for first in range(0, len(group), _LONGEST):
        _Group(w, group[first : first + _LONGEST], labels).emit()


def expression(
    w: CWriter, op: str, operands: Sequence[str], storages: Sequence[Kind], storage: Kind
) -> str:
    """A basic operation on operands of these storages."""
    if op == "divide":
        if "real" not in storages:
            operands = [f"({w.real}){operand}" for operand in operands]
        return f"{operands[0]} / {operands[1]}"
    if op in ("logical_and", "logical_or"):
        operands = [
            operand if kind == "boolean" else f"({operand} != 0)"
            for operand, kind in zip(operands, storages, strict=True)
        ]
    text = _WHOLE.get(op) if storage == "integer" else None
    if text is not None and "sg_" in text:
        w.functions.add(f"i_{op}")
    text = text or _OPERATORS.get(op)
    if text is not None:
        return text.format(*operands)
    return f"{w.function(op)}({', '.join(operands)})"


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
        operands = [self.inside.get(arg) or texts[arg] for arg in node.args]
        storages = [self._storage(arg) for arg in node.args]
        name, note = self.inside[node], self.labels.note(node, w.env)
        op = op_of(node)
        assert op is not None, "a Map that was not lowered"
        text = expression(w, op, operands, storages, storage)
        w.say(f"const {w.local(storage)} {name} = {text};", note)
        if node in stored:
            w.say(f"{texts[node]} = {name};")

    def _storage(self, node: Node) -> Kind:
        """How the value is stored; operands of the group come first."""
        if node not in self.inside:
            return self.w.value(node).storage
        found = self.storages.get(node)
        if found is None:
            args = [self._storage(arg) for arg in node.args]
            found = self.storages[node] = node_storage(node, args)
        return found
