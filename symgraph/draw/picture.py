"""A finished picture, and the formats that it is written in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from symgraph.draw.pdf import pdf
from symgraph.draw.png import png
from symgraph.draw.scene import Scene
from symgraph.draw.svg import svg
from symgraph.draw.view import View
from symgraph.errors import DrawError

__all__ = ["WRITERS", "Picture"]


def _svg(scene: Scene) -> bytes:
    return svg(scene).encode()


def _png(scene: Scene) -> bytes:
    return png(scene, 2.0)


#: The bytes of a file by its suffix.
WRITERS: dict[str, Callable[[Scene], bytes]] = {".svg": _svg, ".pdf": pdf, ".png": _png}


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

    def save(self, path: str | Path) -> Path:
        """Write the picture; the suffix chooses the format, one of those in `WRITERS`.

        Raises DrawError for another suffix, OSError when the file cannot be written.
        """
        target = Path(path)
        writer = WRITERS.get(target.suffix.lower())
        if writer is None:
            raise DrawError(
                f"draw: the file name {target.name!r} ends in none of {', '.join(WRITERS)}, the "
                f"formats there are. Write {(target.stem or 'graph') + '.svg'!r}, for example."
            )
        target.write_bytes(writer(self.scene))
        return target

    def _repr_svg_(self) -> str:
        return self.svg()
