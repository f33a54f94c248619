"""Typesetting: LaTeX to a box of glyph outlines whose size is known before anything is placed.

ziamath does the mathematics; a formula that it cannot set comes out as plain text, never as an
error. Its defects are corrected on the MathML between its two halves: `\\mathbb{1}` and `\\texttt`
(two variant names it does not know) and the spacing of a minus that is a sign.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import math
import re
import threading
import unicodedata
import xml.etree.ElementTree as ET
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from symgraph.draw.typesetting.digits import (
    DIGITS_IN_FACES,
    Faces,
    Template,
    canonical,
    face_in,
    template,
)
from symgraph.draw.typesetting.ink import Box, Command, Ink, Outline, Piece, Rule, TextRun
from symgraph.draw.typesetting.rows import Part, Rows, moved

__all__ = [
    "Typesetter",
    "ZiamathTypesetter",
    "clean",
    "default_typesetter",
    "find_cjk_font",
    "stack",
]

# A label is read at a glance; what is longer than this is cut rather than set.
MAX_CHARACTERS = 2000
# ziamath measures every row twice, so nested rows cost 2 ** depth; above this the text stays plain.
_MAX_COST = 6000
_CACHE_SIZE = 8192
_CUT = "…"

# Room for the characters that mean something to XML while ziamath handles MathML as a string.
_SHIELDED = {"<": "\ue000", ">": "\ue001", "&": "\ue002"}
_UNSHIELD = {ord(shield): char for char, shield in _SHIELDED.items()}
_ANGLES = {"<": "⟨", ">": "⟩"}
_VARIANTS = {"double-struck": "double", "monospace": "mono", "sans-serif": "sans"}
# These rewrite or stretch without limit; a label has no use for them.
_REFUSED = (r"\def", r"\newcommand", r"\renewcommand", r"\let", r"\require")

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_LARGE = frozenset("∑∏∐⋃⋂⨁⨂")
_MINUS = "−-+±∓"
_OPENING = "([{⟨|‖,;:"


class Typesetter(Protocol):
    """Anything that can set LaTeX in a box."""

    def measure(self, latex: str, size: float) -> Box:
        """The box of a formula at `size` pixels to the em; never raises."""


class ZiamathTypesetter:
    """Sets LaTeX with ziamath and keeps the boxes.

    `cjk_font` is a font file for the characters that the math font lacks (needs fontTools); without
    it they are measured as squares and left to the viewer as text.
    """

    def __init__(self, cjk_font: Path | None = None, cache_size: int = _CACHE_SIZE) -> None:
        self._cjk_font = cjk_font
        self._cache_size = cache_size
        self._boxes: OrderedDict[tuple[str, float], Box] = OrderedDict()
        self._templates: OrderedDict[tuple[str, float], Template | None] = OrderedDict()
        self._faces: Faces | None = None
        self._rows = Rows(self._part)
        # ziamath switches features of its one shared font while it sets text.
        self._lock = threading.Lock()
        self._font: Any = None

    def measure(self, latex: str, size: float) -> Box:
        """The box of a formula at `size` pixels to the em; never raises.

        >>> box = ZiamathTypesetter().measure("x^2", 20.0)
        >>> len(box.pieces), box.width > 10
        (2, True)
        """
        key = (latex, size)
        with self._lock:
            box = self._boxes.get(key)
            if box is None:
                box = self._boxes[key] = self._set(clean(latex), size)
                if len(self._boxes) > self._cache_size:
                    self._boxes.popitem(last=False)
            else:
                self._boxes.move_to_end(key)
            return box

    def _set(self, latex: str, size: float) -> Box:
        if not latex.strip():
            return Box(0.0, 0.0, 0.0, ())
        if self._font is None:
            self._load()
        try:
            if _NUMBER.fullmatch(latex):
                return self._number(latex, size)
            box = self._from_template(latex, size)
            if box is not None:
                return box
            mathml = _mathml(latex)
            if not "".join(mathml.itertext()).strip():
                return Box(0.0, 0.0, 0.0, ())
            return self._render(mathml, size, latex)
        except Exception:  # ziamath and latex2mathml raise what they happen to stumble over
            pass
        try:
            return self._render(_plain_mathml(latex), size, latex)
        except Exception:
            return _as_text_run(latex, size)

    def _from_template(self, latex: str, size: float) -> Box | None:
        """The box of a formula whose like with other digits is set, or set now."""
        found = canonical(latex)
        if found is None:
            return None
        names, digits = found
        name = names[0]
        if self._faces is None:
            self._faces = tuple(
                face_in(self._render(_mathml(text), 16.0, text)) for text in DIGITS_IN_FACES
            )
        if (name, size) not in self._templates:
            formulas = [_mathml(one) for one in names]
            made = None
            if "".join(formulas[0].itertext()).strip():
                boxes = [self._render(one, size, name) for one in formulas]
                made = template(boxes, len(digits), size, self._faces)
            self._templates[name, size] = made
            if len(self._templates) > self._cache_size:
                self._templates.popitem(last=False)
        like = self._templates[name, size]
        return None if like is None else like.filled(digits, self._faces)

    def _number(self, text: str, size: float) -> Box:
        """A plain number, which is what most values are, without the way through MathML."""
        scale = size / self._font.info.layout.unitsperem
        x = 0.0
        inks: list[Piece] = []
        low = high = 0.0
        for char in text:
            glyph = self._font.glyph("−" if char == "-" else char)
            inks.append(Ink(_outline(glyph), x, 0.0, size))
            low, high = min(low, glyph.bbox.ymin), max(high, glyph.bbox.ymax)
            x += glyph.advance() * scale
        return Box(x, high * scale, -low * scale, tuple(inks))

    def _load(self) -> None:
        from symgraph.draw.typesetting import mathfont

        # ziamath finds a font by name; one name for each CJK font, as each has its own stand-ins.
        self._font_name = f"symgraph:{self._cjk_font or ''}"
        self._font = mathfont.load(self._font_name, self._cjk_font, basesize=16.0)

    def _render(self, mathml: ET.Element, size: float, latex: str) -> Box:
        found = self._rows.set(mathml, size)
        if found is None:
            whole = self._part(mathml, size)
            found = list(whole.pieces), whole.bounds
        pieces, (left, right, bottom, top) = found
        inks = tuple(_join_runs(moved(piece, -left, 0.0) for piece in pieces))
        box = Box(right - left, top, -bottom, inks)
        # An \hspace of a kilometre, or an empty row, whose bounds are ziamath's placeholders.
        limit = size * (4.0 + 3.0 * len(latex))
        if not (0 <= box.width <= limit and abs(box.height) + abs(box.depth) <= limit):
            raise ValueError("the formula has no sensible size")
        return box

    def _part(self, mathml: ET.Element, size: float) -> Part:
        """What ziamath makes of a formula."""
        from ziamath.zmath import Math

        self._font.language("math", "")
        node = Math(mathml, size=size, font=self._font_name, number="").node
        bbox = node.bbox
        bounds = (bbox.xmin, bbox.xmax, bbox.ymin, bbox.ymax)
        return Part(tuple(_pieces(node, 0.0)), bounds, node.xadvance())


@functools.cache
def default_typesetter() -> ZiamathTypesetter:
    """The typesetter that every drawing shares, with a CJK font where one is found."""
    return ZiamathTypesetter(find_cjk_font())


# Font files that hold Chinese, by the systems that ship them; the first that exists is taken.
_CJK_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simsun.ttc",
)


def find_cjk_font() -> Path | None:
    """A font file for Chinese, where the system has one and fontTools is installed to read it."""
    if importlib.util.find_spec("fontTools") is None:
        return None
    return next((path for path in map(Path, _CJK_FONTS) if path.is_file()), None)


def clean(text: str) -> str:
    """The text without what could disturb a file or a line: controls, overrides, private use.

    >>> clean("a\\x00b\\u202ec\\nd")
    'a\ufffdb\ufffdc d'
    """
    if len(text) > MAX_CHARACTERS:
        text = text[: MAX_CHARACTERS - 1] + _CUT
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_clean_character, text))


@functools.lru_cache(maxsize=4096)
def _clean_character(char: str) -> str:
    if char in "\t\n\r\x0b\x0c\x85\u2028\u2029":
        return " "
    category = unicodedata.category(char)
    if category in ("Cc", "Cs", "Co", "Cn"):
        return "\ufffd"
    if category == "Cf":
        # A joiner is part of the spelling; an override would turn the rest of the line around.
        return char if char in "\u200c\u200d" else "\ufffd"
    return char


def stack(boxes: tuple[Box, ...], gap: float) -> Box:
    """One box with the given boxes under each other, flush left; its baseline is the first's."""
    pieces: list[Piece] = []
    y = 0.0
    for index, box in enumerate(boxes):
        if index:
            y += boxes[index - 1].depth + gap + box.height
        pieces += [moved(piece, 0.0, y) for piece in box.pieces]
    width = max(box.width for box in boxes)
    return Box(width, boxes[0].height, y + boxes[-1].depth, tuple(pieces))


