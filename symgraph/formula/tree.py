"""The whole grammar as a tree: what is none of these classes cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeGuard

from symgraph.formula.source import Span
from symgraph.formula.tokens import Number

__all__ = [
    "Block",
    "Call",
    "Comparison",
    "Constant",
    "Entrywise",
    "Index",
    "Listing",
    "Literal",
    "Logical",
    "Negative",
    "Ones",
    "Part",
    "Power",
    "Product",
    "Reference",
    "Slice",
    "Statement",
    "Sum",
    "SumOver",
    "Transposed",
    "has_factor",
    "is_plain_norm",
    "walk",
]


@dataclass(frozen=True)
class Part:
    """A part of a formula and its place."""

    span: Span


@dataclass(frozen=True)
class Literal(Part):
    """A number as written."""

    value: Number


@dataclass(frozen=True)
class Constant(Part):
    """True, False or None: values of options only."""

    value: bool | None


@dataclass(frozen=True)
class Reference(Part):
    """A variable, a value named before, or the size of an axis."""

    name: str


@dataclass(frozen=True)
class Ones(Part):
    """𝟏: a vector of ones, as long as what stands beside it."""


@dataclass(frozen=True)
class Listing(Part):
    """[a, b] or (a, b)."""

    items: tuple[Part, ...]
    is_array: bool


@dataclass(frozen=True)
class Call(Part):
    """A function of the table, by its own name, with operands and options."""

    function: str
    args: tuple[Part, ...]
    options: tuple[tuple[str, Part], ...] = ()


@dataclass(frozen=True)
class Negative(Part):
    """-x."""

    x: Part


@dataclass(frozen=True)
class Sum(Part):
    """a + b - c: terms with the signs before them."""

    terms: tuple[tuple[str, Part], ...]


@dataclass(frozen=True)
class SumOver(Part):
    """Σ_t x: the values of x at all times of a recurrence added up."""

    letter: str
    x: Part


@dataclass(frozen=True)
class Entrywise(Part):
    """a ⊙ b / c: factors with `*`, `⊙` or `/` before them."""

    factors: tuple[tuple[str, Part], ...]


@dataclass(frozen=True)
class Product(Part):
    """A x, A @ x, a·b, A ⊗ B: factors with the sign before them, empty for none."""

    factors: tuple[tuple[str, Part], ...]


@dataclass(frozen=True)
class Power(Part):
    """`sign` is `^` (of matrices the product), `**` or `.^` (entry by entry)."""

    base: Part
    exponent: Part
    sign: str


@dataclass(frozen=True)
class Transposed(Part):
    """xᵀ."""

    x: Part


@dataclass(frozen=True)
class Comparison(Part):
    """a < b <= c: the first operand, then relations with operands."""

    first: Part
    others: tuple[tuple[str, Part], ...]


@dataclass(frozen=True)
class Logical(Part):
    """`operator` is ∧, ∨ or ¬."""

    operator: str
    args: tuple[Part, ...]


@dataclass(frozen=True)
class Slice(Part):
    """start:stop:step in an index."""

    bounds: tuple[Part | None, Part | None, Part | None]


@dataclass(frozen=True)
class Index(Part):
    """x[0, 1:3]."""

    x: Part
    items: tuple[Part, ...]


@dataclass(frozen=True)
class Statement:
    """A formula, under a name if it has one."""

    name: str | None
    name_span: Span
    formula: Part


@dataclass(frozen=True)
class Block:
    """Statements; the last is the result."""

    statements: tuple[Statement, ...]


def walk(part: Part) -> Iterator[Part]:
    """A part and all parts inside of it."""
    rest: list[Any] = [part]
    while rest:
        one = rest.pop()
        if isinstance(one, Part):
            yield one
            rest += [getattr(one, field.name) for field in fields(one)]
        elif isinstance(one, tuple) and not isinstance(one, Span):
            rest += one


def has_factor(part: Part, name: str) -> bool:
    """Whether a name is a factor of a term."""
    if isinstance(part, Negative):
        return has_factor(part.x, name)
    if isinstance(part, (Product, Entrywise)):
        return any(has_factor(x, name) for _, x in part.factors)
    return isinstance(part, Reference) and part.name == name


def is_plain_norm(part: Part) -> TypeGuard[Call]:
    """‖x‖ without an order."""
    is_norm = isinstance(part, Call) and part.function in ("bars", "norm")
    return isinstance(part, Call) and is_norm and len(part.args) == 1 and not part.options
