"""SVG: glyphs as paths, so that no font is needed; the same scene gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from symgraph.draw.geometry import Curve, Disc, Point, Rect
from symgraph.draw.scene import Drawn, Glyphs, Item, Path, Polygon, Scene
from symgraph.draw.theme import Paint
from symgraph.draw.typesetting.ink import Box, Ink, Outline, Rule, TextRun
from symgraph.draw.typesetting.typeset import clean

__all__ = ["Around", "svg"]

# What a viewer may take for characters that have no outline.
_FAMILY = "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"


#: Puts something around the lines of an item.
Around = Callable[[Item, list[str]], Iterable[str]]


def svg(scene: Scene, prefix: str = "", around: Around | None = None) -> str:
    """The scene as an SVG document; `around` may wrap the elements of each item.

    Every node and edge is a <g> with an id, a class and a <title>. Ids begin with `prefix` (only
    its letters, digits, - and _ count), which keeps several pictures in one page apart.
    """
    prefix = re.sub(r"[^A-Za-z0-9_-]", "", prefix)
    width, height = _number(scene.width), _number(scene.height)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img">'
        ),
        f"<title>{_text(scene.title or 'symgraph')}</title>",
        f"<desc>{_text(scene.description)}</desc>",
        (
            "<metadata>"
            f"symgraph layout: {_text(scene.engine)} {_text(scene.engine_version)}"
            "</metadata>"
        ),
        *_definitions(scene, prefix),
    ]
    if scene.background != "none":
        lines.append(f'<rect width="{width}" height="{height}" fill="{scene.background}"/>')
    for owner, items in groupby(_by_owner(scene), key=lambda item: item.owner):
        lines += _group(owner, list(items), scene, prefix, around)
    lines.append("</svg>\n")
    return "\n".join(lines)


def _by_owner(scene: Scene) -> list[Item]:
    """Edges first, then nodes with all that is theirs; an edge's label goes with the edge."""
    first: dict[str, int] = {}
    for index, item in enumerate(scene.items):
        first.setdefault(item.owner, index)
    return sorted(scene.items, key=lambda item: first[item.owner])


def _group(
    owner: str, items: list[Item], scene: Scene, prefix: str, around: Around | None
) -> Iterator[str]:
    head = items[0]
    name = f" data-name={_attribute(scene.names[owner])}" if owner in scene.names else ""
    yield f'<g id="{prefix}{owner}" class="{head.layer} {head.role}"{name}>'
    if head.alt:
        yield f"<title>{_text(head.alt)}</title>"
    for item in items:
        lines = list(_draw(item, prefix))
        yield from lines if around is None or not lines else around(item, lines)
    yield "</g>"


def _draw(item: Item, prefix: str) -> Iterator[str]:
    drawn: Drawn = item.drawn
    paint = item.paint
    if isinstance(drawn, Disc):
        where = f'cx="{_number(drawn.x)}" cy="{_number(drawn.y)}" r="{_number(drawn.radius)}"'
        yield f"<circle {where}{_painted(paint)}/>"
    elif isinstance(drawn, Rect):
        if paint != Paint():
            yield f"<rect {_rectangle(drawn)}{_painted(paint)}/>"
    elif isinstance(drawn, Path):
        yield f'<path d="{_curve(drawn.curve)}"{_painted(paint)}/>'
        if drawn.arrow is not None:
            yield f'<path d="{_polygon(drawn.arrow)}" fill="{paint.stroke}"/>'
    elif isinstance(drawn, Polygon):
        yield f'<path d="{_polygon(drawn.points)}"{_painted(paint)}/>'
    else:
        yield from _glyphs(item, drawn, prefix)


def _rectangle(rect: Rect) -> str:
    where = (
        f'x="{_number(rect.left)}" y="{_number(rect.top)}" '
        f'width="{_number(rect.width)}" height="{_number(rect.height)}"'
    )
    return f'{where} rx="{_number(rect.radius)}"' if rect.radius else where


def _painted(paint: Paint) -> str:
    text = f' fill="{paint.fill}"'
    if paint.stroke != "none":
        text += f' stroke="{paint.stroke}" stroke-width="{_number(paint.width)}"'
    if paint.dash:
        text += f' stroke-dasharray="{" ".join(map(_number, paint.dash))}"'
    return text


def _curve(curve: Curve) -> str:
    numbers = [f"{_number(x)} {_number(y)}" for x, y in curve]
    pieces = [" ".join(numbers[k : k + 3]) for k in range(1, len(numbers), 3)]
    return f"M{numbers[0]}" + "".join(f"C{piece}" for piece in pieces)


def _polygon(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points) + "Z"


def _glyphs(item: Item, glyphs: Glyphs, prefix: str) -> Iterator[str]:
    if not glyphs.box.pieces:
        return
    where = f"translate({_number(glyphs.x)} {_number(glyphs.y)})"
    source = f" data-latex={_attribute(item.source)}" if item.source else ""
    yield (
        f'<g id="{prefix}{item.id}" class="{item.layer}" transform="{where}" '
        f'fill="{item.paint.fill}"{source}>'
    )
    yield from _pieces(glyphs.box, prefix)
    yield "</g>"


def _pieces(box: Box, prefix: str) -> Iterator[str]:
    for piece in box.pieces:
        if isinstance(piece, Ink):
            scale = f"{piece.size / piece.outline.units:.5g}"
            where = f"translate({_number(piece.x)} {_number(piece.y)}) scale({scale})"
            yield f'<use href="#{prefix}{piece.outline.id}" transform="{where}"/>'
        elif isinstance(piece, Rule):
            yield (
                f'<rect x="{_number(piece.x)}" y="{_number(piece.y)}" '
                f'width="{_number(piece.width)}" height="{_number(piece.height)}"/>'
            )
        else:
            yield _run(piece)


def _run(run: TextRun) -> str:
    return (
        f'<text x="{_number(run.x)}" y="{_number(run.y)}" font-family="{_FAMILY}" '
        f'font-size="{_number(run.size)}" textLength="{_number(run.width)}" '
        f'lengthAdjust="spacingAndGlyphs">{_text(run.text)}</text>'
    )


def _definitions(scene: Scene, prefix: str) -> Iterator[str]:
    outlines: dict[str, Outline] = {}
    for item in scene.items:
        if isinstance(item.drawn, Glyphs):
            for piece in item.drawn.box.pieces:
                if isinstance(piece, Ink):
                    outlines[piece.outline.id] = piece.outline
    if not outlines:
        return
    yield "<defs>"
    for id in sorted(outlines):
        yield f'<path id="{prefix}{id}" d="{_outline(outlines[id])}"/>'
    yield "</defs>"


def _outline(outline: Outline) -> str:
    return "".join(
        f"{command[0]}{' '.join(map(_number, _floats(command[1:])))}"
        for command in outline.commands
    )


def _floats(values: Iterable[str | float]) -> Iterator[float]:
    return (float(value) for value in values)


def _number(value: float) -> str:
    """A coordinate: hundredths of a pixel are enough, and -0 is 0."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _text(text: str) -> str:
    return escape(clean(text))


def _attribute(text: str) -> str:
    return quoteattr(clean(text))
