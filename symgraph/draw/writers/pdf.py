"""PDF: a page of vector paths a step, a glyph once as a form that is placed where it stands.

Written by PDF 32000-1:2008 (sections 7.5 file structure, 8.5 paths, 8.10 forms, 9.7.5 CID fonts).
No font is needed but for characters without an outline, which the viewer sets with its own.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from symgraph.draw.geometry import Curve, Disc, Point, Rect
from symgraph.draw.scene import Glyphs, Item, Path, Polygon, Scene
from symgraph.draw.theme import Paint
from symgraph.draw.typesetting.ink import Ink, Outline, Rule, TextRun
from symgraph.draw.typesetting.typeset import clean

__all__ = ["pdf"]

#: A pixel is 1/96 inch, a unit of the page 1/72.
POINTS = 0.75
#: How far the control points of a quarter circle stand off, in radii: 4/3 (√2 - 1).
QUARTER = 0.5522847498


def pdf(scene: Scene) -> bytes:
    """The scene as a PDF document, a page for every step; the same scene gives the same bytes.

    A formula carries its LaTeX source as the text that searching and copying find.
    """
    return _Document(scene).written()


class _Document:
    """Numbered objects, and the pages that refer to them."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._objects: list[bytes] = [b""] * 3  # catalogue, pages, resources come first
        #: Number of the object by outline; the name on the page is G and that number.
        self._forms: dict[str, int] = {}
        self._has_text = False

    def written(self) -> bytes:
        scene = self._scene
        pages = [self._page(scene.frame(step)) for step in range(scene.steps)]
        fonts = f" /Font << /F0 {self._font()} 0 R >>" if self._has_text else ""
        forms = " ".join(f"/G{number} {number} 0 R" for number in self._forms.values())
        info = self._add(
            f"<< /Title {_text(scene.title or scene.description)} /Subject "
            f"{_text(scene.description)} /Producer "
            f"{_text(f'symgraph, layout {scene.engine} {scene.engine_version}')} >>"
        )
        kids = " ".join(f"{page} 0 R" for page in pages)
        self._objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
        self._objects[1] = f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode("ascii")
        self._objects[2] = f"<< /XObject << {forms} >>{fonts} >>".encode("ascii")
        return _file(self._objects, info)

    def _page(self, frame: Scene) -> int:
        """The number of the page of one step."""
        content = self._add(_stream("\n".join(self._content(frame)).encode("ascii"), ""))
        width, height = frame.width * POINTS, frame.height * POINTS
        return self._add(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_number(width)} {_number(height)}] "
            f"/Contents {content} 0 R /Resources 3 0 R >>"
        )

    def _add(self, body: str | bytes) -> int:
        self._objects.append(body.encode("ascii") if isinstance(body, str) else body)
        return len(self._objects)

    def _content(self, scene: Scene) -> Iterator[str]:
        """A page: y downwards in pixels, as the scene has it."""
        yield f"{POINTS} 0 0 -{POINTS} 0 {_number(scene.height * POINTS)} cm"
        if scene.background != "none":
            yield f"{_colour(scene.background)} rg"
            yield f"0 0 {_number(scene.width)} {_number(scene.height)} re f"
        for item in scene.items:
            yield from self._item(item)

    def _item(self, item: Item) -> Iterator[str]:
        drawn, paint = item.drawn, item.paint
        if isinstance(drawn, Glyphs):
            yield from self._glyphs(item, drawn)
            return
        if isinstance(drawn, Path):
            yield from _painted(paint, _curve(drawn.curve))
            if drawn.arrow is not None:
                yield from _painted(Paint(fill=paint.stroke), [_polygon(drawn.arrow)])
        elif isinstance(drawn, Polygon):
            yield from _painted(paint, [_polygon(drawn.points)])
        elif paint != Paint():
            yield from _painted(paint, _disc(drawn) if isinstance(drawn, Disc) else _rect(drawn))

    def _glyphs(self, item: Item, glyphs: Glyphs) -> Iterator[str]:
        source = item.source or item.alt
        yield f"/Span << /ActualText {_text(source)} >> BDC" if source else "/Span BMC"
        yield f"q {_colour(item.paint.fill)} rg"
        yield f"1 0 0 1 {_number(glyphs.x)} {_number(glyphs.y)} cm"
        for piece in glyphs.box.pieces:
            if isinstance(piece, Ink):
                scale = f"{piece.size / piece.outline.units:.6f}"
                where = f"{scale} 0 0 {scale} {_number(piece.x)} {_number(piece.y)}"
                yield f"q {where} cm /{self._form(piece.outline)} Do Q"
            elif isinstance(piece, Rule):
                numbers = (piece.x, piece.y, piece.width, piece.height)
                yield f"{' '.join(map(_number, numbers))} re f"
            else:
                yield self._run(piece)
        yield "Q EMC"

    def _form(self, outline: Outline) -> str:
        """The name of a glyph's form, which is written once."""
        if outline.id not in self._forms:
            path, bounds = _outlined(outline)
            box = " ".join(map(_number, bounds))
            entries = f"/Type /XObject /Subtype /Form /BBox [{box}] "
            self._forms[outline.id] = self._add(_stream(f"{path} f".encode("ascii"), entries))
        return f"G{self._forms[outline.id]}"

    def _run(self, run: TextRun) -> str:
        self._has_text = True
        codes = clean(run.text).encode("utf-16-be", "replace").hex().upper()
        natural = run.size * max(len(run.text), 1)
        stretch = _number(100 * run.width / natural)
        where = f"1 0 0 -1 {_number(run.x)} {_number(run.y)} Tm"
        return f"BT /F0 {_number(run.size)} Tf {stretch} Tz {where} <{codes}> Tj ET"

    def _font(self) -> int:
        """Adobe's Chinese font by its name: viewers put their own in its place."""
        descriptor = self._add(
            "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 4"
            " /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120"
            " /CapHeight 880 /StemV 93 >>"
        )
        below = self._add(
            "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000"
            " /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 5 >>"
            f" /FontDescriptor {descriptor} 0 R >>"
        )
        return self._add(
            "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H "
            f"/DescendantFonts [{below} 0 R] >>"
        )


