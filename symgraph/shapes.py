"""Shapes: tuples of sizes, each an int or a SymPy expression over size symbols such as N.

Sizes compare exactly; nothing is guessed. Two different symbols never broadcast against each
other, even if they might be bound to the same number later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import sympy

from symgraph.errors import ShapeError, UnknownNameError

__all__ = [
    "Dim",
    "DimLike",
    "Shape",
    "ShapeLike",
    "as_dim",
    "as_shape",
    "bind_dim",
    "bind_shape",
    "broadcast",
    "dim_symbols",
    "normalize_axes",
    "normalize_axis",
    "product",
    "same_dim",
    "same_shape",
    "shape_text",
]

Dim: TypeAlias = int | sympy.Expr
DimLike: TypeAlias = int | str | sympy.Expr
ShapeLike: TypeAlias = DimLike | Sequence[DimLike]
Shape: TypeAlias = tuple[Dim, ...]


@lru_cache(maxsize=4096)
def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, integer=True, nonnegative=True)


def as_dim(spec: object, where: str = "shape") -> Dim:
    """One size: a non-negative int, a name such as "N", or a SymPy integer expression."""
    if isinstance(spec, bool):
        raise ShapeError(f"{where}: a size must be an integer or a name, not {spec!r}.")
    if isinstance(spec, int):
        if spec < 0:
            raise ShapeError(f"{where}: size {spec} is negative; sizes are 0 or more.")
        return spec
    if isinstance(spec, str):
        if not spec.isidentifier():
            raise ShapeError(
                f"{where}: size name {spec!r} is not an identifier; write a name such as 'N'."
            )
        return _symbol(spec)
    if isinstance(spec, sympy.Expr):
        return _settle(_on_our_symbols(spec, where))
    index = getattr(spec, "__index__", None)
    if index is not None:
        return as_dim(int(index()), where)
    raise ShapeError(f"{where}: a size must be an integer or a name, not {spec!r}.")


def _on_our_symbols(spec: sympy.Expr, where: str) -> sympy.Expr:
    """One symbol per size name, whatever assumptions the user's own symbol carries."""
    symbols = spec.free_symbols
    if spec.is_integer is False or not all(symbol.is_Symbol for symbol in symbols):
        raise ShapeError(f"{where}: {spec} is not a size; a size is built from integers and names.")
    return spec.xreplace({symbol: _symbol(symbol.name) for symbol in symbols})


def _settle(dim: sympy.Expr) -> Dim:
    """SymPy integers become Python ints, so that equal sizes have one spelling."""
    return int(dim) if dim.is_Integer else dim


def as_shape(spec: object, where: str = "shape") -> Shape:
    """A shape from an int, a name, or a sequence of these; `()` is a scalar."""
    if isinstance(spec, (int, str, sympy.Expr)):
        return (as_dim(spec, where),)
    if not isinstance(spec, Iterable):
        raise ShapeError(f"{where}: {spec!r} is not a shape; write a tuple such as (3, 'N').")
    return tuple(as_dim(part, where) for part in spec)


