"""Numbers that scale arrays in updates, multiplied with each other before they meet an array.

An optimizer divides by numbers such as 1 - 0.9**step and multiplies by its rate. Each goes through
all parameters, and a division takes longer than a product. A pass for targets that take one call an
operation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from symgraph.codegen.basic import basic, op_of
from symgraph.codegen.passes import Rewritten, everything, rebuilt, rewrite
from symgraph.node import Node
from symgraph.ops.leaves import Fill, Var, fill
from symgraph.ops.map import Map

__all__ = ["scale_once"]


def scale_once(outputs: Sequence[Node], updates: Mapping[Var, Node]) -> Rewritten:
    """The roots, outputs first; what only new values need has one product by a number in a row."""
    roots = [*outputs, *updates.values()]
    kept = set(everything(outputs))
    readers = Counter(arg for node in everything(roots) for arg in node._args)
    readers.update(roots)
    scaled: dict[Node, tuple[Node, Node]] = {}  # what a step has become: a number by an array

    def visit(node: Node, args: tuple[Node, ...]) -> Node:
        pair = None if node in kept or not node.ndim else _scaled(node, args)
        if pair is None:
            return rebuilt(node, args)
        number, array = pair
        before = scaled.get(array) if readers[_source(node, args, array)] == 1 else None
        if before is not None:
            number, array = basic("multiply", number, before[0]), before[1]
        made = basic("multiply", number, array)
        scaled[made] = number, array
        return made

    return rewrite(roots, visit, {Map})


def _source(node: Node, args: tuple[Node, ...], array: Node) -> Node:
    """The operand of a step that has become this one."""
    return node._args[0] if args[0] is array else node._args[1]


def _scaled(node: Node, args: tuple[Node, ...]) -> tuple[Node, Node] | None:
    """The number and the array of which a step is the product."""
    op = op_of(node)
    if node.kind != "real" or op not in ("multiply", "divide"):
        return None
    first, second = args
    if op == "divide":
        known = second.shape != () or second.kind != "real" or type(second) is Fill
        return None if known else (basic("divide", fill(1.0), second), first)
    if first.shape == ():
        return first, second
    return (second, first) if second.shape == () else None
