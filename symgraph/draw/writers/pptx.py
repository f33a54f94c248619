"""PowerPoint: native shapes that can be edited, a slide a step, formulas as vector shapes.

Every formula is one freeform whose alternative text is its LaTeX. Edges are curves, or straight
connectors that are glued to their nodes. Written by ECMA-376 (DrawingML); read by python-pptx.
"""

from __future__ import annotations

import datetime
import io
import math
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from symgraph.draw.geometry import Disc, Point, Rect, bounds_of
from symgraph.draw.scene import Glyphs, Item, Path, Polygon, Scene
from symgraph.draw.theme import Paint
from symgraph.draw.typesetting.ink import Ink, Piece, Rule, TextRun
from symgraph.draw.typesetting.typeset import clean
from symgraph.errors import UnsupportedError

__all__ = ["pptx"]

#: A slide of 13.33 x 7.5 inches in EMU, of which a point has 12 700.
WIDTH, HEIGHT = 12_192_000, 6_858_000
POINT = 12_700
_FINE = 127

# Files made from the same picture are the same, whenever they are made.
_DATE = datetime.datetime(2000, 1, 1)
_ZIP_DATE = (2000, 1, 1, 0, 0, 0)
_SPACES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
#: The first number of a shape; the title and what belongs to the slide have lower ones.
_FIRST = 10
#: Pixels that an edge may end beside its node, rims included.
_NEAR = 4.0
# The format allows no longer one.
_LONGEST_TITLE = 255
# Where connectors are glued: the sites of an oval and of a rectangle, counted as the format does.
_OVAL = ((0, -1), (-0.7071, -0.7071), (-1, 0), (-0.7071, 0.7071), (0, 1), (0.7071, 0.7071),
         (1, 0), (0.7071, -0.7071))  # fmt: skip
_BOX = ((0, -1), (-1, 0), (0, 1), (1, 0))


def pptx(scene: Scene, connectors: bool = False) -> bytes:
    """The scene as a presentation, a slide for every step.

    `connectors`: edges as straight lines that follow the nodes when these are moved.
    Raises UnsupportedError without python-pptx (the extra "pptx").
    """
    try:
        import pptx as library
    except ImportError as error:
        raise UnsupportedError(
            "slides: PowerPoint needs the package python-pptx, which is not installed. "
            "Write: pip install 'symgraph[pptx]', or save as .html, .tex or .pdf."
        ) from error
    made: Any = library.Presentation()
    made.slide_width, made.slide_height = WIDTH, HEIGHT
    frame = _Frame(scene)
    written: dict[str, list[str]] = {}
    for step in range(scene.steps):
        _fill(made, scene, step, frame, written, connectors)
    about = made.core_properties
    title = clean(scene.title or scene.description)
    about.title, about.author = title[:_LONGEST_TITLE], "symgraph"
    about.comments = f"symgraph layout: {scene.engine} {scene.engine_version}"
    about.created = about.modified = _DATE
    about.last_modified_by, about.revision = "symgraph", 1
    data = io.BytesIO()
    made.save(data)
    return _undated(data.getvalue())


def _undated(data: bytes) -> bytes:
    """The same archive with one date for all files."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            fresh = zipfile.ZipInfo(info.filename, _ZIP_DATE)
            fresh.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(fresh, old.read(info))
    return made.getvalue()


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a point of the scene is on the slide, in EMU."""

    scene: Scene

    @property
    def unit(self) -> float:
        """EMU a pixel."""
        return min(WIDTH / self.scene.width, HEIGHT / self.scene.height)

    def at(self, point: Point) -> tuple[int, int]:
        """A point on the slide; the scene stands in its middle."""
        dx = (WIDTH - self.scene.width * self.unit) / 2
        dy = (HEIGHT - self.scene.height * self.unit) / 2
        return round(point[0] * self.unit + dx), round(point[1] * self.unit + dy)

    def length(self, pixels: float) -> int:
        """A length on the slide."""
        return round(pixels * self.unit)


