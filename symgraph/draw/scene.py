"""The picture as primitives in place: what a writer writes, in order, and never moves.

Every item has an id, a role, a layer, an owner (the node or edge it belongs to) and, where it has
something to say, an alternative text.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from symgraph.draw.geometry import (
    Curve,
    Disc,
    Point,
    Rect,
    Shape,
    bounds_of,
    crossings as curve_crossings,
    flatten,
    hits,
)
from symgraph.draw.theme import Paint
from symgraph.draw.typeset import Box

__all__ = [
    "Drawn",
    "Glyphs",
    "Item",
    "Layer",
    "Path",
    "Scene",
    "crossings",
    "edge_hits",
    "overlaps",
]

Layer = Literal["edge", "node", "text", "label", "forward", "backward", "legend", "title"]


@dataclass(frozen=True, slots=True)
class Path:
    """An open curve, and the closed arrowhead (three points) at its end."""

    curve: Curve
    arrow: tuple[Point, Point, Point]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A set formula with the left end of its baseline at (x, y)."""

    box: Box
    x: float
    y: float

    @property
    def bounds(self) -> Rect:
        """The room it takes."""
        box = self.box
        return Rect(self.x, self.y - box.height, self.x + box.width, self.y + box.depth)


Drawn = Disc | Rect | Path | Glyphs


@dataclass(frozen=True, slots=True)
class Item:
    """One primitive. `id` is generated and safe; `source` is the LaTeX of a formula."""

    id: str
    owner: str
    layer: Layer
    role: str
    drawn: Drawn
    paint: Paint
    alt: str = ""
    source: str = ""

    @property
    def bounds(self) -> Rect:
        """The room it takes."""
        if not isinstance(self.drawn, Path):
            return self.drawn.bounds
        return bounds_of((*self.drawn.curve, *self.drawn.arrow))


@dataclass(frozen=True, slots=True)
class Scene:
    """A finished picture; `names` gives the id in the view for each owner of items."""

    width: float
    height: float
    background: str
    items: tuple[Item, ...]
    names: dict[str, str]
    title: str
    description: str
    engine: str
    engine_version: str
    ranks: dict[str, int]

    def shape(self, owner: str) -> Shape:
        """The shape of a node."""
        for item in self.items:
            if item.owner == owner and item.layer == "node":
                assert isinstance(item.drawn, Disc | Rect)
                return item.drawn
        raise KeyError(owner)


_SOLID: tuple[Layer, ...] = ("node", "label", "forward", "backward", "legend", "title")


def overlaps(scene: Scene, layers: tuple[Layer, ...] = _SOLID) -> list[tuple[str, str]]:
    """The pairs of nodes, labels, values and legend texts that share room.

    A node and the text inside it count as one.
    """
    items = [item for item in scene.items if item.layer in layers and not _is_swatch(item)]
    items.sort(key=lambda item: item.bounds.left)
    found: list[tuple[str, str]] = []
    active: list[tuple[Item, Rect]] = []
    for item in items:
        bounds = item.bounds
        active = [(other, room) for other, room in active if room.right > bounds.left]
        found += [
            (other.id, item.id)
            for other, room in active
            if room.meets(bounds, 0.5) and not _apart(item, other)
        ]
        active.append((item, bounds))
    return sorted(found)


def _is_swatch(item: Item) -> bool:
    return item.layer == "legend" and not isinstance(item.drawn, Glyphs)


def _apart(first: Item, second: Item) -> bool:
    """Whether a circle leaves its square's corner free for the other."""
    for disc, bounds in ((first.drawn, second.bounds), (second.drawn, first.bounds)):
        if isinstance(disc, Disc):
            x = min(max(disc.x, bounds.left), bounds.right)
            y = min(max(disc.y, bounds.top), bounds.bottom)
            return disc.outside((x, y)) > -0.5
    return False


def edge_hits(scene: Scene) -> list[tuple[str, str]]:
    """The pairs (edge, other item) where an edge runs through a node, a label or a value."""
    solid = [item for item in scene.items if item.layer in _SOLID and not _is_swatch(item)]
    found = []
    for edge in _edges(scene):
        assert isinstance(edge.drawn, Path)
        line = [*flatten(edge.drawn.curve), edge.drawn.arrow[0]]
        bounds = edge.bounds
        for item in solid:
            if bounds.meets(item.bounds) and _runs_through(line, item):
                found.append((edge.id, item.id))
    return found


def _runs_through(line: list[Point], item: Item) -> bool:
    drawn = item.drawn
    if isinstance(drawn, Disc | Rect):
        return any(drawn.outside(point) < -1.0 for point in _dense(line))
    return hits(line, item.bounds.grown(-1.0))


def _dense(line: list[Point]) -> Iterator[Point]:
    """Points not more than two pixels apart along a line."""
    for (x0, y0), (x1, y1) in itertools.pairwise(line):
        steps = 1 + int(max(abs(x1 - x0), abs(y1 - y0)) / 2)
        for k in range(steps + 1):
            yield (x0 + (x1 - x0) * k / steps, y0 + (y1 - y0) * k / steps)


def crossings(scene: Scene) -> int:
    """How many pairs of edges cross."""
    paths = [edge.drawn for edge in _edges(scene)]
    return curve_crossings([path.curve for path in paths if isinstance(path, Path)])


def _edges(scene: Scene) -> Iterator[Item]:
    return (item for item in scene.items if item.layer == "edge")
