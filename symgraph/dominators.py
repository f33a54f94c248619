"""Dominators: what every way from the roots of a graph down to a vertex leads through."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

__all__ = ["nearest_dominators"]

_V = TypeVar("_V", bound=Hashable)


def nearest_dominators(
    order: Iterable[_V], users: Callable[[_V], Iterable[_V]]
) -> dict[_V, _V | None]:
    """For each vertex the nearest one through which everything leads that uses it, else None.

    `order` has users before operands. networkx finds the same, but in time that grows as the square
    of the vertices where many are used at both ends of a long chain, as penalised parameters are.
    Source: Cooper, Harvey and Kennedy 2001, for graphs without circles, with jumps of powers of 2.

    >>> above = {"y": "", "h": "y", "g": "y", "x": "hg", "w": "h"}
    >>> nearest_dominators("yhgxw", above.__getitem__)
    {'y': None, 'h': 'y', 'g': 'y', 'x': 'y', 'w': 'h'}
    """
    jumps: dict[_V, list[_V]] = {}
    depth: dict[_V, int] = {}
    found: dict[_V, _V | None] = {}
    for vertex in order:
        heads = list(dict.fromkeys(users(vertex)))
        nearest: _V | None = heads[0] if heads else None
        for head in heads[1:]:
            nearest = None if nearest is None else _meeting(nearest, head, depth, jumps)
        found[vertex] = nearest
        depth[vertex] = 0 if nearest is None else depth[nearest] + 1
        jumps[vertex] = [] if nearest is None else _jumps(nearest, jumps)
    return found


def _jumps(nearest: _V, jumps: Mapping[_V, list[_V]]) -> list[_V]:
    """The dominators 1, 2, 4, ... steps above."""
    row = [nearest]
    while len(row) <= len(jumps[row[-1]]):
        row.append(jumps[row[-1]][len(row) - 1])
    return row


def _meeting(
    one: _V, other: _V, depth: Mapping[_V, int], jumps: Mapping[_V, list[_V]]
) -> _V | None:
    """The nearest vertex above both, or one of them; None where they have none."""
    if depth[one] < depth[other]:
        one, other = other, one
    for k in reversed(range(len(jumps[one]))):
        if k < len(jumps[one]) and depth[jumps[one][k]] >= depth[other]:
            one = jumps[one][k]
    if one == other:
        return one
    for k in reversed(range(len(jumps[one]))):
        if k < min(len(jumps[one]), len(jumps[other])) and jumps[one][k] != jumps[other][k]:
            one, other = jumps[one][k], jumps[other][k]
    if not jumps[one] or not jumps[other] or jumps[one][0] != jumps[other][0]:
        return None
    return jumps[one][0]
