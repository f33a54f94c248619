"""Programs on the arrays of any library: what is given decides what computes."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sympy

from symgraph.codegen.boundary import ordered, plain_array
from symgraph.codegen.module_text import Source
from symgraph.codegen.numpy_space import executed
from symgraph.codegen.outside import is_masked
from symgraph.codegen.recipe import Recipe
from symgraph.codegen.signature import Signature
from symgraph.codegen.widened import is_entrywise
from symgraph.errors import KindError, ShapeError, UnsupportedError
from symgraph.files import path_of, writing
from symgraph.ops.leaves import Var
from symgraph.shapes import bind_dim, shape_text

__all__ = ["ArrayProgram"]

_KINDS = {"real": "real floating", "integer": "integral", "boolean": "bool"}


class ArrayProgram:
    """A compiled function on NumPy, PyTorch, JAX or CuPy arrays; the result is of their library.

    `f(*arrays)` returns the outputs in their structure, and with updates a pair of them and the
    new values: nothing is written in place, so `f.function` may be given to `jax.jit`,
    `torch.compile` or `torch.autograd`. Numbers keep the type of the given arrays; plain numbers
    and lists become arrays of the library of the others, NumPy's where there are none.
    """

    def __init__(self, source: Source, recipe: Recipe, signature: Signature) -> None:
        variables, options = recipe.variables, recipe.options
        self.source = source.text
        self.args = tuple(variable.name for variable in variables)
        self.name = options.name
        self._variables = list(variables)
        self._real = options.real
        self._check_sizes = recipe.check_sizes
        self._signature = signature
        self._is_entrywise = signature.is_plain and is_entrywise(recipe)
        try:
            space = executed(self, source.text, options.name)
        except ModuleNotFoundError as error:
            raise UnsupportedError(
                "compile: style='array' needs array-api-compat, which is not installed. Write: "
                "pip install 'symgraph[array]'"
            ) from error
        self.function: Callable[..., Any] = space[options.name]

    def __repr__(self) -> str:
        return f"<compiled {self.name}({', '.join(self.args)}) for any arrays>"

    def __call__(self, *arrays: Any, **named: Any) -> Any:
        """The outputs for these arguments, given in order or by name.

        Raises UnknownNameError or NameClashError for arguments that do not fit the names,
        KindError for arrays of two libraries or of another kind, ShapeError for another shape.
        """
        given = ordered(self._signature.values(arrays, named), named, self.args)
        return self.function(*self._entered(given))

    def save(self, path: str | Path) -> Path:
        """Write the source as a module; it needs NumPy and array-api-compat."""
        target = path_of("save", path)
        with writing("save", target):
            target.write_text(self.source, encoding="utf-8", newline="\n")
        return target

    def _entered(self, values: Sequence[Any]) -> list[Any]:
        xp, place = self._library(values)
        dims: dict[sympy.Symbol, int] = {}
        arrays = [
            self._array(xp, place, v, x, dims) for v, x in zip(self._variables, values, strict=True)
        ]
        self._check_sizes(dims)
        return arrays

    def _library(self, values: Sequence[Any]) -> tuple[types.ModuleType, Any]:
        import array_api_compat as compat
        import numpy as np

        found = [value for value in values if compat.is_array_api_obj(value)]
        try:
            xp = compat.array_namespace(*found) if found else compat.array_namespace(np.zeros(0))
        except TypeError as error:
            kinds = ", ".join(sorted({type(value).__module__.split(".")[0] for value in found}))
            raise KindError(
                f"{self.name}: the arguments are arrays of several libraries ({kinds}). Give "
                "arrays of one."
            ) from error
        return xp, compat.device(found[0]) if found else None

    def _array(self, xp: Any, place: Any, variable: Var, value: Any, dims: dict[Any, int]) -> Any:
        """An argument, of the kind and the shape that are declared."""
        import array_api_compat as compat

        if is_masked(value) or not compat.is_array_api_obj(value):
            wanted = {"real": self._real, "integer": "int64", "boolean": "bool"}[variable.kind]
            value = xp.asarray(
                plain_array(variable, value), dtype=getattr(xp, wanted), device=place
            )
        if not xp.isdtype(value.dtype, _KINDS[variable.kind]):
            raise KindError(
                f"argument {variable.name!r} has dtype {value.dtype}, it is declared "
                f"{variable.kind}. Give an array of that kind."
            )
        if self._is_entrywise:
            return value  # which may be an array in the place of a number
        shape = tuple(value.shape)
        fits = len(shape) == len(variable.shape)
        for size, dim in zip(shape, variable.shape, strict=False):
            if not isinstance(dim, int) and dim.is_Symbol:
                dims.setdefault(dim, size)
            known = isinstance(dim, int) or dim.free_symbols <= set(dims)
            fits = fits and (not known or bind_dim(dim, dims) == size)
        if not fits:
            sizes = ", ".join(f"{symbol} = {size}" for symbol, size in dims.items())
            raise ShapeError(
                f"argument {variable.name!r} has shape {shape}, it is declared "
                f"{shape_text(variable.shape)}{f' with {sizes}' if sizes else ''}. Give an array "
                "of that shape."
            )
        return value
