"""Formulas as a textbook writes them: products by juxtaposition, transposes, ⊙, 1[...], ‖x‖².

A formula is an immutable tree. Every formula has a *sort*: a number, a column, a row, a matrix, or
a tensor of higher rank. Rows and columns are told apart (δ xᵀ is a matrix, xᵀ δ a number) although
the node behind both is a vector. An entrywise operation of unequal sorts repeats the smaller one as
NumPy does for arrays of shape (n, 1) and (1, n).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from symgraph.node import Node

__all__ = [
    "Apply",
    "Call",
    "Derivative",
    "Dot",
    "Formula",
    "Hadamard",
    "Identity",
    "Indicator",
    "Inverse",
    "Logical",
    "MatrixPower",
    "Name",
    "Norm",
    "Number",
    "OneHot",
    "Ones",
    "Plain",
    "Power",
    "Product",
    "Ranged",
    "Real",
    "Relation",
    "SecondDerivative",
    "Sort",
    "Sum",
    "Symbolic",
    "Transpose",
    "Verbatim",
    "flipped",
    "joined",
    "rewritten",
    "walk",
]

Sort = Literal["scalar", "column", "row", "matrix", "tensor"]
Real = int | Fraction | float

_EXTENT: dict[Sort, tuple[bool, bool]] = {
    "scalar": (False, False),
    "column": (True, False),
    "row": (False, True),
    "matrix": (True, True),
}
_SORT: dict[tuple[bool, bool], Sort] = {extent: sort for sort, extent in _EXTENT.items()}


def flipped(sort: Sort) -> Sort:
    """The sort of a transpose."""
    turned: dict[Sort, Sort] = {"column": "row", "row": "column"}
    return turned.get(sort, sort)


def joined(sorts: tuple[Sort, ...]) -> Sort:
    """The sort of an entrywise operation.

    >>> joined(("scalar", "row")), joined(("column", "row"))
    ('row', 'matrix')
    """
    if "tensor" in sorts:
        return "tensor"
    return _SORT[any(_EXTENT[s][0] for s in sorts), any(_EXTENT[s][1] for s in sorts)]


@dataclass(frozen=True, slots=True)
class Formula:
    """Any formula; `size` counts its symbols."""

    size: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", 1 + sum(part.size for part in self.parts))

    @property
    def parts(self) -> tuple[Formula, ...]:
        """The formulas that this one is made of, in the order in which they are written."""
        return ()

    @property
    def sort(self) -> Sort:
        """Number, column, row, matrix or tensor."""
        return "scalar"


@dataclass(frozen=True, slots=True)
class Number(Formula):
    """A number."""

    value: Real


@dataclass(frozen=True, slots=True)
class Symbolic(Formula):
    """A size such as N, or a constant such as π: a SymPy expression."""

    expr: Any


@dataclass(frozen=True, slots=True)
class Name(Formula):
    """A variable, a named value, or a name that the derivation introduced."""

    name: str
    kind: Sort = "scalar"

    @property
    def sort(self) -> Sort:
        return self.kind


@dataclass(frozen=True, slots=True)
class Ones(Formula):
    """A column or row of ones; `length` is a size."""

    kind: Literal["column", "row"]
    length: Any

    @property
    def sort(self) -> Sort:
        return self.kind


@dataclass(frozen=True, slots=True)
class Identity(Formula):
    """The identity matrix; `length` is a size."""

    length: Any

    @property
    def sort(self) -> Sort:
        return "matrix"


@dataclass(frozen=True, slots=True)
class Sum(Formula):
    """Terms added; a term that is subtracted is a product with a negative coefficient."""

    terms: tuple[Formula, ...]

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.terms

    @property
    def sort(self) -> Sort:
        return joined(tuple(term.sort for term in self.terms))


@dataclass(frozen=True, slots=True)
class Product(Formula):
    """coefficient · factors / over: numbers anywhere, the rest a matrix product in this order."""

    coefficient: Real
    factors: tuple[Formula, ...]
    over: tuple[Formula, ...] = ()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (*self.factors, *self.over)

    @property
    def sort(self) -> Sort:
        chain = [factor.sort for factor in self.factors if factor.sort != "scalar"]
        if not chain:
            return "scalar"
        if "tensor" in chain:
            return "tensor"
        return _SORT[_EXTENT[chain[0]][0], _EXTENT[chain[-1]][1]]


@dataclass(frozen=True, slots=True)
class Hadamard(Formula):
    """Factors multiplied entry by entry, divided entry by entry by `over`."""

    factors: tuple[Formula, ...]
    over: tuple[Formula, ...] = ()

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (*self.factors, *self.over)

    @property
    def sort(self) -> Sort:
        return joined(tuple(part.sort for part in self.parts))


@dataclass(frozen=True, slots=True)
class Power(Formula):
    """base to the exponent, entry by entry."""

    base: Formula
    exponent: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.base, self.exponent)

    @property
    def sort(self) -> Sort:
        return joined((self.base.sort, self.exponent.sort))


@dataclass(frozen=True, slots=True)
class Transpose(Formula):
    """xᵀ."""

    x: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.x,)

    @property
    def sort(self) -> Sort:
        return flipped(self.x.sort)


@dataclass(frozen=True, slots=True)
class Inverse(Formula):
    """The inverse matrix."""

    x: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.x,)

    @property
    def sort(self) -> Sort:
        return "matrix"


@dataclass(frozen=True, slots=True)
class MatrixPower(Formula):
    """X³ = X X X, X⁻² = X⁻¹ X⁻¹: the matrix product of equal factors."""

    base: Formula
    exponent: int

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.base,)

    @property
    def sort(self) -> Sort:
        return "matrix"


@dataclass(frozen=True, slots=True)
class Dot(Formula):
    """The inner product of two vectors."""

    left: Formula
    right: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Norm(Formula):
    """‖x‖², the sum of the squares of all entries."""

    x: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.x,)


@dataclass(frozen=True, slots=True)
class Call(Formula):
    """A function by its name.

    `axis` tells along which axis of a matrix (0: down the columns, 1: along the rows) a function
    such as softmax works; None is all entries, or entry by entry.
    """

    head: str
    args: tuple[Formula, ...]
    kind: Sort
    axis: int | None = None

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.args

    @property
    def sort(self) -> Sort:
        return self.kind


@dataclass(frozen=True, slots=True)
class Apply(Formula):
    """An abstract function entry by entry, differentiated `orders[k]` times by argument k."""

    function: str
    orders: tuple[int, ...]
    args: tuple[Formula, ...]
    kind: Sort

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.args

    @property
    def sort(self) -> Sort:
        return self.kind


@dataclass(frozen=True, slots=True)
class OneHot(Formula):
    """Class ids as vectors of zeros with a single 1; several ids make one row each."""

    ids: Formula
    length: Any
    kind: Sort

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.ids,)

    @property
    def sort(self) -> Sort:
        return self.kind


@dataclass(frozen=True, slots=True)
class Relation(Formula):
    """left < right and the like."""

    operator: Literal["<", "<=", ">", ">=", "==", "!="]
    left: Formula
    right: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.left, self.right)

    @property
    def sort(self) -> Sort:
        return joined((self.left.sort, self.right.sort))


@dataclass(frozen=True, slots=True)
class Logical(Formula):
    """Conditions joined by "and", "or", or one turned by "not"."""

    operator: Literal["and", "or", "not"]
    args: tuple[Formula, ...]

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.args

    @property
    def sort(self) -> Sort:
        return joined(tuple(arg.sort for arg in self.args))


@dataclass(frozen=True, slots=True)
class Indicator(Formula):
    """The Iverson bracket 1[condition]."""

    condition: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.condition,)

    @property
    def sort(self) -> Sort:
        return self.condition.sort


@dataclass(frozen=True, slots=True)
class Derivative(Formula):
    """dL/dW as a name: the derivative of one value by another.

    It has the shape of what it is taken by; `turned` (numerator layout) the transposed one.
    """

    of: Formula
    by: Formula
    turned: bool = False

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.of, self.by)

    @property
    def sort(self) -> Sort:
        sort = _derived(self.of.sort, self.by.sort)
        return flipped(sort) if self.turned else sort


@dataclass(frozen=True, slots=True)
class SecondDerivative(Formula):
    """d²L/(dw dvᵀ) as a name: a number differentiated by two values, one after the other."""

    of: Formula
    by: Formula
    then: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.of, self.by, self.then)

    @property
    def sort(self) -> Sort:
        return _derived(self.by.sort, self.then.sort)


def _derived(of: Sort, by: Sort) -> Sort:
    """The sort of the derivative of a value by another."""
    if of == "scalar":
        return by
    if by == "scalar":
        return of
    vectors: tuple[Sort, ...] = ("column", "row")
    return "matrix" if of in vectors and by in vectors else "tensor"


@dataclass(frozen=True, slots=True)
class Ranged(Formula):
    """A formula with a note of the values that it takes, which only LaTeX shows."""

    x: Formula
    range: str

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.x,)

    @property
    def sort(self) -> Sort:
        return self.x.sort


@dataclass(frozen=True, slots=True)
class Plain(Formula):
    """A node that has no form of its own here: written as the node writes itself."""

    node: Node
    args: tuple[Formula, ...]
    kind: Sort

    def __post_init__(self) -> None:
        # Index rules and ranges make it longer than its operands tell.
        Formula.__post_init__(self)
        object.__setattr__(self, "size", self.size + (5 if self.node.args else 0))

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.args

    @property
    def sort(self) -> Sort:
        return self.kind


@dataclass(frozen=True, slots=True)
class Verbatim(Formula):
    """A node written down as it prints itself, with all that it is made of."""

    node: Node
    kind: Sort

    @property
    def sort(self) -> Sort:
        return self.kind


def walk(formula: Formula) -> Iterator[Formula]:
    """The formula and all its parts, a part before what it is made of."""
    stack = [formula]
    while stack:
        one = stack.pop()
        yield one
        stack.extend(reversed(one.parts))


def rewritten(formula: Formula, rule: Callable[[Formula], Formula | None]) -> Formula:
    """The formula with parts exchanged; where the rule has nothing (None), the parts of the part.

    >>> x, y = Name("x"), Name("y")
    >>> rewritten(Sum((x, y)), lambda one: Number(1) if one == y else None)
    Sum(terms=(Name(name='x', kind='scalar'), Number(value=1)))
    """
    found = rule(formula)
    if found is not None or not formula.parts:
        return formula if found is None else found
    changes: dict[str, Any] = {}
    for one in dataclasses.fields(formula):
        value = getattr(formula, one.name)
        if isinstance(value, Formula):
            changes[one.name] = rewritten(value, rule)
        elif isinstance(value, tuple) and value and isinstance(value[0], Formula):
            changes[one.name] = tuple(rewritten(part, rule) for part in value)
    return dataclasses.replace(formula, **changes)
