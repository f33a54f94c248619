"""A finished picture, and the formats that it is written in."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from symgraph.answers import answering
from symgraph.draw.saving import format_of, write
from symgraph.draw.scene import Scene
from symgraph.draw.view import View
from symgraph.draw.writers.dot import dot, dot_source
from symgraph.draw.writers.gif import gif
from symgraph.draw.writers.page import page
from symgraph.draw.writers.pdf import pdf
from symgraph.draw.writers.png import png
from symgraph.draw.writers.pptx import pptx
from symgraph.draw.writers.svg import svg
from symgraph.draw.writers.tikz import tikz, tikz_fragment

if TYPE_CHECKING:
    import graphviz

__all__ = ["WRITERS", "Picture"]


def _last(scene: Scene) -> Scene:
    """What a still picture shows of a deck."""
    return scene.frame(scene.steps - 1)


def _svg(picture: Picture) -> bytes:
    return svg(_last(picture.scene)).encode()


def _dot(picture: Picture) -> bytes:
    return dot(picture.view, picture.scene).encode()


@answering
class Picture:
    """A finished picture; `save` writes it, a notebook shows it."""

    def __init__(self, view: View, scene: Scene) -> None:
        self.view = view
        self.scene = scene

    def svg(self) -> str:
        """The picture as an SVG document: paths only, no fonts needed."""
        return svg(self.scene)

    def pdf(self) -> bytes:
        """The picture as a PDF page of vector paths."""
        return pdf(self.scene)

    def png(self, scale: float = 2.0) -> bytes:
        """The picture as a PNG, `scale` dots a pixel.

        Raises UnsupportedError without resvg-py (the extra "png"), DrawError for a scale that
        is not positive.
        """
        return png(self.scene, scale)

    def html(self) -> str:
        """The picture as a web page of one file, with tables of what it shows; no script."""
        return page(self.scene, self.view.language)

    def tikz(self) -> str:
        r"""The picture in TikZ, for `\input` into a document of yours.

        It needs `\usepackage{amsmath,amssymb,graphicx,tikz}` there. `save("x.tex")` writes a whole
        document.
        """
        return tikz_fragment(self.scene)

    def to_dot(self) -> graphviz.Source:
        """The source for Graphviz, which lays it out anew, with labels in Unicode."""
        return dot_source(self.view, self.scene)

    def save(self, path: str | Path) -> Path:
        """Write the picture; the suffix chooses the format, one of those in `WRITERS`.

        Raises DrawError for another suffix and for a file that cannot be written, UnsupportedError
        where a format needs a package that is not installed.
        """
        data = format_of(path, WRITERS, "draw")(self)
        return write(path, data, "draw")

    def _repr_svg_(self) -> str:
        """The picture for a notebook; several on one page do not share ids."""
        scene = _last(self.scene)
        return svg(scene, f"p{zlib.crc32(svg(scene).encode()):08x}-")


#: The bytes of a file by its suffix.
WRITERS: dict[str, Callable[[Picture], bytes]] = {
    ".svg": _svg,
    ".pdf": lambda picture: pdf(picture.scene),
    ".png": lambda picture: png(_last(picture.scene), 2.0),
    ".html": lambda picture: page(picture.scene, picture.view.language).encode(),
    ".gif": lambda picture: gif(picture.scene),
    ".tex": lambda picture: tikz(picture.scene),
    ".pptx": lambda picture: pptx(picture.scene),
    ".dot": _dot,
    ".gv": _dot,
}
