"""How rows are written between brackets: as NumPy's keys, else as formulas of indices."""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.ops.rows import Affine, Lookup, Row, axes_of
from symgraph.printing import ATOM, Format, Piece
from symgraph.shapes import Dim, Shape, same_dim

__all__ = ["key_text"]


def key_text(
    rows: Sequence[Row], large: Shape, small: Shape, fmt: Format, xs: Sequence[Piece]
) -> str:
    """What stands between the brackets when the entries of the small side are read or written.

    Python's slices where NumPy would read them so, else formulas of the indices i0, i1, ...
    """
    if not _is_numpy_key(rows, large, small):
        return ", ".join(_form_place(row, fmt, xs) for row in rows)
    parts: list[tuple[int, str]] = []
    used: set[int] = set()
    for row, size in zip(rows, large, strict=True):
        axes = axes_of(row)
        text = xs[row.operand].text if isinstance(row, Lookup) else _form_slice(row, size, small)
        parts.append((max(axes, default=-1), text))
        used.update(axes)
    for new in (a for a in range(len(small)) if a not in used):
        place = next((i for i, (axis, _) in enumerate(parts) if axis > new), len(parts))
        parts.insert(place, (new, "None"))
    return ", ".join(text for _, text in parts)


def _is_numpy_key(rows: Sequence[Row], large: Shape, small: Shape) -> bool:
    """Whether slices, integers and index arrays, in NumPy's order of axes, say the same."""
    looked_up = {row.axes for row in rows if isinstance(row, Lookup)}
    sliced = [row for row in rows if isinstance(row, Affine) and row.steps]
    new = set(range(len(small))) - {axis for row in rows for axis in axes_of(row)}
    if len(looked_up) > 1 or any(small[axis] != 1 for axis in new) or (looked_up and new):
        return False
    if not all(
        _is_inside(row, size, small)
        for row, size in zip(rows, large, strict=True)
        if isinstance(row, Affine)
    ):
        return False
    arrays = [k for k, row in enumerate(rows) if row not in sliced]
    together = bool(arrays) and arrays[-1] - arrays[0] == len(arrays) - 1
    at = arrays[0] if together else 0  # index arrays with slices between them come first
    order = [row.steps[0][0] for row in sliced]
    for axes in looked_up:
        order[at:at] = axes
    return order == sorted(set(order))


def _is_inside(row: Affine, size: Dim, small: Shape) -> bool:
    """Whether a row is one slice or one position that certainly needs no zeros from outside."""
    if len(row.steps) > 1:
        return False
    ends = [row.offset]
    ends += [row.offset + step * (small[axis] - 1) for axis, step in row.steps]
    return not any(
        isinstance(end, int) and (end < 0 or (isinstance(size, int) and end >= size))
        for end in ends
    )


def _form_place(row: Row, fmt: Format, xs: Sequence[Piece]) -> str:
    """The position that a row reads, as a formula of the indices of the small side."""
    if isinstance(row, Lookup):
        at = ", ".join(_index_name(axis, fmt) for axis in row.axes)
        x = fmt.wrap(xs[row.operand], ATOM)
        return (rf"{x}_{{{at}}}" if fmt.style == "latex" else f"{x}[{at}]") if at else x
    terms = " + ".join(
        _index_name(a, fmt)
        if step == 1
        else f"{step}{fmt.pick('*', '·', ' ')}{_index_name(a, fmt)}"
        for a, step in row.steps
    )
    return (f"{row.offset} + {terms}" if row.offset != 0 else terms) if terms else str(row.offset)


def _index_name(axis: int, fmt: Format) -> str:
    return fmt.name(f"i{axis}").text


def _form_slice(row: Affine, size: Dim, shape: Shape) -> str:
    """One axis of a slice as Python writes it."""
    if not row.steps:
        return str(row.offset)
    (axis, step) = row.steps[0]
    first, stop = row.offset, row.offset + step * shape[axis]
    start_text = "" if same_dim(first, 0 if step > 0 else size - 1) else str(first)
    ends = stop >= size if isinstance(stop, int) and isinstance(size, int) else stop == size
    ends = same_dim(stop, -1) or (isinstance(stop, int) and stop < 0) if step < 0 else ends
    stop_text = "" if ends else str(stop)
    return f"{start_text}:{stop_text}" + ("" if step == 1 else f":{step}")
