"""Tables, which are .csv files and data frames, as arrays by the names of their columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import (
    KindError,
    NameClashError,
    ShapeError,
    UnknownNameError,
    UnsupportedError,
)
from symgraph.train.names import unknown_name

__all__ = ["Choice", "CsvTable", "as_arrays", "as_list", "checked_choice", "columns_of", "grouped"]

Array: TypeAlias = NDArray[Any]
#: What a value of the result is made of: a column, or several as the columns of a matrix.
Choice: TypeAlias = "Any | list[Any]"

_ENTRY = re.compile(r"(.+)\[(\d+)\]")
_LINES = 1 << 13  # that are read at once


@dataclass(frozen=True)
class CsvTable:
    """A .csv file whose first line names its columns, read some lines at a time.

    Raises UnsupportedError for a first line that names none, and for what cannot be read;
    ShapeError for a line with more or fewer cells.
    """

    path: Path
    separator: str
    is_chosen: bool = False  # whether columns may be named by numbers, since somebody knows them

    def names(self) -> list[str]:
        """The names of the columns."""
        return next(self._lines())

    def scan(self, wanted: Sequence[str]) -> tuple[int, list[np.dtype[Any]]]:
        """How many lines there are, and what each of these columns holds.

        Numbers where all cells are, whole ones as integers, otherwise text; an empty cell is NaN.
        """
        widths: dict[int, int] = {}  # of the columns that are known to hold text
        while True:
            rows, is_whole, texts = 0, [True] * len(wanted), {*widths}
            for block in self._blocks(wanted, texts):
                rows += len(block[0])
                for k, cells in enumerate(block):
                    if k in widths:
                        widths[k] = max(widths[k], *map(len, cells))
                    elif is_whole[k] and k not in texts:
                        is_whole[k] = _are_whole(cells)
            if texts == {*widths}:
                break
            widths = dict.fromkeys(texts, 1)
        kinds = [np.dtype(np.int64 if whole else np.float64) for whole in is_whole]
        for k, width in widths.items():
            kinds[k] = np.dtype(f"U{width}")
        return rows, kinds

    def fill(self, wanted: Sequence[str], targets: Sequence[Array]) -> None:
        """Write these columns into arrays of that many entries, of the types of `scan`."""
        start = 0
        texts = {k for k, target in enumerate(targets) if target.dtype.kind == "U"}
        for block in self._blocks(wanted, texts):
            stop = start + len(block[0])
            for cells, target in zip(block, targets, strict=True):
                target[start:stop] = cells
            start = stop

    def _blocks(self, wanted: Sequence[str], texts: set[int]) -> Iterator[list[Any]]:
        """The cells of some columns, of some lines after another, as numbers but for the texts.

        A column that turns out to be none of numbers is put among the texts.
        """
        lines = self._lines()
        names = next(lines)
        places = [names.index(name) for name in wanted]
        pick: Callable[[list[str]], Sequence[str]] = list
        if places != [*range(len(names))]:
            pick = itemgetter(*places) if len(places) > 1 else lambda line: [line[places[0]]]
        while block := list(map(pick, islice(lines, _LINES))):
            if not texts:
                with suppress(ValueError):  # in which most files spare us a look at each column
                    yield [*np.array(block, dtype=np.float64).T]
                    continue
            columns: list[Any] = list(zip(*block, strict=True))
            for k, cells in enumerate(columns):
                numbers = None if k in texts else _numbers(cells)
                if numbers is None:
                    texts.add(k)
                else:
                    columns[k] = numbers
            yield columns

    def _lines(self) -> Iterator[list[str]]:
        """The names, and then the cells of one line after another."""
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as file:
                lines = csv.reader(file, delimiter=self.separator)
                names = [name.strip() for name in next(lines, [])]
                _check_head(self.path, names, self.separator, self.is_chosen)
                yield names
                for line in lines:
                    if len(line) == len(names):
                        yield line
                    elif line:
                        raise self._uneven(lines.line_num, line, len(names))
        except UnicodeDecodeError as error:
            raise UnsupportedError(
                f"load: {self.path.name!r} is not text in UTF-8 ({error.reason} at byte "
                f"{error.start}). Save it in that encoding."
            ) from error
        except csv.Error as error:
            raise UnsupportedError(
                f"load: {self.path.name!r} cannot be read beyond line {lines.line_num} ({error}). "
                "Look for a quotation mark that is not closed."
            ) from error

    def _uneven(self, number: int, line: list[str], columns: int) -> ShapeError:
        begun = any("\n" in cell for cell in line)
        hint = "Close its quotation mark." if begun else "Give each line one cell a column."
        return ShapeError(
            f"load: line {number} of {self.path.name!r} has {len(line)} cells, the first line "
            f"names {columns} columns. {hint}"
        )


def _check_head(path: Path, names: list[str], separator: str, is_chosen: bool) -> None:
    """Raise UnsupportedError unless the first line of a table names its columns."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if names and all(map(_is_number, names)) and (twice or not is_chosen):
        raise UnsupportedError(
            f"load: the first line of {path.name!r} holds the numbers {', '.join(names[:4])}"
            f"{', ...' * (len(names) > 4)}, and it names the columns. Put a line of names above "
            'it, such as x[0],x[1],y; or choose among such names by columns={"x": [...]}.'
        )
    other = next((mark for mark in ";\t|, " if len(names) == 1 and mark in names[0]), None)
    if other is not None and not is_chosen:
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


