"""Data for a model: checked against the inputs it is for, and cut into batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph import random
from symgraph.codegen.outside import NO_ARRAY, from_outside, is_masked, said_of
from symgraph.errors import KindError, NonFiniteError, RangeError, ShapeError, UnknownNameError
from symgraph.ops.leaves import Var
from symgraph.shapes import Dim, bind_dim, dim_symbols, shape_text
from symgraph.train.kept import BLOCK, blocks, converted, gather, is_plain, stays
from symgraph.train.lookups import Lookups, check_lookups
from symgraph.train.names import unknown_name
from symgraph.train.sources import load
from symgraph.train.tables import as_arrays, columns_of
from symgraph.walks import variables

__all__ = ["Data", "Own", "check_data"]

Array = NDArray[Any]
_SHOWN = 12  # names in a message
_WIDEST = 60  # characters of a value in a message
Dims = dict[sympy.Symbol, int]
#: Which of so many samples somebody looks at.
Own = Callable[[int], slice]


@dataclass(frozen=True)
class Data:
    """Arrays that fit the inputs they are for; `rows` samples along the batch axis of each.

    Arrays that would be costly to copy are those that were given, of any type that can be
    converted; a batch of them has the type in `dtypes`. With a `subset` only the samples of these
    numbers belong to the data.
    """

    arrays: dict[Var, Array]
    axes: dict[Var, int | None]
    batch: sympy.Symbol | None
    dims: Dims
    dtypes: dict[Var, np.dtype[Any]]
    subset: Array | None = None

    @property
    def rows(self) -> int:
        """The number of samples; 1 when nothing counts them."""
        return 1 if self.batch is None else self.dims.get(self.batch, 1)

    @property
    def is_plain(self) -> bool:
        """Whether the arrays hold the samples, and nothing else, as programs read them."""
        return self.subset is None and all(
            is_plain(array, self.dtypes[node]) for node, array in self.arrays.items()
        )

    @property
    def affordable(self) -> int | None:
        """How many samples to compute at once where all of them would be too many, else None."""
        sizes = {node: array.size // self.rows for node, array in self.arrays.items()}
        if not any(stays(array, self.dtypes[node]) for node, array in self.arrays.items()):
            return None
        widest = max(size * self.dtypes[node].itemsize for node, size in sizes.items())
        return max(BLOCK // max(widest, 1), 1)

    def gather(self, node: Var, index: Array, target: Array) -> None:
        """The samples of these numbers of one input that has samples."""
        axis = self.axes[node]
        assert axis is not None
        rows = index if self.subset is None else self.subset[index]
        gather(self.arrays[node], rows, axis, target)

    def take(self, index: Array | None) -> Data:
        """The samples of these numbers; None stands for all of them."""
        if index is None:
            if self.is_plain:
                return self
            index = np.arange(self.rows)
        arrays = {node: self._taken(node, index) for node in self.arrays}
        dims = self.dims if self.batch is None else self.dims | {self.batch: len(index)}
        return Data(arrays, self.axes, self.batch, dims, self.dtypes)

    def part(self, start: int, stop: int) -> Data:
        """The samples of these numbers where they lie, of arrays that have them first."""
        assert self.batch is not None
        arrays = {
            node: array if self.axes[node] is None else array[start:stop]
            for node, array in self.arrays.items()
        }
        dims = self.dims | {self.batch: min(stop, self.rows) - start}
        return Data(arrays, self.axes, self.batch, dims, self.dtypes)

    def _taken(self, node: Var, index: Array) -> Array:
        array, axis = self.arrays[node], self.axes[node]
        if axis is None:
            return converted(array, self.dtypes[node])
        shape = (*array.shape[:axis], len(index), *array.shape[axis + 1 :])
        part = np.empty(shape, self.dtypes[node])
        self.gather(node, index, part)
        return part

    def batches(self, order: Array, size: int) -> Iterator[Array | None]:
        """The numbers of the samples in this order, `size` at a time; the last may be fewer.

        None stands for all samples, in their own order.
        """
        if size >= self.rows == len(order):
            return iter([None])
        return (order[i : i + size] for i in range(0, len(order), size))

    def count(self, index: Array | None) -> int:
        """The number of samples in a batch."""
        return self.rows if index is None else len(index)

    def split(self, fraction: float, seed: int) -> tuple[Data, Data]:
        """Two parts drawn at random, the second with this fraction of the samples, rounded.

        Raises RangeError when one of them would be empty.
        """
        count = round(self.rows * fraction) if 0 < fraction <= 1 else 0
        if not 0 < count < self.rows:
            raise RangeError(
                f"fit: validation={fraction} of {self.rows} samples leaves {self.rows - count} to "
                f"train and {count} to validate, and both need one. Give another fraction."
            )
        # stream numbers count epochs; the last one is never an epoch
        order = random.permutation(self.rows, seed, 2**64 - 1)
        return self._part(np.sort(order[count:])), self._part(np.sort(order[:count]))

    def _part(self, index: Array) -> Data:
        """Some samples, copied where that costs little."""
        if not any(stays(array, self.dtypes[node]) for node, array in self.arrays.items()):
            return self.take(index)
        assert self.batch is not None
        return replace(self, dims=self.dims | {self.batch: len(index)}, subset=index)


def check_data(
    where: str,
    data: Any,
    inputs: Mapping[str, Var],
    known: Mapping[str, Var],
    batch: sympy.Symbol | None,
    *,
    dtype: str,
    lookups: Lookups = (),
    check_finite: bool = True,
    own: Own = slice,
) -> Data:
    """The data of some inputs, by name or by node or in a file, as arrays of their kind.

    `inputs` are those needed; other `known` ones may be given and are left out. `where` begins
    every message; `own` tells which of so many samples are looked at. Raises UnknownNameError for
    unknown or missing names, KindError for arrays of another kind, ShapeError for shapes that do
    not fit, NonFiniteError for NaN and infinity unless `check_finite` is false, RangeError for
    labels outside their range.
    """
    named = _named(where, data, inputs, known)
    for name in inputs:
        if name not in named:
            raise _missing(where, name, data, named)
    arrays = {node: _as_array(where, named[name], node, dtype) for name, node in inputs.items()}
    dtypes = {node: _dtype(node, dtype) for node in arrays}
    dims = _bind(where, arrays, batch)
    axes = {node: _axis(node, batch) for node in arrays}
    for node, array in arrays.items():
        if array.size == 0:
            raise ShapeError(
                f"{where}: the data of {node.name!r} are empty, of shape {array.shape}. "
                "Give at least one sample."
            )
        if check_finite and node.kind == "real":
            _check_finite(where, node, array, axes[node], dtypes[node], own)
    checked = Data(arrays, axes, batch, dims, dtypes)
    _check_lookups(where, lookups, checked, own)
    return checked


def _named(
    where: str, data: Any, inputs: Mapping[str, Var], known: Mapping[str, Var]
) -> dict[str, Any]:
    """Data by name; a file or a table may hold more than the model knows."""
    if isinstance(data, str | PathLike):
        return load(Path(data))
    columns = columns_of(data)
    if columns is not None:
        return as_arrays(columns)
    if not isinstance(data, Mapping):
        raise KindError(
            f"{where}: the data are {_kind_of(data)}, and they map the names of the inputs to "
            f"arrays. {_as_mapping(data, list(inputs))}"
        )
    named = {key.name if isinstance(key, Var) else key: value for key, value in data.items()}
    for name in named:
        if name not in known:
            raise unknown_name(where, "an input", name, known)
    return named


def _missing(where: str, name: str, data: Any, named: Mapping[Any, Any]) -> UnknownNameError:
    """The error for an input without data, with what to do about it."""
    shown = ", ".join([*map(repr, islice(named, _SHOWN)), *["..."] * (len(named) > _SHOWN)])
    texts = {one.casefold(): one for one in named if isinstance(one, str)}
    columns = [one for one in named if isinstance(one, str)][:2]
    if name.casefold() in texts:
        hint = f"Call {texts[name.casefold()]!r} {name!r}."
    elif len(columns) < 2 or isinstance(data, Mapping):
        hint = f"Add {name!r} to the data."
    elif isinstance(data, str | PathLike):
        hint = (
            f"Say of which columns it is made: sg.data.load({str(data)!r}, "
            f"columns={{{name!r}: {columns}, ...}})."
        )
    else:
        hint = f"Say of which columns it is made: {{{name!r}: data[{columns}], ...}}."
    return UnknownNameError(
        f"{where}: there are no data for input {name!r}; given are: {shown or 'none'}. {hint}"
    )


def _kind_of(data: Any) -> str:
    outer = f"a {type(data).__name__}"
    if not isinstance(data, list | tuple) or not data:
        return outer
    return f"{outer} of {len(data)}, the first a {type(data[0]).__name__}"


def _as_mapping(data: Any, names: list[str]) -> str:
    """How to write other data as arrays by name."""
    parts = [f"{name!r}: ..." for name in names]
    if isinstance(data, list | tuple):
        lengths = {len(one) if isinstance(one, list | tuple) else -1 for one in data}
        if lengths == {len(names)}:
            return f"If each holds one sample, write dict(zip({names}, zip(*data)))."
        if len(data) == len(names):
            parts = [f"{name!r}: data[{i}]" for i, name in enumerate(names)]
    if hasattr(data, "collect"):
        return "Write data.collect()."
    return f"Write {{{', '.join(parts)}}}."


def _check_lookups(where: str, lookups: Lookups, data: Data, own: Own) -> None:
    """Check what integers choose, some samples at a time."""
    read = {leaf for index, _ in lookups for leaf in variables([index])}
    used = {node: array for node, array in data.arrays.items() if node in read}
    if not used:
        return
    chosen = replace(data, arrays=used)
    if chosen.is_plain and all(array.nbytes <= BLOCK for array in used.values()):
        check_lookups(where, lookups, used, data.dims)
        return
    each = max(1, BLOCK // max(array.itemsize * array.size // data.rows for array in used.values()))
    first, stop, _ = own(data.rows).indices(data.rows)
    for start in range(first, stop, each):
        part = chosen.take(np.arange(start, min(start + each, stop)))
        check_lookups(where, lookups, part.arrays, part.dims, (data.batch, start))


def _axis(node: Var, batch: sympy.Symbol | None) -> int | None:
    return node.shape.index(batch) if batch is not None and batch in node.shape else None


def _as_array(where: str, value: Any, node: Var, dtype: str) -> Array:
    if is_masked(value):
        raise KindError(
            f"{where}: the data of {node.name!r} are a masked array, and the mask would be lost. "
            "Fill it with .filled(value), or make the mask an input of its own."
        )
    try:
        array = from_outside(value)
    except NO_ARRAY as error:
        raise KindError(
            f"{where}: the data of {node.name!r} are not an array: {said_of(error)}"
        ) from error
    allowed = {"real": "biuf", "integer": "biu", "boolean": "b"}[node.kind]
    if array.dtype.kind not in allowed or (array.dtype.kind == "u" and _too_large(array)):
        raise KindError(
            f"{where}: the data of {node.name!r} have dtype {array.dtype}, and the input is "
            f"{node.kind}. {_conversion(array, node)}"
        )
    wanted = _dtype(node, dtype)
    return array if stays(array, wanted) else converted(array, wanted)


def _conversion(array: Array, node: Var) -> str:
    """What makes data of another kind fit an input."""
    kind, is_wider = array.dtype.kind, array.ndim == len(node.shape) + 1
    if node.kind == "real":
        if array.ndim == 0 and kind == "O" and hasattr(array.item(), "toarray"):
            return "They are sparse: write them as .toarray()."
        cells = np.ndenumerate(array) if kind in "USO" else iter(())
        wrong = next((i for i, cell in cells if not _is_number(cell)), None)
        if wrong is not None:
            return f"{_shown(array[wrong])} at {wrong} is no number: replace it or leave it out."
        return "Convert them with np.asarray(a, dtype=float)."
    if node.kind == "boolean":
        return "Convert them with .astype(bool)."
    if kind in "US" or (kind == "O" and all(isinstance(one, str) for one in array.flat)):
        return "Number them: names, ids = np.unique(a, return_inverse=True)."
    if kind == "f" and is_wider:
        return "If they are one-hot, convert them with .argmax(axis=-1)."
    if kind == "f" and (broken := np.argwhere(array != np.round(array))).size:
        first = tuple(int(i) for i in broken[0])
        return f"They hold {array[first]} at {first}: give whole numbers."
    return "Convert them with .astype(int)."


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _shown(cell: Any) -> str:
    """A cell as it is written, if that is short."""
    text = repr(str(cell) if isinstance(cell, str | bytes) else cell)
    return text if len(text) <= _WIDEST else f"a {type(cell).__name__}"


def _dtype(node: Var, real: str) -> np.dtype[Any]:
    return np.dtype({"real": real, "integer": "int64", "boolean": "bool"}[node.kind])


def _too_large(array: Array) -> bool:
    return bool(array.size and array.dtype.itemsize == 8 and array.max() >= 2**63)


def _bind(where: str, arrays: Mapping[Var, Array], batch: sympy.Symbol | None) -> Dims:
    """The number behind each size name, the same in all arrays."""
    dims: Dims = {}
    source: dict[sympy.Symbol, Var] = {}
    for node, array in arrays.items():
        if array.ndim != len(node.shape):
            raise ShapeError(
                f"{where}: the data of {node.name!r} have shape {array.shape}, and the input is "
                f"declared as {shape_text(node.shape)}: {array.ndim} axes and {len(node.shape)}. "
                "Reshape the data, or declare the input with that shape."
            )
        for size, got in zip(node.shape, array.shape, strict=True):
            if isinstance(size, int) or not size.is_Symbol:
                continue
            if dims.setdefault(size, got) != got:
                raise _differing(where, size, source[size], dims[size], node, got, batch)
            source.setdefault(size, node)
    for node, array in arrays.items():
        for axis, (size, got) in enumerate(zip(node.shape, array.shape, strict=True)):
            if dim_symbols([size]) <= dims.keys() and bind_dim(size, dims) != got:
                raise ShapeError(
                    f"{where}: the data of {node.name!r} have shape {array.shape}, and the input "
                    f"is declared as {shape_text(node.shape)}: {got} is not "
                    f"{bind_dim(size, dims)} on axis {axis}. Give data of that shape."
                )
    return dims


def _differing(
    where: str, size: Dim, first: Var, had: int, node: Var, got: int, batch: sympy.Symbol | None
) -> ShapeError:
    what = "samples" if size == batch else f"entries along {size}"
    return ShapeError(
        f"{where}: the data of {first.name!r} have {had} {what}, those of {node.name!r} have "
        f"{got}. Give the same number of {what} for each."
    )


def _check_finite(
    where: str, node: Var, given: Array, along: int | None, dtype: np.dtype[Any], own: Own
) -> None:
    array, axis, begin = given, along or 0, 0
    if along is not None:
        part_of = own(given.shape[axis])
        begin = part_of.start or 0
        array = given[(slice(None),) * axis + (part_of,)]
    first: tuple[int, ...] = ()
    value, count = 0.0, 0
    for start, part in blocks(array, axis, dtype):
        with np.errstate(all="ignore"):
            if np.isfinite(part.sum()):  # which is faster, and not so if one is not
                continue
        finite = np.isfinite(part)
        if finite.all():  # the sum is too large
            continue
        at = [int(i) for i in np.argwhere(~finite)[0]]
        if not count:
            value = part[tuple(at)]
            first = tuple(i + (begin + start) * (a == axis) for a, i in enumerate(at))
        count += int((~finite).sum())
    if count:
        raise NonFiniteError(
            f"{where}: the data of {node.name!r} hold {value} at {first}, and {count} of "
            f"{array.size} numbers are not finite. Clean them, or pass check_finite=False."
        )
