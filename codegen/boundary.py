"""The boundary: what users pass, turned into arrays that emitted code can rely on.

Every argument becomes a C-contiguous, aligned array of the declared kind and shape in native byte
order, or a typed error says what is wrong before anything is computed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy

from symgraph.codegen.numpy_runtime import slots
from symgraph.codegen.outside import NO_ARRAY, from_outside, is_masked
from symgraph.errors import (
    KindError,
    NameClashError,
    NonFiniteError,
    RangeError,
    ShapeError,
    UnknownNameError,
)
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.shapes import as_dim, bind_dim, bind_shape, shape_text

__all__ = ["Boundary", "Entered", "Fixed", "ordered", "placed", "plain_array"]

_ACCEPTED = {"real": "fiub", "integer": "iu", "boolean": "b"}


@dataclass
class Entered:
    """Arrays ready for a run. `copies` pairs (given, array) where the given one was not fit."""

    arrays: list[Any]
    sizes: tuple[int, ...]
    refreshed: list[tuple[Any, Any]] = field(default_factory=list)
    written: list[tuple[Any, Any]] = field(default_factory=list)

    def refresh(self) -> None:
        """Read what was copied once more."""
        for given, array in self.refreshed:
            array[...] = _truths(given) if array.dtype.kind == "b" else given

    def leave(self) -> None:
        """Write new values back into the arrays that were given."""
        for given, array in self.written:
            given[...] = array


def ordered(arrays: Sequence[Any], named: Mapping[str, Any], names: Sequence[str]) -> Sequence[Any]:
    """One value a name, from values in order and values by name; UnknownNameError for fewer."""
    if len(arrays) == len(names) and not named:
        return arrays
    given = placed(arrays, named, names)
    missing = [name for name in names if name not in given]
    if missing:
        raise UnknownNameError(
            f"arguments {', '.join(map(repr, missing))} are missing: {len(names)} are "
            f"declared, {len(given)} were given. Give all of them, in order or by name."
        )
    return [given[name] for name in names]


def placed(arrays: Sequence[Any], named: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Values by name, from values in order and values by name."""
    if len(arrays) > len(names):
        raise UnknownNameError(
            f"{len(arrays)} arguments were given, there are {len(names)}: "
            f"{', '.join(map(repr, names))}. Leave out the others."
        )
    given = dict(zip(names, arrays, strict=False))
    for name, value in named.items():
        if name not in names:
            raise UnknownNameError(
                f"there is no argument {name!r} here; the arguments are "
                f"{', '.join(map(repr, names))}."
            )
        if name in given:
            raise NameClashError(
                f"argument {name!r} is given twice, in order and by name. Give it once."
            )
        given[name] = value
    return given


