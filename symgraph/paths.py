"""Paths in an acyclic graph: counted exactly without listing them, listed largest product first."""

from __future__ import annotations

import heapq
import itertools
import math
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

__all__ = ["count_paths", "ordered_paths"]

#: Products whose logarithms agree to this many decimals are equal.
_DECIMALS = 6

V = TypeVar("V", bound=Hashable)
E = TypeVar("E", bound=Hashable)


def count_paths(order: Sequence[V], tails: Callable[[V], Sequence[V]], start: V, goal: V) -> int:
    """How many ways lead from start to goal.

    `order` holds all vertices, tails before heads; `tails(v)` one entry an edge.

    >>> tails = {"y": ["a", "a"], "a": ["x", "x"], "x": []}
    >>> count_paths(["x", "a", "y"], tails.__getitem__, "y", "x")
    4
    """
    ways: dict[V, int] = {goal: 1}
    for vertex in order:
        if vertex != goal:
            ways[vertex] = sum(ways.get(tail, 0) for tail in tails(vertex))
    return ways.get(start, 0)


def ordered_paths(
    order: Sequence[V],
    links: Callable[[V], Sequence[tuple[E, V]]],
    weight: Mapping[E, float],
    start: V,
    goal: V,
) -> Iterator[tuple[E, ...]]:
    """The paths from start to goal by descending product of the weights of their edges.

    `links(v)` gives the edges that leave v with their ends. Only what is asked for is computed:
    best-first search in which the best completion of every partial path is known beforehand.
    Source: Hart, Nilsson and Raphael 1968 (A*), with an exact estimate.

    >>> links = {"y": [("p", "x"), ("q", "x")], "x": []}
    >>> list(ordered_paths("xy", links.__getitem__, {"p": 0.5, "q": 2.0}, "y", "x"))
    [('q',), ('p',)]
    """
    size = {edge: _log(w) for edge, w in weight.items()}  # products would underflow
    best: dict[V, float] = {goal: 0.0}
    for vertex in order:
        if vertex != goal:
            onward = [size[edge] + best[end] for edge, end in links(vertex) if end in best]
            if onward:
                best[vertex] = max(onward)
    if start not in best:
        return
    # Among equals the newest goes first: a graph full of equal paths is then walked in depth. What
    # rounding separates counts as equal.
    ticket = itertools.count(0, -1)
    heap: list[tuple[float, int, float, V, object]] = [(0.0, next(ticket), 0.0, start, None)]
    while heap:
        _, _, product, vertex, trail = heapq.heappop(heap)
        if vertex == goal:
            yield _unrolled(trail)
            continue
        for edge, end in reversed(links(vertex)):
            if end in best:
                so_far = product + size[edge]
                estimate = round(-so_far - best[end], _DECIMALS)
                heapq.heappush(heap, (estimate, next(ticket), so_far, end, (edge, trail)))


def _log(weight: float) -> float:
    """The logarithm; an overflow counts as the largest number, so that no difference is NaN."""
    return math.log(min(weight, sys.float_info.max)) if weight > 0 else -math.inf


def _unrolled(trail: object) -> tuple[E, ...]:
    edges: list[E] = []
    while isinstance(trail, tuple):
        edge, trail = trail
        edges.append(edge)
    return tuple(reversed(edges))
