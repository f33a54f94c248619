"""What a layout engine is given (sizes and edges) and what it gives back (places)."""

from __future__ import annotations

from dataclasses import dataclass

from symgraph.draw.geometry import Curve, Point, Rect
from symgraph.draw.view import Direction, Route

__all__ = ["TITLE_INSET", "Extent", "Places", "Plan", "PlanGroup", "around"]

# How far the title of a group stands off the side of its box; half as far off the top.
TITLE_INSET = 12.0


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
    of the label of edge k, the gap to its edge not included, or None. `at` are places (column,
    row) of all nodes on a grid, rows counted upwards, and `grid_routes` how the edges run there;
    `tight` nodes touch their neighbours there. `values` are the sizes of the values beside the
    nodes, `value_gap` off them.
    """

    shapes: tuple[Extent, ...]
    rooms: tuple[Extent, ...]
    edges: tuple[tuple[int, int], ...]
    operands: tuple[int, ...]
    labels: tuple[tuple[float, float] | None, ...]
    direction: Direction
    groups: tuple[PlanGroup, ...] = ()
    at: tuple[Point, ...] | None = None
    grid_routes: tuple[Route, ...] = ()
    tight: tuple[bool, ...] = ()
    values: tuple[tuple[float, float] | None, ...] = ()
    value_gap: float = 7.0


@dataclass(frozen=True, slots=True)
class PlanGroup:
    """Nodes (by number) that stay together in a box with room for a title.

    `parent` is the number of the group around it, which stands before it, or None. `members` do
    not repeat those of the groups inside. The title of a `heading` stands above the whole picture,
    in the middle of the nodes.
    """

    members: tuple[int, ...]
    parent: int | None
    title: tuple[float, float]
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything goes: node centres, centre-to-centre curves, label boxes.

    `groups` are the boxes of the groups, the title inside at the top left.
    `ranks[i]` is 0 for a root and one more at least than the rank of every user of node i.
    """

    centres: tuple[Point, ...]
    curves: tuple[Curve, ...]
    labels: tuple[Rect | None, ...]
    ranks: tuple[int, ...]
    engine: str
    version: str
    groups: tuple[Rect, ...] = ()


def around(at: Point, extent: Extent) -> Rect:
    """The room of an extent with its centre at a point."""
    x, y = at
    return Rect(x - extent.left, y - extent.up, x + extent.right, y + extent.down)
