"""Lines below a picture: where a long one is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from symgraph.draw.typesetting.typeset import Typesetter

__all__ = ["broken"]

_TOKEN = re.compile(r"\\(?:left|right|begin|end)\b|\\.|[{}=]", re.DOTALL)
_OPENING = frozenset(["{", r"\left", r"\begin"])
_CLOSING = frozenset(["}", r"\right", r"\end"])

#: However narrow the picture, a line may be so wide.
LEAST_WIDTH = 560.0


def broken(note: str, typesetter: Typesetter, size: float, width: float) -> list[str]:
    """A line of LaTeX as one or more that fit into the width, new ones before an equals sign.

    A part without an equals sign stays whole, however long.
    """
    room = max(width, LEAST_WIDTH)
    if typesetter.measure(note, size).width <= room:
        return [note]
    lines: list[str] = []
    for piece in _pieces(note):
        longer = lines[-1] + piece if lines else piece
        if lines and typesetter.measure(longer, size).width > room:
            lines.append(piece)
        elif lines:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines


def _pieces(note: str) -> Iterator[str]:
    """The parts between equals signs that stand in no brackets; each begins with its sign."""
    depth, start = 0, 0
    for match in _TOKEN.finditer(note):
        token = match[0]
        if token in _OPENING:
            depth += 1
        elif token in _CLOSING:
            depth -= 1
        elif token == "=" and depth == 0 and match.start() > start:
            yield note[start : match.start()]
            start = match.start()
    yield note[start:]
