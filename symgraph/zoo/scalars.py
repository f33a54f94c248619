"""Functions of a few numbers on which the lectures explain what a derivative is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Function, Number, system

__all__ = [
    "BLOCKS", "building_block", "chain_of_two", "parabola", "product_with_itself", "quadratic",
    "sensitivity",
]  # fmt: skip


@system()
def sensitivity() -> Node:
    """out = 2 in₁ + in₂ in₃: what a small change of one input does to the output.

    Variables: in_1, in_2, in_3 ().
    """
    in1, in2, in3 = (sg.input(f"in{k}") for k in (1, 2, 3))
    return sg.let("out", 2 * in1 + in2 * in3)


#: The building blocks with the number of their inputs.
BLOCKS: dict[str, tuple[int, Callable[..., Node]]] = {
    "+": (2, sg.add),
    "-": (2, sg.subtract),
    "*": (2, sg.multiply),
    "max": (2, sg.maximum),
    "square": (1, sg.square),
    "σ": (1, sg.sigmoid),
}


@system()
def building_block(operation: Literal["+", "-", "*", "max", "square", "σ"] = "*") -> Node:
    """One operation of two inputs, or of one: +, -, *, max, square, σ.

    Variables: in_1 and in_2, or in ().
    Raises UnknownNameError for an operation that is none of these.

    >>> print(building_block("max"))
    max(in1, in2)
    """
    count, block = BLOCKS[operation]
    names = ["in"] if count == 1 else ["in1", "in2"]
    return sg.let("out", block(*map(sg.input, names)))


@system()
def chain_of_two() -> Node:
    """out = exp(mid) of mid = sin(in): the derivative is the product along the path.

    Variables: in ().
    """
    return sg.let("out", sg.exp(sg.let("mid", sg.sin(sg.input("in")))))


@system()
def product_with_itself(function: Function = sg.sigmoid) -> Node:
    """x σ(x), where x acts along two paths; any function may stand for σ.

    Variables: x ().
    """
    x = sg.input("x")
    return sg.let("out", x * sg.let("h", function(x)))


@system()
def parabola() -> Node:
    """2x² + 3x, whose smallest value -9/8 is at x = -3/4.

    Variables: x ().
    """
    x = sg.input("x")
    return sg.let("f", 2 * x**2 + 3 * x)


@system()
def quadratic(condition: Number = 10.0) -> Node:
    """½ (10 x² + y²): a valley on which methods of descent are compared; 10 is its condition.

    Variables: x and y ().
    """
    x, y = (sg.parameter(name, init="ones") for name in ("x", "y"))
    return sg.let("E", (condition * x**2 + y**2) / 2)