# --- LaTeX to MathML ------------------------------------------------------------------------------


def _mathml(latex: str) -> ET.Element:
    from ziamath.tex import tex2mml

    if any(command in latex for command in _REFUSED):
        raise ValueError("macros are not expanded")
    shielded = _SHIELDED if r"\begin" not in latex else {k: _SHIELDED[k] for k in "<>"}
    for char, shield in shielded.items():
        latex = latex.replace("\\" + char, shield).replace(char, shield)
    root = ET.fromstring(tex2mml(latex))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        _restore(element)
    _drop_empty(root)
    _put_limits_below(root)
    for row in list(root.iter()):
        _mark_signs(row)
    if _cost(root) > _MAX_COST:
        raise ValueError("the formula is nested too deeply")
    return root


def _restore(element: ET.Element) -> None:
    """Bring back shielded characters, and name variants as ziamath does."""
    if element.text:
        element.text = element.text.translate(_UNSHIELD)
        if element.tag == "mi" and element.text in _ANGLES:
            element.tag = "mo"
        elif element.get("fence") == "true":
            element.text = _ANGLES.get(element.text, element.text)
    variant = element.get("mathvariant")
    if variant in _VARIANTS:
        element.set("mathvariant", _VARIANTS[variant])


def _drop_empty(root: ET.Element) -> None:
    """Remove the empty texts that ziamath cannot measure, and rows that hold just one thing."""
    for parent in list(root.iter()):
        for index, child in reversed(list(enumerate(parent))):
            if child.tag == "mtext" and not child.text:
                parent[index] = ET.Element("mrow")
            while parent[index].tag == "mrow" and len(parent[index]) == 1:
                if parent[index].attrib:
                    break
                parent[index] = parent[index][0]


