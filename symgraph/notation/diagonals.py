"""Diagonal matrices in products and sums of formulas, taken together."""

from __future__ import annotations

from symgraph.notation.algebra import Algebra
from symgraph.notation.indexed import mapped
from symgraph.notation.parts import split
from symgraph.notation.tree import Call, Formula, MatrixPower, Number, Product, Sum, walk

__all__ = ["chained", "diagonal", "one_diagonal"]


def diagonal(x: Formula, algebra: Algebra) -> Formula:
    """diag(x), with numbers in front: 2 diag(u)."""
    parts = split(x)
    if not parts.core or (parts.coefficient == 1 and not parts.scalars and not parts.over):
        return Call("diag", (x,), "matrix")
    inner = algebra.product(parts.core)
    numbers = [Number(parts.coefficient), *parts.scalars]
    return algebra.product([*numbers, Call("diag", (inner,), "matrix")], parts.over)


def _is_diagonal(x: Formula) -> bool:
    return isinstance(x, Call) and x.head == "diag" and x.kind == "matrix"


def _on_diagonal(x: Formula, algebra: Algebra) -> Formula | None:
    """The diagonal of diag(a), or of its power diag(a)²."""
    if _is_diagonal(x):
        return x.parts[0]
    if isinstance(x, MatrixPower) and x.exponent > 0 and _is_diagonal(x.base):
        return algebra.power(x.base.parts[0], Number(x.exponent))
    return None


def chained(x: Formula, algebra: Algebra) -> Formula:
    """A product of matrices with the diagonals in it taken together.

    diag(a) diag(b) is diag(a ⊙ b), diag(a) v is a ⊙ v, diag(a) 1 is a.
    """
    if isinstance(x, Sum):
        return algebra.add([chained(term, algebra) for term in x.terms])
    if not isinstance(x, Product):
        return x
    core = [f for f in x.factors if f.sort != "scalar"]
    numbers = [f for f in x.factors if f.sort == "scalar"]
    coefficient, below = x.coefficient, list(x.over)
    k = 0
    while k + 1 < len(core):
        joined = _joined(core[k], core[k + 1], algebra)
        if joined is None:
            k += 1
        else:
            parts = split(joined)
            coefficient = coefficient * parts.coefficient
            numbers += parts.scalars
            core[k : k + 2] = parts.core
            below += parts.over
            k = max(k - 1, 0)
    return algebra.product([Number(coefficient), *numbers, *core], below)


def one_diagonal(x: Formula, algebra: Algebra) -> Formula:
    """diag(a) + diag(b) as diag(a + b), wherever it stands."""
    if not any(isinstance(one, Sum) for one in walk(x)):
        return x
    x = mapped(x, lambda part: one_diagonal(part, algebra))
    if not isinstance(x, Sum):
        return x
    inner: list[Formula] = []
    rest: list[Formula] = []
    for term in x.terms:
        found = _inside_diagonal(term, algebra)
        if found is None:
            rest.append(term)
        else:
            inner.append(found)
    if len(inner) < 2:
        return x
    made = diagonal(algebra.add(inner), algebra)
    return made if not rest else algebra.add([made, *rest], keep_order=True)


def _inside_diagonal(term: Formula, algebra: Algebra) -> Formula | None:
    """What stands on the diagonal of c diag(a)."""
    whole = _on_diagonal(term, algebra)
    if whole is not None or not isinstance(term, Product):
        return whole
    core = [f for f in term.factors if f.sort != "scalar"]
    inner = _on_diagonal(core[0], algebra) if len(core) == 1 else None
    if inner is None:
        return None
    numbers = [f for f in term.factors if f.sort == "scalar"]
    return algebra.product([Number(term.coefficient), *numbers, inner], term.over)


def _joined(left: Formula, right: Formula, algebra: Algebra) -> Formula | None:
    first, second = _on_diagonal(left, algebra), _on_diagonal(right, algebra)
    if first is not None and second is not None:
        return diagonal(algebra.entrywise([first, second]), algebra)
    if first is not None and right.sort == "column":
        return algebra.entrywise([first, right])
    if left.sort == "row" and second is not None:
        return algebra.entrywise([left, algebra.transpose(second)])
    return None
