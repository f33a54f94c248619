"""Data from files and from sequences of different length, as arrays by name.

`fit`, `evaluate` and `predict` take what is made here, and the path of a file itself.
"""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answer_calls
from symgraph.codegen.outside import NO_ARRAY, from_outside
from symgraph.errors import KindError, RangeError, ShapeError, StorageError, UnsupportedError
from symgraph.files import exists, path_of, refused
from symgraph.train import store
from symgraph.train.tables import (
    CsvTable,
    as_arrays,
    as_list,
    checked_choice,
    columns_of,
    grouped,
)

__all__ = ["Padded", "load", "pad", "to_folder"]

Array: TypeAlias = NDArray[Any]

#: What stands between two cells of a table, by the suffix of its file.
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def load(
    path: str | Path,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    *,
    separator: str | None = None,
) -> dict[str, Array]:
    """The arrays of a file by name.

    - `.npz` and `.safetensors`: the arrays that it holds.
    - `.csv` and `.tsv`: its columns, named by the first line; whole numbers become integers, what
      is no number text. Columns `x[0]`, `x[1]`, ... become one array x of shape (N, k). `columns`
      chooses: a name of the result with the column, or the columns, that it is made of.
      `separator` is what stands between two cells, a comma or a tabulator where it is None.
      Arrays of other files are chosen likewise.
    - a folder: its files NAME.npy, which stay on disk. Training reads the samples of one batch
      after another, so that they may be larger than memory; `to_folder` makes one.

    Raises MissingFileError, UnsupportedError for a file of another kind or a damaged one,
    UnknownNameError for a column that is not there, ShapeError for lines of different length,
    KindError for columns and separators that are none.
    """
    source = path_of("load", path)
    if not exists(source):
        raise store.missing(source)
    if source.suffix.lower() in _SEPARATORS and not source.is_dir():
        return _of_table(source, columns, separator, _in_memory)
    if source.is_dir() or source.suffix in (".npz", ".safetensors"):
        arrays = _folder(source) if source.is_dir() else store.read(source)[0]
        return arrays if columns is None else _chosen(source.name, arrays, columns)
    raise UnsupportedError(
        f"load: {source.name!r} is neither a folder nor a .npz, .safetensors, .csv or .tsv file. "
        "Give the path of one of these, or the arrays themselves."
    )


def _chosen(file: str, arrays: dict[str, Array], columns: Any) -> dict[str, Array]:
    """Arrays under other names, several of one shape as the columns of a matrix."""
    found = {}
    for name, parts in checked_choice(file, [*arrays], columns).items():
        several = [arrays[part] for part in as_list(parts)]
        shapes = {array.shape for array in several}
        if len(shapes) > 1 or (isinstance(parts, list) and several[0].ndim != 1):
            raise ShapeError(
                f"load: columns: {name!r} is made of arrays of the shapes {sorted(shapes)}, and "
                "they are columns of one length. Choose others, or one array by its name alone."
            )
        found[name] = np.stack(several, axis=1) if isinstance(parts, list) else several[0]
    return found


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


