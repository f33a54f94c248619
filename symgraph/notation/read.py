"""Reading nodes as formulas.

Names stop the reading: variables, values that the user named, cotangents that a derivation named.
A formula that grows long is cut off and defined once, so that reading is linear in the nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal

import sympy

from symgraph.abstract import Abstract
from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.contraction import contraction
from symgraph.notation.decimals import as_written
from symgraph.notation.entries import Entries, NoAxesError
from symgraph.notation.indexed import (
    Array,
    Index,
    Inside,
    canonical,
    free_letters,
    other_letter,
    replaced,
    unshadowed,
)
from symgraph.notation.kronecker import kronecker
from symgraph.notation.letters import Letters
from symgraph.notation.orientation import Layout, orientations
from symgraph.notation.parts import loosened
from symgraph.notation.tensors import Tensors, needs_indices
from symgraph.notation.tree import (
    Apply,
    Call,
    Derivative,
    Formula,
    Identity,
    Indicator,
    Logical,
    Name,
    Number,
    OneHot,
    Ones,
    Plain,
    Product,
    Real,
    Relation,
    Sort,
    Sum,
    Symbolic,
    Transpose,
    joined,
)
from symgraph.ops import (
    Det,
    Einsum,
    Fill,
    Inv,
    Iota,
    Let,
    LogDet,
    Map,
    Push,
    Reduce,
    Reshape,
    Solve,
    Var,
)
from symgraph.ops.move import Affine, Lookup, identity_row
from symgraph.scalar import Pointwise, elu, sigmoid, slot, softplus
from symgraph.shapes import Dim
from symgraph.template import function_name

__all__ = ["SPELLED", "Forward", "Reader", "bare", "evaluation_order", "fresh", "number"]

#: A formula longer than this many symbols gets a name of its own.
LONG = 60

_VECTORS = ("column", "row")
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


def bare(node: Node) -> Node:
    """The node without the names that the user gave it."""
    while isinstance(node, Let) and not node.stops:
        node = node.args[0]
    return node


def evaluation_order(roots: Sequence[Node], from_right: bool = False) -> list[Node]:
    """Operands before users, from left to right: the same for the same expression in every run.

    (The order of creation depends on what else the process has made.)
    """
    order: dict[Node, None] = {}
    turn = -1 if not from_right else 1
    stack: list[tuple[Node, bool]] = [(root, False) for root in roots[::turn]]
    while stack:
        node, entered = stack.pop()
        if node in order:
            continue
        if entered or not node.args:
            order[node] = None
        else:
            stack.append((node, True))
            stack.extend((arg, False) for arg in node.args[::turn] if arg not in order)
    return list(order)


def number(value: Any) -> Formula:
    """A number or a size expression."""
    if isinstance(value, (bool, int)):
        return Number(int(value))
    if isinstance(value, float):
        return Number(_plain(value))
    expr = sympy.sympify(value)
    if expr.is_Integer:
        return Number(int(expr))
    if expr.is_Rational:
        return Number(Fraction(int(expr.p), int(expr.q)))
    if expr.is_Float:
        return Number(_plain(float(expr)))
    return Symbolic(expr)


def _plain(value: float) -> Real:
    """1/3 for 0.3333333333333333, which nobody wrote; decimals stay as they are."""
    if abs(value) < 100:
        found = Fraction(value).limit_denominator(12)
        endless = found.denominator % 3 == 0 or found.denominator in (7, 11)
        if endless and abs(float(found) - value) <= 4e-16 * abs(value):
            return found
    return as_written(value)


class Forward:
    """What the user wrote: names, which vectors are rows, and which nodes compute which function.

    Shared by all readers of one expression. `letters` are the indices of some nodes.
    """

    def __init__(
        self,
        roots: Sequence[Node],
        layout: Layout | None = None,
        letters: Mapping[Node, str] | None = None,
    ) -> None:
        self._roots = tuple(roots)
        self.order = evaluation_order(roots)
        self._nodes = set(self.order)
        self.sorts = orientations(self.order, layout)
        #: A Map by its formula and its operands without names.
        self.maps: dict[tuple[Any, ...], Node] = {}
        #: By its operand, a value of elu: its slope is written with it.
        self.elus: dict[Node, Map] = {}
        self.names: dict[Node, str] = {}
        self.lets: list[Let] = []
        taken: set[str] = set()
        for node in self.order:
            if isinstance(node, Map):
                self.maps.setdefault((node.template.expr, *map(bare, node.args)), node)
                if isinstance(node.template.expr, elu) and len(node.args) == 1:
                    self.elus.setdefault(bare(node.args[0]), node)
            elif isinstance(node, Var):
                self.names[node] = node.name
                taken.add(node.name)
            elif isinstance(node, Let) and node.let_name and not node.stops:
                self._name(node, taken)
        self.taken = taken
        self.letters = Letters(self.order, taken, letters)

    def __contains__(self, node: object) -> bool:
        return node in self._nodes

    def _name(self, node: Let, taken: set[str]) -> None:
        name = str(node.let_name)
        if name in taken:  # two different values of one name: the later is told apart by a prime
            name = fresh(name + "′", taken)
        taken.add(name)
        self.names[node] = name
        self.lets.append(node)
        inner = node.args[0]
        if not isinstance(inner, (Let, Fill)):
            self.names.setdefault(inner, name)

    def sort(self, node: Node) -> Sort:
        """The sort of a node's value when it stands under a name; a single entry is a number."""
        if all(size == 1 for size in node.shape):
            return "scalar"
        if node.ndim == 1:
            return self.sorts.get(node, "column")
        if node.ndim == 2 and 1 in node.shape:
            return "column" if node.shape[1] == 1 else "row"
        ranks: tuple[Sort, ...] = ("scalar", "column", "matrix")
        return ranks[node.ndim] if node.ndim < 3 else "tensor"

    def name(self, node: Node) -> Name | None:
        """The name of a node, if it has one."""
        text = self.names.get(node)
        return None if text is None else Name(text, self.sort(node))

    def ranks(self) -> dict[str, int]:
        """The place of each name in the formula as the user wrote it, from left to right.

        A value stands before what it is made of, and what is used several times at its last place:
        2 residual w₁ h₁ (1 - h₁) φ(x) although φ(x) is in h₂, too.
        """
        places: dict[str, int] = {}
        mirrored = evaluation_order(self._roots, from_right=True)
        for place, node in enumerate(reversed(mirrored)):
            name = self.names.get(node)
            if name is not None:
                places.setdefault(name, place)
        return places