class Boundary:
    """Checks and converts the arguments of one program."""

    def __init__(
        self,
        variables: Sequence[Var],
        real: str,
        stored: Sequence[int],
        check_finite: bool,
        together: Sequence[Sequence[int]] = (),
    ) -> None:
        self.variables = list(variables)
        self.names = [variable.name for variable in variables]
        self.stored = frozenset(stored)
        self.check_finite = check_finite
        self._together = [[self.names[k] for k in group] for group in together]
        dtypes = {"real": np.dtype(real), "integer": np.dtype(np.int64), "boolean": np.dtype(bool)}
        self.dtypes = [dtypes[variable.kind] for variable in variables]
        self.fixed = [
            tuple((axis, dim) for axis, dim in enumerate(v.shape) if isinstance(dim, int))
            for v in variables
        ]
        found: dict[sympy.Symbol, tuple[int, int]] = {}
        self.others: list[tuple[int, int, Any]] = []  # every further place of a symbolic size
        for k, variable in enumerate(variables):
            for axis, dim in enumerate(variable.shape):
                if isinstance(dim, int):
                    continue
                if dim.is_Symbol and dim not in found:
                    found[dim] = (k, axis)
                else:
                    self.others.append((k, axis, dim))
        self.symbols = found

    # --- which value belongs to which argument ------------------------------------------------

    def ordered(self, arrays: Sequence[Any], named: Mapping[str, Any]) -> Sequence[Any]:
        """One value an argument."""
        return ordered(arrays, named, self.names)

    def chosen(
        self, arrays: Sequence[Any], named: Mapping[str, Any], dims: Mapping[Any, int] | None
    ) -> Fixed:
        """The arrays that a bound program keeps."""
        given = placed(arrays, named, self.names)
        if dims is not None:
            sizes = {as_dim(symbol, "dims"): int(n) for symbol, n in dims.items()}
            shapes: dict[Any, dict[str, tuple[int, ...]]] = {}
            for name, variable, dtype in zip(self.names, self.variables, self.dtypes, strict=True):
                if name not in given:
                    shapes.setdefault(dtype, {})[name] = bind_shape(variable.shape, sizes)
            for dtype, own in shapes.items():
                given |= self._rooms(own, dtype)
        return Fixed(self, given)

    def _rooms(self, shapes: Mapping[str, tuple[int, ...]], dtype: Any) -> dict[str, Any]:
        """Memory for arrays by name; those that are read as one vector follow each other."""
        groups = [[name for name in group if name in shapes] for group in self._together]
        grouped = {name for group in groups for name in group}
        groups = [[name] for name in shapes if name not in grouped] + groups
        sizes = [[math.prod(shapes[name]) for name in group] for group in groups]
        found: dict[str, Any] = {}
        for group, own, room in zip(groups, sizes, slots([*map(sum, sizes)], dtype), strict=True):
            for name, size in zip(group, own, strict=True):
                found[name], room = room[:size].reshape(shapes[name]), room[size:]
        return found

    # --- one argument -------------------------------------------------------------------------

    def converted(self, k: int, value: Any) -> Any:
        """An argument as a plain array of its kind; the same object where it is one already."""
        dtype = self.dtypes[k]
        if type(value) is np.ndarray and value.dtype == dtype and value.flags.carray:
            array = value
        else:
            array = self._array(k, value)
        if dtype.kind == "b":
            array = _truths(array)
        shape = array.shape
        if len(shape) != len(self.variables[k].shape):
            raise self._shape_error(k, shape)
        for axis, size in self.fixed[k]:
            if shape[axis] != size:
                raise self._shape_error(k, shape)
        if self.check_finite and dtype.kind == "f" and not np.isfinite(array).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise NonFiniteError(
                f"argument {self.names[k]!r} is {array[place]} at position {place}. Give finite "
                "numbers, or compile without check_finite=True."
            )
        return array

    def _array(self, k: int, value: Any) -> Any:
        name, variable, dtype = self.names[k], self.variables[k], self.dtypes[k]
        array = plain_array(variable, value)
        if variable.kind == "integer" and array.dtype.itemsize == 8 and array.dtype.kind == "u":
            largest = array.max(initial=0)
            if largest > np.iinfo(np.int64).max:
                raise RangeError(
                    f"argument {name!r} holds {largest}, the largest integer here is 2**63 - 1."
                )
        return np.require(array, dtype, ["C", "A"])

    def _shape_error(self, k: int, shape: tuple[int, ...]) -> ShapeError:
        return ShapeError(
            f"argument {self.names[k]!r} has shape {shape}, it is declared "
            f"{shape_text(self.variables[k].shape)}. Give an array of that shape."
        )

    # --- all arguments ------------------------------------------------------------------------

    def sizes(self, arrays: Sequence[Any]) -> tuple[int, ...]:
        """The value of every symbolic size."""
        found = tuple([arrays[k].shape[axis] for k, axis in self.symbols.values()])
        if self.others:
            self._check_sizes(arrays, dict(zip(self.symbols, found, strict=True)))
        return found

    def _check_sizes(self, arrays: Sequence[Any], found: Mapping[sympy.Symbol, int]) -> None:
        for k, axis, dim in self.others:
            wanted = bind_dim(dim, found)
            given = arrays[k].shape[axis]
            if wanted == given:
                continue
            facts = [
                f"{symbol} = {found[symbol]} by {self.names[self.symbols[symbol][0]]!r}"
                for symbol in sorted(dim.free_symbols, key=str)
            ]
            raise ShapeError(
                f"size {dim}: argument {self.names[k]!r} has {given} on axis {axis}, and "
                f"{', '.join(facts)} makes it {wanted}. Give arrays that agree."
            )

    def enter(self, values: Sequence[Any]) -> Entered:
        """Arrays for one run."""
        arrays = [self.converted(k, value) for k, value in enumerate(values)]
        entered = Entered(arrays, self.sizes(arrays))
        if self.stored:
            self._prepare_stores(values, entered)
        return entered

    def _prepare_stores(self, values: Sequence[Any], entered: Entered) -> None:
        """Arrays that are written to belong to the run alone, or are written back after it."""
        arrays = entered.arrays
        for k in sorted(self.stored):
            given = values[k]
            if not isinstance(given, np.ndarray) or not given.flags.writeable:
                what = "read-only" if isinstance(given, np.ndarray) else type(given).__name__
                raise KindError(
                    f"argument {self.names[k]!r} is updated in place, and what was given is "
                    f"{what}. Give a writeable NumPy array."
                )
        for k in self._overlapping(arrays):
            if arrays[k] is values[k]:
                arrays[k] = arrays[k].copy()
        for k in sorted(self.stored):
            if arrays[k] is not values[k]:
                if np.may_share_memory(arrays[k], values[k]):
                    arrays[k] = arrays[k].copy()
                entered.written.append((values[k], arrays[k]))

    def _overlapping(self, arrays: Sequence[Any]) -> list[int]:
        """The updated arguments that share memory with another argument."""
        if len({*map(id, arrays)}) == len(arrays) and all(x.flags.owndata for x in arrays):
            return []  # each has its own, as is told faster than where it lies
        spans = []
        for k, array in enumerate(arrays):
            start = array.__array_interface__["data"][0]
            spans.append((start, start + array.nbytes, k))
        spans.sort()
        found: set[int] = set()
        reach: tuple[int, int] | None = None  # (end, number) of the span that ends last
        for start, end, k in spans:
            if start == end:
                continue
            if reach is not None and start < reach[0]:
                found |= {k, reach[1]}
            if reach is None or end > reach[0]:
                reach = (end, k)
        return sorted(found & self.stored)


