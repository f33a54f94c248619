"""The math font with stand-ins for the characters it lacks; loads ziamath, so import it late."""

from __future__ import annotations

import importlib
import unicodedata
import warnings
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    # Both open their fonts through importlib.resources.path, which Python 3.11 warns about.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ziafont
    from ziafont.font import Font
    from ziafont.fonttypes import BBox
    from ziafont.glyph import EmptyGlyph, SimpleGlyph
    from ziafont.svgpath import Cubic, Lineto, Moveto, Point, Quad
    from ziamath import zmath
    from ziamath.mathfont import MathFont
    from ziamath.styles import MathVariant, styledchr

__all__ = ["FallbackFont", "TextGlyph", "em_width", "load"]

# Above and below the baseline, in em; what CJK fonts agree on.
_ASCENT = 0.88
_DESCENT = 0.12

# Scripts that need shaping or run right to left: a row of single glyphs would misspell them.
_SHAPED = frozenset(("R", "AL", "NSM"))


def em_width(character: str) -> float:
    """The width of a character in em, known without any font: CJK is square.

    >>> em_width("损"), em_width("a"), em_width("\\u0301")
    (1.0, 0.6, 0.0)
    """
    if unicodedata.combining(character):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.6


class TextGlyph(SimpleGlyph):
    """The room for one character that no font at hand has; the viewer's own font draws it."""

    def __init__(self, character: str, font: Font, operators: list[Any] | None = None) -> None:
        units = font.info.layout.unitsperem
        self._advance: int = round(em_width(character) * units)
        bbox = BBox(0, self._advance, round(-_DESCENT * units), round(_ASCENT * units))
        super().__init__(0, operators or [], bbox, font)
        self.character = character

    def advance(self, nextchr: SimpleGlyph | None = None) -> int:
        """The width in font units; there is no kerning with a stand-in."""
        return self._advance


class FallbackFont(MathFont):
    """A math font that takes what it lacks from `cjk` (a font file), else leaves room for text."""

    def __init__(self, name: str | Path, cjk: Path | None, basesize: float) -> None:
        super().__init__(name, basesize)
        self._standins: dict[str, SimpleGlyph] = {}
        self._cjk_path = cjk
        self._cjk: Any = None
        self._plain: Font | None = None

    def findglyph(self, char: str, variant: MathVariant) -> SimpleGlyph:
        """The glyph of a character in a variant, the upright one where the variant is missing."""
        styled = styledchr(char, variant)
        return self.glyph(styled if self.glyphindex(styled) else char)

    def glyph(self, char: str) -> SimpleGlyph:
        """The glyph of a character, or its stand-in."""
        if self.glyphindex(char):
            return super().glyph(char)
        if char not in self._standins:
            self._standins[char] = self._standin(char)
        return self._standins[char]

    def _standin(self, char: str) -> SimpleGlyph:
        if char.isspace():
            return EmptyGlyph(self.glyphindex(" "), self)
        if em_width(char) == 1.0:
            outline = self._cjk_outline(char)
            return TextGlyph(char, self, outline)
        plain = self._plain_glyph(char)
        return plain if plain is not None else TextGlyph(char, self)

    def _plain_glyph(self, char: str) -> SimpleGlyph | None:
        """The character in the sans-serif font that comes with ziafont, where that is enough."""
        if unicodedata.bidirectional(char) in _SHAPED or unicodedata.category(char)[0] == "C":
            return None
        if self._plain is None:
            self._plain = Font(Path(ziafont.__file__).with_name("fonts") / "DejaVuSans.ttf")
        index = self._plain.glyphindex(char)
        if not index:
            return None
        glyph = self._plain.glyph_fromid(index)
        units = self.info.layout.unitsperem / self._plain.info.layout.unitsperem
        scaled = [op.xform(units, 0, 0, units, 0, 0, 1, 1) for op in glyph.operators]
        standin = TextGlyph(char, self, scaled)
        standin._advance = round(glyph.advance() * units)
        standin.bbox = standin.path.bbox = BBox(*(round(value * units) for value in glyph.bbox))
        return standin

    def _cjk_outline(self, char: str) -> list[Any]:
        if self._cjk_path is None:
            return []
        if self._cjk is None:
            self._cjk = _OutlineSource(self._cjk_path, self.info.layout.unitsperem)
        return self._cjk.outline(char)  # type: ignore[no-any-return]  # fontTools is untyped here


class _OutlineSource:
    """Outlines from any font file that fontTools reads, scaled to another font's units."""

    def __init__(self, path: Path, units: int) -> None:
        ttlib = importlib.import_module("fontTools.ttLib")
        self._base_pen = importlib.import_module("fontTools.pens.basePen").BasePen
        font = ttlib.TTFont(path, fontNumber=0, lazy=True)
        self._glyphs = font.getGlyphSet()
        self._names = font.getBestCmap()
        self._scale = units / font["head"].unitsPerEm

    def outline(self, char: str) -> list[Any]:
        """The drawing operators of one character; empty where the font lacks it."""
        name = self._names.get(ord(char))
        if name is None:
            return []
        pen = self._pen()
        self._glyphs[name].draw(pen)
        operators: list[Any] = pen.operators
        return operators

    def _pen(self) -> Any:
        scale = self._scale

        def at(point: tuple[float, float]) -> Point:
            return Point(point[0] * scale, point[1] * scale)  # type: ignore[no-untyped-call]  # ziafont

        class Pen(self._base_pen):  # type: ignore[name-defined]  # loaded at run time
            def __init__(self, glyphs: Any) -> None:
                super().__init__(glyphs)
                self.operators: list[Any] = []

            def _moveTo(self, p: tuple[float, float]) -> None:
                self.operators.append(Moveto(at(p)))

            def _lineTo(self, p: tuple[float, float]) -> None:
                self.operators.append(Lineto(at(p)))

            def _curveToOne(self, *points: tuple[float, float]) -> None:
                self.operators.append(Cubic(*map(at, points)))

            def _qCurveToOne(self, *points: tuple[float, float]) -> None:
                self.operators.append(Quad(*map(at, points)))

        return Pen(self._glyphs)


def load(name: str, cjk: Path | None, basesize: float) -> FallbackFont:
    """The math font that ziamath ships, with stand-ins, known to ziamath as `name`."""
    shipped = zmath.loadedfonts["default"].fname
    assert shipped is not None
    font = FallbackFont(shipped, cjk, basesize)
    zmath.loadedfonts[name] = font
    return font
