"""Reading nodes as formulas.

Names stop the reading: variables, values that the user named, cotangents that a derivation named.
A formula that grows long is cut off and defined once, so that reading is linear in the nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import sympy

from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.bodies import Bodies
from symgraph.notation.contraction import contraction
from symgraph.notation.entries import Entries, NoAxesError
from symgraph.notation.forward import Forward, fresh, number
from symgraph.notation.indexed import Array, Index, other_letter, unshadowed
from symgraph.notation.kronecker import kronecker
from symgraph.notation.parts import loosened
from symgraph.notation.sequences import Side
from symgraph.notation.tensors import Tensors, needs_indices
from symgraph.notation.tree import (
    Call,
    Derivative,
    Formula,
    Identity,
    Name,
    Number,
    OneHot,
    Ones,
    Plain,
    Sort,
)
from symgraph.ops import (
    Concat,
    Det,
    Einsum,
    Fill,
    Inv,
    Let,
    LogDet,
    Map,
    Pull,
    Push,
    Reduce,
    Reshape,
    Solve,
    Var,
)
from symgraph.ops.let import bare
from symgraph.ops.rows import Affine, Lookup, identity_row
from symgraph.shapes import Dim, product

__all__ = ["LONG", "Reader"]

#: A formula longer than this many symbols gets a name of its own.
LONG = 60

_VECTORS = ("column", "row")


class Reader(Bodies):
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
        super().__init__(forward, algebra)
        self._known.update(names or {})
        self.definitions: list[tuple[Name, Formula]] = []
        self._limit = limit
        self._axes_of: dict[Node, tuple[Index, ...]] = {}
        self._tensors = Tensors(self._entries, self._axes, self)

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

    def joined(self, node: Node) -> Formula | None:
        """[x, h] of joined vectors, [A, B] of matrices side by side, [A; B] on one another."""
        inner = bare(node)
        if not isinstance(inner, Concat) or node.ndim > 2:
            return None
        sort = self.forward.sort(node)
        parts = [self.read(arg) for arg in inner.args]
        if any(isinstance(part, Array) for part in parts):
            return None
        if node.ndim == 1 and all(part.sort in (*_VECTORS, "scalar") for part in parts):
            return Side(tuple(self.algebra.turned(part, sort) for part in parts), sort)
        lying = "row" if inner.axis == 0 else "column"
        if node.ndim != 2 or not all(part.sort in ("matrix", lying) for part in parts):
            return None
        if inner.axis == 0:
            return Side(tuple(parts), "matrix", stacked=True)
        return self.algebra.beside(parts)

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
        number = node.ins == ((),) or (node.ins == ((0,),) and isinstance(node.args[0], Fill))
        if number and node.out == (0, 0):
            return self.algebra.product([xs[0], Identity(node.shape[0])])
        if node.ins == ((0,),) and node.out == (0, 0) and xs[0].sort in ("column", "row"):
            return self.algebra.diagonal_matrix(self.algebra.turned(xs[0], "column"))
        return contraction(xs, node.ins, node.out, sizes, self.algebra)

    def _reduce(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Reduce)
        (x,), (source,) = xs, node.args
        # Of a vector with one entry, too, log Σ exp stays what makes a softmax.
        kept = node.operation == "argmax" or (node.operation == "logsumexp" and source.ndim == 1)
        if not kept and source.ndim <= 2 and all(source.shape[axis] == 1 for axis in node.axes):
            return x
        if x.sort == "scalar" and not isinstance(x, Array) and source.ndim:
            return self._reduce_alike(node, x)
        if all(size == 1 or k in node.axes for k, size in enumerate(source.shape)):
            return Call(node.operation, (x,), "scalar")
        if source.ndim == 2:
            along = node.axes[0]
            return Call(node.operation, (x,), "column" if along == 1 else "row", along)
        return None

    def _reduce_alike(self, node: Reduce, x: Formula) -> Formula:
        """Of alike entries: the largest, the first place, x^n, or log Σ exp x = x + log n."""
        count = number(product([node.args[0].shape[axis] for axis in node.axes]))
        if node.operation == "prod":
            return self.algebra.power(x, count)
        if node.operation == "logsumexp":
            return self.algebra.add([x, Call("log", (count,), "scalar")])
        return Number(0) if node.operation == "argmax" else x

    def _pull(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Pull)
        part = self.forward.part(node)
        return None if part is None else self.read(part)

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
            if node.shape[0] == 1:  # of a single id it is a column
                single = self.algebra.transpose(OneHot(xs[1], node.shape[1], "column"))
                return self.algebra.product([xs[0], single])
            many = OneHot(self.algebra.turned(xs[1], "column"), node.shape[1], "matrix")
            return self.algebra.entrywise([self.algebra.turned(xs[0], "column"), many])
        return None

    def _push_to(self, place: int, node: Push, x: Formula) -> Formula | None:
        """A number sent to one place of a vector: x onehot(2)."""
        if node.ndim != 1 or node.args[0].ndim:
            return None
        if node.shape[0] == 1:
            return x
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
    Pull: Reader._pull,
    Push: Reader._push,
    Reshape: Reader._reshape,
    Solve: Reader._solve,
    Map: Reader._map,
}