def _in_memory(shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> Array:
    return np.empty(shape, dtype)


def _of_table(
    path: Path,
    columns: Mapping[str, str | Sequence[str]] | None,
    separator: str | None,
    make: Callable[..., Array],
) -> dict[str, Array]:
    """The columns of a file in arrays that `make` makes, of shape, dtype and name."""
    if separator is None:
        separator = _SEPARATORS[path.suffix.lower()]
    if not isinstance(separator, str) or len(separator) != 1 or separator in '\r\n"':
        raise KindError(
            f"load: separator is {separator!r}, and it is the one character between two cells, "
            "such as ';'."
        )
    table = CsvTable(path, separator, columns is not None)
    names = table.names()
    # an index is written without a name
    made_of = (
        grouped([*filter(None, names)])
        if columns is None
        else checked_choice(path.name, names, columns)
    )
    wanted = [part for parts in made_of.values() for part in as_list(parts)]
    rows, dtypes = table.scan(wanted)
    kinds = dict(zip(wanted, dtypes, strict=True))
    found: dict[str, Array] = {}
    targets: list[Array] = []
    for name, parts in made_of.items():
        dtype = np.result_type(*(kinds[part] for part in as_list(parts)))
        shape = (rows, len(parts)) if isinstance(parts, list) else (rows,)
        array = make(shape, dtype, name)
        found[name] = array
        targets += [*array.T] if isinstance(parts, list) else [array]
    table.fill(wanted, targets)
    return found


# --- a folder of arrays that stay on disk -------------------------------------------------------


def to_folder(
    data: Any,
    folder: str | Path,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    *,
    separator: str | None = None,
) -> dict[str, Array]:
    """Write data into a folder of files NAME.npy, which training reads batch by batch.

    `data` is a file as in `load`, of which .csv, .tsv and .npz may be larger than memory, or arrays
    by name, or a data frame; `columns` and `separator` are for tables. The result are the arrays,
    which stay on disk.

    Raises as `load`; StorageError for a folder that has files already, or that cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     made = to_folder({"x": [[1.0], [2.0]], "y": [0, 1]}, f"{place}/data")
    ...     {name: array.shape for name, array in made.items()}
    {'x': (2, 1), 'y': (2,)}
    """
    place = path_of("to_folder", folder)
    source = Path(data) if isinstance(data, str | Path) else None
    if source is not None and not exists(source):
        raise store.missing(source)
    with _filled(place) as file_of:

        def make(shape: tuple[int, ...], dtype: Any, name: str) -> Array:
            path = file_of(name)
            if not np.prod(shape):  # no file can be mapped that has no bytes
                np.save(path, np.empty(shape, dtype))
                return np.empty(shape, dtype)
            return np.lib.format.open_memmap(path, "w+", dtype, shape)

        if source is not None and source.suffix.lower() in _SEPARATORS:
            _of_table(source, columns, separator, make)
        elif source is not None and source.suffix == ".npz":
            _unpack(source, file_of)
        else:
            for name, array in _arrays(load(source) if source is not None else data).items():
                np.save(file_of(name), array, allow_pickle=False)
        return _folder(place)


@contextmanager
def _filled(place: Path) -> Iterator[Callable[[str], Path]]:
    """The files of a new folder by the names of their arrays; none is left where that fails."""
    made: list[Path] = []

    def file_of(name: Any) -> Path:
        if not isinstance(name, str) or not name or set(name) & {*"/\\:\0"} or name[0] == ".":
            raise KindError(
                f"to_folder: {name!r} is the name of an array, and no file can be called so. "
                "Choose other names, by columns= of a table."
            )
        made.append(place / f"{name}.npy")
        return made[-1]

    try:
        if place.exists() and any(place.iterdir()):
            raise FileExistsError(17, "it holds files already")
        place.mkdir(parents=True, exist_ok=True)
        yield file_of
    except BaseException as error:
        for path in made:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, StorageError):
            what = f"to_folder: {str(place)!r} cannot be written"
            raise refused(error, what, "What was there") from error
        raise


def _unpack(source: Path, file_of: Callable[[str], Path]) -> None:
    """The arrays of an archive, a piece of a file at a time."""
    try:
        with zipfile.ZipFile(source) as archive:
            for name in archive.namelist():
                with (
                    archive.open(name) as packed,
                    file_of(name.removesuffix(".npy")).open("wb") as file,
                ):
                    shutil.copyfileobj(packed, file)
    except (zipfile.BadZipFile, zlib.error) as error:
        raise store.damaged(source, error) from error


def _arrays(data: Any) -> dict[str, Array]:
    """Arrays by name, of a mapping or a data frame."""
    columns = columns_of(data)
    named = data if columns is None else as_arrays(columns)
    if not isinstance(named, Mapping):
        raise KindError(
            f"to_folder: the data are a {type(data).__name__}, and they are a file, a data frame "
            "or arrays by name. Write {'x': ..., 'y': ...}."
        )
    found = {}
    for name, value in named.items():
        try:
            found[name] = from_outside(value)
        except NO_ARRAY as error:
            raise KindError(f"to_folder: {name!r} is not an array: {error}.") from error
        if found[name].dtype.kind not in "biufU":
            raise KindError(
                f"to_folder: {name!r} has dtype {found[name].dtype}, and it is an array of numbers "
                "or of text. Convert it with np.asarray(a, dtype=float)."
            )
    return found


# --- sequences of different length --------------------------------------------------------------


class _Padded(NamedTuple):
    values: Array
    mask: Array
    lengths: Array


class Padded(_Padded):
    """Sequences in one array, and which of its entries belong to them."""

    __slots__ = ()

    def __new__(cls, *given: Any, **named: Any) -> Self:
        try:
            return super().__new__(cls, *given, **named)
        except TypeError:
            raise KindError(
                f"Padded: it is made of values, mask and lengths, and there are {len(given)} values"
                f"{''.join(f' and {name!r}' for name in named)}. Write sg.data.pad(sequences)."
            ) from None


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
