"""Traces: tr(A + B) is tr(A) + tr(B), and tr(x yᵀ A) is the number yᵀ A x."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgraph.notation.parts import Parts, count, split
from symgraph.notation.tree import Call, Formula, Hadamard, Identity, Product, Sum

if TYPE_CHECKING:
    from symgraph.notation.algebra import Algebra

__all__ = ["total_of_diagonal", "trace_of"]


def total_of_diagonal(x: Hadamard, algebra: Algebra) -> Formula | None:
    """Σ(A ⊙ I) as the trace of A."""
    others = [f for f in x.factors if not isinstance(f, Identity)]
    if x.over or len(others) != 1 or len(x.factors) != 2 or others[0].sort != "matrix":
        return None
    return trace_of(others[0], algebra)


def trace_of(x: Formula, algebra: Algebra) -> Formula:
    """The trace of a matrix with numbers in front and columns beside rows as dot products."""
    if isinstance(x, Sum) and all(term.sort == "matrix" for term in x.terms):
        return algebra.add([trace_of(term, algebra) for term in x.terms])
    parts = split(x)
    core = parts.core
    front = algebra.build(Parts(parts.coefficient, parts.scalars, parts.over, []))
    if len(core) == 1 and isinstance(core[0], Sum):
        return algebra.product([front, trace_of(core[0], algebra)])
    if len(core) == 1 and isinstance(core[0], Identity):
        return algebra.product([front, count(core[0].length)])
    first = next((k for k, f in enumerate(core) if f.sort == "row"), None)
    if first is not None and len(core) > 1:
        turned = [*core[first:], *core[:first]]
        left, right = algebra.product(turned[:-1]), turned[-1]
        if left.sort == "row" and right.sort == "column":
            return algebra.product([front, algebra.dot(left, right)])
    whole = core[0] if len(core) == 1 else Product(1, tuple(core))
    return algebra.product([front, Call("trace", (whole,), "scalar")])
