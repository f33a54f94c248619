"""What a layout engine is given (sizes and edges) and what it gives back (places)."""

from __future__ import annotations

from dataclasses import dataclass

from symgraph.draw.geometry import Curve, Point, Rect
from symgraph.draw.view import Direction

__all__ = ["Extent", "Places", "Plan", "around"]


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a node reaches from its centre, the values beside it included."""

    left: float
    right: float
    up: float
    down: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Nodes by number; edge k runs from `edges[k][0]`, operand `operands[k]` of `edges[k][1]`.

    `shapes` are the bare nodes, `rooms` the nodes with their values. `labels[k]` is (width, height)
    of the label of edge k, the gap to its edge not included, or None.
    """

    shapes: tuple[Extent, ...]
    rooms: tuple[Extent, ...]
    edges: tuple[tuple[int, int], ...]
    operands: tuple[int, ...]
    labels: tuple[tuple[float, float] | None, ...]
    direction: Direction


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything goes: node centres, centre-to-centre curves, label boxes.

    `ranks[i]` is 0 for a root and one more at least than the rank of every user of node i.
    """

    centres: tuple[Point, ...]
    curves: tuple[Curve, ...]
    labels: tuple[Rect | None, ...]
    ranks: tuple[int, ...]
    engine: str
    version: str


def around(at: Point, extent: Extent) -> Rect:
    """The room of an extent with its centre at a point."""
    x, y = at
    return Rect(x - extent.left, y - extent.up, x + extent.right, y + extent.down)