def _put_limits_below(root: ET.Element) -> None:
    """Say of a large sign that its index stands below: ziamath loses its height in brackets."""
    for element in root.iter("msub"):
        if element[0].tag == "mo" and element[0].text in _LARGE:
            element.tag = "munder"


def _mark_signs(row: ET.Element) -> None:
    """Tell ziamath which minus is a sign: one after an opening bracket or another operator."""
    if row.tag not in ("math", "mrow", "mtd", "msqrt", "mstyle", "mpadded"):
        return
    previous: ET.Element | None = None
    for child in row:
        if child.tag == "mo" and child.text and child.text in _MINUS and _is_sign(previous):
            child.set("form", "prefix")
        if child.tag != "mspace" and (child.tag != "mtext" or (child.text or "").strip()):
            previous = child


def _is_sign(previous: ET.Element | None) -> bool:
    if previous is None:
        return True
    if previous.tag != "mo" or not previous.text:
        return False
    if previous.text in _OPENING:
        # A bar closes as often as it opens; only \left says which.
        return previous.text not in "|‖" or previous.get("form") != "postfix"
    category = unicodedata.category(previous.text[0])
    return category in ("Sm", "Po", "Pd") and previous.text not in "!′'‴″∂∇∞∑∏∫"


def _cost(root: ET.Element) -> int:
    """How many leaves ziamath will set, counting that every row sets its children twice."""
    cost = 0
    stack: list[tuple[ET.Element, int]] = [(root, 1)]
    while stack and cost <= _MAX_COST:
        element, times = stack.pop()
        if element.tag in ("math", "mrow", "mtd", "msqrt", "mstyle", "mpadded", "mphantom"):
            times *= 2
        if len(element) == 0:
            cost += times
        stack += [(child, times) for child in element]
    return cost


def _plain_mathml(text: str) -> ET.Element:
    root = ET.Element("math")
    # ziamath joins hyphens to a rule; the hyphen proper is left alone.
    ET.SubElement(root, "mtext").text = text.replace("-", "\u2010")
    return root


def _as_text_run(text: str, size: float) -> Box:
    from symgraph.draw.typesetting.mathfont import em_width

    width = size * sum(map(em_width, text))
    return Box(width, 0.88 * size, 0.12 * size, (TextRun(text, 0.0, 0.0, size, width),))


# --- ziamath's tree of drawables to pieces --------------------------------------------------------


