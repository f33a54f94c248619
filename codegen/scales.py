"""Numbers that scale arrays in updates, multiplied with each other before they meet an array.

An optimizer divides by numbers such as 1 - 0.9**step and multiplies by its rate. Each goes through
all parameters, and a division takes longer than a product. A pass for targets that take one call an
operation.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sympy

from symgraph.codegen.basic import basic, op_of
from symgraph.codegen.passes import Rewritten, everything, rebuilt, rewrite, unchanged
from symgraph.node import Node
from symgraph.ops.leaves import Fill, Var, fill
from symgraph.ops.map import Map
from symgraph.ops.move import Push
from symgraph.shapes import Dim

__all__ = ["put_scaled", "scale_once"]


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


def put_scaled(outputs: Sequence[Node], updates: Mapping[Var, Node]) -> Rewritten:
    """The roots, outputs first; a number times ones that are put at places is put there itself.

    That is the gradient of a cross-entropy by what is picked, divided by the number of examples.
    """
    roots = [*outputs, *updates.values()]
    order = everything(roots)
    if not any(type(node) is Push for node in order):
        return unchanged(roots)
    readers = Counter(arg for node in order for arg in node._args)
    readers.update(roots)

    def visit(node: Node, args: tuple[Node, ...]) -> Node:
        if op_of(node) == "multiply" and node.kind == "real":
            for k, number in enumerate(args):
                put = args[1 - k]
                alone = readers[node._args[1 - k]] == 1 and put.shape == node.shape
                if type(number) is Fill and alone and type(put) is Push:
                    made = _put(number.value, put)
                    if made is not None:
                        return made
        return rebuilt(node, args)

    return rewrite(roots, visit, {Map})


def _put(number: Any, put: Push) -> Node | None:
    """So many times what is put, where that is one finite number everywhere."""
    first = put._args[0]
    if type(first) is not Fill or first.kind == "boolean" or not _is_finite(number, put.shape):
        return None
    product: Any = number * first.value
    if not isinstance(product, sympy.Expr) and not math.isfinite(product):
        return None
    return rebuilt(put, (fill(product, first.shape, "real"), *put._args[1:]))


def _is_finite(number: Any, shape: Sequence[Dim]) -> bool:
    """Whether a number is finite wherever a shape has entries, as 1/N is for N of its sizes."""
    if not isinstance(number, sympy.Expr):
        return math.isfinite(number)
    below = sympy.Mul.make_args(sympy.fraction(number)[1])
    return all(
        factor.is_Rational or (factor.as_base_exp()[0] in shape and factor.as_base_exp()[1] > 0)
        for factor in below
    )
