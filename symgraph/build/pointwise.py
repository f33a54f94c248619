"""A formula of numbers as a function of nodes, entry by entry with NumPy broadcasting."""

from __future__ import annotations

from typing import Any

import sympy

from symgraph.build.coerce import as_node
from symgraph.node import Node
from symgraph.ops.map import map_node
from symgraph.template import Template, template

__all__ = ["apply", "mapped"]


def apply(formula: Any, *xs: Any) -> Node:
    """A scalar SymPy formula over `symgraph.scalar.slot(0)`, `slot(1)`, ... entry by entry.

    >>> import symgraph as sg
    >>> from symgraph.scalar import slot
    >>> print(apply(slot(0) ** 2 + slot(1), sg.input("x"), sg.input("y")))
    x**2 + y
    """
    return mapped(template(sympy.sympify(formula), len(xs)), *xs)


def mapped(body: Template, *xs: Any) -> Node:
    """A formula in a template of the values given: nodes, numbers or arrays."""
    return map_node(body, tuple([x if isinstance(x, Node) else as_node(x) for x in xs]))
