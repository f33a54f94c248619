"""What moves as one on a grid: a node, or the cells of a matrix that touch each other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from symgraph.draw.geometry import Point
from symgraph.draw.plan import Extent, Plan

__all__ = ["Body", "bodies", "members"]


@dataclass(frozen=True, slots=True)
class Body:
    """Where the middle stands on the grid, how far it goes, and its nodes off the middle."""

    at: Point
    room: Extent
    nodes: tuple[tuple[int, Point], ...]
    tight: bool = False


def bodies(plan: Plan) -> list[Body]:
    """The bodies of a plan, in the order of their first nodes."""
    assert plan.at is not None
    tight = [v for v, is_tight in enumerate(plan.tight) if is_tight]
    blocks = _blocks([plan.at[v] for v in tight])
    together: dict[int, list[int]] = defaultdict(list)
    for v, block in zip(tight, blocks, strict=True):
        together[tight[block]].append(v)
    inside = set(tight)
    found = []
    for v, at in enumerate(plan.at):
        if v in together:
            found.append(_block(plan, together[v]))
        elif v not in inside:
            found.append(Body(at, plan.rooms[v], ((v, (0.0, 0.0)),)))
    return found


def _blocks(places: list[Point]) -> list[int]:
    """For each place the first one that it is joined to by steps of one column or one row."""
    number = {_key(place): index for index, place in enumerate(places)}
    block = [-1] * len(places)
    for start in range(len(places)):
        if block[start] >= 0:
            continue
        block[start] = start
        waiting = [start]
        while waiting:
            x, y = places[waiting.pop()]
            for step in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
                other = number.get(_key(step))
                if other is not None and block[other] < 0:
                    block[other] = start
                    waiting.append(other)
    return block


def _key(place: Point) -> tuple[int, int]:
    return (round(place[0] * 1e6), round(place[1] * 1e6))


def _block(plan: Plan, nodes: list[int]) -> Body:
    """Cells as one: all as wide as the widest and as high as the highest."""
    assert plan.at is not None
    columns = [plan.at[v][0] for v in nodes]
    rows = [plan.at[v][1] for v in nodes]
    middle = ((min(columns) + max(columns)) / 2, (min(rows) + max(rows)) / 2)
    wide = max(plan.shapes[v].left + plan.shapes[v].right for v in nodes)
    high = max(plan.shapes[v].up + plan.shapes[v].down for v in nodes)
    offsets = [
        ((plan.at[v][0] - middle[0]) * wide, (middle[1] - plan.at[v][1]) * high) for v in nodes
    ]
    room = Extent(
        max(plan.rooms[v].left - x for v, (x, _) in zip(nodes, offsets, strict=True)),
        max(plan.rooms[v].right + x for v, (x, _) in zip(nodes, offsets, strict=True)),
        max(plan.rooms[v].up - y for v, (_, y) in zip(nodes, offsets, strict=True)),
        max(plan.rooms[v].down + y for v, (_, y) in zip(nodes, offsets, strict=True)),
    )
    return Body(middle, room, tuple(zip(nodes, offsets, strict=True)), tight=True)


def members(plan: Plan, body_of: dict[int, int]) -> list[set[int]]:
    """The bodies of each group, those of the groups inside it too."""
    found = [{body_of[v] for v in group.members} for group in plan.groups]
    for index in reversed(range(len(plan.groups))):
        parent = plan.groups[index].parent
        if parent is not None:
            found[parent] |= found[index]
    return found
