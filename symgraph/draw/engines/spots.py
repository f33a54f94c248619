"""Where the values of a node may stand, the best place first: engines and annotations agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from symgraph.draw.geometry import Rect
from symgraph.draw.view import Direction

__all__ = ["Align", "Size", "far_spots", "near_spots"]

Align = Literal["left", "right", "middle"]
Size = tuple[float, float]

# How far above or below the middle of its node a block stands, as a share of its height.
_BESIDE = (0.0, -0.35, -0.6, 0.35, 0.6)
_AWAY = (12.0, 24.0, 40.0, 60.0, 90.0)
_AWAY_ALONG = (0.0, 0.3, -0.3, 0.5, -0.5, 0.8, -0.8, 1.1, -1.1)
_AWAY_BESIDE = (0.0, -0.6, 0.6, -1.2, 1.2, -2.0, 2.0)


def near_spots(
    size: Size, bounds: Rect, direction: Direction, gap: float
) -> Iterator[tuple[Rect, Align]]:
    """Places for a block `gap` off a node, where nobody doubts whose values they are."""
    width, height = size
    x, y = bounds.centre
    right, left = bounds.right + gap, bounds.left - gap - width
    if direction == "LR":
        for top in (bounds.bottom + gap, bounds.top - gap - height):
            yield _block(x - width / 2, top, width, height), "middle"
        for top in (bounds.bottom + gap, bounds.top - gap - height):
            yield _block(bounds.left, top, width, height), "left"
            yield _block(bounds.right - width, top, width, height), "right"
    for share in _BESIDE:
        yield _block(right, y - height / 2 + share * height, width, height), "left"
    for share in _BESIDE:
        yield _block(left, y - height / 2 + share * height, width, height), "right"
    # Off the corners, where a circle leaves room.
    top, bottom = bounds.top + 2.0 - height, bounds.bottom - 2.0
    inset = 0.25 * bounds.width
    for edge in (top, bottom):
        yield _block(right - inset, edge, width, height), "left"
        yield _block(left + inset, edge, width, height), "right"
    yield _block(x - width / 2, bounds.top - gap - height, width, height), "middle"
    yield _block(x - width / 2, bounds.bottom + gap, width, height), "middle"


def far_spots(
    size: Size, bounds: Rect, direction: Direction, gap: float
) -> Iterator[tuple[Rect, Align]]:
    """Places farther and farther away, for where all near ones are taken."""
    width, height = size
    x, y = bounds.centre
    right, left = bounds.right + gap, bounds.left - gap - width
    for away in _AWAY:
        if direction == "LR":
            # Wide values pass between edges that run sideways sooner above or below their node.
            for top in (bounds.bottom + gap + away, bounds.top - gap - height - away):
                for share in _AWAY_ALONG:
                    start = x - width / 2 + share * width
                    yield _block(start, top, width, height), "middle"
        for share in _AWAY_BESIDE:
            top = y - height / 2 + share * (height + 10.0)
            yield _block(right + away, top, width, height), "left"
            yield _block(left - away, top, width, height), "right"


def _block(left: float, top: float, width: float, height: float) -> Rect:
    return Rect(left, top, left + width, top + height)
