"""GIF: a frame a step, painted by resvg and put together by Pillow."""

from __future__ import annotations

import io

from symgraph.draw.scene import Scene
from symgraph.draw.writers.png import png
from symgraph.errors import UnsupportedError

__all__ = ["gif"]

#: Milliseconds that a step is shown, and the last one before it begins anew.
STEP, LAST = 1500, 4000
#: Dots on the longer side.
_LONGEST = 1200.0


def gif(scene: Scene) -> bytes:
    """The scene as a GIF: of a deck all steps again and again, else one frame.

    Raises UnsupportedError without Pillow or resvg-py (the extra "gif").
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise UnsupportedError(
            "draw: GIF needs the packages Pillow and resvg-py, and Pillow is not installed. "
            "Write: pip install 'symgraph[gif]', or save as .svg, .pdf or .html."
        ) from error
    scale = min(1.5, _LONGEST / max(scene.width, scene.height))
    frames = [
        Image.open(io.BytesIO(png(scene.frame(step), scale))).convert("RGB")
        for step in range(scene.steps)
    ]
    # One palette for all, so that nothing flickers; the last frame has the most colours.
    palette = frames[-1].quantize(128)
    first, *others = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    written = io.BytesIO()
    moving = {"save_all": True, "append_images": others, "loop": 0} if others else {}
    times = [STEP] * len(others) + [LAST] if others else STEP
    comment = f"symgraph layout: {scene.engine} {scene.engine_version}".encode("ascii", "replace")
    first.save(written, "GIF", duration=times, optimize=False, comment=comment, **moving)
    return written.getvalue()