def fresh(name: str, taken: Iterable[str]) -> str:
    """The name, with primes while it is taken."""
    used = set(taken)
    while name in used:
        name += "′"
    return name


class Reader:
    """Formulas of nodes, each computed once.

    `names` (beside the user's own) are stops. `limit` is the number of symbols from which a
    formula is cut off; what was cut, and every loop, is in `definitions`.
    """

    def __init__(
        self,
        forward: Forward,
        algebra: Algebra,
        names: Mapping[Node, Formula] | None = None,
        limit: int | None = LONG,
    ) -> None:
        self.forward = forward
        self.algebra = algebra
        self.definitions: list[tuple[Name, Formula]] = []
        self._limit = limit
        self._known: dict[Node, Formula] = dict(names or {})
        self._by_formula: dict[Formula, Formula] = {}
        #: Names of arrays by an entry of theirs; for each axis, whether it has a letter there.
        self._by_entry: dict[Formula, tuple[Formula, tuple[bool, ...]]] = {}
        #: The indices of every name's axes.
        self.axes = {name: forward.letters.of(node) for node, name in forward.names.items()}
        self._axes_of: dict[Node, tuple[Index, ...]] = {}
        self._entries = Entries(algebra, self.axes)
        self._tensors = Tensors(self._entries, self._axes, self)
        #: Where an entrywise operation is read entry by entry: the indices.
        self._spot: tuple[Index, ...] | None = None

    @property
    def known(self) -> Mapping[Node, Formula]:
        """The formulas of all nodes that were read."""
        return self._known

    def call_it(self, node: Node, name: Formula) -> None:
        """From now on the node is read as this name."""
        self._known[node] = name
        if isinstance(name, Name) and node in self.forward:
            self.axes[name.name] = self.forward.letters.of(node)

    def call_like(self, node: Node, name: Formula, like: Node) -> None:
        """The node is read as this name, with the indices of another node."""
        self.call_it(node, name)
        self._axes_of[node] = self.forward.letters.of(like)
        if isinstance(name, Name):
            self.axes[name.name] = self._axes_of[node]

    def lettered(self, formula: Formula, like: Node) -> Formula:
        """An array by its entries with the indices of a node."""
        if not isinstance(formula, Array) or like not in self.forward:
            return formula
        indices = self.forward.letters.of(like)
        body = unshadowed(
            self._entries.entry(formula, indices), {index.letter for index in indices}
        )
        return Array(indices, body, self.forward.sort(like))

    def together(self, terms: Sequence[Formula], algebra: Algebra) -> Formula:
        """The sum of terms, entry by entry where one of them is given so."""
        leading = next((term for term in terms if isinstance(term, Array)), None)
        if leading is None:
            return algebra.add(terms)
        entries = Entries(algebra, self.axes)
        found = [entries.entry(term, leading.indices) for term in terms]
        return Array(leading.indices, algebra.add(found), leading.kind)

    def scaled(self, c: int, formula: Formula) -> Formula:
        """A number times a formula."""
        if isinstance(formula, Array):
            body = self.algebra.scale(c, formula.body)
            return Array(formula.indices, body, formula.kind)
        return self.algebra.scale(c, formula)

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

    def read(self, root: Node) -> Formula:
        """The formula of a node; a named node is its name."""
        stack = [root]
        while stack:
            node = stack[-1]
            if node in self._known:
                stack.pop()
                continue
            name = self.forward.name(node)
            if name is not None:
                self._known[node] = name
                continue
            pending = [arg for arg in node.args if arg not in self._known]
            if pending:
                stack.extend(pending)
                continue
            formula = self._formula(node)
            long = self._limit is not None and formula.size > self._limit
            cut = node.is_loop or (long and node is not root)
            self._known[node] = self._cut(node, formula) if cut else formula
        return self._known[root]

    def meaning(self, node: Node) -> Formula:
        """The formula of a node whatever its name: the right-hand side of its definition."""
        inner = bare(node)
        if not inner.args:
            return self.read(inner)
        for arg in inner.args:
            self.read(arg)
        formula, sort = self._formula(inner), self.forward.sort(node)
        if node.ndim == 1 and sort in _VECTORS and not isinstance(formula, Array):
            return self.algebra.turned(formula, sort)  # c = αᵀ H where c is a row
        return formula

    def _cut(self, node: Node, formula: Formula) -> Formula:
        """A name for a formula, which is defined once."""
        letter = "s" if node.is_loop else "t"
        text = fresh(f"{letter}{len(self.definitions) + 1}", self.forward.taken)
        self.forward.taken.add(text)
        name = Name(text, formula.sort)
        self.axes[text] = self._axes(node, formula)
        self.definitions.append((name, formula))
        return name

    def _formula(self, node: Node) -> Formula:
        xs = [self._known[arg] for arg in node.args]
        rule = _RULES.get(type(node))
        formula = kronecker(node, self._known, self.algebra)
        if (
            formula is None
            and rule is not None
            and (isinstance(node, Let) or not needs_indices(node, xs))
        ):
            formula = rule(self, node, xs)
        if formula is None:
            formula = self._tensors.array(node, xs)
        if formula is None:
            formula = Plain(node, tuple(xs), self.forward.sort(node))
        formula = self._by_formula.get(formula, formula)
        return self._covering(formula, node)

    def _covering(self, formula: Formula, node: Node) -> Formula:
        """With ones where the formula is a number or a vector and the value is repeated."""
        if isinstance(formula, Number) or node.ndim > 2 or all(n == 1 for n in node.shape):
            return formula
        if isinstance(formula, Array):
            return formula
        if formula.sort == "scalar" and node.ndim > 0:
            sorts: tuple[Literal["column", "row"], ...] = ("column", "row")
            ones = [Ones(sort, n) for sort, n in zip(sorts, node.shape, strict=False)]
            return self.algebra.product([formula, *ones])
        if node.ndim == 2 and formula.sort == "column" and node.shape[1] != 1:
            return self.algebra.product([formula, Ones("row", node.shape[1])])
        if node.ndim == 2 and formula.sort == "row" and node.shape[0] != 1:
            return self.algebra.product([Ones("column", node.shape[0]), formula])
        return formula

    # --- indices ------------------------------------------------------------------------------

    def _axes(self, node: Node, formula: Formula) -> tuple[Index, ...]:
        """The indices of a node's axes: those of its formula, of the expression, or new ones."""
        if isinstance(formula, Array):
            return formula.indices
        if node in self._axes_of:
            return self._axes_of[node]
        if node in self.forward:
            return self.forward.letters.of(node)
        if isinstance(formula, Derivative) and isinstance(formula.by, Name):
            formula = formula.by
        try:
            own = self._entries.axes(formula)
        except NoAxesError:
            own = ()
        found: list[Index] = []
        for axis, size in enumerate(node.shape):
            wish = own[axis].letter if len(own) == node.ndim else None
            letter = other_letter({one.letter for one in found}, wish)
            found.append(Index(letter, size))
        return tuple(found)

    def of_numbers(self, node: Map, xs: Sequence[Formula], at: Sequence[Index]) -> Formula:
        """The body of an entrywise operation on the entries of its operands."""
        self.algebra.keep_order = node in self.forward
        self._spot = tuple(at)
        try:
            return self._body(node.template.expr, node.args, xs)
        finally:
            self.algebra.keep_order = False
            self._spot = None

    @property
    def names_in_use(self) -> set[str]:
        """The names of the expression."""
        return self.forward.taken

    def sort_of(self, node: Node) -> Sort:
        """The sort of a node's value."""
        return self.forward.sort(node)

    # --- one rule a primitive -----------------------------------------------------------------

    def _var(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Var)
        return Name(node.name, self.forward.sort(node))

    def _fill(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Fill)
        value = node.value
        if isinstance(value, sympy.Expr) and not value.is_Rational:
            return self._body(value, [], [])
        return number(value)

    def _let(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Let)
        if node.stops:
            return Call("stop_gradient", (xs[0],), xs[0].sort)
        return xs[0]

    def _einsum(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Einsum)
        sizes: dict[int, Dim] = node.sizes()
        if node.ins == ((0,),) and node.out == (0, 0) and isinstance(node.args[0], Fill):
            return self.algebra.product([xs[0], Identity(node.shape[0])])
        if node.ins == ((0,),) and node.out == (0, 0) and xs[0].sort in ("column", "row"):
            return self.algebra.diagonal_matrix(self.algebra.turned(xs[0], "column"))
        return contraction(xs, node.ins, node.out, sizes, self.algebra)

    def _reduce(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Reduce)
        (x,), (source,) = xs, node.args
        if all(source.shape[axis] == 1 for axis in node.axes) and node.operation != "argmax":
            return x
        if all(size == 1 or k in node.axes for k, size in enumerate(source.shape)):
            return Call(node.operation, (x,), "scalar")
        if source.ndim == 2:
            along = node.axes[0]
            return Call(node.operation, (x,), "column" if along == 1 else "row", along)
        return None

    def _reshape(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        source = node.args[0]
        if source.ndim == 1 and node.ndim == 2 and 1 in node.shape:
            return self.algebra.turned(xs[0], "column" if node.shape[1] == 1 else "row")
        if source.ndim == 2 and node.ndim == 1 and 1 in source.shape:
            return xs[0]
        if all(n == 1 for n in node.shape):
            loose = loosened(xs[0])
            is_number = loose.sort == "scalar" and not isinstance(loose, Array)
            return loose if is_number else None
        return None

    def _push(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        """Values sent to the places of class ids: x ⊙ onehot(y)."""
        assert isinstance(node, Push)
        ids = node.rows[-1] if node.rows else None
        if isinstance(ids, Affine) and not ids.steps and isinstance(ids.offset, int):
            return self._push_to(ids.offset, node, xs[0])
        if not isinstance(ids, Lookup) or ids.operand != 1 or len(node.args) != 2:
            return None
        if node.ndim == 1 and ids.axes == () and node.args[0].ndim == 0:
            hot = OneHot(xs[1], node.shape[0], self.forward.sort(node))
            return self.algebra.product([xs[0], hot])
        if node.ndim == 2 and node.rows[0] == identity_row(0) and ids.axes == (0,):
            many = OneHot(self.algebra.turned(xs[1], "column"), node.shape[1], "matrix")
            return self.algebra.entrywise([self.algebra.turned(xs[0], "column"), many])
        return None

    def _push_to(self, place: int, node: Push, x: Formula) -> Formula | None:
        """A number sent to one place of a vector: x onehot(2)."""
        if node.ndim != 1 or node.args[0].ndim:
            return None
        hot = OneHot(Number(place), node.shape[0], self.forward.sort(node))
        return self.algebra.product([x, hot])

    def _inv(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        return self.algebra.inverse(xs[0]) if node.ndim == 2 else None

    def _det(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        head = "det" if isinstance(node, Det) else "logdet"
        if xs[0].sort == "scalar":
            size = Call("abs", (xs[0],), "scalar")
            return xs[0] if head == "det" else Call("log", (size,), "scalar")
        return Call(head, (xs[0],), "scalar") if node.ndim == 0 else None

    def _solve(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        if node.args[0].ndim != 2:
            return None
        right = self.algebra.turned(xs[1], "column")
        if right.sort == "scalar":  # one number for all equations
            right = self.algebra.product([right, Ones("column", node.args[1].shape[0])])
        return self.algebra.product([self.algebra.inverse(xs[0]), right])

    def _map(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Map)
        self.algebra.keep_order = node in self.forward
        try:
            return self._body(node.template.expr, node.args, self._facing(node, xs))
        finally:
            self.algebra.keep_order = False

    def _facing(self, node: Node, xs: Sequence[Formula]) -> list[Formula]:
        """The operands turned so that repetition acts along the right axis."""
        if node.ndim >= 2:
            return [
                self.algebra.turned(x, "row") if arg.ndim == 1 else x
                for x, arg in zip(xs, node.args, strict=True)
            ]
        vectors = [(arg, x) for arg, x in zip(node.args, xs, strict=True) if x.sort in _VECTORS]
        if not vectors:
            return list(xs)
        # What the user wrote stays as it is, and a derivative is turned.
        own = [x.sort for arg, x in vectors if arg in self.forward]
        sort = own[0] if own else vectors[0][1].sort
        return [self.algebra.turned(x, sort) if x.sort in _VECTORS else x for x in xs]

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
        return self._choice(condition, Number(1), self.algebra.add([named, number(alpha)]))

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
            value = named if isinstance(named, Name) else None
            if value is not None and self._spot is not None and twin is not None:
                value = self._entries.entry(value, self._spot[len(self._spot) - twin.ndim :])
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


_Rule = Callable[[Reader, Node, Sequence[Formula]], Formula | None]
_RULES: dict[type[Node], _Rule] = {
    Var: Reader._var,
    Fill: Reader._fill,
    Let: Reader._let,
    Einsum: Reader._einsum,
    Reduce: Reader._reduce,
    Inv: Reader._inv,
    Det: Reader._det,
    LogDet: Reader._det,
    Push: Reader._push,
    Reshape: Reader._reshape,
    Solve: Reader._solve,
    Map: Reader._map,
}
