"""Reading the bodies of entrywise operations: SymPy over the operands as formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sympy

from symgraph.abstract import Abstract
from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.entries import Entries, NoAxesError
from symgraph.notation.forward import Forward, number
from symgraph.notation.indexed import (
    Array,
    Index,
    Inside,
    canonical,
    free_letters,
    replaced,
)
from symgraph.notation.tree import (
    Apply,
    Call,
    Formula,
    Indicator,
    Logical,
    Name,
    Number,
    OneHot,
    Plain,
    Product,
    Relation,
    Sum,
    Transpose,
    joined,
)
from symgraph.ops import Iota
from symgraph.ops.let import bare
from symgraph.scalar import Pointwise, elu, sigmoid, slot, softplus
from symgraph.template import function_name

__all__ = ["SPELLED", "Bodies"]

_RELATIONS: dict[str, Literal["<", "<=", ">", ">=", "==", "!="]] = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==",
    "not_equal": "!=",
}  # fmt: skip
_OPPOSITE: dict[str, Literal["<", "<=", ">", ">=", "==", "!="]] = {
    "<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "==",
}  # fmt: skip
_LOGICAL: dict[str, Literal["and", "or", "not"]] = {
    "logical_and": "and", "logical_or": "or", "logical_not": "not",
}  # fmt: skip
_TITLES = {"maximum": "max", "minimum": "min"}
# Functions that exist for their accuracy, as a textbook writes them.
SPELLED: dict[str, Any] = {
    "logistic_loss": softplus(slot(0)) - slot(1) * slot(0),
    "dlogistic_loss": sigmoid(slot(0)) - slot(1),
    "log_sigmoid": sympy.log(sigmoid(slot(0))),
    "log1p": sympy.log(1 + slot(0)),
    "expm1": sympy.exp(slot(0)) - 1,
}


class Bodies:
    """Reads the formula of an entrywise operation with formulas for its operands.

    `recognise` makes a formula, or an entry of an array, be read as a name.
    """

    def __init__(self, forward: Forward, algebra: Algebra) -> None:
        self.forward = forward
        self.algebra = algebra
        self._known: dict[Node, Formula] = {}
        self._by_formula: dict[Formula, Formula] = {}
        #: Names of arrays by an entry of theirs; for each axis, whether it has a letter there.
        self._by_entry: dict[Formula, tuple[Formula, tuple[bool, ...]]] = {}
        #: The indices of every name's axes.
        self.axes = {name: forward.letters.of(node) for node, name in forward.names.items()}
        self._entries = Entries(algebra, self.axes)
        #: Where an entrywise operation is read entry by entry: the indices.
        self._spot: tuple[Index, ...] | None = None

    def recognise(self, formula: Formula, name: Formula) -> None:
        """From now on a formula that comes out like this is read as this name."""
        if isinstance(formula, Array) or formula.sort == "tensor":
            self._recognise_entries(formula, name)
        if formula.size > 1:
            self._by_formula.setdefault(formula, name)

    def _recognise_entries(self, formula: Formula, name: Formula) -> None:
        try:
            whole = self._entries.array(formula) if formula.sort == "tensor" else formula
        except NoAxesError:
            return
        assert isinstance(whole, Array)
        single: dict[str, Formula] = {i.letter: Number(0) for i in whole.indices if i.length == 1}
        body = replaced(whole.body, single)
        used = free_letters(body)
        lettered = tuple(index.letter in used for index in whole.indices)
        own = [index for index in whole.indices if index.letter in used]
        if body.size > 2 and len(own) + len(single) == len(whole.indices):
            self._by_entry.setdefault(canonical(body, own), (name, lettered))

    def _recognised_entry(self, formula: Formula, spot: Sequence[Index]) -> Formula | None:
        """The entry of a named array that comes out like this formula."""
        used = free_letters(formula)
        own = [index for index in spot if index.letter in used]
        name, lettered = self._by_entry.get(canonical(formula, own), (None, ()))
        if name is None or sum(lettered) != len(own):
            return None
        letters = iter(own)
        at = [next(letters) if has_letter else Number(0) for has_letter in lettered]
        return self._entries.entry(name, at)

    # --- the body of a Map --------------------------------------------------------------------

    def _body(self, expr: Any, nodes: Sequence[Node], xs: Sequence[Formula]) -> Formula:
        formula = self._expression(expr, nodes, xs)
        if self._spot is not None and self._by_entry and formula.size > 2:
            entry = self._recognised_entry(formula, self._spot)
            if entry is not None:
                return entry
        return self._by_formula.get(formula, formula)

    def _expression(self, expr: Any, nodes: Sequence[Node], xs: Sequence[Formula]) -> Formula:
        if expr.is_Symbol and expr.name.startswith("_"):
            return xs[int(expr.name[1:])]
        if expr.is_Number or expr.is_NumberSymbol or expr.is_Symbol:
            return number(expr)
        if expr.is_Add:
            total = self.algebra.add(
                [self._body(term, nodes, xs) for term in sorted(expr.args, key=_place)]
            )
            soft = self._softmax(total) if self._spot is None else None
            return total if soft is None else Call("log", (soft,), soft.sort)
        if expr.is_Mul:
            factors = sorted(expr.args, key=_place)
            above = [self._body(f, nodes, xs) for f in factors if not _is_below(f)]
            below = [self._body(1 / f, nodes, xs) for f in factors if _is_below(f)]
            return self.algebra.entrywise(above, below)
        if expr.is_Pow:
            if _is_below(expr):
                return self.algebra.entrywise([], [self._body(1 / expr, nodes, xs)])
            return self.algebra.power(
                self._body(expr.base, nodes, xs), self._body(expr.exp, nodes, xs)
            )
        return self._function(expr, nodes, [self._body(arg, nodes, xs) for arg in expr.args])

    def _function(self, expr: Any, nodes: Sequence[Node], args: list[Formula]) -> Formula:
        head = function_name(expr)
        sort = joined(tuple(arg.sort for arg in args))
        if isinstance(expr, Abstract):
            return Apply(expr.base, expr.orders, tuple(args), sort)
        if isinstance(expr, Pointwise) and expr.by_output is not None:
            return self._by_output(expr, nodes, args)
        if head in SPELLED:
            return self._body(SPELLED[head], [], args)
        if head == "exp" and self.algebra.tidy and args[0] == Number(0):
            return Number(1)
        if head == "exp" and self._spot is not None and _is_log(args[0]):
            return args[0].parts[0]
        if head == "exp":
            soft = self._softmax(args[0]) or self._exp_over_sum(args[0])
            if soft is not None:
                return soft
        if head in _RELATIONS:
            return self.algebra.relation(_RELATIONS[head], args[0], args[1])
        if head in _LOGICAL:
            return Logical(_LOGICAL[head], tuple(args))
        if head == "iverson":
            return self._indicator(args[0])
        if head == "where" and self.algebra.tidy and not any(map(_is_infinite, args)):
            return self._slope_of_elu(expr, nodes, args[0]) or self._choice(*args)
        if head == "step" and args[1] in (Number(0), Number(1)):
            operator: Literal[">", ">="] = ">" if args[1] == Number(0) else ">="
            return Indicator(self.algebra.relation(operator, args[0], Number(0)))
        if head == "sign" and args[1] == Number(0):
            return Call("sign", (args[0],), sort)
        return Call(_TITLES.get(head, head), tuple(args), sort)

    def _slope_of_elu(self, expr: Any, nodes: Sequence[Node], condition: Formula) -> Formula | None:
        """1[z > 0] + 1[z ≤ 0] (f + α), the slope of f = elu(z, α) in terms of f."""
        z = expr.args[0].args[0] if expr.args[0].args else None
        if z is None or not z.is_Symbol or not z.name.startswith("_"):
            return None
        twin = self.forward.elus.get(bare(nodes[int(z.name[1:])]))
        named = None if twin is None else self._known.get(twin, self.forward.name(twin))
        if twin is None or not isinstance(named, Name):
            return None
        alpha = twin.template.expr.args[1]
        if expr != elu.partials[0].xreplace({slot(0): z, slot(1): alpha}):
            return None
        value = self._at_spot(named, twin)
        if condition.sort in ("column", "row"):
            value = self.algebra.turned(value, condition.sort)
        return self._choice(condition, Number(1), self.algebra.add([value, number(alpha)]))

    def _at_spot(self, name: Name, node: Node) -> Formula:
        """A named value, by its entry where entries are read."""
        if self._spot is None:
            return name
        return self._entries.entry(name, self._spot[len(self._spot) - node.ndim :])

    def _choice(self, condition: Formula, yes: Formula, no: Formula) -> Formula:
        """1[c] a + 1[not c] b."""
        parts = []
        if yes != Number(0):
            parts.append(self.algebra.entrywise([self._indicator(condition), yes]))
        if no != Number(0):
            parts.append(self.algebra.entrywise([self._indicator(_opposite(condition)), no]))
        return self.algebra.add(parts)

    def _indicator(self, condition: Formula) -> Formula:
        """1[condition]; where positions are compared with an argmax, its one-hot vectors."""
        if isinstance(condition, (Indicator, Inside)) or (
            isinstance(condition, Product)
            and all(isinstance(f, (Indicator, Inside)) for f in condition.factors)
        ):
            return condition
        if isinstance(condition, Relation) and condition.operator == "==":
            place, ids = condition.left, condition.right
            counted = place.x if isinstance(place, Transpose) else place
            if (
                isinstance(counted, Plain)
                and isinstance(counted.node, Iota)
                and isinstance(ids, Call)
                and ids.head == "argmax"
            ):
                length = counted.node.params[0]
                if ids.axis is None:
                    return OneHot(ids, length, place.sort)
                hot = OneHot(self.algebra.turned(ids, "column"), length, "matrix")
                return hot if ids.axis == 1 else self.algebra.transpose(hot)
        return Indicator(condition)

    def _by_output(self, expr: Any, nodes: Sequence[Node], args: list[Formula]) -> Formula:
        """A derivative in terms of the function's own value, by its name if it has one."""
        source, body = expr.by_output
        value: Formula | None = None
        if all(arg.is_Symbol for arg in expr.args):
            operands = [bare(nodes[int(arg.name[1:])]) for arg in expr.args]
            own = source(*(slot(k) for k in range(len(operands))))
            twin = self.forward.maps.get((own, *operands))
            named = None if twin is None else self._known.get(twin, self.forward.name(twin))
            if twin is not None and isinstance(named, Name):
                value = self._at_spot(named, twin)
        if value is None:
            value = self._function(source(*expr.args), nodes, args)
            value = self._by_formula.get(value, value)
        if args and args[0].sort in ("column", "row"):
            value = self.algebra.turned(value, args[0].sort)
        return self._body(body, [], [value])

    def _softmax(self, x: Formula) -> Formula | None:
        """exp(z - logsumexp(z)) by its name."""
        if isinstance(x, Call) and x.head == "log" and _is_softmax(x.args[0]):
            return x.args[0]
        if not isinstance(x, Sum):
            return None
        for k, term in enumerate(x.terms):
            if not isinstance(term, Product) or term.coefficient != -1 or len(term.factors) != 1:
                continue
            (normaliser,) = term.factors
            rest = self.algebra.add([*x.terms[:k], *x.terms[k + 1 :]])
            if (
                isinstance(normaliser, Call)
                and normaliser.head == "logsumexp"
                and normaliser.args == (rest,)
            ):
                return Call("softmax", (rest,), rest.sort, normaliser.axis)
        return None

    def _exp_over_sum(self, x: Formula) -> Formula | None:
        """exp(z - log Σ exp z) as exp z / Σ exp z."""
        if self._spot is None or not isinstance(x, Sum):
            return None
        for k, term in enumerate(x.terms):
            lone = isinstance(term, Product) and term.coefficient == -1 and not term.over
            if not lone or not isinstance(term, Product) or len(term.factors) != 1:
                continue
            (log,) = term.factors
            if isinstance(log, Call) and log.head == "log":
                rest = self.algebra.add([*x.terms[:k], *x.terms[k + 1 :]])
                return self._entries.times([Call("exp", (rest,), "scalar")], log.args)
        return None


def _is_log(x: Formula) -> bool:
    return isinstance(x, Call) and x.head == "log"


def _is_softmax(x: Formula) -> bool:
    return isinstance(x, Call) and x.head == "softmax"


def _opposite(condition: Formula) -> Formula:
    if isinstance(condition, Relation):
        return Relation(_OPPOSITE[condition.operator], condition.left, condition.right)
    return Logical("not", (condition,))


def _is_infinite(x: Formula) -> bool:
    return isinstance(x, Number) and abs(x.value) == float("inf")


def _place(expr: Any) -> tuple[int, bool, str]:
    """Operands in the order in which they were given; x before 1 - x."""
    slots = [int(s.name[1:]) for s in expr.free_symbols if s.name.startswith("_")]
    return min(slots, default=-1), not expr.is_Symbol, str(expr)


def _is_below(factor: Any) -> bool:
    return bool(factor.is_Pow and factor.exp.is_Number and factor.exp < 0)
