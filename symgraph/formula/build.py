"""A tree into nodes.

A vector has one axis, as in NumPy; whether it stands as a row is remembered while the formula is
read, so that xᵀ y is a number and x yᵀ a matrix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add, mul
from typing import Any, NoReturn

from symgraph.build import (
    arithmetic,
    conditions,
    contract,
    indexing,
    linear_algebra,
    making,
    shaping,
)
from symgraph.build.coerce import as_node
from symgraph.errors import FormulaError, ShapeError, SymgraphError
from symgraph.formula.binding import bound
from symgraph.formula.functions import Function, functions
from symgraph.formula.loops import run
from symgraph.formula.numbers import combined, number_of
from symgraph.formula.scope import Scope
from symgraph.formula.source import Source, Span
from symgraph.formula.times import Loop
from symgraph.formula.tree import (
    Call,
    Comparison,
    Constant,
    Entrywise,
    Index,
    Listing,
    Literal,
    Logical,
    Negative,
    Ones,
    Part,
    Power,
    Product,
    Reference,
    Slice,
    Statement,
    Sum,
    SumOver,
    Transposed,
    has_factor,
    is_plain_norm,
)
from symgraph.formula.value import Value, beside, count_of, ones_times, times_ones
from symgraph.node import Node
from symgraph.ops.leaves import Fill
from symgraph.shapes import same_dim, shape_text

__all__ = ["Builder"]

#: The most entries of an array: at random points it is computed.
MOST_ENTRIES = 1_000_000
_RELATIONS = {
    "<": conditions.less, "<=": conditions.less_equal, ">": conditions.greater,
    ">=": conditions.greater_equal, "==": conditions.equal, "!=": conditions.not_equal,
}  # fmt: skip


class Builder:
    """One text being turned into nodes."""

    def __init__(self, source: Source, names: Scope) -> None:
        self.source = source
        self.names = names
        self.summed = False
        self.identity: Node | None = None
        self.columns: set[str] = set()
        self.told: SymgraphError | None = None

    def result(self, steps: Sequence[Statement | Loop]) -> Node:
        """The result of the last line."""
        node: Node | None = None
        for k, statement in enumerate(steps):
            if isinstance(statement, Loop):
                later = [one.formula for one in steps[k + 1 :] if isinstance(one, Statement)]
                with self.place(statement.statements[0].name_span):
                    run(self.read, self.names, statement, later)
                continue
            node, stance = self.read(statement.formula)
            if statement.name is not None:
                with self.place(statement.name_span):
                    node = self.names.define(statement.name, node)
                if stance == "column":
                    self.columns.add(statement.name)
        assert node is not None
        return node

    def read(self, part: Part) -> Value:
        """The value of a part."""
        with self.place(part.span):
            made = _READERS[type(part)](self, part)
            if made.node.ndim != 1 and made.stance:
                made = Value(made.node)
            self._check_size(made.node, part.span)
        return made

    @contextmanager
    def place(self, span: Span) -> Iterator[None]:
        """Errors of the functions get the place in the text, the innermost one."""
        try:
            yield
        except FormulaError:
            raise
        except SymgraphError as error:
            if error is self.told:
                raise
            line, column = self.source.position(span.start)
            where = f"{self.source.title}, line {line}, column {column}: "
            self.told = type(error)(f"{where}{error}\n{self.source.marked(span)}")
            raise self.told from None

    def _check_size(self, node: Node, span: Span) -> None:
        if count_of(node) > MOST_ENTRIES:
            raise self.refuse(
                f"an array of shape {shape_text(node.shape)} has more than {MOST_ENTRIES} entries.",
                span, "Write sizes as names, such as W=d.",
            )  # fmt: skip

    def refuse(self, problem: str, span: Span, hint: str = "") -> FormulaError:
        """The error at a place."""
        return self.source.error(problem, span, hint)

    # --- leaves -----------------------------------------------------------------------------

    def literal(self, part: Literal) -> Value:
        return Value(as_node(part.value))

    def constant(self, part: Constant) -> Value:
        raise self.refuse(
            f"{part.value} is the value of an option, no number.", part.span,
            "Write 1 and 0, or a condition such as x > 0.",
        )  # fmt: skip

    def reference(self, part: Reference) -> Value:
        if part.name == "I" and self.identity is not None:
            return Value(self.identity)
        return Value(self.names.find(part.name), "column" if part.name in self.columns else "")

    def sum_over(self, part: SumOver) -> Value:
        if part not in self.names.sums:
            raise self.refuse(
                "this sum over time stands in the recurrence itself.", part.span,
                "Write it on a line behind.",
            )  # fmt: skip
        return Value(self.names.sums[part])

    def ones(self, part: Ones) -> NoReturn:
        raise self.refuse(
            "how many ones there are does not follow from what stands here.", part.span,
            "Write ones(n), or X 𝟏 and 𝟏ᵀ X for the sums of the rows and columns of a matrix.",
        )  # fmt: skip

    def listing(self, part: Listing) -> Value:
        if not part.is_array:
            raise self.refuse(
                "a list in parentheses is the value of an option.", part.span,
                "An array is written in brackets: [a, b].",
            )  # fmt: skip
        nodes = [self.read(item).node for item in part.items]
        if all(node.ndim == nodes[0].ndim for node in nodes) and (
            nodes[0].ndim == 0 or all(isinstance(item, Listing) for item in part.items)
        ):
            return Value(shaping.stack(nodes))
        if all(node.ndim == 2 for node in nodes):
            return Value(shaping.concat(nodes, axis=1))
        if any(node.ndim > 1 for node in nodes):
            raise self.refuse(
                "a list of matrices and vectors.",
                part.span,
                "Write concat([A, B], axis=1) or stack([A, B]).",
            )
        vectors = [shaping.reshape(n, (1,)) if n.ndim == 0 else n for n in nodes]
        return Value(shaping.concat(vectors))

    # --- arithmetic -------------------------------------------------------------------------

    def negative(self, part: Negative) -> Value:
        number = number_of(part, self.source)
        if number is not None:
            return Value(as_node(number))
        x = self.read(part.x)
        return Value(arithmetic.negative(x.node), x.stance)

    def sum(self, part: Sum) -> Value:
        total: Value | None = None
        for (sign, _), term in zip(part.terms, self._alike(part.terms), strict=True):
            if total is None:
                total = Value(arithmetic.negative(term.node), term.stance) if sign == "-" else term
                continue
            function = arithmetic.add if sign == "+" else arithmetic.subtract
            total = Value(function(*beside(total, term)), total.stance or term.stance)
        assert total is not None
        return total

    def _alike(self, parts: Sequence[tuple[str, Part]]) -> list[Value]:
        """Values that are added or multiplied entry by entry; I is as large as the others."""
        late = [k for k, (_, x) in enumerate(parts) if self._is_identity(x)]
        values = {k: self.read(x) for k, (_, x) in enumerate(parts) if k not in late}
        shapes = [one.node.shape for one in values.values() if one.node.ndim == 2]
        before = self.identity
        if late and shapes and same_dim(*shapes[0]):
            self.identity = making.eye(shapes[0][0])
        values |= {k: self.read(parts[k][1]) for k in late}
        self.identity = before
        return [values[k] for k in range(len(parts))]

    def _is_identity(self, x: Part) -> bool:
        """Whether I, which has no value of its own, is a factor."""
        return not self.names.is_known("I") and has_factor(x, "I")

    def entrywise(self, part: Entrywise) -> Value:
        (_, first), *others = part.factors
        multiplied = all(sign != "/" for sign, _ in others)
        if multiplied and any(self._is_identity(x) for _, x in part.factors):
            return Value(reduce(arithmetic.multiply, [v.node for v in self._alike(part.factors)]))
        total, before = self.read(first), first.span
        number = number_of(first, self.source)
        for operator, x in others:
            by = None if number is None else number_of(x, self.source)
            number = None if by is None else combined(operator, number, by, x.span, self.source)
            if number is not None:
                total, before = Value(as_node(number)), before.to(x.span)
                continue
            factor = self.read(x)
            self._check_order(total, before, operator, x)
            self._check_stances(total, factor, before.to(x.span))
            function = arithmetic.divide if operator == "/" else arithmetic.multiply
            stance = total.stance or factor.stance
            total = Value(function(*beside(total, factor)), stance)
            before = before.to(x.span)
        return total

    def _check_order(self, left: Value, span: Span, operator: str, x: Part) -> None:
        """a * B @ c: Python multiplies a and B first, a textbook B and c."""
        if operator != "*" or not left.node.ndim or not isinstance(x, Product):
            return
        explicit = any(sign == "@" for sign, _ in x.factors)
        if explicit and x.span.start == x.factors[0][1].span.start:
            raise self.refuse(
                "* before @ is read from the left by Python and from the right by textbooks.",
                span.to(x.span), "Use parentheses, or ⊙ for the entrywise product.",
            )  # fmt: skip

    def _check_stances(self, left: Value, right: Value, span: Span) -> None:
        both = left.node.ndim == 1 and right.node.ndim == 1
        if both and "row" in (left.stance, right.stance) and left.stance != right.stance:
            raise self.refuse(
                "an entrywise product of a row and a column.", span,
                "Write a ⊙ b for the entries, aᵀ b for a number, a bᵀ for a matrix.",
            )  # fmt: skip

    def power(self, part: Power) -> Value:
        exponent = number_of(part.exponent, self.source)
        base = part.base
        if exponent == 2 and is_plain_norm(base):
            return Value(contract.squared_norm(self.read(base.args[0]).node))
        number = number_of(part, self.source)
        if number is not None:
            return Value(as_node(number))
        x = self.read(base)
        if x.node.ndim >= 2 and part.sign != ".^" and exponent is not None:
            return Value(self._matrix_power(x.node, exponent, part))
        if x.node.ndim >= 2 and part.sign == "^":
            raise self.refuse(
                "a matrix to a power that is no number.", part.span,
                "Powers of the entries are X .^ n.",
            )  # fmt: skip
        if exponent is not None and abs(exponent) > 1000:
            raise self.refuse(
                f"the exponent {exponent} is too large.", part.exponent.span, "Give a smaller one."
            )
        raised = self.read(part.exponent)
        return Value(arithmetic.power(x.node, raised.node), x.stance or raised.stance)

    def _matrix_power(self, x: Node, exponent: Any, part: Power) -> Node:
        entrywise = part.sign == "**" and exponent > 0
        if entrywise:
            return arithmetic.power(x, exponent)
        if x.ndim != 2 or not same_dim(*x.shape):
            raise self.refuse(
                f"a power of a value of shape {shape_text(x.shape)}, which is no square matrix.",
                part.span, "Powers of the entries are X .^ 2; a sum of squares is ‖X‖².",
            )  # fmt: skip
        if part.sign == "**":
            raise self.refuse(
                "** with a negative exponent.", part.span,
                "The inverse is X^-1 or inv(X), the reciprocals of the entries are 1/X.",
            )  # fmt: skip
        if not isinstance(exponent, int) or exponent == 0 or abs(exponent) > 20:
            raise self.refuse(
                f"a matrix to the power {exponent}.", part.span, "Write a whole number up to 20."
            )
        base = linear_algebra.inv(x) if exponent < 0 else x
        return reduce(contract.matmul, [base] * abs(exponent))

    # --- products ---------------------------------------------------------------------------

    def transposed(self, part: Transposed) -> Value:
        x = self.read(part.x)
        behind = self.source.text[part.x.span.end : part.span.end]
        if x.node.ndim == 0 and "^" in behind:
            if self.names.is_known("T"):
                return Value(arithmetic.power(x.node, self.names.find("T")))  # γ^T, T a size
            raise self.refuse(
                "a number has no transpose.", part.span, "For a power declare --shape T=."
            )
        if x.node.ndim > 2:
            raise self.refuse(
                f"the transpose of a value of shape {shape_text(x.node.shape)}.", part.span,
                "Name the order of the axes: transpose(x, (0, 2, 1)).",
            )  # fmt: skip
        if x.node.ndim == 1:
            return Value(x.node, "" if x.stance in ("row", "line") else "row")
        return Value(contract.transpose(x.node))

    def product(self, part: Product) -> Value:
        total: Value | None = None
        waiting: Ones | None = None  # 𝟏ᵀ, which adds up what stands behind it
        for sign, x in part.factors:
            span = part.factors[0][1].span.to(x.span)
            if isinstance(x, Ones) and total is not None and waiting is None:
                total = times_ones(total, sign) or self.ones(x)
                continue
            if isinstance(x, Transposed) and isinstance(x.x, Ones) and waiting is None:
                waiting = x.x
                continue
            factor = self.read(x)
            if waiting is not None:
                factor, waiting = ones_times(factor) or self.ones(waiting), None
            if total is None:
                total = factor
                continue
            with self.place(span):
                total = self._times(total, factor, sign, span)
        if waiting is not None:
            self.ones(waiting)
        assert total is not None
        return total

    def _times(self, left: Value, right: Value, sign: str, span: Span) -> Value:
        a, b = left.node, right.node
        if a.ndim and b.ndim:
            left, right = left.without_column(), right.without_column()
        if sign == "⊗":
            return Value(linear_algebra.kron(a, b))
        if a.ndim == 0 or b.ndim == 0:
            if sign == "@":
                raise ShapeError("matmul: a number has no matrix product. Use * instead.")
            return Value(arithmetic.multiply(a, b), left.stance or right.stance)
        if a.ndim == 1 and b.ndim == 1:
            return self._vectors(left, right, sign, span)
        if b.ndim == 1 and right.stance == "row":
            raise self.refuse(
                "a matrix times a row.", span, "Take the ᵀ away for the product with the column."
            )
        made = contract.matmul(a, b)
        stance = (left.stance or "line") if a.ndim == 1 else ""
        return Value(made, "row" if stance == "row" else stance if not sign else "")

    def _vectors(self, left: Value, right: Value, sign: str, span: Span) -> Value:
        if left.stance != "row" and right.stance == "row":
            return Value(contract.outer(left.node, right.node))
        if left.stance == "row" and right.stance == "":
            return Value(contract.dot(left.node, right.node))
        if left.stance == right.stance == "":
            if sign:
                return Value(contract.dot(left.node, right.node))
            if self.summed:
                return Value(arithmetic.multiply(left.node, right.node))
        raise self.refuse(
            "a product of two vectors can be read in several ways.", span,
            "Write aᵀ b or a·b for a number, a bᵀ for a matrix, a ⊙ b for the entries.",
        )  # fmt: skip

    # --- conditions -------------------------------------------------------------------------

    def comparison(self, part: Comparison) -> Value:
        values = [self.read(part.first).node, *(self.read(x).node for _, x in part.others)]
        made = [
            _RELATIONS[sign](values[k], values[k + 1]) for k, (sign, _) in enumerate(part.others)
        ]
        return Value(reduce(conditions.logical_and, made))

    def logical(self, part: Logical) -> Value:
        nodes = [self.read(arg).node for arg in part.args]
        if part.operator == "¬":
            return Value(conditions.logical_not(nodes[0]))
        function = conditions.logical_and if part.operator == "∧" else conditions.logical_or
        return Value(reduce(function, nodes))

    # --- entries ----------------------------------------------------------------------------

    def index(self, part: Index) -> Value:
        x = self.read(part.x)
        key = tuple(self._index_item(item) for item in part.items)
        return Value(indexing.getitem(x.node, key))

    def _index_item(self, item: Part) -> Any:
        if isinstance(item, Slice):
            return slice(*(None if b is None else self.option(b) for b in item.bounds))
        if isinstance(item, Reference) and self.names.find(item.name).kind == "integer":
            node = self.names.find(item.name)
            return node.value if isinstance(node, Fill) else node
        return self.option(item)

    def option(self, part: Part) -> Any:
        """The value of an option: numbers, sizes, truth values, lists of these."""
        number = number_of(part, self.source)
        if number is not None:
            if isinstance(number, int) and abs(number) > MOST_ENTRIES:
                raise self.refuse(f"{number} is too large here.", part.span, "Give a smaller one.")
            return number
        if isinstance(part, Constant):
            return part.value
        if isinstance(part, Listing):
            return tuple(self.option(item) for item in part.items)
        if isinstance(part, Sum):
            terms = [(sign, self.option(x)) for sign, x in part.terms]
            return reduce(add, [x if sign == "+" else -x for sign, x in terms])
        if isinstance(part, Entrywise) and all(sign == "*" for sign, _ in part.factors):
            return reduce(mul, [self.option(x) for _, x in part.factors])
        node = self.read(part).node
        if isinstance(node, Fill) and node.shape == ():
            return node.value
        raise self.refuse(
            "this must be a number or a size.", part.span, "Write a number, such as axis=0."
        )

    # --- functions --------------------------------------------------------------------------

    def call(self, part: Call) -> Value:
        own = self.names.function(part.function)
        if own is not None:
            values = [self.read(arg) for arg in part.args]
            return Value(own(*(v.node for v in values)), values[0].stance if values else "")
        if part.function == "bars":
            return Value(self._norm(part))
        name = part.function
        if name in ("max", "min") and len(part.args) > 1 and not part.options:
            pair = arithmetic.maximum if name == "max" else arithmetic.minimum
            values = [self.read(arg) for arg in part.args]
            made = reduce(pair, [v.node for v in values])
            return Value(made, next((v.stance for v in values if v.stance), ""))
        if name == "sum" and not self.names.now:
            self._check_index(part)
        summed, self.summed = self.summed, self.summed or name in ("sum", "mean")
        try:
            return self._of_table(functions()[name], part)
        finally:
            self.summed = summed

    def _check_index(self, part: Call) -> None:
        """Σ y_i log p_i: the names with an index would be numbers, and their sum one term."""
        text = self.source.text[part.span.start : part.span.end]
        indexed = re.search(r"\w+(?:_[a-z]\b|[ᵢⱼₖₙₜ])", text)
        if indexed and len(part.args) == 1 and self.read(part.args[0]).node.ndim == 0:
            raise self.refuse(
                f"a sum over an index, as in {indexed.group()!r}.", part.span,
                "Sums run over all entries: declare vectors and write Σ y log p.",
            )  # fmt: skip

    def _norm(self, part: Call) -> Node:
        x = self.read(part.args[0]).node
        order = number_of(part.options[0][1], self.source) if part.options else None
        if order is not None and x.ndim != 1:
            raise self.refuse(
                f"this norm of a value of shape {shape_text(x.shape)}.", part.span,
                "‖X‖ or ‖X‖_F is the root of the sum of squares; sum(|X|) adds up the sizes.",
            )  # fmt: skip
        function: Any = functions()["norm"].call
        made: Node = function(x) if order is None else function(x, ord=order)
        return made

    def _of_table(self, function: Function, part: Call) -> Value:
        roles = function.signature.roles
        binding = bound(function.signature, part, self.source)
        operands: list[Value] = []
        given: dict[str, Any] = {}
        for name, role in roles.items():
            if role == "operands":
                given[name] = [self.read(one).node for one in binding.listed]
            elif role == "operand" and name in binding.named:
                operands.append(self.read(binding.named[name]))
                given[name] = operands[-1].node
            elif name in binding.named:
                given[name] = self.option(binding.named[name])
        made: Node = function.call(**given)
        kept = function.pointwise and operands
        return Value(made, next((v.stance for v in operands if v.stance), "") if kept else "")


_READERS: dict[type[Part], Callable[[Builder, Any], Value]] = {
    Literal: Builder.literal, Constant: Builder.constant, Reference: Builder.reference,
    Ones: Builder.ones, SumOver: Builder.sum_over,
    Listing: Builder.listing, Negative: Builder.negative, Sum: Builder.sum,
    Entrywise: Builder.entrywise, Product: Builder.product, Power: Builder.power,
    Transposed: Builder.transposed, Comparison: Builder.comparison, Logical: Builder.logical,
    Index: Builder.index, Call: Builder.call,
}  # fmt: skip
