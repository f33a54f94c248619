"""Figures by matplotlib: made without a window, and saved with the same bytes every time."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from symgraph.errors import DrawError, UnsupportedError
from symgraph.files import path_of, writing

__all__ = ["new_figure", "save_figure"]

#: What else a format writes down, the time for one, and what keeps it from that.
_METADATA: dict[str, dict[str, None]] = {
    ".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {},
}  # fmt: skip


def new_figure(what: str, size: tuple[float, float] = (6.4, 4.8), *, fitted: bool = False) -> Any:
    """An empty matplotlib Figure, `size` in inches; a `fitted` one arranges itself.

    What arranges itself moves by a millionth from run to run. `what` names who asks: raises
    UnsupportedError, in which it stands, where matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UnsupportedError(
            f"{what} needs matplotlib, which is not installed. Write: pip install 'symgraph[plot]'"
        ) from error
    return Figure(figsize=size, layout="constrained" if fitted else None)


def save_figure(figure: Any, path: str | Path) -> Path:
    """Write a figure; the suffix chooses the format: .svg, .pdf or .png.

    Raises DrawError for another suffix, KindError for no path, StorageError when the
    file cannot be written, UnsupportedError where no font here has the letters.
    """
    from matplotlib import rc_context

    target = path_of("plot", path)
    suffix = target.suffix.lower()
    if suffix not in _METADATA:
        raise DrawError(
            f"plot: the file name {target.name!r} ends in none of {', '.join(_METADATA)}. "
            f"Write {(target.stem or 'plot') + '.svg'!r}, for example."
        )
    # Without a salt the ids of an SVG are drawn at random.
    content = io.BytesIO()
    with rc_context({"svg.hashsalt": "symgraph"}), warnings.catch_warnings():
        warnings.filterwarnings("error", "Glyph .* missing from font")
        try:
            figure.savefig(content, format=suffix[1:], metadata=_METADATA[suffix], dpi=150)
        except UserWarning as warning:
            raise UnsupportedError(
                f"plot: no font here has all letters of {target.name!r} ({warning}). Install one "
                "that has them, for Chinese fonts-noto-cjk or fonts-wqy-microhei, or write the "
                "plot in English."
            ) from warning
    with writing("plot", target):
        target.write_bytes(content.getvalue())
    return target
