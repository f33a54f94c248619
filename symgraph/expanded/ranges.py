"""Between which bounds the derivative of a function lies, wherever it is taken."""

from __future__ import annotations

from typing import NamedTuple

from symgraph.node import Node
from symgraph.ops import Map
from symgraph.rounding import shown
from symgraph.scalar import slot
from symgraph.template import function_name

__all__ = ["Range", "product_of", "slope_range"]


class Range(NamedTuple):
    """All numbers between two; `open_low` where the lower one is not reached."""

    low: float
    high: float
    open_low: bool = False

    def text(self, digits: int = 6) -> str:
        """As (0, 0.25] or [-1, 1]."""
        left = "(" if self.open_low else "["
        return f"{left}{shown(self.low, digits)}, {shown(self.high, digits)}]"


#: Derivatives of the activation functions of the lectures, and of sine and cosine.
_RANGES = {
    "sigmoid": Range(0.0, 0.25, True),
    "tanh": Range(0.0, 1.0, True),
    "softplus": Range(0.0, 1.0, True),
    "atan": Range(0.0, 1.0, True),
    "relu": Range(0.0, 1.0),
    "sin": Range(-1.0, 1.0),
    "cos": Range(-1.0, 1.0),
    "step": Range(0.0, 0.0),
}


def slope_range(node: Node) -> Range | None:
    """The range of the derivative of a function of one number; None for what has no such range.

    >>> import symgraph as sg
    >>> slope_range(sg.sigmoid(sg.input("z"))).text()
    '(0, 0.25]'
    """
    if not isinstance(node, Map) or len(node.args) != 1 or node.shape:
        return None
    expr = node.template.expr
    is_plain = getattr(expr, "args", ())[:1] == (slot(0),)
    return _RANGES.get(function_name(expr)) if is_plain else None


def product_of(ranges: list[Range]) -> Range:
    """Between which bounds the product lies."""
    low, high, open_low = 1.0, 1.0, True
    for one in ranges:
        ends = [a * b for a in (low, high) for b in (one.low, one.high)]
        low, high = min(ends), max(ends)
        open_low = open_low and one.open_low and low == 0.0
    return Range(low, high, open_low)
