"""The picture as primitives in place: what a writer writes, in order, and never moves.

Every item has an id, a role, a layer, an owner (the node or edge it belongs to) and, where it has
something to say, an alternative text.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from symgraph.draw.typesetting.ink import Box

__all__ = [
    "Drawn",
    "Glyphs",
    "Item",
    "Layer",
    "Path",
    "Polygon",
    "Scene",
    "crossings",
    "edge_hits",
    "overlaps",
]

#: "group" are boxes behind nodes, "marker" what underlays a highlighted edge, "mark" what crosses
#: a node out, "caption" the line below a node or a picture.
Layer = Literal[
    "group", "marker", "edge", "node", "text", "label", "forward", "backward", "mark", "caption",
    "legend", "title",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Path:
    """An open curve, and the closed arrowhead (three points) at its end, if it has one."""

    curve: Curve
    arrow: tuple[Point, Point, Point] | None = None

    @property
    def bounds(self) -> Rect:
        """The room it takes, the stroke not included."""
        return bounds_of((*self.curve, *(self.arrow or ())))


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed outline of straight lines."""

    points: tuple[Point, ...]

    @property
    def bounds(self) -> Rect:
        """The room it takes, the stroke not included."""
        return bounds_of(self.points)


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


Drawn = Disc | Rect | Path | Polygon | Glyphs


@dataclass(frozen=True, slots=True)
class Item:
    """One primitive. `id` is generated and safe; `source` is the LaTeX of a formula.

    It is seen in the steps `first` to `last` of a deck, from 0; without `last` to the end.
    """

    id: str
    owner: str
    layer: Layer
    role: str
    drawn: Drawn
    paint: Paint
    alt: str = ""
    source: str = ""
    first: int = 0
    last: int | None = None

    @property
    def bounds(self) -> Rect:
        """The room it takes."""
        return self.drawn.bounds

    def seen(self, step: int) -> bool:
        """Whether it is there in a step of the deck."""
        return self.first <= step and (self.last is None or step <= self.last)

    def moved(self, dx: float, dy: float) -> Item:
        """The same somewhere else."""
        return replace(self, drawn=_moved(self.drawn, dx, dy))


def _moved(drawn: Drawn, dx: float, dy: float) -> Drawn:
    if isinstance(drawn, Rect):
        return drawn.moved(dx, dy)
    if isinstance(drawn, Disc | Glyphs):
        return replace(drawn, x=drawn.x + dx, y=drawn.y + dy)
    if isinstance(drawn, Polygon):
        return Polygon(tuple((x + dx, y + dy) for x, y in drawn.points))
    curve = tuple((x + dx, y + dy) for x, y in drawn.curve)
    if drawn.arrow is None:
        return Path(curve)
    tip, left, right = ((x + dx, y + dy) for x, y in drawn.arrow)
    return Path(curve, (tip, left, right))


@dataclass(frozen=True, slots=True)
class Scene:
    """A finished picture; `names` gives the id in the view for each owner of items.

    `notes` say in plain words what each step of a deck shows; a still picture has none.
    """

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
    notes: tuple[str, ...] = ()

    @property
    def steps(self) -> int:
        """How many steps there are; 1 for a still picture."""
        latest = max((max(item.first, item.last or 0) for item in self.items), default=0)
        return max(latest + 1, len(self.notes))

    def frame(self, step: int) -> Scene:
        """The still picture of one step, in which everything stands where it does in all others."""
        items = tuple(replace(item, first=0, last=None) for item in self.items if item.seen(step))
        note = self.notes[step : step + 1]
        return replace(self, items=items, notes=(), description=" ".join((self.description, *note)))

    @property
    def stops(self) -> tuple[int, ...]:
        """What a handout keeps: the last step of each heading, and of each part of the picture."""
        begins = {
            item.first
            for item in self.items
            if item.layer == "title" or (item.role == "map" and item.last is not None)
        }
        ends = {first - 1 for first in begins if first} | {self.steps - 1}
        return tuple(sorted(ends))

    def only(self, steps: Sequence[int]) -> Scene:
        """The deck of some of the steps."""
        items = []
        for item in self.items:
            seen = [k for k, step in enumerate(steps) if item.seen(step)]
            if seen:
                items.append(replace(item, first=seen[0], last=seen[-1]))
        notes = tuple(self.notes[step] for step in steps if step < len(self.notes))
        return replace(self, items=tuple(items), notes=notes)

    def shape(self, owner: str) -> Shape:
        """The shape of a node."""
        for item in self.items:
            if item.owner == owner and item.layer == "node":
                return item.drawn if isinstance(item.drawn, Disc | Rect) else item.bounds
        raise KeyError(owner)


_SOLID: tuple[Layer, ...] = (
    "node", "label", "forward", "backward", "caption", "legend", "title",
)  # fmt: skip


def overlaps(scene: Scene, layers: tuple[Layer, ...] = _SOLID) -> list[tuple[str, str]]:
    """The pairs of nodes, labels, values and legend texts that share room.

    A node and the text inside it count as one. Of a deck a frame is asked, not the whole.
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
        line = [*flatten(edge.drawn.curve), *(edge.drawn.arrow or ())[:1]]
        bounds = edge.bounds
        for item in solid:
            if bounds.meets(item.bounds) and _runs_through(line, item):
                found.append((edge.id, item.id))
    return found


def _runs_through(line: list[Point], item: Item) -> bool:
    drawn = item.drawn
    if isinstance(drawn, Disc | Rect):
        return any(drawn.outside(point) < -1.0 for point in _dense(line, drawn.bounds))
    return hits(line, item.bounds.grown(-1.0))


def _dense(line: list[Point], room: Rect) -> Iterator[Point]:
    """Points not more than two pixels apart along the pieces of a line that come near a room."""
    for (x0, y0), (x1, y1) in itertools.pairwise(line):
        if max(x0, x1) < room.left or min(x0, x1) > room.right:
            continue
        if max(y0, y1) < room.top or min(y0, y1) > room.bottom:
            continue
        steps = 1 + int(max(abs(x1 - x0), abs(y1 - y0)) / 2)
        for k in range(steps + 1):
            yield (x0 + (x1 - x0) * k / steps, y0 + (y1 - y0) * k / steps)


def crossings(scene: Scene) -> int:
    """How many pairs of edges cross."""
    paths = [edge.drawn for edge in _edges(scene)]
    return curve_crossings([path.curve for path in paths if isinstance(path, Path)])


def _edges(scene: Scene) -> Iterator[Item]:
    return (item for item in scene.items if item.layer == "edge")
