"""Formulas of numbers at arrays, entry by entry, as functions of `sympy.lambdify` take them.

Where an argument is a plain SymPy symbol, a call may give an array in its place: the arrays
broadcast, and an output has the shape of those that it depends on; a matrix of formulas has its own
axes first. The program for arrays is compiled when it is first called for, once for every choice of
arguments that are arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any

import numpy as np

from symgraph.codegen.boundary import plain_array
from symgraph.codegen.passes import rebuilt
from symgraph.codegen.recipe import Recipe
from symgraph.codegen.structure import filled
from symgraph.errors import ShapeError
from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.leaves import Fill, Var, fill, var
from symgraph.ops.let import Let
from symgraph.ops.map import Map
from symgraph.ops.reshape import Reshape
from symgraph.shapes import as_dim
from symgraph.walks import topological

__all__ = ["Widened", "is_entrywise"]

_ENTRYWISE = {Var, Fill, Let, Map}
_COUNT = as_dim("entries")
_NUMBERS = {bool, int, float, np.float64}  # told from arrays without looking


def is_entrywise(recipe: Recipe) -> bool:
    """Whether the outputs are formulas of numbers, without new values of variables."""
    tables = _tables(recipe)
    return tables is not None and not any(table.shape for table in tables)


def _tables(recipe: Recipe) -> list[Any] | None:
    """The formulas of numbers that the outputs consist of, as an array of nodes for each output.

    None where an output is more than numbers put side by side, and where variables are updated.
    """
    found: dict[Node, Any] = {}
    for node in topological([*recipe.roots, *recipe.variables]):
        if not node.shape and type(node) in _ENTRYWISE:
            found[node] = _filled(node, ())
            continue
        made = _side_by_side(node, found)
        if made is None:
            return None
        found[node] = made
    return None if recipe.stored else [found[root] for root in recipe.roots]


def _side_by_side(node: Node, found: Mapping[Node, Any]) -> Any:
    shape = [size for size in node.shape if isinstance(size, int)]
    if len(shape) < node.ndim:
        return None
    match node:
        case Fill():
            return _filled(fill(node.value), tuple(shape))
        case Reshape():
            return found[node.args[0]].reshape(shape)
        case Concat():
            return np.concatenate([found[arg] for arg in node.args], axis=node.axis)
    return None


def _filled(node: Node, shape: tuple[int, ...]) -> Any:
    made = np.empty(shape, object)
    for k in range(made.size):
        made.flat[k] = node
    return made


class Widened:
    """A recipe of numbers at arrays. `compile` makes a program of variables and outputs."""

    def __init__(
        self, recipe: Recipe, compile: Callable[[Sequence[Node], Sequence[Node]], Any]
    ) -> None:
        self._recipe, self._compile = recipe, compile
        self._tables: list[Any] | None = None
        self._is_asked = False
        self._programs: dict[tuple[bool, ...], tuple[Any, list[list[int]]]] = {}

    def takes(self, values: Sequence[Any]) -> bool:
        """Whether the outputs consist of formulas of numbers, and some of the arguments are arrays.

        Raises KindError for an argument that is neither a number nor an array of them.
        """
        if not any(map(_is_array, self._recipe.variables, values)):
            return False
        if not self._is_asked:
            self._tables, self._is_asked = _tables(self._recipe), True
        return self._tables is not None

    def __call__(self, values: Sequence[Any]) -> Any:
        """The outputs for these arguments, arrays among them.

        Raises ShapeError where they do not broadcast, and KindError for other kinds.
        """
        arrays = list(map(plain_array, self._recipe.variables, values))
        wide = tuple([array.ndim > 0 for array in arrays])
        shape = self._shape(arrays)
        if wide not in self._programs:
            self._programs[wide] = self._program(wide)
        program, reads = self._programs[wide]
        given = [
            np.broadcast_to(array, shape).ravel() if is_wide else value
            for array, is_wide, value in zip(arrays, wide, values, strict=True)
        ]
        entries = iter([
            _like(value, shape, np.broadcast_shapes(*(arrays[k].shape for k in read)))
            for value, read in zip(program(*given), reads, strict=True)
        ])  # fmt: skip
        found = [_joined(table.shape, list(islice(entries, table.size))) for table in self._parts]
        return filled(self._recipe.structure, found)

    @property
    def _parts(self) -> list[Any]:
        assert self._tables is not None, "takes() comes first"
        return self._tables

    def _shape(self, arrays: Sequence[Any]) -> tuple[int, ...]:
        try:
            return np.broadcast_shapes(*(array.shape for array in arrays))
        except ValueError:
            given = ", ".join(
                f"{variable.name!r} has shape {array.shape}"
                for variable, array in zip(self._recipe.variables, arrays, strict=True)
                if array.ndim
            )
            raise ShapeError(
                f"{self._recipe.options.name}: argument {given}, and these do not broadcast. Give "
                "arrays whose axes, counted from the last, are equal or 1."
            ) from None

    def _program(self, wide: tuple[bool, ...]) -> tuple[Any, list[list[int]]]:
        """The program of arrays with one axis, and the arguments that each formula reads."""
        variables = self._recipe.variables
        image: dict[Node, Node] = {}
        for variable, is_wide in zip(variables, wide, strict=True):
            shape = (_COUNT,) if is_wide else ()
            image[variable] = var(variable.name, shape, "input", variable.kind)
        roots = [root for table in self._parts for root in table.flat]
        reads = {variable: 1 << k for k, variable in enumerate(variables)}  # as bits
        for node in topological(roots, image):
            image[node] = rebuilt(node, tuple([image[arg] for arg in node.args]))
            reads[node] = reduce(or_, [reads[arg] for arg in node.args], 0)
        outputs = [image[root] for root in roots]
        known = [[k for k in range(len(variables)) if reads[root] >> k & 1] for root in roots]
        return self._compile([image[variable] for variable in variables], outputs), known


def _is_array(variable: Var, value: Any) -> bool:
    return type(value) not in _NUMBERS and plain_array(variable, value).ndim > 0


def _like(value: Any, full: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """Entries for all of the full shape as an array of the shape that they depend on."""
    if np.ndim(value) == 0:
        return value
    lost = len(full) - len(shape)
    first = (0,) * lost + tuple(
        slice(0, 1) if one == 1 and many > 1 else slice(None)
        for one, many in zip(shape, full[lost:], strict=True)
    )
    return value.reshape(full)[first]


def _joined(shape: tuple[int, ...], entries: list[Any]) -> Any:
    """The entries of a matrix, whose axes come before those of the arrays; a number as it is."""
    if not shape:
        return entries[0]
    inner = np.broadcast_shapes(*map(np.shape, entries))
    made = np.empty((len(entries), *inner), np.result_type(*entries))
    for k, entry in enumerate(entries):
        made[k] = entry
    return made.reshape(*shape, *inner)
