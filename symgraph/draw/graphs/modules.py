"""Modules: parts of a graph drawn as one box, by name or because they repeat."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import replace

from symgraph.dominators import nearest_dominators
from symgraph.draw.graphs.sketch import Link, Place, Sketch, cones, gathered
from symgraph.node import Node
from symgraph.ops import Let, Var
from symgraph.ops.let import bare
from symgraph.vertices import Vertex

__all__ = ["branches_folded", "by_names", "chained", "in_slices", "repeats_folded"]

#: So many alike blocks in a row are folded into one box.
LEAST_BLOCKS = 3
#: A block is made of so many values in a row, at most.
LONGEST_PERIOD = 12


def by_names(sketch: Sketch, names: Collection[str], kept: Collection[str]) -> dict[str, str]:
    """For every place that belongs to a named value alone: the place of that name.

    Inputs stay outside, and so does what `kept` names.
    """
    heads = [
        place.id
        for place in sketch.places
        if place.vertex.name in names and place.vertex.node.args and place.kind == "vertex"
    ]
    return cones(sketch, heads, lambda place: _stays(place, kept))


def _stays(place: Place, kept: Collection[str]) -> bool:
    if not place.is_leaf:
        return False
    return place.vertex.role in ("data", "state") or place.vertex.name in kept


def repeats_folded(sketch: Sketch, kept: Collection[str]) -> Sketch:
    """Rows of alike parts, each made of the one before, drawn as one box."""
    spine = chained(sketch)
    owner = cones(sketch, spine, lambda place: _stays(place, kept))
    segments: dict[str, list[Place]] = {id: [] for id in spine}
    for place in sketch.places:
        if place.id in owner:
            segments[owner[place.id]].append(place)
    leaves = {place.vertex.node for place in sketch.places if place.is_leaf}
    vertices = {place.id: place.vertex for place in sketch.places}
    signs = [
        _signature(segments[id], vertices[after].node, leaves)
        for id, after in itertools.pairwise(spine)
    ]
    merged: dict[str, str] = {}
    rows: dict[str, tuple[Vertex, ...]] = {}
    for start, period, count in _runs(signs):
        top = spine[start]
        for id in spine[start : start + period * count]:
            merged |= {place.id: top for place in segments[id]}
        blocks = [vertices[spine[start + period * k]] for k in range(count)]
        rows[top] = tuple(reversed(blocks))
    folded = gathered(sketch, merged)
    return folded.redrawn(
        {
            place.id: replace(place, blocks=rows[place.id])
            for place in folded.places
            if place.id in rows
        }
    )


def branches_folded(sketch: Sketch, kept: Collection[str]) -> Sketch:
    """Alike parts side by side that one value takes in, each with its parameters, as one box."""
    inside = _inside(sketch, kept)
    operands, users = sketch.operands(), sketch.users()
    merged: dict[str, str] = {}
    rows: dict[str, tuple[Vertex, ...]] = {}
    for place in reversed(sketch.places):
        if place.id in merged:
            continue
        alike: dict[Hashable, list[Place]] = {}
        for tail in dict.fromkeys(link.tail for link in operands[place.id]):
            own = all(link.head == place.id for link in users[tail])
            parts = inside(tail) if own else []
            if len(parts) > 1:
                sign = _signature(parts, place.vertex.node, ())
                alike.setdefault(sign, []).append(parts[-1])
        for heads in alike.values():
            if len(heads) > 1:
                top = heads[0].id
                merged |= {part.id: top for head in heads for part in inside(head.id)}
                rows[top] = tuple(head.vertex for head in heads)
    folded = gathered(sketch, merged)
    boxes = {
        place.id: replace(place, blocks=rows[place.id], parallel=True)
        for place in folded.places
        if place.id in rows
    }
    links: dict[Hashable, Link] = {}
    for k, link in enumerate(folded.links):
        # What a value takes in of all copies is one line.
        links.setdefault((link.head, link.tail) if link.tail in boxes else k, link)
    return Sketch(folded.redrawn(boxes).places, tuple(links.values()))


def _inside(sketch: Sketch, kept: Collection[str]) -> Callable[[str], list[Place]]:
    """What is used by one place alone, that place last, found when it is asked for."""
    below: dict[str, list[str]] = {}
    for id, above in _dominators(sketch).items():
        if above is not None:
            below.setdefault(above, []).append(id)
    order = {place.id: k for k, place in enumerate(sketch.places)}

    def found(top: str) -> list[Place]:
        parts, stack = [], [top]
        while stack:
            id = stack.pop()
            place = sketch.places[order[id]]
            if not _stays(place, kept):
                parts.append(place)
                stack += below.get(id, ())
        return sorted(parts, key=lambda place: order[place.id])

    return found


def chained(sketch: Sketch) -> list[str]:
    """The longest row of places from the root in which all beneath a place leads through it.

    It ends at an input, as what belongs to the last block cannot be told otherwise.
    """
    above = _dominators(sketch)
    depth: dict[str, int] = {}
    for place in reversed(sketch.places):
        dominator = above[place.id]
        depth[place.id] = 0 if dominator is None else depth[dominator] + 1
    inputs = [p.id for p in sketch.places if p.is_leaf and p.vertex.role in ("data", "state")]
    inner = [place.id for place in sketch.places if not place.is_leaf]
    lowest = max(inner, key=depth.__getitem__, default=None)
    entry = max(inputs, key=depth.__getitem__, default=lowest)
    at = entry if lowest is None or entry is None or 2 * depth[entry] > depth[lowest] else lowest
    row: list[str] = []
    while at is not None:
        row.append(at)
        at = above[at]
    return row[::-1]


def _dominators(sketch: Sketch) -> dict[str, str | None]:
    """For each place the nearest one through which everything leads that uses it."""
    users = sketch.users()
    order = (place.id for place in reversed(sketch.places))
    return nearest_dominators(order, lambda id: (link.head for link in users[id]))


def _signature(places: Sequence[Place], before: Node, leaves: Collection[Node]) -> Hashable:
    """What a part of a row computes; equal for alike parts with parameters of their own."""
    nodes = [vertex.node for place in places for vertex in place.members]
    numbers = {node: k for k, node in enumerate(nodes)}
    rows: list[Hashable] = []
    for node in nodes:
        if isinstance(node, Var):
            rows.append((node.role, node.shape, node.kind))
            continue
        args: list[Hashable] = []
        for arg in map(bare, node.args):
            if arg is before:
                args.append("before")
            elif arg in numbers:
                args.append(numbers[arg])
            elif arg in leaves and isinstance(arg, Var) and arg.role != "parameter":
                args.append((arg.role, arg.shape, arg.kind))
            else:
                args.append(arg)
        params = () if isinstance(node, Let) else node.params
        rows.append((type(node), params, tuple(args)))
    return tuple(rows)


def _runs(signs: Sequence[Hashable]) -> Iterable[tuple[int, int, int]]:
    """The rows of alike blocks as (start, length of a block, number of blocks), disjoint.

    From each place on the block that covers most is taken, the shortest among these.
    """
    start = 0
    while start < len(signs):
        best = (0, 0)
        for period in range(1, LONGEST_PERIOD + 1):
            count = 1
            while _alike(signs, start, start + count * period, period):
                count += 1
            if count >= LEAST_BLOCKS and count * period > best[0] * best[1]:
                best = (period, count)
        if best[1]:
            yield (start, *best)
        start += max(best[0] * best[1], 1)


def _alike(signs: Sequence[Hashable], one: int, other: int, length: int) -> bool:
    return other + length <= len(signs) and (
        signs[one : one + length] == signs[other : other + length]
    )


def in_slices(sketch: Sketch, most: int) -> Sketch:
    """Values that stand next to each other in the order of evaluation, in `most` boxes.

    The roots stay on their own.
    """
    used = {link.tail for link in sketch.links}
    inner = [place for place in sketch.places if place.id in used]
    size = -(-len(inner) // most)
    owner: dict[str, str] = {}
    for start in range(0, len(inner), size):
        piece = inner[start : start + size]
        owner |= {place.id: piece[-1].id for place in piece}
    return gathered(sketch, owner, dict.fromkeys(owner.values(), "gap"))
