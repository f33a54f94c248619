"""PNG: the SVG of a picture painted by resvg."""

from __future__ import annotations

import math

from symgraph.draw.scene import Scene
from symgraph.draw.writers.svg import svg
from symgraph.errors import DrawError, UnsupportedError

__all__ = ["png"]

#: A larger picture is a mistake in `scale`, and would take gigabytes.
MOST_DOTS = 200e6


def png(scene: Scene, scale: float) -> bytes:
    """The scene as a PNG of `scale` dots a pixel.

    Raises UnsupportedError without resvg-py, DrawError for a scale that gives no picture.
    """
    is_number = isinstance(scale, (int, float))
    if not is_number or not math.isfinite(scale) or scale <= 0:
        raise DrawError(f"draw: scale is {scale!r}; a number of dots a pixel is above 0.")
    width, height = scene.width * scale, scene.height * scale
    if width * height > MOST_DOTS:
        raise DrawError(
            f"draw: scale {scale:g} makes {width:.0f} x {height:.0f} dots, more than "
            f"{MOST_DOTS:.0e}. Give a smaller scale, or write .svg or .pdf."
        )
    try:
        import resvg_py
    except ImportError as error:
        raise UnsupportedError(
            "draw: PNG needs the package resvg-py, which is not installed. "
            "Write: pip install 'symgraph[png]', or save as .svg or .pdf."
        ) from error
    background = None if scene.background == "none" else scene.background
    return bytes(resvg_py.svg_to_bytes(svg_string=svg(scene), zoom=scale, background=background))
