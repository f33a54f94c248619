r"""TikZ and Beamer: real LaTeX formulas in the boxes that were reserved for them.

Needs `amsmath`, `amssymb`, `graphicx`, `tikz` and, for a deck, `beamer`. Formulas are taken apart
and written anew (`texmath`), so that nothing a user typed becomes a command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symgraph.draw.geometry import Curve, Disc, Point, Rect
from symgraph.draw.scene import Glyphs, Item, Path, Polygon, Scene
from symgraph.draw.theme import Paint
from symgraph.draw.typesetting.ink import Rule
from symgraph.draw.typesetting.typeset import clean
from symgraph.draw.writers.texmath import ONE, UNICODE, has_cjk, plain_text, tex, tex_text

__all__ = ["beamer", "tikz", "tikz_fragment"]

#: A pixel is 1/96 inch, a TeX point 1/72.27.
POINTS = 72.27 / 96
#: A Beamer slide of 16:9 in TeX points, and the room that a picture may take on it.
SLIDE = (455.24, 256.07)
_ROOM = 0.98
# What stands in columns begins at the left, all else in the middle of its room.
_FLUSH = frozenset(("forward", "backward", "legend"))
#: The size that formulas are set in before they are scaled.
_SIZE = 10.0

# A formula is scaled to be never larger than its room.
_MACROS = rf"""\newsavebox\sgBox
\providecommand{ONE}{{{{\rm 1\mkern-4.5mu l}}}}
\ifx\Umathchar\undefined \ifx\XeTeXversion\undefined
  \providecommand{UNICODE}[2]{{#1}}\fi\fi
\providecommand{UNICODE}[2]{{#2}}
\newcommand\sgFormula[8]{{% x, y, anchor, width, height, largest scale, colour, formula
  \node[inner sep=0pt, anchor=#3] at (#1, #2) {{%
    \sbox\sgBox{{\normalfont\fontsize{{10}}{{12}}\selectfont
      \color{{#7}}$\displaystyle #8$}}%
    \pgfmathsetmacro\sgScale{{min(#6, #4/max(0.1, \wd\sgBox),
      #5/max(0.1, \ht\sgBox + \dp\sgBox))}}%
    \scalebox{{\sgScale}}{{\usebox\sgBox}}}};}}
"""
_TITLE = r"""\definecolor{{sgTitle}}{{HTML}}{{{0}}}
\setbeamercolor{{frametitle}}{{fg=sgTitle}}
\setbeamertemplate{{frametitle}}{{\nointerlineskip
  \sbox\sgBox{{\normalfont\fontsize{{{4}}}{{{5}}}\selectfont \insertframetitle}}%
  \dp\sgBox=0pt
  \vbox to 0pt{{\kern{3}\vbox to 0pt{{\vss\hbox{{\kern{1}\hbox to {2}{{\hss
    \ifdim\wd\sgBox>{2}\resizebox{{{2}}}{{!}}{{\usebox\sgBox}}\else\usebox\sgBox\fi
    \hss}}}}\kern0pt}}\vss}}}}
"""
_CHINESE = r"""\usepackage{xeCJK}
\IfFontExistsTF{Noto Sans CJK SC}{\setCJKmainfont{Noto Sans CJK SC}}{%
  \IfFontExistsTF{Source Han Sans SC}{\setCJKmainfont{Source Han Sans SC}}{%
    \IfFontExistsTF{PingFang SC}{\setCJKmainfont{PingFang SC}}{%
      \IfFontExistsTF{Microsoft YaHei}{\setCJKmainfont{Microsoft YaHei}}{%
        \setCJKmainfont{FandolSong-Regular.otf}}}}}
"""
# XeTeX's links need a font that small installations lack, for a space.
_LENIENT = r"\ifdefined\XeTeXversion \suppressfontnotfounderror=1 \fi" + "\n"
_PACKAGES = r"""\usepackage{amsmath,amssymb}
\usepackage{graphicx}
\usepackage{tikz}
"""


def tikz(scene: Scene) -> bytes:
    """The scene as a LaTeX document: a page of its size, or of a deck a Beamer slide a step."""
    if scene.steps > 1:
        return beamer(scene)
    width, height = (_number(length * POINTS) for length in (scene.width, scene.height))
    body = "\n".join(_picture(scene, POINTS))
    return _document(
        scene,
        body,
        r"\documentclass{article}",
        f"\\usepackage[paperwidth={width}pt,paperheight={height}pt,margin=0pt]{{geometry}}\n"
        "\\pagestyle{empty}\n\\parindent=0pt\\topskip=0pt\n",
        # A box without size, which no page is too small for.
        "\\begin{document}\n\\noindent\\vbox to 0pt{\\hbox to 0pt{%\n"
        f"{body}\n\\hss}}\\vss}}\n\\end{{document}}\n",
    )


def beamer(scene: Scene, handout: bool = False) -> bytes:
    r"""The scene as a Beamer document of one frame with an overlay for every step.

    The heading of a step is its `\frametitle`. With the class option `handout`, which `handout`
    writes, only the last step of each heading is left.
    """
    scale = min(SLIDE[0] * _ROOM / scene.width, SLIDE[1] * _ROOM / scene.height)
    titles = [item for item in scene.items if item.layer == "title"]
    rest = tuple(item for item in scene.items if item.layer != "title")
    times = _Times(scene)
    body = "\n".join(_picture(replace(scene, items=rest), scale, times))
    headings = "".join(
        f"\\frametitle{times.of(item) or '<1->'}{{{tex_text(item.source)}}}\n" for item in titles
    )
    notes = "".join(
        f"\\note{times.at(step, step)}{{{tex_text(text)}}}\n"
        for step, text in enumerate(scene.notes)
    )
    # The picture is made in the frame, where the steps are counted, and put on the background,
    # which covers the whole slide.
    canvas = (
        "\\newsavebox\\sgSlide\n"
        "\\setbeamertemplate{background}{\\vbox to \\paperheight{\\vss\n"
        "\\hbox to \\paperwidth{\\hss\\usebox\\sgSlide\\hss}\\vss}}\n"
    )
    made = f"\\global\\setbox\\sgSlide\\hbox{{%\n{body}\n}}\n"
    frame = f"{canvas}\\begin{{frame}}[plain]\n{headings}{made}{notes}\\end{{frame}}\n"
    options = "aspectratio=169" + ",handout" * handout
    return _document(
        scene,
        body + notes + headings,
        _LENIENT + rf"\documentclass[{options}]{{beamer}}",
        "\\usefonttheme{professionalfonts}\n\\setbeamertemplate{navigation symbols}{}\n"
        "\\setbeamersize{text margin left=0pt,text margin right=0pt}\n"
        f"\\definecolor{{sgPage}}{{HTML}}{{{_hex(scene.background)}}}\n"
        "\\setbeamercolor{background canvas}{bg=sgPage}\n"
        f"{_title_style(titles, scene, scale)}",
        f"\\begin{{document}}\n{frame}\\end{{document}}\n",
    )


def _title_style(titles: Sequence[Item], scene: Scene, scale: float) -> str:
    """Headings where the scene has them: in the middle of the same room, at most as wide."""
    if not titles:
        return ""
    centre = titles[0].bounds.centre[0]
    half = 0.96 * min(centre, scene.width - centre)
    left = (SLIDE[0] - scene.width * scale) / 2 + (centre - half) * scale
    sizes = [_largest(item) for item in titles if isinstance(item.drawn, Glyphs)]
    size = max(sizes) * scale
    # The baseline of the tallest.
    base = max(item.drawn.y for item in titles if isinstance(item.drawn, Glyphs))
    down = (SLIDE[1] - scene.height * scale) / 2 + base * scale
    values = (left, 2 * half * scale, down, size, 1.2 * size)
    parts = [f"{_number(value)}pt" for value in values]
    return _TITLE.format(_hex(titles[0].paint.fill), *parts)


class _Times:
    """When something is seen, as Beamer says it: on slides, and on pages of a handout."""

    def __init__(self, scene: Scene) -> None:
        self._last = scene.steps - 1
        self._stops = scene.stops

    def of(self, item: Item) -> str:
        """The specification of an item; empty for what is always there."""
        last = self._last if item.last is None else item.last
        return "" if item.first == 0 and last == self._last else self.at(item.first, last)

    def at(self, first: int, last: int) -> str:
        """The specification of some steps."""
        pages = [k for k, stop in enumerate(self._stops, 1) if first <= stop <= last]
        handout = f"{pages[0]}-{pages[-1]}" if pages else "0"
        return f"<{first + 1}-{last + 1}| handout:{handout}>"


def tikz_fragment(scene: Scene) -> str:
    r"""The picture alone, for `\input` into a document that loads the packages named above."""
    last = scene.frame(scene.steps - 1)
    body = "\n".join(_picture(last, POINTS))
    return f"{_comment(scene)}\\begingroup\n{_MACROS}{body}\\endgroup\n"


def _document(scene: Scene, text: str, head: str, setup: str, rest: str) -> bytes:
    chinese = has_cjk(text)
    engine = "% !TeX program = xelatex\n" if chinese else ""
    parts = (engine, _comment(scene), head, "\n", _PACKAGES, _CHINESE if chinese else "", setup)
    return "".join((*parts, _MACROS, rest)).encode()


def _comment(scene: Scene) -> str:
    return f"% symgraph layout: {clean(scene.engine)} {clean(scene.engine_version)}\n"


def _picture(scene: Scene, unit: float, times: _Times | None = None) -> Iterator[str]:
    """The tikzpicture; a pixel of the scene is `unit` points, y downwards."""
    scale = f"{unit:.5f}pt"
    yield f"\\begin{{tikzpicture}}[x={scale}, y=-{scale}, line cap=butt, line join=round]"
    corner = f"({_number(scene.width)}, {_number(scene.height)})"
    yield f"\\useasboundingbox (0, 0) rectangle {corner};"
    colours = _colours(scene)
    for colour, name in colours.items():
        yield f"\\definecolor{{{name}}}{{HTML}}{{{_hex(colour)}}}"
    if scene.background != "none" and times is None:
        yield f"\\fill[{colours[scene.background]}] (0, 0) rectangle {corner};"
    for item in scene.items:
        lines = list(_item(item, unit, colours))
        seen = times.of(item) if times is not None and lines else ""
        yield from [f"\\only{seen}{{%", *lines, "}"] if seen else lines
    yield "\\end{tikzpicture}%"


def _colours(scene: Scene) -> dict[str, str]:
    paints = [item.paint for item in scene.items]
    used = [scene.background, *(c for paint in paints for c in (paint.fill, paint.stroke))]
    found = sorted(colour for colour in set(used) if colour != "none")
    return {colour: f"sg{_letters(number)}" for number, colour in enumerate(found)}


def _letters(number: int) -> str:
    return chr(ord("A") + number // 26) + chr(ord("a") + number % 26)


def _item(item: Item, unit: float, colours: dict[str, str]) -> Iterator[str]:
    drawn, paint = item.drawn, item.paint
    if isinstance(drawn, Glyphs):
        if drawn.box.pieces:
            yield _formula(item, drawn, unit, colours)
        return
    style = _style(paint, unit, colours)
    if not style:
        return
    if isinstance(drawn, Disc):
        yield f"\\draw[{style}] {_point(drawn.centre)} circle[radius={_number(drawn.radius)}];"
    elif isinstance(drawn, Rect):
        corners = f", rounded corners={_number(drawn.radius * unit)}pt" if drawn.radius else ""
        low, high = (drawn.left, drawn.top), (drawn.right, drawn.bottom)
        yield f"\\draw[{style}{corners}] {_point(low)} rectangle {_point(high)};"
    elif isinstance(drawn, Polygon):
        yield f"\\draw[{style}] {' -- '.join(map(_point, drawn.points))} -- cycle;"
    else:
        yield f"\\draw[{style}] {_curve(drawn.curve)};"
        yield from _arrow(drawn, paint, colours)


def _arrow(path: Path, paint: Paint, colours: dict[str, str]) -> Iterator[str]:
    if path.arrow is not None:
        fill = colours[paint.stroke]
        yield f"\\fill[{fill}] {' -- '.join(map(_point, path.arrow))} -- cycle;"


def _style(paint: Paint, unit: float, colours: dict[str, str]) -> str:
    parts = []
    if paint.stroke != "none" and paint.width > 0:
        parts += [f"draw={colours[paint.stroke]}", f"line width={_number(paint.width * unit)}pt"]
        if paint.dash:
            signs = zip(("on", "off") * len(paint.dash), paint.dash, strict=False)
            dash = " ".join(f"{word} {_number(length * unit)}pt" for word, length in signs)
            parts.append(f"dash pattern={dash}")
    else:
        parts.append("draw=none")
    if paint.fill != "none":
        parts.append(f"fill={colours[paint.fill]}")
    return "" if parts == ["draw=none"] else ", ".join(parts)


def _largest(item: Item) -> float:
    """Pixels to the em of the largest letters."""
    assert isinstance(item.drawn, Glyphs)
    sizes = [piece.size for piece in item.drawn.box.pieces if not isinstance(piece, Rule)]
    return max(sizes, default=16.0)


def _formula(item: Item, glyphs: Glyphs, unit: float, colours: dict[str, str]) -> str:
    """A formula in the middle of the box that was measured for it."""
    bounds = glyphs.bounds
    source = item.source or item.alt
    words = item.layer == "title"
    body = rf"\text{{{tex_text(plain_text(source))}}}" if words else tex(source)
    size = _largest(item)
    # TeX's boxes are as tall as the font wants, a minus sign's too.
    width, height = bounds.width * unit, max(bounds.height, size) * unit
    left = item.layer in _FLUSH
    x = glyphs.x if left else bounds.centre[0]
    values = (_number(x), _number(glyphs.y), "base west" if left else "base")
    room = (f"{_number(width)}pt", f"{_number(height)}pt", f"{size * unit / _SIZE:.4f}")
    places = "}{".join((*values, *room, colours[item.paint.fill]))
    return rf"\sgFormula{{{places}}}{{{body}}}"


def _curve(curve: Curve) -> str:
    pieces = [
        f".. controls {_point(curve[k])} and {_point(curve[k + 1])} .. {_point(curve[k + 2])}"
        for k in range(1, len(curve), 3)
    ]
    return " ".join((_point(curve[0]), *pieces))


def _point(point: Point) -> str:
    return f"({_number(point[0])}, {_number(point[1])})"


def _number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _hex(colour: str) -> str:
    return colour.removeprefix("#").upper() if colour != "none" else "FFFFFF"
