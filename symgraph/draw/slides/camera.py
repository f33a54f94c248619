"""A window on a picture that is larger than a slide: what it shows, and which ones a step needs.

Nothing moves in the picture; the window does, from one part that is told to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from symgraph.draw.geometry import Rect, enclosing, part_within
from symgraph.draw.scene import Glyphs, Item, Path
from symgraph.draw.view import View

__all__ = ["Camera", "rooms_of"]

#: How far the border of a window is from what is told.
_AIR = 8.0
# A stroke may lie on the border.
_SLACK = 2.0


def rooms_of(items: Sequence[Item]) -> dict[str, Rect]:
    """The room of every node with all that ever stands in it or beside it, and of every label."""
    found: dict[str, list[Rect]] = {}
    for item in items:
        if item.layer not in ("marker", "edge", "group", "legend", "title"):
            found.setdefault(item.owner, []).append(item.bounds)
    return {owner: enclosing(rects) for owner, rects in found.items()}


class Camera:
    """Windows of one size on a picture; those used before are used again."""

    def __init__(self, rooms: Mapping[str, Rect], bounds: Rect, size: tuple[float, float]) -> None:
        self.size = size
        self._rooms = rooms
        self._bounds = bounds
        self._known: list[Rect] = []

    def _around(self, what: Rect) -> Rect:
        """The window with something in its middle that shows as much of the picture as it can."""
        x, y = what.centre
        bounds, (width, height) = self._bounds, self.size
        left = _between(x - width / 2, bounds.left, bounds.right - width)
        top = _between(y - height / 2, bounds.top, bounds.bottom - height)
        return Rect(left, top, left + width, top + height)

    def windows(self, owners: Sequence[str], before: Rect | None) -> list[Rect]:
        """The windows, one after the other, in which all of these are seen; `before` is kept."""
        left = [rect.grown(_AIR) for owner in owners if (rect := self._rooms.get(owner))]
        found: list[Rect] = []
        if before is not None and holds(before, left[0]):
            found.append(before)
            left = [one for one in left if not holds(before, one)]
        while left:
            window = self._best(left)
            found.append(window)
            # What is larger than a window has the middle of one.
            left = [one for one in left[1:] if not holds(window, one)]
        return found

    def window(self, owners: Sequence[str], before: Rect | None) -> Rect:
        """The one window in which most of these are seen."""
        left = [rect.grown(_AIR) for owner in owners if (rect := self._rooms.get(owner))]
        if not left:
            return before or self._around(self._bounds)
        several = self.windows(owners, before)
        return max(several, key=lambda one: sum(holds(one, rect) for rect in left))

    def _best(self, left: Sequence[Rect]) -> Rect:
        """The window with the first of these that holds most of the others."""
        room = left[0]
        for one in left[1:]:
            wider = enclosing([room, one])
            if wider.width <= self.size[0] and wider.height <= self.size[1]:
                room = wider
        own = self._around(room)
        known = [window for window in self._known if holds(window, left[0])]
        window = max([*known, own], key=lambda one: sum(holds(one, rect) for rect in left))
        if window is own:
            self._known.append(own)
        return window


def holds(window: Rect, what: Rect) -> bool:
    """Whether a window shows all of something."""
    return (
        window.left - _SLACK <= what.left
        and what.right <= window.right + _SLACK
        and window.top - _SLACK <= what.top
        and what.bottom <= window.bottom + _SLACK
    )


def _between(value: float, low: float, high: float) -> float:
    """A value within its limits; the middle of these where there is more room than needed."""
    return (low + high) / 2 if high < low else min(max(value, low), high)


class Shot:
    """What one window shows of the items of a picture."""

    def __init__(self, window: Rect, view: View, rooms: Mapping[str, Rect]) -> None:
        self.window = window
        self._ends = {f"e{k}": (edge.tail, edge.head) for k, edge in enumerate(view.edges)}
        self._owners = {node.id: f"n{k}" for k, node in enumerate(view.nodes)}
        self._rooms = rooms
        self._seen = {owner for owner, room in rooms.items() if holds(window, room)}

    def of(self, item: Item) -> Iterator[Item]:
        """An item as far as it is seen: whole nodes, and edges up to the border of the window."""
        if item.owner in self._ends:
            tail, head = (self._owners[id] in self._seen for id in self._ends[item.owner])
            if isinstance(item.drawn, Path):
                if tail or head:
                    yield from self._edge(item, item.drawn, tail, head)
            elif (tail or head) and self._shows(item):
                yield item
        elif item.layer == "group" and not isinstance(item.drawn, Glyphs):
            yield from self._frame(item)
        elif item.owner in self._seen if item.owner in self._rooms else self._shows(item):
            yield item

    def _shows(self, item: Item) -> bool:
        return holds(self.window, item.bounds)

    def _edge(self, item: Item, path: Path, tail: bool, head: bool) -> Iterator[Item]:
        if tail and head and self._shows(item):
            yield item
            return
        curve = path.curve
        if tail:
            part = part_within(curve, self.window, from_end=False)
            whole = part == curve and head
            yield replace(item, drawn=Path(part, path.arrow if whole else None))
            if whole:
                return
        if head:
            drawn = Path(part_within(curve, self.window, from_end=True), path.arrow)
            yield replace(item, id=f"{item.id}-end" if tail else item.id, drawn=drawn)

    def _frame(self, item: Item) -> Iterator[Item]:
        """A box behind nodes, cut off where the window ends."""
        window, room = self.window, item.bounds
        if isinstance(item.drawn, Rect) and window.meets(room):
            cut = Rect(
                max(room.left, window.left), max(room.top, window.top),
                min(room.right, window.right), min(room.bottom, window.bottom), item.drawn.radius,
            )  # fmt: skip
            yield replace(item, drawn=cut)