def _fill(
    made: Any, scene: Scene, step: int, frame: _Frame, written: dict[str, list[str]],
    connectors: bool,
) -> None:  # fmt: skip
    """One slide with everything that is seen in a step."""
    from pptx.oxml import parse_xml

    items = [item for item in scene.items if item.seen(step)]
    title = next((item for item in items if item.layer == "title"), None)
    slide = made.slides.add_slide(made.slide_layouts[6 if title is None else 5])
    if scene.background != "none":
        slide.background.fill.solid()
        slide.background.fill.fore_color.rgb = _colour(scene.background)
    if title is not None:
        _set_title(slide.shapes.title, title, frame)
    shown = [item for item in items if item is not title]
    for item in shown:
        if item.id not in written:
            written[item.id] = list(_shapes(item, frame))
    # Edges come first and nodes later, but an edge must know the numbers of its nodes.
    nodes: dict[int, Disc | Rect] = {}
    number = _FIRST
    for item in shown:
        if item.layer == "node" and isinstance(item.drawn, Disc | Rect) and written[item.id]:
            nodes[number] = item.drawn
        number += len(written[item.id])
    number = _FIRST
    for item in shown:
        shapes = written[item.id]
        if connectors and item.layer == "edge" and isinstance(item.drawn, Path):
            shapes = [_connector(item, item.drawn, nodes, frame)]
        for shape in shapes:
            slide.shapes._spTree.append(parse_xml(shape.replace("NUMBER", str(number), 1)))
            number += 1
    if step < len(scene.notes):
        slide.notes_slide.notes_text_frame.text = scene.notes[step]


