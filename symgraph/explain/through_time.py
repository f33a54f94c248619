"""The recursion of δ as an ordered product of Jacobians: δ_kᵀ = δ_Tᵀ ∏ W diag[f'(net_i)].

Matrices do not commute, so the product says in which order it runs: from the last step down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symgraph.explain.derivation import Equation
from symgraph.explain.recurrences import Line, LoopNaming
from symgraph.node import Node
from symgraph.notation.sequences import Moment, OrderedProduct, Span, Timed, at_moment
from symgraph.notation.tree import Call, Derivative, Formula, Hadamard, Name, Product, Sum, walk

__all__ = ["jacobian_lines"]

_INDICES = "kijlmn"


def jacobian_lines(naming: LoopNaming, lines: Sequence[Line]) -> Iterator[Equation]:
    """For each δ that comes from its own next value: the Jacobian of a step, and the product."""
    for node, name in naming.named.items():
        own = [line for line in lines if line.name.name == name.name and line.span is not None]
        if not own or not isinstance(name, Timed):
            continue
        (general,) = own
        span = general.span
        assert span is not None
        step = 1 if span.last == Moment("", 1) else -1
        matrices = _transfer(general.formula, name, step, naming)
        if matrices is not None and not _comes_round(name, lines):
            yield from _lines(naming, node, name, span, matrices, lines)


def _comes_round(name: Timed, lines: Sequence[Line]) -> bool:
    """Whether the derivative also comes from its next value by way of others."""
    names = {line.name.name for line in lines}
    mentioned: dict[str, set[str]] = {}
    for line in lines:
        found = {one.name for one in walk(line.formula) if isinstance(one, Name)}
        mentioned.setdefault(line.name.name, set()).update(found & names)
    seen: set[str] = set()
    stack = list(mentioned[name.name] - {name.name})
    while stack:
        one = stack.pop()
        if one not in seen:
            seen.add(one)
            stack.extend(mentioned[one])
    return name.name in seen


def _lines(
    naming: LoopNaming,
    node: Node,
    name: Timed,
    span: Span,
    matrices: list[Formula],
    lines: Sequence[Line],
) -> Iterator[Equation]:
    letter = span.letter
    now, algebra = Moment(letter), naming.reader.algebra
    step = 1 if span.last == Moment("", 1) else -1
    jacobian = algebra.product(matrices) if len(matrices) > 1 else matrices[0]
    value = naming.forward.name(node)
    if value is not None:
        ahead = at_moment(value, letter, now.later(step))
        yield Equation(Derivative(ahead, value), jacobian)
    ends = [one for one in lines if one.name.name == name.name and one.span is None]
    used = {letter, *naming.forward.taken, *naming.forward.clock.values()}
    free = [one for one in _INDICES if one not in used]
    if len(ends) != 1 or len(free) < 2 or _general(lines, name) != _homogeneous(lines, name, step):
        return
    k, i = free[:2]
    end = ends[0].name
    assert isinstance(end, Timed)
    left: Formula = Timed(name.name, name.kind, Moment(k))
    first: Formula = end
    if name.kind == "column":
        left, first = algebra.transpose(left), algebra.transpose(first)
    shown = at_moment(jacobian, letter, Moment(i))
    product = OrderedProduct(i, shown, end.at.later(-step), Moment(k))
    yield Equation(left, Product(1, (first, product)), Span(k, span.first, span.last))


def _general(lines: Sequence[Line], name: Timed) -> Formula:
    return next(one.formula for one in lines if one.name.name == name.name and one.span)


def _homogeneous(lines: Sequence[Line], name: Timed, step: int) -> Formula | None:
    """The recursion, if nothing but the next value comes in."""
    formula = _general(lines, name)
    return formula if _depends_throughout(formula, name, step) else None


def _depends_throughout(formula: Formula, name: Timed, step: int) -> bool:
    if isinstance(formula, Sum):
        return False
    if isinstance(formula, (Hadamard, Product)):
        return any(_depends_throughout(one, name, step) for one in formula.factors)
    return _is_next(formula, name, step)


def _is_next(formula: Formula, name: Timed, step: int) -> bool:
    later = name.at.later(step)
    return isinstance(formula, Timed) and formula.name == name.name and formula.at == later


def _transfer(formula: Formula, name: Timed, step: int, naming: LoopNaming) -> list[Formula] | None:
    """The factors J of δ_tᵀ = δ_{t+1}ᵀ J + ... (of δ_t = δ_{t+1} J + ... for rows and numbers)."""
    algebra = naming.reader.algebra
    if _is_next(formula, name, step):
        return []
    if isinstance(formula, Sum):
        found = [_transfer(term, name, step, naming) for term in formula.terms]
        kept = [one for one in found if one is not None]
        return kept[0] if len(kept) == 1 and _others_apart(formula, name, step) else None
    if isinstance(formula, Hadamard) and not formula.over:
        places = [k for k, one in enumerate(formula.factors) if _has_next(one, name, step)]
        if len(places) != 1:
            return None
        inner = _transfer(formula.factors[places[0]], name, step, naming)
        rest = [one for k, one in enumerate(formula.factors) if k != places[0]]
        if inner is None:
            return None
        slope = rest[0] if len(rest) == 1 else Hadamard(tuple(rest))
        return [*inner, Call("diag", (slope,), "matrix")]
    if not isinstance(formula, Product) or formula.over or formula.coefficient != 1:
        return None
    factors = formula.factors
    if name.kind == "scalar":
        rest = [one for one in factors if not _is_next(one, name, step)]
        alone = len(rest) == len(factors) - 1
        return rest if alone and not any(_has_next(f, name, step) for f in rest) else None
    if name.kind == "column" and _is_next(factors[-1], name, step):
        return [algebra.transpose(one) for one in reversed(factors[:-1])]
    if name.kind == "row" and _is_next(factors[0], name, step):
        return list(factors[1:])
    return None


def _has_next(formula: Formula, name: Timed, step: int) -> bool:
    if _is_next(formula, name, step):
        return True
    return any(_has_next(part, name, step) for part in formula.parts)


def _others_apart(formula: Sum, name: Timed, step: int) -> bool:
    """Whether only one term has the next value, and no other δ of that time."""
    terms = [one for one in formula.terms if _has_next(one, name, step)]
    return len(terms) == 1
