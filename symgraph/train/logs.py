"""Logs: what every epoch has measured, in a file as soon as it is known.

A file is a table, one row an epoch: `.csv` with a line of names first, or `.jsonl` with one object
a line. A training that is resumed goes on in its file; rows behind the epoch that it goes on from
are taken out first, and so is a last line that is only half there. `"tensorboard:runs/a"` writes
events that TensorBoard shows, into that folder.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

from symgraph.errors import KindError, UnsupportedError
from symgraph.files import refused
from symgraph.train.history import History
from symgraph.train.store import replace_file

__all__ = ["Log", "open_logs"]

Row: TypeAlias = dict[str, float]

_BOARD = "tensorboard:"
_log = logging.getLogger("symgraph")


class Log(ABC):
    """A place that epochs are written to."""

    @abstractmethod
    def begin(self, done: int, history: History) -> None:
        """Get ready for the epochs after `done`; the history may hold those before.

        Raises StorageError when the disk refuses, UnsupportedError for a file that is no log.
        """

    @abstractmethod
    def add(self, epoch: int, values: Mapping[str, float]) -> None:
        """Write what an epoch measured. Raises StorageError when the disk refuses."""

    @abstractmethod
    def close(self) -> None:
        """Close the file; nothing is left to write."""


def open_logs(given: Any) -> list[Log]:
    """The logs that a user names: one place, several, or none.

    Raises KindError for what is no place, UnsupportedError for another suffix, and for TensorBoard
    where tensorboardX is not installed.
    """
    if given is None:
        return []
    places = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    return [_open(place) for place in places]


def _open(place: Any) -> Log:
    if not isinstance(place, str | os.PathLike) or "\0" in os.fsdecode(place):
        raise KindError(
            f"fit: log is {place!r}, and it is the name of a file, or a list of names. "
            'Write log="run.csv".'
        )
    name = os.fspath(place)
    if isinstance(name, str) and name.startswith(_BOARD):
        return _Board(Path(name.removeprefix(_BOARD) or "."))
    path = Path(os.fsdecode(name))
    if path.suffix not in _FORMATS:
        raise UnsupportedError(
            f"fit: log {path.name!r} ends in {path.suffix!r}, and logs are written as .csv or "
            f".jsonl, or as {_BOARD}FOLDER. Choose one of these."
        )
    return _Table(path, _FORMATS[path.suffix])


# --- tables ---------------------------------------------------------------------------------------


class _Csv:
    """A line of names, then a line of numbers an epoch; what an epoch lacks is empty."""

    def parse(self, lines: Iterable[str]) -> Iterator[Row]:
        """The rows; ValueError at one that is none."""
        names: list[str] = []
        for cells in csv.reader(lines, strict=True):
            if not names:
                names = cells
                if names[:1] != ["epoch"] or len(set(names)) < len(names):
                    raise ValueError(f"the columns are {names}, and the first of a log is 'epoch'")
                continue
            if len(cells) != len(names):
                raise ValueError(f"{len(cells)} numbers for {len(names)} columns")
            values = {name: float(cell) for name, cell in zip(names, cells, strict=True) if cell}
            yield {**values, "epoch": int(cells[0])}

    def owns(self, line: str) -> bool:
        """Whether the first line of a file is one of a log."""
        return line.startswith("epoch,")

    def head(self, names: Sequence[str]) -> str:
        return _csv_line(names)

    def line(self, names: Sequence[str], row: Mapping[str, float]) -> str:
        return _csv_line([row.get(name, "") for name in names])


def _csv_line(cells: Sequence[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


class _JsonLines:
    """One object a line, with the values that its epoch has."""

    def parse(self, lines: Iterable[str]) -> Iterator[Row]:
        """The rows; ValueError at one that is none."""
        for line in lines:
            row = json.loads(line)
            if not isinstance(row, dict) or type(row.get("epoch")) is not int:
                raise ValueError("it has no 'epoch'")
            yield row

    def owns(self, line: str) -> bool:
        """Whether the first line of a file is one of a log."""
        return line.startswith('{"epoch"')

    def head(self, names: Sequence[str]) -> str:
        return ""

    def line(self, names: Sequence[str], row: Mapping[str, float]) -> str:
        return json.dumps(row, ensure_ascii=False) + "\n"


_FORMATS: dict[str, _Csv | _JsonLines] = {".csv": _Csv(), ".jsonl": _JsonLines()}


class _Table(Log):
    """A file with one row an epoch."""

    def __init__(self, path: Path, form: _Csv | _JsonLines) -> None:
        self._path, self._form = path, form
        self._file: IO[str] | None = None
        self._names: list[str] = []
        self._rows: list[Row] = []

    def begin(self, done: int, history: History) -> None:
        text = self._text()
        rows = {int(row["epoch"]): row for row in self._read(text) if row["epoch"] <= done}
        rows |= {int(row["epoch"]): _known(row) for row in history.rows()}
        self._rows = [rows[epoch] for epoch in sorted(rows)]
        self._names = list(dict.fromkeys(name for row in self._rows for name in row))
        self._write(text)

    def add(self, epoch: int, values: Mapping[str, float]) -> None:
        row = _known({"epoch": epoch, **values})
        self._rows.append(row)
        if any(name not in self._names for name in row):
            self._names = list(dict.fromkeys([*self._names, *row]))
            self._write(None)
            return
        assert self._file is not None
        try:
            self._file.write(self._form.line(self._names, row))
            self._file.flush()
        except OSError as error:
            raise self._refused(error) from error

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _text(self) -> str | None:
        """What the file holds; None when there is none."""
        try:
            return self._path.read_bytes().decode(errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(error) from error

    def _read(self, text: str | None) -> list[Row]:
        """The rows of the file but for a last one that is damaged."""
        lines = (text or "").splitlines(keepends=True)
        if lines and not lines[-1].endswith("\n"):
            lines.pop()
        rows: list[Row] = []
        parsed = self._form.parse(iter(lines))
        first = 1 if self._form.head(["epoch"]) else 0  # lines before the first row
        while True:
            try:
                rows.append(next(parsed))
            except StopIteration:
                return rows
            except (ValueError, csv.Error) as error:
                number = len(rows) + first + 1
                if number >= len(lines) and self._form.owns(lines[0]):
                    _log.warning(
                        "fit: the last line of %r is damaged and left out.", str(self._path)
                    )
                    return rows
                raise UnsupportedError(
                    f"fit: log {str(self._path)!r} is no log of a training: {error}. Choose "
                    "another name, or move that file away."
                ) from error

    def _write(self, old: str | None) -> None:
        """Write the whole table unless it is what the file holds, and go on behind it."""
        head = self._form.head(self._names) if self._names else ""
        text = head + "".join(self._form.line(self._names, row) for row in self._rows)
        try:
            if text != old:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self.close()
                replace_file(self._path, text.encode())
            if self._file is None:
                self._file = self._path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> Exception:
        return refused(error, f"fit: log {str(self._path)!r} cannot be written", "What it holds")


def _known(row: Mapping[str, float]) -> Row:
    """A row without what its epoch has not measured."""
    return {name: value for name, value in row.items() if not math.isnan(value)}


# --- TensorBoard ----------------------------------------------------------------------------------


class _Board(Log):
    """Events in a folder, one scalar for each value, whose step is the epoch."""

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise UnsupportedError(
                "fit: a log for TensorBoard needs tensorboardX, which is not installed. "
                "Write: pip install 'symgraph[tensorboard]'"
            ) from error
        self._folder, self._make = folder, SummaryWriter
        self._writer: Any = None

    def begin(self, done: int, history: History) -> None:
        try:
            # files of one second are read in the order of their names
            self._writer = self._make(
                logdir=str(self._folder), purge_step=done + 1,
                filename_suffix=f".{done:09d}.{os.getpid()}",
            )  # fmt: skip
        except OSError as error:
            raise self._refused(error) from error

    def add(self, epoch: int, values: Mapping[str, float]) -> None:
        try:
            for name, value in values.items():
                self._writer.add_scalar(name, value, epoch)
            self._writer.flush()
        except OSError as error:
            raise self._refused(error) from error

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _refused(self, error: OSError) -> Exception:
        what = f"fit: events cannot be written to {str(self._folder)!r}"
        return refused(error, what, "What is there")