def plain_array(variable: Var, value: Any) -> Any:
    """Numbers, lists or an array as an array of NumPy. Raises KindError for another kind."""
    name = variable.name
    if isinstance(value, Node) or is_masked(value):
        what = "a node" if isinstance(value, Node) else "a masked array"
        raise KindError(f"argument {name!r} is {what}. Give numbers or an array of numbers.")
    try:
        array = np.asarray(from_outside(value))
    except NO_ARRAY as error:
        raise KindError(f"argument {name!r} is no array: {error}.") from error
    if array.size == 0 and not isinstance(value, np.ndarray):
        return np.zeros(
            array.shape, {"real": float, "integer": int, "boolean": bool}[variable.kind]
        )
    if array.dtype.kind not in _ACCEPTED[variable.kind]:
        raise KindError(
            f"argument {name!r} has dtype {array.dtype}, it is declared {variable.kind}. "
            f"Give an array of {_wanted(variable.kind)}."
        )
    return array


def _truths(array: Any) -> Any:
    """Truth values as bytes of 0 and 1: those of other bytes viewed as such may be 255."""
    many = array.size and array.flags.c_contiguous and array.view(np.uint8).max() > 1
    return array.view(np.uint8) != 0 if many else array


def _wanted(kind: str) -> str:
    return {"real": "real numbers", "integer": "integers", "boolean": "booleans"}[kind]


def _is_copy(array: Any, given: Any) -> bool:
    """Whether an array for a run has its own memory, and not that of the array that was given.

    A memory-mapped array is taken as a plain view of it, which may be read-only.
    """
    if array is given or not isinstance(given, np.ndarray) or not array.size:
        return False
    return not np.may_share_memory(array, given)


class Fixed:
    """The arrays of a bound program."""

    def __init__(self, boundary: Boundary, given: Mapping[str, Any]) -> None:
        self.boundary = boundary
        self.open = [name for name in boundary.names if name not in given]
        self.arrays = {name: given[name] for name in boundary.names if name in given}
        for name, value in given.items():
            boundary.converted(boundary.names.index(name), value)

    def enter(self, arrays: Sequence[Any], named: Mapping[str, Any]) -> Entered:
        """Arrays for one run, some of them given now."""
        boundary = self.boundary
        if (arrays or named) and not self.open:
            raise UnknownNameError(
                "all arguments are bound, so step() takes none. Write into the bound arrays, or "
                "bind fewer of them."
            )
        now = placed(arrays, named, self.open)
        missing = [name for name in self.open if name not in now]
        if missing:
            raise UnknownNameError(
                f"arguments {', '.join(map(repr, missing))} are neither bound nor given. Give "
                "them to step() in order or by name, or bind them."
            )
        values = [self.arrays[n] if n in self.arrays else now[n] for n in boundary.names]
        entered = boundary.enter(values)
        entered.refreshed = [
            (value, array)
            for value, array in zip(values, entered.arrays, strict=True)
            if _is_copy(array, value)
        ]
        return entered

    def kept(self, entered: Entered) -> list[Any] | None:
        """The arrays that stay, with None for those of one run.

        None for all where arrays had to be copied, or have to be looked at before each run.
        """
        boundary = self.boundary
        if self.open and boundary.check_finite:
            return None
        kept: list[Any] = []
        for name, array in zip(boundary.names, entered.arrays, strict=True):
            if _is_copy(array, self.arrays.get(name)):
                return None
            kept.append(array if name in self.arrays else None)
        return kept
