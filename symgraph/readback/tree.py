"""What a formula says, as a tree. A word is looked up only when a value is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "Absolute",
    "Apply",
    "Big",
    "Blocks",
    "Chain",
    "Constant",
    "Entries",
    "Label",
    "Letter",
    "Listed",
    "Logic",
    "Norm",
    "Number",
    "Over",
    "Places",
    "Power",
    "Relation",
    "Share",
    "Terms",
    "Tree",
    "Truth",
    "Turned",
    "Word",
    "walk",
]


@dataclass(frozen=True, slots=True)
class Tree:
    """Any formula; `place` is the character (from 0) where it begins."""

    place: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Number(Tree):
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Constant(Tree):
    """The identity matrix, a column of ones, π, e or ∞; `size` is a subscript that tells n."""

    kind: Literal["identity", "ones", "pi", "e", "infinity"]
    size: Tree | None = None


@dataclass(frozen=True, slots=True)
class Word(Tree):
    """A name, or the letter of an index."""

    name: str


@dataclass(frozen=True, slots=True)
class Label(Tree):
    """A derivative that goes by its name: dL/dW."""

    of: str
    by: str
    variable: Tree = field(compare=False)


@dataclass(frozen=True, slots=True)
class Share(Tree):
    """x through y: the part of a derivative that arrives by one way."""

    x: Tree
    through: Tree


@dataclass(frozen=True, slots=True)
class Terms(Tree):
    """Terms added, each with its sign."""

    terms: tuple[tuple[int, Tree], ...]


@dataclass(frozen=True, slots=True)
class Chain(Tree):
    """Operands from left to right, joined by "" (the product), "⊙", "·" or "⊗"."""

    parts: tuple[Tree, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Over(Tree):
    """A quotient, entry by entry."""

    above: Tree
    below: Tree


@dataclass(frozen=True, slots=True)
class Power(Tree):
    """base to the exponent; of a matrix the matrix power, unless it is said to be entrywise."""

    base: Tree
    exponent: Tree
    entrywise: bool = False


@dataclass(frozen=True, slots=True)
class Turned(Tree):
    """A transpose."""

    x: Tree


@dataclass(frozen=True, slots=True)
class Apply(Tree):
    """A function of a list of formulas, perhaps along one axis of a matrix."""

    function: str
    args: tuple[Tree, ...]
    axis: int | None = None


@dataclass(frozen=True, slots=True)
class Norm(Tree):
    """‖x‖, with 1, 2, F or ∞ below it."""

    x: Tree
    order: str = ""


@dataclass(frozen=True, slots=True)
class Absolute(Tree):
    """|x|."""

    x: Tree


@dataclass(frozen=True, slots=True)
class Relation(Tree):
    """a < b <= c."""

    parts: tuple[Tree, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Logic(Tree):
    """Conditions joined by and, or; one turned by not."""

    operator: Literal["and", "or", "not"]
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Truth(Tree):
    """1[condition]."""

    condition: Tree


@dataclass(frozen=True, slots=True)
class Entries(Tree):
    """x[i,j], x_ij, s_t, s_i^t: `low` and `high` are the indices below and above.

    Numbers in w_12 count from 1, those in w[1,2] from 0.
    """

    x: Tree
    low: tuple[Tree, ...]
    high: Tree | None = None
    from_one: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that is run through: all its places, those below a bound, or from low to high."""

    name: str
    below: Tree | None = None
    low: Tree | None = None
    high: Tree | None = None
    falling: bool = False


@dataclass(frozen=True, slots=True)
class Big(Tree):
    """Σ, Π, max, min or argmax over letters."""

    sign: str
    letters: tuple[Letter, ...]
    body: Tree


@dataclass(frozen=True, slots=True)
class Places(Tree):
    """(i, j): one position on each of several axes."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Blocks(Tree):
    """A matrix of blocks, or a column [a; b] of columns."""

    rows: tuple[tuple[Tree, ...], ...]


@dataclass(frozen=True, slots=True)
class Listed(Tree):
    """(x_1, ..., x_T): all entries of a sequence, one after the other."""

    first: Tree
    last: Tree


def walk(tree: Tree, labels: bool = True) -> Iterator[Tree]:
    """A formula and all that it is made of; without `labels` not the variables of derivatives."""
    stack: list[Any] = [tree]
    while stack:
        one = stack.pop()
        if isinstance(one, tuple):
            stack += one
        elif isinstance(one, Tree):
            yield one
            slots = (slot for slot in one.__slots__ if labels or slot != "variable")
            stack += [getattr(one, slot) for slot in slots]
