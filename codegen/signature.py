"""What a compiled function is called with: arguments nested as `sympy.lambdify` allows.

An argument may be a list or tuple of arguments, or a matrix of symbols, whose value is then a list,
tuple or array of as many numbers. Applied functions and derivatives stand for numbers, as do
symbols that would be sizes elsewhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from sympy.core.function import AppliedUndef
from sympy.tensor.array.ndim_array import NDimArray

from symgraph.errors import KindError, ShapeError
from symgraph.node import Node
from symgraph.node_symbol import NodeSymbol
from symgraph.shapes import as_dim, shape_text

__all__ = ["Signature"]

_TABLES = (sympy.MatrixBase, NDimArray)


class Signature:
    """The arguments in order, one number or array each, and how values for them are nested.

    `flat` are the arguments; `renamed` says which symbols stand for what SymPy has in their place,
    applied functions for one.
    """

    def __init__(self, args: Any) -> None:
        self.flat: list[Any] = []
        self.renamed: dict[Any, sympy.Symbol] = {}
        given = list(args) if _is_list(args) or isinstance(args, _TABLES) else [args]
        self._parts = [self._part(arg) for arg in given]
        self._tell_dummies_apart()
        self.is_nested = any(part is not None for part in self._parts)
        #: Whether all arguments are SymPy's own, numbers that may be given as arrays.
        self.is_plain = all(_is_plain(arg) for arg in self.flat)

    def _part(self, arg: Any) -> Any:
        """None for a single argument; the shape of a table, or the parts of a list."""
        if isinstance(arg, _TABLES) and not isinstance(arg, Node):
            self.flat += [self._leaf(one) for one in sympy.flatten(arg)]
            return tuple(int(size) for size in arg.shape)
        if _is_list(arg):
            return [self._part(one) for one in arg]
        self.flat.append(self._leaf(arg))
        return None

    def _leaf(self, arg: Any) -> Any:
        if isinstance(arg, Node) or not isinstance(arg, sympy.Basic):
            return arg
        is_size = isinstance(arg, sympy.Symbol) and arg == _size_of_that_name(arg)
        if not is_size and not isinstance(arg, (AppliedUndef, sympy.Derivative)):
            return arg
        name = arg.name if isinstance(arg, sympy.Symbol) else str(arg)
        self.renamed[arg] = made = sympy.Symbol(name, integer=True if is_size else None)
        return made

    def _tell_dummies_apart(self) -> None:
        """Dummies that are called like other arguments get a name of their own, x_2 for one."""
        symbols = [arg for arg in self.flat if _is_plain(arg)]
        taken = {arg.name for arg in symbols if not isinstance(arg, sympy.Dummy)}
        for arg in dict.fromkeys(arg for arg in symbols if isinstance(arg, sympy.Dummy)):
            if arg.name in taken:
                names = (f"{arg.name}_{k}" for k in itertools.count(2))
                name = next(name for name in names if name not in taken)
                self.renamed[arg] = sympy.Symbol(name, integer=True if arg.is_integer else None)
            taken.add(self.renamed.get(arg, arg).name)
        self.flat = [self.renamed.get(arg, arg) if _is_plain(arg) else arg for arg in self.flat]

    def rename(self, leaf: Any) -> Any:
        """An output with its arguments' symbols."""
        if not self.renamed or isinstance(leaf, Node) or not hasattr(leaf, "xreplace"):
            return leaf
        return leaf.xreplace(self.renamed)

    def values(self, given: Sequence[Any], named: Mapping[str, Any]) -> Sequence[Any]:
        """The values of `flat`. Raises ShapeError or KindError for other nesting."""
        if not self.is_nested or (named and not given) or len(given) != len(self._parts):
            return given
        found: list[Any] = []
        for k, (part, value) in enumerate(zip(self._parts, given, strict=True)):
            _unpack(part, value, f"argument {k + 1}", found)
        return found


def _is_plain(arg: Any) -> bool:
    return isinstance(arg, sympy.Symbol) and not isinstance(arg, NodeSymbol)


def _is_list(arg: Any) -> bool:
    return isinstance(arg, (list, tuple, sympy.Tuple))


def _size_of_that_name(symbol: sympy.Symbol) -> Any:
    return as_dim(symbol.name) if symbol.name.isidentifier() else None


def _unpack(part: Any, value: Any, where: str, found: list[Any]) -> None:
    if part is None:
        found.append(value)
    elif isinstance(part, tuple):
        found += _entries(part, value, where)
    else:
        if not isinstance(value, (list, tuple, np.ndarray)):
            raise KindError(
                f"{where} is a list of {len(part)} arguments, {type(value).__name__} was given. "
                "Give a list, tuple or array of their values."
            )
        if len(value) != len(part):
            raise ShapeError(
                f"{where} has {len(part)} parts, {len(value)} values were given. "
                "Give one value a part."
            )
        for k, (inner, one) in enumerate(zip(part, value, strict=True)):
            _unpack(inner, one, f"{where}[{k}]", found)


def _entries(shape: tuple[int, ...], value: Any, where: str) -> list[Any]:
    """The entries of a table of symbols; a row or a column may be given as a plain list."""
    array = np.asarray(value)
    size = int(np.prod(shape))
    is_line = size == max(shape, default=1)
    if array.shape != shape and not (is_line and array.shape == (size,)):
        raise ShapeError(
            f"{where} is a table of shape {shape_text(shape)}, an array of shape "
            f"{shape_text(array.shape)} was given. Give an array of its shape."
        )
    return list(array.ravel())