def _pieces(root: Any, x: float) -> Iterator[Piece]:
    """Everything that `root` draws, in drawing order."""
    from ziamath import drawable

    waiting: list[tuple[Any, float, float]] = [(root, x, 0.0)]
    while waiting:
        node, x, y = waiting.pop()
        if getattr(node, "phantom", False):
            continue
        if isinstance(node, drawable.Glyph):
            yield from _glyph_pieces(node, x, y)
        elif isinstance(node, drawable.HLine):
            yield Rule(x, y, node.length, node.lw)
        elif isinstance(node, drawable.VLine):
            yield Rule(x - node.lw / 2, y, node.lw, node.height)
        elif isinstance(node, drawable.Box | drawable.Ellipse):
            yield from _frame(x, y - node.height, node.width, node.height, node.lw)
        elif isinstance(node, drawable.Diagonal):
            yield _stroke(x, y - node.height, x + node.width, y, node.lw)
        else:
            children = list(zip(node.nodes, node.nodexy, strict=False))
            waiting += [(child, x + dx, y + dy) for child, (dx, dy) in reversed(children)]


def _glyph_pieces(node: Any, x: float, y: float) -> Iterator[Piece]:
    glyph = node.glyph
    if hasattr(glyph, "offsets"):  # a tall bar or brace in pieces
        scale = node.size / glyph.font.info.layout.unitsperem
        for part, offset in zip(glyph.glyphs, glyph.offsets, strict=True):
            dx, dy = (0.0, -offset * scale) if glyph.vert else (offset * scale, 0.0)
            yield Ink(_outline(part), x + dx, y + dy, node.size)
    elif glyph.operators:
        yield Ink(_outline(glyph), x, y, node.size)
    elif hasattr(glyph, "character"):
        width = glyph.advance() * node.size / glyph.font.info.layout.unitsperem
        yield TextRun(glyph.character, x, y, node.size, width)


def _frame(x: float, y: float, width: float, height: float, line: float) -> Iterator[Rule]:
    yield Rule(x, y, width, line)
    yield Rule(x, y + height - line, width, line)
    yield Rule(x, y, line, height)
    yield Rule(x + width - line, y, line, height)


def _stroke(x1: float, y1: float, x2: float, y2: float, line: float) -> Ink:
    """A straight stroke as a filled outline."""
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    nx, ny = -(y2 - y1) / length * line / 2, (x2 - x1) / length * line / 2
    corners = ((x1 + nx, y1 + ny), (x2 + nx, y2 + ny), (x2 - nx, y2 - ny), (x1 - nx, y1 - ny))
    commands: list[Command] = [("M", *corners[0]), *(("L", *corner) for corner in corners[1:])]
    return Ink(_named((*commands, ("Z",)), 1.0), 0.0, 0.0, 1.0)


@functools.lru_cache(maxsize=4096)
def _outline(glyph: Any) -> Outline:
    commands: list[Command] = []
    at: tuple[float, ...] = ()
    for operator in glyph.operators:
        points, _ = operator.points()
        numbers = tuple(value for p in points for value in (round(p.x, 2), round(-p.y, 2)))
        name = {"Moveto": "M", "Lineto": "L", "Quad": "Q", "Cubic": "C"}[type(operator).__name__]
        if name == "M" and commands:
            commands.append(("Z",))
        if name != "L" or numbers != at:
            commands.append((name, *numbers))
        at = numbers[-2:]
    return _named((*commands, ("Z",)), float(glyph.font.info.layout.unitsperem))


def _named(commands: tuple[Command, ...], units: float) -> Outline:
    digest = hashlib.blake2s(repr((commands, units)).encode(), digest_size=5).hexdigest()
    return Outline("g" + digest, commands, units)


def _join_runs(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Join neighbouring characters without outline to one run."""
    run: TextRun | None = None
    for piece in pieces:
        if isinstance(piece, TextRun) and run is not None and _continues(run, piece):
            width = piece.x + piece.width - run.x
            run = TextRun(run.text + piece.text, run.x, run.y, run.size, width)
            continue
        if run is not None:
            yield run
        run = piece if isinstance(piece, TextRun) else None
        if run is None:
            yield piece
    if run is not None:
        yield run


def _continues(run: TextRun, piece: TextRun) -> bool:
    gap = piece.x - (run.x + run.width)
    return run.y == piece.y and run.size == piece.size and abs(gap) < 0.2 * run.size
