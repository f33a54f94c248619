"""Formulas of numbers at arrays, entry by entry, as functions of `sympy.lambdify` take them.

Where an argument is a plain SymPy symbol, a call may give an array in its place: the arrays
broadcast, and an output has the shape of those that it depends on. The program for arrays is
compiled when it is first called for, once for every choice of arguments that are arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symgraph.codegen.boundary import plain_array
from symgraph.codegen.passes import rebuilt
from symgraph.codegen.recipe import Recipe
from symgraph.codegen.structure import filled
from symgraph.errors import ShapeError
from symgraph.node import Node
from symgraph.ops.leaves import Fill, Var, var
from symgraph.ops.let import Let
from symgraph.ops.map import Map
from symgraph.shapes import as_dim
from symgraph.walks import topological

__all__ = ["Widened", "is_entrywise"]

_ENTRYWISE = {Var, Fill, Let, Map}
_COUNT = as_dim("entries")
_NUMBERS = {bool, int, float, np.float64}  # told from arrays without looking


def is_entrywise(recipe: Recipe) -> bool:
    """Whether the outputs are formulas of numbers, without new values of variables."""
    nodes = topological([*recipe.roots, *recipe.variables])
    return not recipe.stored and all(type(n) in _ENTRYWISE and not n.shape for n in nodes)


class Widened:
    """A recipe of numbers at arrays. `compile` makes a program of variables and outputs."""

    def __init__(
        self, recipe: Recipe, compile: Callable[[Sequence[Node], Sequence[Node]], Any]
    ) -> None:
        self._recipe, self._compile = recipe, compile
        self._is_entrywise: bool | None = None
        self._programs: dict[tuple[bool, ...], tuple[Any, list[list[int]]]] = {}

    def takes(self, values: Sequence[Any]) -> bool:
        """Whether the formulas are entrywise, and some of the arguments are arrays.

        Raises KindError for an argument that is neither a number nor an array of them.
        """
        if not any(map(_is_array, self._recipe.variables, values)):
            return False
        if self._is_entrywise is None:
            self._is_entrywise = is_entrywise(self._recipe)
        return self._is_entrywise

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
        found = [
            _like(value, shape, np.broadcast_shapes(*(arrays[k].shape for k in read)))
            for value, read in zip(program(*given), reads, strict=True)
        ]
        return filled(self._recipe.structure, found)

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
        """The program of arrays with one axis, and the arguments that each output reads."""
        variables, roots = self._recipe.variables, self._recipe.roots
        image: dict[Node, Node] = {}
        for variable, is_wide in zip(variables, wide, strict=True):
            shape = (_COUNT,) if is_wide else ()
            image[variable] = var(variable.name, shape, "input", variable.kind)
        for node in topological(roots, image):
            image[node] = rebuilt(node, tuple([image[arg] for arg in node.args]))
        places = {variable: k for k, variable in enumerate(variables)}
        reads = [[places[n] for n in topological([root]) if n in places] for root in roots]
        outputs = [image[root] for root in roots]
        return self._compile([image[variable] for variable in variables], outputs), reads


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
