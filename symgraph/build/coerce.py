"""What users pass turned into nodes: numbers, arrays, SymPy expressions."""

from __future__ import annotations

import numbers
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from symgraph.errors import KindError, RangeError
from symgraph.node import Kind, Node
from symgraph.operators import operators
from symgraph.ops.leaves import constant, fill

__all__ = ["as_node", "check_kind", "check_name"]


def as_node(value: Any, where: str = "operand") -> Node:
    """A node from a node, a number, an array (anything NumPy reads), or a SymPy expression.

    Raises KindError for complex numbers, text and objects, RangeError for integers beyond 64 bits.

    >>> as_node(2).kind, as_node([1.0, 2.0]).shape
    ('integer', (2,))
    """
    if isinstance(value, Node):
        return value
    if isinstance(value, (int, sympy.Integer)):
        _check_integer(int(value), where)
    if isinstance(value, (bool, int, float)):
        return fill(value)
    if isinstance(value, (sympy.Basic, sympy.MatrixBase)):
        return operators["lift"](value, where)
    if isinstance(value, Fraction):
        return fill(sympy.Rational(value.numerator, value.denominator))
    if isinstance(value, (str, bytes, numbers.Complex)) and not isinstance(value, np.generic):
        raise KindError(
            f"{where}: {value!r} is not a real number, an array or an expression. "
            "Give one of these; text is never read as a formula here."
        )
    return _from_array(value, where)


def _from_array(value: Any, where: str) -> Node:
    if isinstance(value, (list, tuple)) and any(isinstance(part, Node) for part in value):
        return operators["stack"](value)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise KindError(f"{where}: {type(value).__name__} is not an array: {error}.") from error
    if array.dtype == object and not isinstance(value, (list, tuple, np.ndarray)):
        raise KindError(
            f"{where}: {value!r} is not a real number, an array or an expression. "
            "Give one of these."
        )
    if array.dtype.kind not in "biuf":
        raise KindError(
            f"{where}: an array of dtype {array.dtype} is not real, integer or boolean. "
            "Convert it, for example with np.asarray(a, dtype=float)."
        )
    if array.dtype.kind == "u" and array.size:
        _check_integer(int(array.max()), where)
    return constant(array)


def _check_integer(value: int, where: str) -> None:
    if not -(2**63) <= value < 2**63:
        raise RangeError(
            f"{where}: {value:.3e} is an integer beyond 64 bits with sign. "
            "Write it as a real number, such as 1e30."
            if abs(value) < 10**300
            else f"{where}: an integer of {value.bit_length()} bits, there are 64. "
            "Give a smaller number."
        )


def check_name(name: Any, what: str) -> str:
    """A variable's name: non-empty text without line breaks that can be written as UTF-8.

    Raises KindError otherwise.
    """
    if not isinstance(name, str) or not name.strip() or any(c in name for c in "\n\r\0"):
        raise KindError(f"{what}: the name must be non-empty text on one line, not {name!r}.")
    if any("\ud800" <= c <= "\udfff" for c in name):
        raise KindError(
            f"{what}: the name {name!r} holds half a character, which no file can hold. "
            "Decode it with the encoding it has."
        )
    return name


def check_kind(node: Node, allowed: tuple[Kind, ...], where: str) -> Node:
    """The node, when its kind is one of those allowed; KindError otherwise."""
    if node.kind not in allowed:
        raise KindError(
            f"{where}: the operand is {node.kind}, it must be {' or '.join(allowed)}. "
            "Compare or round it first, or declare the input with that kind."
        )
    return node


operators["as_node"] = as_node
