"""A formula as a row of parts that are set once each, and what ziamath makes of one part.

Setting costs milliseconds, and the formulas of a picture share their letters, scripts and brackets.
ziamath places the parts of a row beside each other, so a row can be put together of kept parts
wherever none of them depends on the others, as stretched brackets do.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from symgraph.draw.typesetting.ink import Ink, Piece, Rule, TextRun

__all__ = ["Bounds", "Part", "Rows", "moved"]

# From the left end of the baseline, y upwards: left, right, bottom, top.
Bounds = tuple[float, float, float, float]
Key = tuple[Any, ...]

_PARTS = frozenset((
    "mi", "mn", "mo", "mtext", "mspace", "msub", "msup", "msubsup",
    "mrow", "mfrac", "mover", "munder", "munderover", "msqrt", "mroot",
))  # fmt: skip
_CACHE_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of a row draws, its bounds, and how far the next part stands off its origin."""

    pieces: tuple[Piece, ...]
    bounds: Bounds
    advance: float


class Rows:
    """Sets rows with `setter`, which sets a row of one part, and keeps the parts."""

    def __init__(self, setter: Callable[[ET.Element, float], Part]) -> None:
        self._setter = setter
        self._parts: OrderedDict[Key, Part | None] = OrderedDict()

    def set(self, math: ET.Element, size: float) -> tuple[list[Piece], Bounds] | None:
        """The pieces of a formula and its bounds; None where its parts depend on each other."""
        row = math
        while len(row) == 1 and row[0].tag == "mrow" and not row[0].attrib:
            row = row[0]
        if not len(row) or math.find(".//mstyle") is not None:
            return None
        style = tuple(sorted(math.items()))
        parts: list[Part] = []
        for child, key in _children(row):
            after = child is not None and child.tag == "mfrac" and bool(parts)
            whole = (size, style, key, after)
            part = None if child is None else self._part(child, whole, math, size)
            if part is None:
                return None
            parts.append(part)
        return _beside(parts)

    def _part(self, child: ET.Element, key: Key, math: ET.Element, size: float) -> Part | None:
        if key not in self._parts:
            part = None
            if not _stretches(child):
                alone = ET.Element("math", math.attrib)
                if key[-1]:
                    ET.SubElement(alone, "mspace")  # parts the fraction, and takes no room
                alone.append(child)
                part = self._setter(alone, size)
            self._parts[key] = part
            if len(self._parts) > _CACHE_SIZE:
                self._parts.popitem(last=False)
        return self._parts[key]


def _children(row: ET.Element) -> Iterator[tuple[ET.Element | None, Key]]:
    """The parts of a row with what tells them apart; None for one that sees its neighbours."""
    last = len(row) - 1
    for index, child in enumerate(row):
        if _is_operator(child):
            if not (child.text or "").strip():
                continue
            if "form" not in child.attrib:
                form = "prefix" if index == 0 else "postfix" if index == last else "infix"
                child.set("form", form if last else "none")
        # ziamath parts a fraction from what is before it, and less from another fraction.
        beside = child.tag == "mfrac" and index > 0 and row[index - 1].tag == "mfrac"
        apart = child.tag in _PARTS and not beside
        yield (child if apart else None), _key(child)


def _key(element: ET.Element) -> Key:
    return (
        element.tag,
        element.text,
        tuple(sorted(element.items())),
        *(_key(child) for child in element),
    )


def _is_operator(element: ET.Element) -> bool:
    from ziamath import operators

    # Some operators come as identifiers.
    text = (element.text or "").strip()
    return element.tag == "mo" or (element.tag == "mi" and text in operators.names)


def _stretches(element: ET.Element) -> bool:
    """Whether the size of the row says how tall a part is, or the part breaks the row."""
    from ziamath import operators

    if element.get("linebreak") is not None:
        return True
    if _is_operator(element):
        text = (element.text or "").strip()
        found = operators.get_params(text, element.get("form", "infix"))
        found.update(element.attrib)
        return found.get("stretchy", "false") != "false"
    # What is in a row of its own is as tall as that row.
    return any(one.tag != "mrow" and _stretches(one) for one in element)


def _beside(parts: Sequence[Part]) -> tuple[list[Piece], Bounds]:
    """Parts beside each other on one baseline."""
    x = right = 0.0
    starts = []
    for part in parts:
        starts.append(x)
        right = max(right, x + part.bounds[1])
        x += part.advance
    left = min((at + part.bounds[0] for at, part in zip(starts, parts, strict=True)), default=0.0)
    pieces = [
        moved(piece, at, 0.0)
        for at, part in zip(starts, parts, strict=True)
        for piece in part.pieces
    ]
    bottom = min((part.bounds[2] for part in parts), default=0.0)
    top = max((part.bounds[3] for part in parts), default=0.0)
    return pieces, (left, right, bottom, top)


def moved(piece: Piece, dx: float, dy: float) -> Piece:
    """The same piece somewhere else."""
    if isinstance(piece, Ink):
        return Ink(piece.outline, piece.x + dx, piece.y + dy, piece.size)
    if isinstance(piece, Rule):
        return Rule(piece.x + dx, piece.y + dy, piece.width, piece.height)
    return TextRun(piece.text, piece.x + dx, piece.y + dy, piece.size, piece.width)
