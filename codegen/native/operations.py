"""One basic operation as an expression of C: an operator, or a function of the prelude."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal

import numpy as np

from symgraph.codegen.basic import op_of
from symgraph.codegen.labels import Labels
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.plan import node_storage
from symgraph.node import Kind, Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Fill
from symgraph.ops.reduce import Reduce

__all__ = ["expression", "known_logarithm", "lines", "raised"]

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

_BOUNDS = {"maximum": "at_least", "minimum": "at_most"}  # where an operand is a number

#: Whole numbers have functions of their own, and need no rounding.
_WHOLE: dict[str, str] = {"floor": "{0}", "ceil": "{0}"} | {
    op: f"sg_i_{op}({places})"
    for op, places in {
        "abs": "{0}", "maximum": "{0}, {1}", "minimum": "{0}, {1}", "remainder": "{0}, {1}",
        "floor_divide": "{0}, {1}", "power": "{0}, {1}",
    }.items()
}  # fmt: skip


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


def raised(
    w: CWriter, node: Node, operands: Sequence[str], storage: Kind
) -> tuple[str, Sequence[str]]:
    """The operation of a Map, and its operands: c**y for a number c is exp(y log c).

    The logarithm is known here, to twice the digits of a real: the power has all of its own.
    Exponentials of -|x| cannot overflow, and are shorter; so are bounds that are known.
    """
    op = op_of(node)
    assert op is not None, "a Map that was not lowered"
    base = node._args[0]
    if op == "exp" and _is_below_zero(base):
        return "exp_down", operands
    if op == "exp" and _is_below_largest(base, w.real):
        return "exp_below", operands
    if op in _BOUNDS and storage == "real":
        for arg, bound, other in zip(node._args, operands, operands[::-1], strict=True):
            if type(arg) is Fill and arg.value == arg.value:
                return _BOUNDS[op], [other, bound]
    if op != "power" or type(base) is not Fill or storage != "real":
        return op, operands
    value = base.value
    if not isinstance(value, (int, float)) and value.free_symbols:
        return op, operands
    logarithm = known_logarithm(w, float(value))
    return ("power_of", [operands[1], *logarithm]) if logarithm else (op, operands)


def known_logarithm(w: CWriter, value: float) -> tuple[str, str] | None:
    """The logarithm of a number to twice the digits of a real, in two; None where it has none."""
    real = np.float32 if w.real == "float" else np.float64
    number = float(real(value))
    if not 0 < number < math.inf or number == 1:
        return None
    digits = Context(prec=50)
    whole = digits.ln(Decimal(number))
    head = float(real(float(whole)))
    rest = float(digits.subtract(whole, Decimal(head)))
    return w.number(head, "real"), w.number(rest, "real")


def _is_below_zero(node: Node) -> bool:
    """Whether the node is -|x|, or that times a number."""
    op = op_of(node)
    if op == "multiply":
        first, node = node._args if type(node._args[0]) is Fill else node._args[::-1]
        number = first.value if type(first) is Fill else 0
        if not isinstance(number, (int, float)) and number.free_symbols:
            return False
        return float(number) < 0 and op_of(node) == "abs"
    return op == "negative" and op_of(node._args[0]) == "abs"


def lines(
    w: CWriter, nodes: Sequence[Node], texts: dict[Node, str], kinds: Mapping[Node, Kind],
    labels: Labels,
) -> None:  # fmt: skip
    """Operations on entries, each in a variable, whose names go into `texts`.

    `kinds` are the storages of operands that have no memory.
    """
    storages = dict(kinds)
    for node in nodes:
        given = [storages.get(a) or w.value(a).storage for a in node._args]
        storage = storages[node] = node_storage(node, given)
        op, operands = raised(w, node, [texts[a] for a in node._args], storage)
        text = expression(w, op, operands, given, storage)
        texts[node] = w.name("v")
        kind = w.local("boolean" if op == "iverson" else storage)
        w.say(f"const {kind} {texts[node]} = {text};", labels.note(node, w.env))


def _is_below_largest(node: Node, real: str) -> bool:
    """Whether the node is x less max(x), or less the largest finite number for an infinite one."""
    if op_of(node) != "subtract":
        return False
    x, lifted = node._args
    most = lifted._args[0] if op_of(lifted) == "maximum" else lifted
    if op_of(most) != "minimum" or type(most._args[1]) is not Fill:
        return False
    spread, bound = most._args
    finite = float(np.finfo(np.float32 if real == "float" else np.float64).max)
    if bound.value != finite or type(spread) is not Einsum or len(spread._args) != 1:
        return False
    (found,) = spread._args
    if type(found) is not Reduce or found.operation != "max" or found._args[0] is not x:
        return False
    kept = [axis for axis in range(x.ndim) if axis not in found.axes]
    return [spread.out[axis] for axis in kept] == list(spread.ins[0])
