"""Arithmetic of nodes: sums, products, powers, roundings, the larger and the smaller of two."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy

from symgraph import scalar
from symgraph.build.coerce import as_node
from symgraph.build.pointwise import mapped
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.ops.leaves import Fill
from symgraph.ops.map import map_node
from symgraph.scalar import slot
from symgraph.template import Template, template

__all__ = [
    "abs",
    "add",
    "ceil",
    "clip",
    "divide",
    "floor",
    "floor_divide",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "power",
    "remainder",
    "sqrt",
    "square",
    "subtract",
]

_x, _y = slot(0), slot(1)


def _binary(body: Template, x: Any, y: Any) -> Node:
    first = x if isinstance(x, Node) else as_node(x)
    return map_node(body, (first, y if isinstance(y, Node) else as_node(y)))


_ADD, _SUB = template(_x + _y, 2), template(_x - _y, 2)
_MUL, _DIV = template(_x * _y, 2), template(_x / _y, 2)
_NEG = template(-_x, 1)


def add(x: Any, y: Any) -> Node:
    """x + y.

    >>> import symgraph as sg
    >>> print(sg.input("x") + 2)
    x + 2
    """
    return _binary(_ADD, x, y)


def subtract(x: Any, y: Any) -> Node:
    """x - y.

    >>> import symgraph as sg
    >>> print(1 - sg.input("x"))
    1 - x
    """
    return _binary(_SUB, x, y)


def multiply(x: Any, y: Any) -> Node:
    """x * y, entry by entry.

    >>> import symgraph as sg
    >>> print(sg.input("x") * sg.input("y"))
    x*y
    """
    return _binary(_MUL, x, y)


def divide(x: Any, y: Any) -> Node:
    """x / y, entry by entry; always real.

    >>> import symgraph as sg
    >>> print(sg.input("x") / sg.input("y"))
    x/y
    """
    return _binary(_DIV, x, y)


def negative(x: Any) -> Node:
    """-x.

    >>> import symgraph as sg
    >>> print(-sg.input("x"))
    -x
    """
    return mapped(_NEG, x)


@lru_cache(maxsize=256)
def _power_of(exponent: Any) -> Template:
    return template(_x**exponent, 1)


def power(x: Any, exponent: Any) -> Node:
    """x to the power of a number or of a node, entry by entry.

    A number is part of the operation (x**2 is one node with one operand).

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(x**3, sg.grad(x**3, x))
    x**3 3*x**2
    """
    base, raised = as_node(x), as_node(exponent)
    is_size = isinstance(raised, Fill) and bool(getattr(raised.value, "free_symbols", False))
    if isinstance(raised, Fill) and not is_size and not raised.shape and raised.kind != "boolean":
        number = _tidy(raised.value) if base.kind == "real" else sympy.sympify(raised.value)
        if number != 0:  # x**0 would lose x, and with it the kind and the gradient 0
            return mapped(_power_of(number), base)
    return mapped(template(_x**_y, 2), base, raised)


def _tidy(value: Any) -> Any:
    """Whole and half exponents as exact numbers: x**2.0 and x**0.5 are the square and the root."""
    if isinstance(value, float) and (2 * value).is_integer() and -64 <= value <= 64:
        return sympy.Rational(int(2 * value), 2)
    return sympy.sympify(value)


_SQRT = template(sympy.sqrt(_x), 1)


def sqrt(x: Any) -> Node:
    """The square root.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.sqrt(x), x))
    1/(2*sqrt(x))
    """
    return mapped(_SQRT, x)


_SQUARE = template(_x**2, 1)


def square(x: Any) -> Node:
    """x**2.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.square(x), x))
    2*x
    """
    return mapped(_SQUARE, x)


_ABS = template(scalar.absolute(_x), 1)


def abs(x: Any) -> Node:
    """|x| with derivative 0 at 0.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.abs(x), x))
    sign(x)
    """
    return mapped(_ABS, x)


_FLOOR = template(scalar.floor(_x), 1)


def floor(x: Any) -> Node:
    """The largest integer not above x.

    >>> import symgraph as sg
    >>> sg.floor(sg.input("x")).kind
    'integer'
    """
    return mapped(_FLOOR, x)


_CEIL = template(scalar.ceil(_x), 1)


def ceil(x: Any) -> Node:
    """The smallest integer not below x.

    >>> import symgraph as sg
    >>> sg.ceil(sg.input("x")).kind
    'integer'
    """
    return mapped(_CEIL, x)


_MAXIMUM = template(scalar.maximum(_x, _y), 2)


def maximum(x: Any, y: Any) -> Node:
    """The larger of two, entry by entry; a tie sends gradient 0 to both.

    >>> import symgraph as sg
    >>> x, y = sg.input("x"), sg.input("y")
    >>> print(sg.grad(sg.maximum(x, y), x))
    1[x > y]
    """
    return mapped(_MAXIMUM, x, y)


_MINIMUM = template(scalar.minimum(_x, _y), 2)


def minimum(x: Any, y: Any) -> Node:
    """The smaller of two, entry by entry; a tie sends gradient 0 to both.

    >>> import symgraph as sg
    >>> x, y = sg.input("x"), sg.input("y")
    >>> print(sg.grad(sg.minimum(x, y), y))
    1[x > y]
    """
    return mapped(_MINIMUM, x, y)


def clip(x: Any, low: Any, high: Any) -> Node:
    """x, but low where it is below and high where it is above; no gradient from outside.

    >>> import symgraph as sg
    >>> print(sg.clip(sg.input("x"), 0, 1))
    min(max(x, 0), 1)
    """
    return minimum(maximum(x, low), high)


_REMAINDER = template(scalar.remainder(_x, _y), 2)


def remainder(x: Any, y: Any) -> Node:
    """x modulo y, with the sign of y.

    >>> import symgraph as sg
    >>> print(sg.input("n", kind="integer") % 2)
    n % 2
    """
    return mapped(_REMAINDER, x, y)


_FLOOR_DIVIDE = template(scalar.floor_divide(_x, _y), 2)


def floor_divide(x: Any, y: Any) -> Node:
    """The floor of x / y.

    >>> import symgraph as sg
    >>> print(sg.input("n", kind="integer") // 2)
    n // 2
    """
    return mapped(_FLOOR_DIVIDE, x, y)


_UFUNCS = (
    add, subtract, multiply, divide, power, negative, floor_divide, remainder, maximum, minimum,
    sqrt, square, floor, ceil,
)  # fmt: skip
operators.update({function.__name__: function for function in _UFUNCS})
operators.update(abs=abs, absolute=abs)
