"""Comparisons of nodes, what booleans make of them, and values chosen by them."""

from __future__ import annotations

from typing import Any

from symgraph import scalar
from symgraph.build.coerce import as_node, check_kind
from symgraph.build.pointwise import apply, mapped
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.scalar import slot
from symgraph.template import template

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "indicator",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "not_equal",
    "where",
]

_x, _y, _z = slot(0), slot(1), slot(2)


_LESS = template(scalar.less(_x, _y), 2)


def less(x: Any, y: Any) -> Node:
    """x < y, a boolean.

    >>> import symgraph as sg
    >>> print(sg.input("x") < 1)
    x < 1
    """
    return mapped(_LESS, x, y)


_LESS_EQUAL = template(scalar.less_equal(_x, _y), 2)


def less_equal(x: Any, y: Any) -> Node:
    """x <= y, a boolean.

    >>> import symgraph as sg
    >>> print(sg.input("x") <= 1)
    x <= 1
    """
    return mapped(_LESS_EQUAL, x, y)


_GREATER = template(scalar.greater(_x, _y), 2)


def greater(x: Any, y: Any) -> Node:
    """x > y, a boolean.

    >>> import symgraph as sg
    >>> print(sg.input("x") > 1)
    x > 1
    """
    return mapped(_GREATER, x, y)


_GREATER_EQUAL = template(scalar.greater_equal(_x, _y), 2)


def greater_equal(x: Any, y: Any) -> Node:
    """x >= y, a boolean.

    >>> import symgraph as sg
    >>> print(sg.input("x") >= 1)
    x >= 1
    """
    return mapped(_GREATER_EQUAL, x, y)


_EQUAL = template(scalar.equal(_x, _y), 2)


def equal(x: Any, y: Any) -> Node:
    """x == y entry by entry, a boolean (`==` between nodes asks for identity).

    >>> import symgraph as sg
    >>> print(sg.equal(sg.input("n", kind="integer"), 2))
    n == 2
    """
    return mapped(_EQUAL, x, y)


_NOT_EQUAL = template(scalar.not_equal(_x, _y), 2)


def not_equal(x: Any, y: Any) -> Node:
    """x != y entry by entry, a boolean.

    >>> import symgraph as sg
    >>> print(sg.not_equal(sg.input("n", kind="integer"), 2))
    n != 2
    """
    return mapped(_NOT_EQUAL, x, y)


def _boolean(x: Any, where_: str) -> Node:
    return check_kind(as_node(x), ("boolean",), where_)


def logical_and(x: Any, y: Any) -> Node:
    """Both of two booleans.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print((x > 0) & (x < 1))
    (x > 0) & (x < 1)
    """
    return apply(scalar.logical_and(_x, _y), _boolean(x, "and"), _boolean(y, "and"))


def logical_or(x: Any, y: Any) -> Node:
    """At least one of two booleans.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print((x < 0) | (x > 1))
    (x < 0) | (x > 1)
    """
    return apply(scalar.logical_or(_x, _y), _boolean(x, "or"), _boolean(y, "or"))


def logical_not(x: Any) -> Node:
    """The opposite of a boolean.

    >>> import symgraph as sg
    >>> print(~(sg.input("x") > 0))
    ~(x > 0)
    """
    return apply(scalar.logical_not(_x), _boolean(x, "not"))


def indicator(condition: Any) -> Node:
    """The Iverson bracket 1[condition]: 1 where a boolean holds, else 0; its derivative is 0.

    >>> import symgraph as sg
    >>> print(sg.indicator(sg.input("margin") < 1))
    1[margin < 1]
    """
    return apply(scalar.iverson(_x), _boolean(condition, "indicator"))


def where(condition: Any, x: Any, y: Any) -> Node:
    """x where the condition holds, else y; the branch not taken sends no gradient, never NaN.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.where(x > 0, sg.log(x), 0), x))
    1/x*1[x > 0]
    """
    return apply(scalar.where(_x, _y, _z), _boolean(condition, "where"), x, y)


_UFUNCS = (
    less, less_equal, greater, greater_equal, equal, not_equal, logical_and, logical_or,
    logical_not,
)  # fmt: skip
operators.update({function.__name__: function for function in _UFUNCS})
operators.update(bitwise_and=logical_and, bitwise_or=logical_or, invert=logical_not)