def _file(objects: Sequence[bytes], info: int) -> bytes:
    """Header, objects, cross-reference table, trailer."""
    parts = [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"]
    offsets, at = [], len(parts[0])
    for number, body in enumerate(objects, 1):
        part = b"%d 0 obj\n%s\nendobj\n" % (number, body)
        offsets.append(at)
        parts.append(part)
        at += len(part)
    size = len(objects) + 1
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table))
    parts.append(
        b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, info, at)
    )
    return b"".join(parts)


def _stream(content: bytes, entries: str) -> bytes:
    packed = zlib.compress(content, 9)
    head = f"<< {entries}/Filter /FlateDecode /Length {len(packed)} >>\nstream\n"
    return head.encode("ascii") + packed + b"\nendstream"


def _painted(paint: Paint, lines: list[str]) -> Iterator[str]:
    fills, strokes = paint.fill != "none", paint.stroke != "none" and paint.width > 0
    if not fills and not strokes:
        return
    yield "q"
    if fills:
        yield f"{_colour(paint.fill)} rg"
    if strokes:
        yield f"{_colour(paint.stroke)} RG {_number(paint.width)} w"
        if paint.dash:
            yield f"[{' '.join(map(_number, paint.dash))}] 0 d"
    yield from lines
    yield {(True, True): "B", (True, False): "f", (False, True): "S"}[fills, strokes] + " Q"


def _curve(curve: Curve) -> list[str]:
    pieces = [" ".join(map(_point, curve[k : k + 3])) for k in range(1, len(curve), 3)]
    return [f"{_point(curve[0])} m", *(f"{piece} c" for piece in pieces)]


def _disc(disc: Disc) -> list[str]:
    r = disc.radius
    return _rect(Rect(disc.x - r, disc.y - r, disc.x + r, disc.y + r, r))


def _rect(rect: Rect) -> list[str]:
    """A rectangle whose corners are quarter circles."""
    left, top, right, bottom = rect.left, rect.top, rect.right, rect.bottom
    r = min(rect.radius, rect.width / 2, rect.height / 2)
    if r <= 0:
        return [f"{_point((left, top))} {_number(rect.width)} {_number(rect.height)} re"]
    near = r * (1 - QUARTER)
    corners = [
        ((right - r, top), (right - near, top), (right, top + near), (right, top + r)),
        ((right, bottom - r), (right, bottom - near), (right - near, bottom), (right - r, bottom)),
        ((left + r, bottom), (left + near, bottom), (left, bottom - near), (left, bottom - r)),
        ((left, top + r), (left, top + near), (left + near, top), (left + r, top)),
    ]
    lines = [f"{_point((left + r, top))} m"]
    for start, first, second, end in corners:
        lines.append(f"{_point(start)} l {' '.join(map(_point, (first, second, end)))} c")
    return [*lines, "h"]


def _outlined(outline: Outline) -> tuple[str, tuple[float, float, float, float]]:
    """The path of a glyph, quadratic curves raised to cubic ones, and the room it takes."""
    parts: list[str] = []
    points: list[Point] = []
    at: Point = (0.0, 0.0)
    for command in outline.commands:
        letter, numbers = command[0], [float(value) for value in command[1:]]
        given = list(zip(numbers[::2], numbers[1::2], strict=True))
        if letter == "Q":
            (cx, cy), end = given
            first = (at[0] + 2 / 3 * (cx - at[0]), at[1] + 2 / 3 * (cy - at[1]))
            second = (end[0] + 2 / 3 * (cx - end[0]), end[1] + 2 / 3 * (cy - end[1]))
            letter, given = "C", [first, second, end]
        sign = {"M": "m", "L": "l", "C": "c", "Z": "h"}[str(letter)]
        parts.append(" ".join([*map(_point, given), sign]))
        points += given
        at = given[-1] if given else at
    xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
    return " ".join(parts), (min(xs), min(ys), max(xs), max(ys))


def _polygon(points: Sequence[Point]) -> str:
    first, *others = map(_point, points)
    return " ".join((f"{first} m", *(f"{other} l" for other in others), "h"))


def _point(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    """A coordinate; PDF knows no exponents, and -0 is 0."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _colour(colour: str) -> str:
    """#rrggbb as three numbers from 0 to 1."""
    return " ".join(_number(int(colour[k : k + 2], 16) / 255) for k in (1, 3, 5))


def _text(text: str) -> str:
    """A text string: UTF-16 in hexadecimal, so that nothing in it can end the string."""
    return f"<FEFF{clean(text).encode('utf-16-be', 'replace').hex().upper()}>"