def shape_text(shape: Sequence[Dim]) -> str:
    """A shape as Python writes it: (), (3,), (N, 3)."""
    inner = ", ".join(str(dim) if isinstance(dim, int) else _text(dim) for dim in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


@lru_cache(maxsize=4096)
def _text(dim: sympy.Expr) -> str:
    return str(dim)


def same_dim(left: Dim, right: Dim) -> bool:
    """Whether two sizes are equal for every binding of their symbols."""
    if left is right:
        return True
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    return _is_same(left, right)


@lru_cache(maxsize=65536)
def _is_same(left: Dim, right: Dim) -> bool:
    if left == right:
        return True
    if _is_monomial(left) and _is_monomial(right):
        return False
    return bool(sympy.expand(left - right) == 0)


def _is_monomial(dim: Dim) -> bool:
    """Whether this is a number times powers of symbols, which SymPy writes in one way only."""
    if isinstance(dim, int):
        return True
    powers = (part.as_base_exp() for part in sympy.Mul.make_args(dim) if not part.is_Integer)
    return all(base.is_Symbol and exponent.is_Integer for base, exponent in powers)


def same_shape(left: Shape, right: Shape) -> bool:
    """Whether two shapes are equal axis by axis."""
    if left == right:
        return True
    return len(left) == len(right) and all(map(same_dim, left, right))


def broadcast(shapes: Sequence[Shape], where: str) -> Shape:
    """The NumPy broadcast of several shapes; only a literal 1 stretches.

    Raises ShapeError when two sizes differ and neither is 1.
    """
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    rank = max(map(len, shapes))
    out: list[Dim] = []
    for axis in range(-rank, 0):
        size: Dim = 1
        for shape in shapes:
            if len(shape) < -axis or shape[axis] == 1:
                continue
            if size == 1:
                size = shape[axis]
            elif not same_dim(size, shape[axis]):
                texts = " and ".join(shape_text(shape) for shape in shapes)
                raise ShapeError(
                    f"{where}: shapes {texts} do not broadcast, {size} != {shape[axis]} on axis "
                    f"{axis}. Reshape one operand, or give both the same size."
                )
        out.append(size)
    return tuple(out)


def product(dims: Iterable[Dim]) -> Dim:
    """The product of sizes; 1 for none."""
    number = 1
    others: list[Dim] = []
    for dim in dims:
        if isinstance(dim, int):
            number *= dim
        else:
            others.append(dim)
    return _multiplied(number, *others) if others else number


@lru_cache(maxsize=65536)
def _multiplied(*factors: Dim) -> Dim:
    total = sympy.Mul(*factors)
    return _settle(total if all(map(_is_monomial, factors)) else sympy.expand(total))


def normalize_axis(axis: int, rank: int, where: str) -> int:
    """An axis counted from the front; negative axes count from the back.

    Raises ShapeError when there is no such axis.
    """
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise ShapeError(f"{where}: axis must be an integer, not {axis!r}.")
    number = int(axis)
    if not -rank <= number < rank:
        raise ShapeError(
            f"{where}: axis {number} does not exist, the value has {rank} axes; "
            f"use {-rank} to {rank - 1}."
            if rank
            else f"{where}: axis {number} does not exist, the value is a scalar; leave axis out."
        )
    return number % rank


def normalize_axes(axis: int | Sequence[int] | None, rank: int, where: str) -> tuple[int, ...]:
    """Axes as a sorted tuple without repeats; None means all of them."""
    if axis is None:
        return tuple(range(rank))
    given = axis if isinstance(axis, Sequence) else (axis,)
    axes = [normalize_axis(one, rank, where) for one in given]
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{where}: axis {tuple(given)} names one axis twice; name each once.")
    return tuple(sorted(axes))


def dim_symbols(shape: Iterable[Dim]) -> set[sympy.Symbol]:
    """The size symbols that occur in a shape."""
    found: set[sympy.Symbol] = set()
    for dim in shape:
        if not isinstance(dim, int):
            found |= dim.free_symbols
    return found


def bind_dim(dim: Dim, dims: Mapping[sympy.Symbol, int]) -> int:
    """The number a size stands for under a binding of its symbols.

    Raises UnknownNameError when a symbol has no value and ShapeError when the size comes out
    negative or not whole.
    """
    if isinstance(dim, int):
        return dim
    if dim in dims:
        return dims[dim]
    missing = sorted(str(s) for s in dim.free_symbols if s not in dims)
    if missing:
        raise UnknownNameError(
            f"size {dim}: {', '.join(missing)} has no value; no given array fixes it."
        )
    value: Any = dim.xreplace({symbol: sympy.Integer(n) for symbol, n in dims.items()})
    if not value.is_Integer or value < 0:
        raise ShapeError(f"size {dim} comes out as {value} for {dict(dims)}; it must be 0 or more.")
    return int(value)


def bind_shape(shape: Iterable[Dim], dims: Mapping[sympy.Symbol, int]) -> tuple[int, ...]:
    """The shape as numbers under a binding of its symbols."""
    return tuple(bind_dim(dim, dims) for dim in shape)
