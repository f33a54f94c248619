"""Comparisons, solved for what is compared, and brackets that say nothing new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from symgraph.notation.decimals import plus, ratio, times
from symgraph.notation.parts import is_negative, split
from symgraph.notation.tree import (
    Call,
    Formula,
    Indicator,
    Number,
    Product,
    Real,
    Relation,
    Sum,
)

if TYPE_CHECKING:
    from symgraph.notation.algebra import Algebra

__all__ = ["Operator", "compared", "without_needless_brackets"]

Operator = Literal["<", "<=", ">", ">=", "==", "!="]

#: A bound with more digits is not worked out.
LONG_DECIMAL = 8
_TURNED: dict[str, Operator] = {
    "<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=",
}  # fmt: skip


def compared(operator: Operator, left: Formula, right: Formula, algebra: Algebra) -> Formula:
    """A comparison, solved for what is compared: 1 - margin > 0 becomes margin < 1."""
    asked = operator
    difference = algebra.add([left, algebra.scale(-1, right)])
    if isinstance(difference, Product) and len(difference.factors) == 1 and not difference.over:
        operator = operator if difference.coefficient > 0 else _TURNED[operator]
        difference = difference.factors[0]
    terms = difference.terms if isinstance(difference, Sum) else (difference,)
    constant: Real = 0
    for term in terms:
        constant = plus(constant, term.value) if isinstance(term, Number) else constant
    rest = [t for t in terms if not isinstance(t, Number)]
    if len(rest) == 1:
        solved = _solved(operator, rest[0], constant, algebra)
        return Relation(asked, left, right) if _is_long(solved.right) else solved
    positive = [t for t in rest if not is_negative(t)]
    negative = [algebra.scale(-1, t) for t in rest if is_negative(t)]
    if not rest or not positive:
        return Relation(operator, left, right)
    behind = algebra.add([*negative, Number(-constant)]) if constant else algebra.add(negative)
    return Relation(operator, algebra.add(positive), behind)


def _solved(operator: Operator, term: Formula, constant: Real, algebra: Algebra) -> Relation:
    """c x + constant compared with 0, as x compared with a number."""
    parts = split(term)
    c = parts.coefficient
    parts.coefficient = 1
    bound = Number(ratio(times(-1, constant), c))
    return Relation(operator if c > 0 else _TURNED[operator], algebra.build(parts), bound)


def _is_long(formula: Formula) -> bool:
    """A decimal number that nobody would write, as 13/12 = 1.0833333333333333."""
    return isinstance(formula, Number) and len(str(formula.value)) > LONG_DECIMAL


def without_needless_brackets(above: list[Formula], algebra: Algebra) -> list[Formula]:
    """max(0, x) ⊙ 1[x > 0] as max(0, x): both are 0 where the bracket is."""
    kept = list(above)
    for one in above:
        x = _positive_part(one)
        if x is not None:
            bracket = Indicator(compared(">", x, Number(0), algebra))
            kept = [f for f in kept if f != bracket]
    return kept


def _positive_part(x: Formula) -> Formula | None:
    """y where x is max(0, y) or relu(y)."""
    if not isinstance(x, Call):
        return None
    if x.head == "relu":
        return x.args[0]
    if x.head != "max" or len(x.args) != 2 or Number(0) not in x.args:
        return None
    first, second = x.args
    return second if first == Number(0) else first
