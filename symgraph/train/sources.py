"""Data from files and from sequences of different length, as arrays by name.

`fit`, `evaluate` and `predict` take what is made here, and the path of a file itself.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answer_calls
from symgraph.errors import (
    KindError,
    NameClashError,
    RangeError,
    ShapeError,
    UnknownNameError,
    UnsupportedError,
)
from symgraph.train import store
from symgraph.train.names import unknown_name

__all__ = ["Padded", "grouped", "load", "pad"]

Array: TypeAlias = NDArray[Any]

_ENTRY = re.compile(r"(.+)\[(\d+)\]")


def load(
    path: str | Path,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    *,
    separator: str = ",",
) -> dict[str, Array]:
    """The arrays of a file by name.

    - `.npz` and `.safetensors`: the arrays that it holds.
    - `.csv`: its columns, named by the first line; whole numbers become integers, what is no
      number text. Columns `x[0]`, `x[1]`, ... become one array x of shape (N, k). `columns`
      chooses: a name of the result with the column, or the columns, that it is made of.
      `separator` is what stands between two cells.
    - a folder: its files NAME.npy, which stay on disk. Training reads the samples of one batch
      after another, so that they may be larger than memory.

    Raises MissingFileError, UnsupportedError for a file of another kind or a damaged one,
    UnknownNameError for a column that is not there, ShapeError for lines of different length.
    """
    source = store.path_of("load", path)
    if not source.exists():
        raise store.missing(source)
    if source.is_dir():
        return _folder(source)
    if source.suffix == ".csv":
        try:
            table = _read_csv(source, separator, columns)
        except UnicodeDecodeError as error:
            raise UnsupportedError(
                f"load: {source.name!r} is not text in UTF-8 ({error.reason} at byte "
                f"{error.start}). Save it in that encoding."
            ) from error
        return _chosen(source.name, table, columns)
    if source.suffix in (".npz", ".safetensors"):
        return store.read(source)[0]
    raise UnsupportedError(
        f"load: {source.name!r} is neither a folder nor a .npz, .safetensors or .csv file. Give "
        "the path of one of these, or the arrays themselves."
    )


def _folder(path: Path) -> dict[str, Array]:
    files = sorted(path.glob("*.npy"))
    if not files:
        raise UnsupportedError(f"load: the folder {path.name!r} holds no .npy file.")
    try:
        return {file.stem: np.load(file, mmap_mode="r", allow_pickle=False) for file in files}
    except ValueError as error:
        raise UnsupportedError(
            f"load: a file in {path.name!r} is not a readable .npy file ({error}). Save it again."
        ) from error


def _read_csv(path: Path, separator: str, columns: Mapping[str, Any] | None) -> dict[str, Array]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file, delimiter=separator)
        names = [name.strip() for name in next(lines, [])]
        _check_head(path, names, separator, columns is not None)
        cells: list[list[str]] = [[] for _ in names]
        for line in lines:
            if not line:
                continue
            if len(line) != len(names):
                raise ShapeError(
                    f"load: line {lines.line_num} of {path.name!r} has {len(line)} cells, the "
                    f"first line names {len(names)} columns. Give each line one cell a column."
                )
            for column, cell in zip(cells, line, strict=True):
                column.append(cell)
    return dict(zip(names, map(_column, cells), strict=True))


def _check_head(path: Path, names: list[str], separator: str, is_chosen: bool) -> None:
    """Raise UnsupportedError unless the first line of a table names its columns."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if names and all(map(_is_number, names)) and (twice or not is_chosen):
        raise UnsupportedError(
            f"load: the first line of {path.name!r} holds the numbers {', '.join(names[:4])}"
            f"{', ...' * (len(names) > 4)}, and it names the columns. Put a line of names above "
            'it, such as x[0],x[1],y; or choose among such names by columns={"x": [...]}.'
        )
    other = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
    if other is not None:
        raise UnsupportedError(
            f"load: {path.name!r} has {other!r} between its cells, and they are read as separated "
            f"by {separator!r}. Write sg.data.load(path, separator={other!r})."
        )
    if twice or not names:
        what = f"two columns {twice[0]!r}" if twice else "no line of names"
        raise UnsupportedError(f"load: {path.name!r} has {what}. Name each column once, above it.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column(cells: list[str]) -> Array:
    """Numbers where all cells are, whole ones as integers, otherwise text."""
    texts = np.array(cells)
    try:
        numbers = np.array([cell.strip() or "nan" for cell in cells], dtype=np.float64)
    except ValueError:
        return texts
    whole = np.isfinite(numbers).all() and (numbers == np.round(numbers)).all()
    if whole and (np.abs(numbers) < 2**53).all():
        return numbers.astype(np.int64)
    return numbers


def _chosen(
    file: str, table: dict[str, Array], columns: Mapping[str, str | Sequence[str]] | None
) -> dict[str, Array]:
    if columns is None:
        return grouped(table)
    found: dict[str, Array] = {}
    for name, wanted in columns.items():
        parts = [wanted] if isinstance(wanted, str) else list(wanted)
        for part in parts:
            if part not in table:
                raise unknown_name(f"load: {file!r}", "a column", part, table)
        arrays = [table[part] for part in parts]
        found[name] = arrays[0] if isinstance(wanted, str) else np.stack(arrays, axis=1)
    return found


def grouped(table: Mapping[Any, Any]) -> dict[Any, Any]:
    """The columns of a table by name, x[0], x[1], ... as one array x.

    Raises UnknownNameError where one of these is missing, NameClashError where there is x too.
    """
    found: dict[Any, Any] = {}
    parts: dict[str, dict[int, Any]] = {}
    for name, column in table.items():
        match = _ENTRY.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            found[name] = column
        else:
            parts.setdefault(match[1], {})[int(match[2])] = column
    for name, entries in parts.items():
        missing = sorted({*range(max(entries))} - entries.keys())
        if missing:
            raise UnknownNameError(
                f"load: there is '{name}[{max(entries)}]' and no column '{name}[{missing[0]}]'. "
                "Number the columns from 0."
            )
        if name in found:
            raise NameClashError(
                f"load: there are columns {name!r} and '{name}[0]'. Rename one of them."
            )
        found[name] = np.stack([entries[i] for i in range(len(entries))], axis=1)
    return found


# --- sequences of different length --------------------------------------------------------------


class Padded(NamedTuple):
    """Sequences in one array, and which of its entries belong to them."""

    values: Array
    mask: Array
    lengths: Array


def pad(
    sequences: Iterable[Any],
    *,
    length: int | None = None,
    value: Any = 0,
    time_first: bool = False,
) -> Padded:
    """Sequences of different length as one array, filled up behind their ends.

    Shapes: sequence i is (t_i, ...); `values` is (N, T, ...) and `mask`, true where an entry
    belongs to a sequence, (N, T); with `time_first` (T, N, ...) and (T, N), as `sg.scan` reads
    them. `lengths` is (N,). T is the longest length or `length`.

    Give the mask to the loop, `sg.scan(..., mask=mask)`, and to the loss, `weight=mask`: what is
    computed is then what each sequence alone would give.
    Raises ShapeError when the entries have different shapes, KindError for what is no array of
    numbers, RangeError for a sequence longer than `length` and for no sequences.

    >>> values, mask, lengths = pad([[1, 2, 3], [4]])
    >>> values.tolist(), mask.tolist(), lengths.tolist()
    ([[1, 2, 3], [4, 0, 0]], [[True, True, True], [True, False, False]], [3, 1])
    """
    arrays = [_sequence(i, one) for i, one in enumerate(sequences)]
    if not arrays:
        raise RangeError("pad: there are no sequences. Give one or more.")
    lengths = np.array([len(array) for array in arrays])
    longest = int(lengths.max())
    size = longest if length is None else length
    if isinstance(size, bool) or not isinstance(size, int):
        raise KindError(f"pad: length is {length!r}, and it is an integer or None.")
    if longest > size:
        raise RangeError(
            f"pad: sequence {int(lengths.argmax())} has {longest} entries, and length is {size}. "
            "Cut it, or leave out length."
        )
    # an empty list says nothing about its entries
    shapes = {array.shape[1:] for array in arrays if len(array)} or {arrays[0].shape[1:]}
    if len(shapes) > 1:
        raise ShapeError(
            f"pad: the entries of the sequences have the shapes {sorted(shapes)}. Give entries of "
            "one shape."
        )
    kinds = [array for array in arrays if len(array)] or arrays
    values = np.full((len(arrays), size, *shapes.pop()), value, np.result_type(*kinds))
    for row, array in zip(values, arrays, strict=True):
        row[: len(array)] = array if len(array) else 0
    mask = np.arange(size) < lengths[:, None]
    if time_first:
        values, mask = np.ascontiguousarray(values.swapaxes(0, 1)), np.ascontiguousarray(mask.T)
    return Padded(values, mask, lengths)


def _sequence(number: int, given: Any) -> Array:
    try:
        array = np.asarray(given)
    except (TypeError, ValueError) as error:
        raise KindError(f"pad: sequence {number} is not an array: {error}.") from error
    if array.ndim < 1 or array.dtype.kind not in "biuf":
        raise KindError(
            f"pad: sequence {number} has shape {array.shape} and dtype {array.dtype}, and it is "
            "an array of numbers with time as its first axis."
        )
    return array


answer_calls(globals(), __all__)
