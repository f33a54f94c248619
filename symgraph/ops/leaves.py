"""Leaves of the graph: variables, constants, fills, index ranges and random values by counter."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph import random as threefry
from symgraph.errors import KindError, RangeError
from symgraph.node import Kind, Node, intern
from symgraph.printing import Format, Piece
from symgraph.shapes import Dim, Shape, bind_dim, bind_shape, shape_text

__all__ = [
    "Const", "Fill", "Iota", "LiteralArray", "Random", "Var", "constant", "fill", "iota", "random",
    "var",
]  # fmt: skip

Role = Literal["input", "parameter", "state", "local"]
Distribution = Literal["bits", "uniform", "normal"]
Number: TypeAlias = int | float | sympy.Expr


class _Leaf(Node, primitive=False):
    """No operands, hence no derivative by them."""

    __slots__ = ()

    def vjp(self, ct: Node, k: int) -> Node | None:
        return None

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        return None


class Var(_Leaf):
    """A named variable: `params` = (name, shape, role, kind, options)."""

    __slots__ = ()
    is_variable = True

    @property
    def name(self) -> str:
        """The name the user gave."""
        name: str = self.params[0]
        return name

    @property
    def role(self) -> Role:
        """Data ("input"), trained ("parameter"), updated without gradient ("state"), or "local"
        to the body of a Scan."""
        role: Role = self.params[2]
        return role

    @property
    def options(self) -> dict[str, Any]:
        """What else was declared: init, seed, frozen, ..."""
        return dict(self.params[4])

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        if not index:
            return sympy.Symbol(self.name, real=True)
        return sympy.IndexedBase(self.name, shape=self.shape, real=True)[tuple(index)]

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.name(self.name)

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        name, shape, role, kind, options = params
        return intern(Var, (), (name, shape, role, kind, options), shape, kind)


def var(
    name: str,
    shape: Shape,
    role: Role,
    kind: Kind = "real",
    options: Mapping[str, Any] | None = None,
) -> Node:
    """The variable of this name, shape, role and kind."""
    items = tuple(sorted((options or {}).items()))
    return intern(Var, (), (name, shape, role, kind, items), shape, kind)


class LiteralArray:
    """An array as a hashable constant: equal when dtype, shape and every bit are equal."""

    __slots__ = ("array", "key")

    def __init__(self, array: NDArray[Any]) -> None:
        kept = np.array(array, order="C", copy=True)
        kept.flags.writeable = False
        self.array = kept
        self.key = (kept.dtype.str, kept.shape, kept.tobytes())

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LiteralArray) and self.key == other.key

    def __reduce__(self) -> tuple[Any, ...]:
        return LiteralArray, (self.array,)


def array_kind(dtype: np.dtype[Any], where: str) -> Kind:
    """The kind of numbers a NumPy dtype holds.

    Raises KindError for complex, object, text and date arrays.
    """
    if dtype.kind == "b":
        return "boolean"
    if dtype.kind in "iu":
        return "integer"
    if dtype.kind == "f":
        return "real"
    raise KindError(
        f"{where}: an array of dtype {dtype} is not real, integer or boolean. "
        "Convert it, for example with np.asarray(a, dtype=float)."
    )


class Const(_Leaf):
    """A constant array: `params` = (literal,)."""

    __slots__ = ()

    @property
    def array(self) -> NDArray[Any]:
        """The value, read-only."""
        array: NDArray[Any] = self.params[0].array
        return array

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return self.array

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        if all(getattr(i, "is_Integer", True) for i in index):
            value = self.array[tuple(int(i) for i in index)].item()
            return sympy.sympify(int(value) if self.kind == "boolean" else value)
        return sympy.Indexed(f"c{self.serial}", *index)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        if self.array.size > 9 or self.array.ndim > 2:
            return fmt.name(f"const{shape_text(self.shape)}")
        if fmt.style == "latex":
            rows = np.atleast_2d(self.array)
            lines = [" & ".join(fmt.number(x.item()).text for x in row) for row in rows]
            return Piece(r"\begin{bmatrix}" + r" \\ ".join(lines) + r"\end{bmatrix}")
        return Piece(str(self.array.tolist()))

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return constant(params[0].array)


def constant(array: NDArray[Any]) -> Node:
    """The constant node that holds this array; scalars become a Fill."""
    if array.ndim == 0:
        return fill(array.item())
    return intern(
        Const, (), (LiteralArray(array),), tuple(array.shape), array_kind(array.dtype, "constant")
    )


class Fill(_Leaf):
    """One number in every entry: `params` = (value, type tag, shape, kind).

    The value is an int, a float, or a SymPy number or size expression such as 1/3 or N.
    """

    __slots__ = ()

    @property
    def value(self) -> Number:
        """The number."""
        value: Number = self.params[0]
        return value

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        value: Any = self.value
        if isinstance(value, sympy.Expr):
            value = value.xreplace(
                {s: sympy.Integer(bind_dim(s, dims)) for s in value.free_symbols}
            )
            value = int(value) if value.is_Integer else float(value)
        dtype = {"real": np.float64, "integer": np.int64, "boolean": np.bool_}[self.kind]
        return np.full(bind_shape(self.shape, dims), value, dtype=dtype)

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        return sympy.sympify(self.value)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        value = self.value
        if not isinstance(value, sympy.Expr):
            return fmt.number(bool(value) if self.kind == "boolean" else value)
        if value.is_Rational:
            size = fmt.fraction(Piece(str(abs(value.p))), Piece(str(value.q)))
            return fmt.minus(size) if value < 0 else size
        write = {"text": str, "unicode": sympy.pretty, "latex": sympy.latex}[fmt.style]
        shown = write(value) if value.is_Atom or fmt.style == "latex" else str(value)
        return Piece(shown) if value.is_Atom else Piece(shown, 0)

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return fill(params[0], params[2], params[3])


def fill(value: Number, shape: Shape = (), kind: Kind | None = None) -> Node:
    """The node whose every entry is `value`; its kind follows from the value unless given.

    A whole number beyond 64 bits is a real one. Raises RangeError beyond the largest real number.
    """
    if isinstance(value, sympy.Integer):
        value = int(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63 and kind != "integer":
        value = _real(value)
    elif isinstance(value, (float, sympy.Float)):  # NumPy's float64 is a float too
        value = math.nan if value != value else float(value)  # one NaN, so that it is one node
    if kind is None:
        if isinstance(value, bool):
            kind = "boolean"
        elif isinstance(value, int):
            kind = "integer"
        else:
            kind = "integer" if isinstance(value, sympy.Expr) and value.is_integer else "real"
    if isinstance(value, bool):
        value = int(value)
    # 1 == 1.0 and 0.0 == -0.0 as dictionary keys, yet they are different constants.
    tag = value.hex() if isinstance(value, float) else type(value).__name__
    return intern(Fill, (), (value, tag, shape, kind), shape, kind)


def _real(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise RangeError(
            f"constant: an integer of {value.bit_length()} bits is beyond 1.8e308, the largest "
            "real number. Take its logarithm, or scale the formula."
        ) from None


class Iota(_Leaf):
    """0, 1, ..., n-1: `params` = (n,)."""

    __slots__ = ()

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return np.arange(bind_dim(self.params[0], dims))

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        return sympy.sympify(index[0])

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.call("iota", [Piece(str(self.params[0]))])

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return iota(params[0])


def iota(n: Dim) -> Node:
    """The vector 0, 1, ..., n-1."""
    return intern(Iota, (), (n,), (n,), "integer")


class Random(Node):
    """Counter-based random values: operands = key and, where the elements are not numbered from 0,
    the number of the first one (integer scalars), `params` = (distribution, stream, shape).

    Threefry-2x32-20 (Salmon, Moraes, Dror, Shaw, SC 2011) on (key, stream) and the element number:
    the same bits in every target, in any order.
    """

    __slots__ = ()

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        distribution, stream, shape = self.params
        draw: dict[str, Callable[..., Any]] = {
            "bits": threefry.bits, "uniform": threefry.uniform, "normal": threefry.normal
        }  # fmt: skip
        sizes = bind_shape(shape, dims)
        first = int(xs[1]) if len(xs) > 1 else 0
        numbers = draw[distribution](int(xs[0]), stream, (first + math.prod(sizes),))
        return numbers[first:].reshape(sizes)

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        name = f"random_{self.params[0]}_{self.params[1]}"
        given = [read(k, ()) for k in range(len(self.args))]
        return sympy.Function(name, real=True)(*index, *given)

    def vjp(self, ct: Node, k: int) -> Node | None:
        return None

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        return None

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.call(self.params[0], [*xs, Piece(str(self.params[1]))])

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return random(params[0], args[0], params[1], params[2], *args[1:])


def random(
    distribution: Distribution, key: Node, stream: int, shape: Shape, first: Node | None = None
) -> Node:
    """Random values of a shape under a key; different streams are independent.

    `first` is the number of the first element: the values are then a piece of a longer array.
    Raises KindError when the key is not an integer scalar.
    """
    if key.shape != () or key.kind != "integer":
        raise KindError(
            f"random: the key has kind {key.kind} and shape {shape_text(key.shape)}, it must be an "
            'integer scalar. Write sg.input("key", shape=(), kind="integer") or an int.'
        )
    kind: Kind = "integer" if distribution == "bits" else "real"
    args = (key,) if first is None else (key, first)
    return intern(Random, args, (distribution, stream, shape), shape, kind)