def _numbers(cells: Sequence[str]) -> Array | None:
    """Cells as numbers, empty ones as NaN; None where one is no number."""
    for texts in (cells, [cell.strip() or "nan" for cell in cells]):
        try:
            return np.array(texts, dtype=np.float64)
        except ValueError:
            continue
    return None


def _are_whole(numbers: Array) -> bool:
    whole = np.isfinite(numbers).all() and (numbers == np.round(numbers)).all()
    return bool(whole and (np.abs(numbers) < 2**53).all())


# --- columns that belong together ---------------------------------------------------------------


def grouped(names: Sequence[Any]) -> dict[Any, Choice]:
    """What the columns of a table stand for: x[0], x[1], ... for one matrix x.

    Raises UnknownNameError where one of these is missing, NameClashError where there is x too.

    >>> grouped(["y", "x[1]", "x[0]"])
    {'y': 'y', 'x': ['x[0]', 'x[1]']}
    """
    found: dict[Any, Choice] = {}
    parts: dict[str, dict[int, str]] = {}
    for name in names:
        match = _ENTRY.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            found[name] = name
        else:
            parts.setdefault(match[1], {})[int(match[2])] = name
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
        found[name] = [entries[i] for i in range(len(entries))]
    return found


def checked_choice(file: str, names: Sequence[str], columns: Any) -> dict[str, Choice]:
    """The columns that a user has chosen, checked against those that a table has."""
    if not isinstance(columns, Mapping):
        raise KindError(
            f"load: columns is {columns!r}, and it maps names to columns. "
            f"Write columns={{'x': {list(names)[:2]!r}}}."
        )
    found: dict[str, Choice] = {}
    for name, wanted in columns.items():
        if not isinstance(wanted, str) and (
            not isinstance(wanted, Sequence)
            or not wanted
            or not all(isinstance(one, str) for one in wanted)
        ):
            raise KindError(
                f"load: columns: {name!r} is made of {wanted!r}, and it is the name of a column or "
                f"a list of them. There are: {', '.join(map(repr, names))}."
            )
        for part in [wanted] if isinstance(wanted, str) else wanted:
            if part not in names:
                raise unknown_name(f"load: {file!r}", "a column", part, names)
        found[name] = wanted if isinstance(wanted, str) else list(wanted)
    return found


def as_list(choice: Choice) -> list[Any]:
    """The columns that a value is made of."""
    return choice if isinstance(choice, list) else [choice]


def as_arrays(table: Mapping[Any, Any]) -> dict[Any, Any]:
    """The columns of a table that is in memory, x[0], x[1], ... as one array x. As `grouped`."""
    return {
        name: np.stack([table[part] for part in made_of], axis=1)
        if isinstance(made_of, list)
        else table[made_of]
        for name, made_of in grouped([*table]).items()
    }


# --- data frames --------------------------------------------------------------------------------


def columns_of(data: Any) -> dict[Any, Any] | None:
    """The columns of a data frame, or of records, of any library; None for what is none."""
    if isinstance(data, Mapping | type):
        return None
    names: Any = None
    if isinstance(data, np.ndarray):
        names = data.dtype.names
    elif hasattr(data, "column_names"):  # Arrow
        names = data.column_names
    elif not hasattr(data, "collect") and hasattr(data, "columns"):  # pandas, Polars; none lazy
        names = data.columns
    elif callable(getattr(data, "keys", None)) and getattr(data, "ndim", 2) == 2:
        names = data.keys()
    if names is None or not hasattr(data, "__getitem__") or callable(names):
        return None
    return {name: data[name] for name in names}
