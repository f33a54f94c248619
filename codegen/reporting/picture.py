"""A picture of a schedule: which buffer lies where in the arena, and from when to when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from symgraph.codegen.reporting.emitted import Unit
from symgraph.codegen.reporting.memory import Placed
from symgraph.draw.geometry import Rect, straight
from symgraph.draw.picture import WRITERS, Picture
from symgraph.draw.saving import format_of, write
from symgraph.draw.scene import Glyphs, Item, Path as Line, Scene
from symgraph.draw.theme import LIGHT, Paint
from symgraph.draw.typesetting.typeset import Typesetter, default_typesetter
from symgraph.draw.view import View
from symgraph.errors import DrawError

__all__ = ["save_schedule"]

_WIDTH, _HEIGHT = 900.0, 420.0
_LEFT, _TOP, _MARGIN = 20.0, 64.0, 20.0
_SMALLEST = 11.0  # boxes of this height have their name inside
_LETTERS = 13.0
_COLOURS = {"forward": LIGHT.forward, "backward": LIGHT.backward, "update": LIGHT.label}
_ESCAPED = str.maketrans({char: f"\\{char}" for char in "_{}%#&$"} | {"\\": "∖", "-": "\u2010"})
_PARTS = {"h": "forward", "d": "backward", "u": "update"}


def save_schedule(
    name: str, units: Sequence[Unit], buffers: Sequence[Placed], path: str | Path
) -> Path:
    """Write the picture; see `Report.draw`."""
    writer = format_of(path, WRITERS, "draw")
    if not buffers:
        raise DrawError(
            f"report: {name} has no buffers to draw: it runs on NumPy, or its values fit into "
            "variables. Compile a program of larger arrays for target='cython'."
        )
    scene = _Picture(name, units, buffers, default_typesetter()).scene()
    return write(path, writer(Picture(View((), ()), scene)), "draw")


class _Picture:
    def __init__(
        self, name: str, units: Sequence[Unit], buffers: Sequence[Placed], setter: Typesetter
    ) -> None:
        self.name, self.buffers, self.setter = name, buffers, setter
        numbers = {unit.number for unit in units}
        numbers |= {one.first for one in buffers} | {one.last for one in buffers}
        self.column = {number: k for k, number in enumerate(sorted(numbers))}
        self.sections = {unit.number: unit.section for unit in units}
        self.high = max(one.offset + one.bytes for one in buffers) or 1
        self.step = (_WIDTH - _LEFT - _MARGIN) / max(len(self.column), 1)

    def scene(self) -> Scene:
        """Units from left to right, addresses from top to bottom."""
        items = [*self._parts(), *(item for one in self.buffers for item in self._buffer(one))]
        title = f"{self.name}: {self.high} bytes of arena over {len(self.column)} units of code"
        items.append(self._words("title", title, _LEFT, 28.0, LIGHT.ink, 17.0))
        description = "; ".join(
            f"{', '.join(one.names)}: {one.bytes} bytes at {one.offset}" for one in self.buffers
        )
        return Scene(
            _WIDTH, _TOP + _HEIGHT + _MARGIN, LIGHT.background, tuple(items), {}, title,
            description, "schedule", "1", {},
        )  # fmt: skip

    def _parts(self) -> Iterator[Item]:
        """A bar over the units of each part of the program."""
        spans: list[tuple[str, int, int]] = []
        for number, column in self.column.items():
            section = self.sections.get(number)
            if section is None:
                continue
            if spans and spans[-1][0] == section:
                spans[-1] = (section, spans[-1][1], column)
            else:
                spans.append((section, column, column))
        for k, (section, first, last) in enumerate(spans):
            left, right = self._x(first), self._x(last + 1)
            curve = straight((left + 1, _TOP - 8.0), (right - 1, _TOP - 8.0))
            paint = Paint("none", _COLOURS[section], 4.0)
            yield Item(f"part{k}", f"part{k}", "edge", section, Line(curve), paint, section)
            words = self._words(f"part{k}-name", section, left, _TOP - 14.0, _COLOURS[section])
            if words.bounds.right <= right or last == max(self.column.values()):
                yield words

    def _buffer(self, one: Placed) -> Iterator[Item]:
        top = _TOP + _HEIGHT * one.offset / self.high
        bottom = top + _HEIGHT * one.bytes / self.high
        left, right = self._x(self.column[one.first]), self._x(self.column[one.last] + 1)
        ink = _COLOURS.get(_PARTS.get(one.name[0], ""), LIGHT.muted)
        title = ", ".join(one.names)
        alt = f"{title}: {one.bytes} bytes{f', {one.holds}' if one.holds else ''}"
        box = Rect(left, top, right, bottom, 2.0)
        yield Item(one.name, one.name, "node", "buffer", box, Paint("#ffffff", ink, 1.2), alt)
        if bottom - top >= _SMALLEST + 4:
            for text in dict.fromkeys((f"{title}   {one.holds}".rstrip(), title, one.name)):
                words = self._words(f"{one.name}-name", text, left + 4, (top + bottom) / 2 + 4, ink)
                if words.bounds.right < right:
                    yield words
                    break

    def _x(self, column: int) -> float:
        return _LEFT + column * self.step

    def _words(
        self, id: str, text: str, x: float, y: float, colour: str, size: float = _LETTERS
    ) -> Item:
        latex = rf"\text{{{text.translate(_ESCAPED)}}}"
        box = self.setter.measure(latex, size)
        return Item(
            id, id.split("-")[0], "text", "text", Glyphs(box, x, y), Paint(colour), "", text
        )