def _set_title(placeholder: Any, title: Item, frame: _Frame) -> None:
    """The title as text in the place of the typeset one."""
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Pt

    assert isinstance(title.drawn, Glyphs)
    bounds = title.bounds
    middle = frame.at((0.0, bounds.centre[1]))[1]
    size = _size(title.drawn) * frame.unit / POINT
    height = round(size * POINT * 1.6)
    placeholder.left, placeholder.width = 0, WIDTH
    placeholder.top, placeholder.height = max(0, middle - height // 2), height
    text = placeholder.text_frame
    text.text = title.source
    text.vertical_anchor = MSO_ANCHOR.MIDDLE
    text.margin_top = text.margin_bottom = 0
    for paragraph in text.paragraphs:
        paragraph.alignment = PP_ALIGN.CENTER
        paragraph.font.size = Pt(round(size))
        paragraph.font.color.rgb = _colour(title.paint.fill)


def _colour(colour: str) -> Any:
    from pptx.dml.color import RGBColor

    found: Any = RGBColor
    return found(*bytes.fromhex(colour[1:]))


def _size(glyphs: Glyphs) -> float:
    """Pixels to the em of the largest letters."""
    sizes = [piece.size for piece in glyphs.box.pieces if not isinstance(piece, Rule)]
    return max(sizes, default=glyphs.box.tall)


# --- shapes ---------------------------------------------------------------------------------------


def _shapes(item: Item, frame: _Frame) -> Iterator[str]:
    drawn, paint = item.drawn, item.paint
    if isinstance(drawn, Glyphs):
        yield from _formula(item, drawn, frame)
    elif isinstance(drawn, Path):
        yield _curve(item, drawn, frame)
    elif isinstance(drawn, Polygon):
        corners = [frame.at(point) for point in drawn.points]
        room = _room(corners)
        yield _freeform(item, room, [_outline([_lines(corners, room)], room)], paint, frame)
    elif paint != Paint():
        yield _simple(item, drawn, frame)


def _simple(item: Item, drawn: Disc | Rect, frame: _Frame) -> str:
    bounds = drawn.bounds
    left, top = frame.at((bounds.left, bounds.top))
    right, bottom = frame.at((bounds.right, bounds.bottom))
    if isinstance(drawn, Disc):
        geometry = '<a:prstGeom prst="ellipse"><a:avLst/></a:prstGeom>'
    elif drawn.radius <= 0:
        geometry = '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    else:
        part = round(100_000 * min(0.5, drawn.radius / min(bounds.width, bounds.height)))
        geometry = (
            '<a:prstGeom prst="roundRect"><a:avLst>'
            f'<a:gd name="adj" fmla="val {part}"/></a:avLst></a:prstGeom>'
        )
    room = (left, top, right - left, bottom - top)
    return _shape(item, room, geometry, _fill_of(item.paint.fill), _line_of(item.paint, frame))


def _curve(item: Item, path: Path, frame: _Frame) -> str:
    """A curve and its arrowhead as one shape."""
    points = [frame.at(point) for point in path.curve]
    arrow = [frame.at(point) for point in path.arrow or ()]
    room = _room([*points, *arrow])
    parts = [_point("moveTo", [points[0]], room)]
    parts += [_point("cubicBezTo", points[k : k + 3], room) for k in range(1, len(points), 3)]
    outlines = [_outline(["".join(parts)], room, 'fill="none"')]
    if arrow:
        outlines.append(_outline([_lines(arrow, room)], room, 'stroke="0"'))
    fill = item.paint.stroke if arrow else "none"
    paint = Paint(fill, item.paint.stroke, item.paint.width, item.paint.dash)
    return _freeform(item, room, outlines, paint, frame)


def _formula(item: Item, glyphs: Glyphs, frame: _Frame) -> Iterator[str]:
    """A formula as one shape; letters without an outline as text of their own."""
    drawn = [
        _glyph(piece, glyphs, frame)
        for piece in glyphs.box.pieces
        if not isinstance(piece, TextRun)
    ]
    points = [point for commands in drawn for _, given in commands for point in given]
    if points:
        room = _room(points)
        # A path for each glyph: overlapping ones would cut holes into each other.
        outlines = [
            _outline(["".join(_point(name, given, room) for name, given in commands)], room)
            for commands in drawn
        ]
        yield _freeform(item, room, outlines, Paint(item.paint.fill), frame)
    for piece in glyphs.box.pieces:
        if isinstance(piece, TextRun):
            yield _text(item, piece, glyphs, frame)


_Command = tuple[str, list[tuple[int, int]]]


def _glyph(piece: Piece, glyphs: Glyphs, frame: _Frame) -> list[_Command]:
    """The path of one glyph or rule on the slide."""
    x, y = glyphs.x + piece.x, glyphs.y + piece.y
    if isinstance(piece, Rule):
        corners = bounds_of(((x, y), (x + piece.width, y + piece.height)))
        low, high = (corners.left, corners.top), (corners.right, corners.bottom)
        around = [low, (high[0], low[1]), high, (low[0], high[1])]
        first, *others = map(frame.at, around)
        return [("moveTo", [first]), *(("lnTo", [other]) for other in others), ("close", [])]
    assert isinstance(piece, Ink)
    scale = piece.size / piece.outline.units
    names = {"M": "moveTo", "L": "lnTo", "Q": "quadBezTo", "C": "cubicBezTo", "Z": "close"}
    made: list[_Command] = []
    for command in piece.outline.commands:
        numbers = [float(value) * scale for value in command[1:]]
        given = zip(numbers[::2], numbers[1::2], strict=True)
        made.append((names[str(command[0])], [frame.at((x + dx, y + dy)) for dx, dy in given]))
    return made


def _text(item: Item, run: TextRun, glyphs: Glyphs, frame: _Frame) -> str:
    x, y = frame.at((glyphs.x + run.x, glyphs.y + run.y - 0.88 * run.size))
    room = (x, y, frame.length(run.width), frame.length(run.size))
    size = max(100, round(100 * run.size * frame.unit / POINT))
    body = (
        '<p:txBody><a:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0"/><a:p><a:r>'
        f'<a:rPr sz="{size}">{_fill_of(item.paint.fill)}</a:rPr>'
        f"<a:t>{escape(clean(run.text))}</a:t></a:r></a:p></p:txBody>"
    )
    geometry = '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    return _shape(item, room, geometry, "<a:noFill/>", "<a:ln><a:noFill/></a:ln>", body)


def _connector(
    item: Item, path: Path, nodes: dict[int, Disc | Rect], frame: _Frame
) -> str:  # fmt: skip
    """A straight line between the sites of two shapes that lie nearest to where an edge ends."""
    start, glued = _glued(path.curve[0], nodes)
    end, glued_end = _glued(path.arrow[0] if path.arrow else path.curve[-1], nodes)
    (x0, y0), (x1, y1) = frame.at(start), frame.at(end)
    flips = ' flipH="1"' * (x1 < x0) + ' flipV="1"' * (y1 < y0)
    glue = "".join(
        f'<a:{name} id="{found[0]}" idx="{found[1]}"/>'
        for name, found in (("stCxn", glued), ("endCxn", glued_end))
        if found is not None
    )
    arrow = '<a:tailEnd type="triangle"/>' if path.arrow else ""
    line = _line_of(item.paint, frame).replace("</a:ln>", f"{arrow}</a:ln>")
    return (
        f"<p:cxnSp {_SPACES}><p:nvCxnSpPr>{_named(item)}"
        f"<p:cNvCxnSpPr>{glue}</p:cNvCxnSpPr><p:nvPr/></p:nvCxnSpPr>"
        f'<p:spPr><a:xfrm{flips}><a:off x="{min(x0, x1)}" y="{min(y0, y1)}"/>'
        f'<a:ext cx="{abs(x1 - x0)}" cy="{abs(y1 - y0)}"/></a:xfrm>'
        '<a:prstGeom prst="straightConnector1"><a:avLst/></a:prstGeom>'
        f"{line}</p:spPr></p:cxnSp>"
    )


def _glued(point: Point, nodes: dict[int, Disc | Rect]) -> tuple[Point, tuple[int, int] | None]:
    """The nearest site of the node that an edge ends at, its shape and its number there.

    A number without a shape has no sites; the edge then ends where it was drawn.
    """
    number = min(nodes, key=lambda one: nodes[one].outside(point), default=None)
    if number is None or nodes[number].outside(point) > _NEAR:
        return point, None
    shape = nodes[number]
    (x, y), bounds = shape.centre, shape.bounds
    sites = [
        (x + dx * bounds.width / 2, y + dy * bounds.height / 2)
        for dx, dy in (_OVAL if isinstance(shape, Disc) else _BOX)
    ]
    site = min(range(len(sites)), key=lambda k: math.dist(sites[k], point))
    return sites[site], (number, site)


# --- DrawingML ------------------------------------------------------------------------------------

_Room = tuple[int, int, int, int]


def _room(points: Iterable[tuple[int, int]]) -> _Room:
    """Left, top, width and height; a line has some width."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(_FINE, max(xs) - min(xs)), max(_FINE, max(ys) - min(ys))


def _point(name: str, points: Iterable[tuple[int, int]], room: _Room) -> str:
    """One command of a path, in the coordinates of its shape."""
    places = ((_inner(x - room[0]), _inner(y - room[1])) for x, y in points)
    inside = "".join(f'<a:pt x="{x}" y="{y}"/>' for x, y in places)
    return f"<a:{name}>{inside}</a:{name}>"


def _lines(points: list[tuple[int, int]], room: _Room) -> str:
    first, *others = points
    parts = [_point("moveTo", [first], room), *(_point("lnTo", [one], room) for one in others)]
    return "".join((*parts, "<a:close/>"))


def _outline(parts: Iterable[str], room: _Room, options: str = "") -> str:
    size = f'w="{_inner(room[2])}" h="{_inner(room[3])}"'
    return f"<a:path {size} {options}>{''.join(parts)}</a:path>"


def _inner(length: int) -> int:
    """Within a shape hundredths of a point are fine enough, and make short files."""
    return round(length / _FINE)


def _freeform(item: Item, room: _Room, outlines: list[str], paint: Paint, frame: _Frame) -> str:
    geometry = (
        "<a:custGeom><a:avLst/><a:gdLst/><a:ahLst/><a:cxnLst/>"
        '<a:rect l="0" t="0" r="r" b="b"/>'
        f"<a:pathLst>{''.join(outlines)}</a:pathLst></a:custGeom>"
    )
    return _shape(item, room, geometry, _fill_of(paint.fill), _line_of(paint, frame))


def _shape(item: Item, room: _Room, geometry: str, fill: str, line: str, body: str = "") -> str:
    left, top, width, height = room
    return (
        f"<p:sp {_SPACES}><p:nvSpPr>{_named(item)}<p:cNvSpPr/><p:nvPr/></p:nvSpPr>"
        f'<p:spPr><a:xfrm><a:off x="{left}" y="{top}"/><a:ext cx="{width}" cy="{height}"/>'
        f"</a:xfrm>{geometry}{fill}{line}</p:spPr>{body}</p:sp>"
    )


def _named(item: Item) -> str:
    """Number, name and alternative text; a formula says its LaTeX."""
    said = item.source if isinstance(item.drawn, Glyphs) else item.alt
    return f'<p:cNvPr id="NUMBER" name="{item.id}" descr={quoteattr(clean(said))}/>'


def _fill_of(colour: str) -> str:
    if colour == "none":
        return "<a:noFill/>"
    return f'<a:solidFill><a:srgbClr val="{colour[1:].upper()}"/></a:solidFill>'


def _line_of(paint: Paint, frame: _Frame) -> str:
    if paint.stroke == "none" or paint.width <= 0:
        return "<a:ln><a:noFill/></a:ln>"
    dash = '<a:prstDash val="dash"/>' if paint.dash else ""
    width = frame.length(paint.width)
    return f'<a:ln w="{width}">{_fill_of(paint.stroke)}{dash}</a:ln>'
