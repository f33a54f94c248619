"""Facts about values: what holds for the data beyond its shape, such as Σt = 1.

A derivation may use them, and random points at which formulas are compared satisfy them. They are
promises: no compiled program looks whether its data keeps them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from symgraph.build.coerce import as_node
from symgraph.errors import KindError, ShapeError
from symgraph.node import Claim, Node
from symgraph.ops import Einsum, Map, Var
from symgraph.ops.let import bare
from symgraph.printing import describe
from symgraph.shapes import same_dim, shape_text
from symgraph.template import function_name
from symgraph.walks import reachable

__all__ = [
    "Assumption",
    "Fact",
    "Facts",
    "as_facts",
    "assume",
    "facts_about",
    "is_positive",
    "is_symmetric",
]


@dataclass(frozen=True)
class Fact:
    """left = right, or the condition that `left` states when `right` is None."""

    left: Node
    right: Node | None

    def __str__(self) -> str:
        return str(self.left) if self.right is None else f"{self.left} = {self.right}"

    @property
    def makes_symmetric(self) -> Node | None:
        """The variable that the fact calls symmetric: A = Aᵀ."""
        for one, other in ((self.left, self.right), (self.right, self.left)):
            if isinstance(one, Var) and other is not None and _transposed(bare(other)) is one:
                return one
        return None

    @property
    def makes_positive(self) -> Node | None:
        """The variable that the fact calls positive: x > 0."""
        if self.right is not None or not isinstance(self.left, Map):
            return None
        expr, args = self.left.template.expr, self.left.args
        name = function_name(expr)
        if name in ("greater", "greater_equal") and isinstance(args[0], Var):
            return args[0]
        if name in ("less", "less_equal") and isinstance(args[-1], Var):
            return args[-1]
        return None


#: What a function takes as facts.
Facts: TypeAlias = "Assumption | Claim | Node | Mapping[Any, Any] | Iterable[Any] | None"


class Assumption:
    """Facts in force until `forget` is called, or until the end of a `with` block."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = tuple(facts)

    def forget(self) -> None:
        """End it."""
        if self in _IN_FORCE:
            _IN_FORCE.remove(self)

    def __enter__(self) -> Assumption:
        return self

    def __exit__(self, *problem: object) -> None:
        self.forget()

    def __repr__(self) -> str:
        return f"assume({', '.join(map(str, self.facts))})"


_IN_FORCE: list[Assumption] = []


def assume(*claims: Any) -> Assumption:
    """State what holds for the data; derivations may then use it.

    A claim is an equation of a node with a node or a number (`sg.sum(t) == 1`, `A == A.T`), or a
    condition (`x > 0`). It holds for these variables from now on: until `forget()` of what is
    returned, or within a `with` block. `sg.derive(..., assume=...)` takes the same claims for one
    derivation.
    Raises KindError for what is no claim, ShapeError for two sides that do not fit.

    >>> import symgraph as sg
    >>> z, t = sg.input("z", 3), sg.input("t", 3)
    >>> loss = sg.let("loss", -sg.sum(t * sg.log_softmax(z)))
    >>> with sg.assume(sg.sum(t) == 1):
    ...     print(sg.derive(loss, z).result.unicode())
    dloss/dz = softmax(z) − t
    """
    made = Assumption([_fact(claim) for claim in claims])
    if made.facts:
        _IN_FORCE.append(made)
    return made


def as_facts(given: Facts) -> list[Fact]:
    """Facts from a claim, several claims, an assumption, or a mapping {left: right}."""
    if given is None:
        return []
    if isinstance(given, Assumption):
        return list(given.facts)
    if isinstance(given, Mapping):
        return [_equation(as_node(a, "assume"), b) for a, b in given.items()]
    if isinstance(given, (list, tuple, set, frozenset)):
        return [fact for one in given for fact in as_facts(one)]
    return [_fact(given)]


def _fact(claim: Any) -> Fact:
    if isinstance(claim, Fact):
        return claim
    if isinstance(claim, Claim):
        return _equation(claim.left, claim.right)
    if isinstance(claim, Node) and claim.kind == "boolean":
        if isinstance(claim, Map) and function_name(claim.template.expr) == "equal":
            return _equation(*claim.args)
        return Fact(claim, None)
    raise KindError(
        f"assume: {claim!r} is neither an equation of an expression with a value nor a condition. "
        "Write for example sg.assume(sg.sum(t) == 1) or sg.assume(x > 0)."
    )


def _equation(left: Node, right: Any) -> Fact:
    other = as_node(right, "assume")
    shapes = left.shape, other.shape
    fits = len(shapes[1]) == 0 or (len(shapes[0]) == len(shapes[1]) and all(map(same_dim, *shapes)))
    if not fits:
        raise ShapeError(
            f"assume: {describe(left)} has shape {shape_text(left.shape)}, {describe(other)} has "
            f"{shape_text(other.shape)}. Equate values of one shape, or a value with a number."
        )
    if not any(isinstance(node, Var) for node in reachable([left, other])):
        raise KindError(f"assume: {left} = {other} speaks of no variable. Claim something of data.")
    return Fact(left, other)


def facts_about(roots: Sequence[Node]) -> list[Fact]:
    """The facts in force all of whose variables occur in the roots."""
    if not _IN_FORCE:
        return []
    present = reachable(roots)
    found: dict[Fact, None] = {}
    for one in _IN_FORCE:
        for fact in one.facts:
            sides = [fact.left] if fact.right is None else [fact.left, fact.right]
            if all(n in present for n in reachable(sides) if isinstance(n, Var)):
                found[fact] = None
    return list(found)


def is_symmetric(node: Node, facts: Iterable[Fact] = ()) -> bool:
    """Whether a variable was declared, or is claimed, to be its own transpose."""
    if not isinstance(node, Var):
        return False
    options = node.options
    declared = options.get("symmetric", False) or options.get("positive_definite", False)
    return bool(declared) or any(fact.makes_symmetric is node for fact in facts)


def is_positive(node: Node, facts: Iterable[Fact] = ()) -> bool:
    """Whether the entries of a variable were declared, or are claimed, to be positive."""
    if not isinstance(node, Var):
        return False
    return bool(node.options.get("positive", False)) or any(
        fact.makes_positive is node for fact in facts
    )


def _transposed(node: Node) -> Node | None:
    if isinstance(node, Einsum) and len(node.args) == 1 and node.ndim == 2:
        (indices,) = node.ins
        if len(set(indices)) == 2 and node.out == indices[::-1]:
            return node.args[0]
    return None
