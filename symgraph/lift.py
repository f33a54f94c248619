"""Plain SymPy in, plain SymPy out: expressions turned into nodes, and small nodes into expressions.

A free symbol becomes the input of its name, a matrix symbol the input of its name and shape. The
node is what the SymPy expression says, operand for operand in SymPy's order; only `a + (-1)*b` and
`a * b**(-1)` become the difference and the quotient that they were written as.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import sympy
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import BooleanFunction
from sympy.matrices.expressions.matexpr import MatrixElement, MatrixExpr
from sympy.matrices.expressions.slice import MatrixSlice
from sympy.tensor.array.ndim_array import NDimArray

from symgraph.build import (
    arithmetic,
    contract,
    declare,
    indexing,
    linear_algebra,
    making,
    shaping,
)
from symgraph.errors import NameClashError, UnsupportedError
from symgraph.garbage import uncollected
from symgraph.node import Node
from symgraph.node_symbol import NodeSymbol
from symgraph.operators import operators
from symgraph.ops.evaluate import entries
from symgraph.ops.leaves import constant, fill
from symgraph.scalar import Pointwise, plain, slot
from symgraph.shapes import as_dim, as_shape
from symgraph.sympy_functions import CODE_FUNCTIONS, FUNCTIONS, LOGIC, MATRIX_FUNCTIONS, folded

__all__ = ["lift", "to_sympy"]

#: How many terms a finite Sum or Product may have.
TERMS = 10_000

_FIX = (
    "Write it with +, *, powers, comparisons, Piecewise, elementary functions or matrix products."
)
_SUM_FIX = "Use sg.sum or sg.prod of a vector."


class _Plan(NamedTuple):
    """How one part becomes a node: its own parts first, then `build` of their nodes."""

    parts: Sequence[Any]
    build: Callable[..., Node]


class _Condition:
    """A part that is asked for as a boolean, so that a symbol in its place is a boolean input."""

    def __init__(self, expr: Any) -> None:
        self.expr = expr


_Rule = Callable[[Any, "_Lifting"], _Plan]
_RULES: dict[type, _Rule] = {}


class _Lifting:
    """One expression being turned into a node: where it is for, and its symbols so far."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._symbols: dict[str, Any] = {}

    @uncollected
    def run(self, root: Any) -> Node:
        """Parts before wholes, on a stack: expressions may be deeper than Python can recurse."""
        done: dict[int, Node] = {}
        plans: dict[int, tuple[Any, _Plan]] = {}  # keeps every part alive, so that its id stays
        stack = [root]
        while stack:
            part = stack[-1]
            if id(part) not in plans:
                plans[id(part)] = (part, self._plan(part))
            plan = plans[id(part)][1]
            missing = [p for p in plan.parts if id(p) not in done]
            if missing and id(part) not in done:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if id(part) not in done:
                done[id(part)] = plan.build(*[done[id(p)] for p in plan.parts])
        return done[id(root)]

    def _plan(self, part: Any) -> _Plan:
        if isinstance(part, Node):
            return _leaf(part)
        if isinstance(part, _Condition):
            symbol = isinstance(part.expr, sympy.Symbol) and not isinstance(part.expr, NodeSymbol)
            return _leaf(self.variable(part.expr, "boolean")) if symbol else _alone(part.expr)
        for cls in type(part).__mro__:
            rule = _RULES.get(cls)
            if rule is not None:
                return rule(part, self)
        made = CODE_FUNCTIONS.get(type(part).__name__)
        if made is None or not type(part).__module__.startswith("sympy.codegen."):
            raise self.refused(part)
        return _Plan(part.args, made)

    def variable(self, symbol: Any, kind: str, shape: Any = ()) -> Node:
        """The input of a symbol's name.

        Raises NameClashError when another symbol of the expression has the name.
        """
        name = str(symbol.name)
        if self._symbols.setdefault(name, symbol) != symbol:
            raise NameClashError(
                f"{self.where}: two different SymPy symbols are called {name!r} (they differ in "
                "type or assumptions). Give each its own name, or make the symbol once."
            )
        return declare.input(name, as_shape(shape, f"{self.where}: {name}"), kind)

    def refused(self, part: Any, reason: str = "", fix: str = _FIX) -> UnsupportedError:
        """The error that names the part, why it is refused and the way out."""
        because = reason or "has no counterpart here"
        return UnsupportedError(f"{self.where}: {_shown(part)} {because}. {fix}")


def _shown(part: Any) -> str:
    """The part with its type; only its type when it is too deep to be written."""
    name = type(part).__name__
    is_short = sum(1 for _ in itertools.islice(_parts_of(part), 50)) < 50
    return f"{part} ({name})" if is_short else f"a {name}"


def lift(expr: Any, where: str = "lift") -> Node:
    """The node of a plain SymPy expression, matrix expression, explicit matrix or array.

    A symbol becomes the scalar input of its name (integer, where the symbol is declared so); a
    symbol that is declared integer and nonnegative is a size, as those in `x.shape` are. Matrix
    symbols become inputs of their shape. Nodes inside the expression stay what they are.
    Raises UnsupportedError naming the part that has no counterpart, NameClashError when two
    symbols share a name.

    >>> import sympy
    >>> w, x, y = sympy.symbols("w x y", real=True)
    >>> print(lift(sympy.Max(0, 1 - w * x * y)))
    max(0, 1 - w*x*y)
    """
    return fill(expr) if _is_size_formula(expr) else _Lifting(where).run(expr)


def _leaf(node: Node) -> _Plan:
    return _Plan((), lambda: node)


def _alone(expr: Any) -> _Plan:
    return _Plan((expr,), lambda x: x)


def _rule(*classes: type) -> Callable[[_Rule], _Rule]:
    def register(rule: _Rule) -> _Rule:
        for cls in classes:
            _RULES[cls] = rule
        return rule

    return register


# --- leaves -------------------------------------------------------------------------------------


@_rule(sympy.Integer, sympy.Rational, sympy.Float, sympy.NumberSymbol)
def _number(expr: Any, lifting: _Lifting) -> _Plan:
    return _leaf(fill(expr))


@_rule(type(sympy.oo), type(-sympy.oo))
def _infinite(expr: Any, lifting: _Lifting) -> _Plan:
    return _leaf(fill(math.inf if expr.is_extended_positive else -math.inf))


@_rule(type(sympy.true), type(sympy.false))
def _truth(expr: Any, lifting: _Lifting) -> _Plan:
    return _leaf(fill(bool(expr)))


@_rule(NodeSymbol)
def _node(expr: Any, lifting: _Lifting) -> _Plan:
    return _leaf(expr.node)


def _is_size(symbol: Any) -> bool:
    """Whether this is the symbol that shapes use for the size of its name."""
    return bool(symbol.is_Symbol and symbol.name.isidentifier() and symbol == as_dim(symbol.name))


def _is_size_formula(expr: Any) -> bool:
    """Whether this is a short formula of sizes, such as N - 1."""
    parts = list(itertools.islice(_parts_of(expr), 50)) if isinstance(expr, sympy.Expr) else []
    leaves = [part for part in parts if not part.args]
    found = [leaf for leaf in leaves if leaf.is_Symbol]
    return (
        0 < len(parts) < 50
        and bool(found)
        and all(map(_is_size, found))
        and all(leaf.is_Symbol or leaf.is_Rational for leaf in leaves)
    )


def _parts_of(expr: Any) -> Iterator[Any]:
    """The expression and all that it is made of."""
    stack = [expr]
    while stack:
        part = stack.pop()
        yield part
        stack.extend(getattr(part, "args", ()))


@_rule(sympy.Symbol)
def _symbol(expr: Any, lifting: _Lifting) -> _Plan:
    if _is_size(expr):
        return _leaf(fill(expr))
    if expr.is_extended_real is False or not expr.is_commutative:
        raise lifting.refused(expr, "is not a real number", "Declare the symbol with real=True.")
    return _leaf(lifting.variable(expr, "integer" if expr.is_integer else "real"))


@_rule(sympy.IndexedBase)
def _indexed_base(expr: Any, lifting: _Lifting) -> _Plan:
    if expr.shape is None:
        raise lifting.refused(expr, "has no shape", "Give IndexedBase a shape=(...).")
    return _leaf(lifting.variable(expr.label, "real", tuple(expr.shape)))


@_rule(sympy.Idx)
def _index(expr: Any, lifting: _Lifting) -> _Plan:
    return _leaf(lifting.variable(expr.label, "integer"))


@_rule(sympy.Indexed)
def _indexed(expr: Any, lifting: _Lifting) -> _Plan:
    if expr.base.shape is None:
        raise lifting.refused(
            expr, "is an entry of something without shape", "Give IndexedBase a shape=(...)."
        )
    return _entry(expr.base, expr, expr.indices, lifting)


@_rule(MatrixElement)
def _matrix_element(expr: Any, lifting: _Lifting) -> _Plan:
    matrix, *indices = expr.args
    return _entry(matrix, expr, indices, lifting)


def _entry(base: Any, expr: Any, indices: Sequence[Any], lifting: _Lifting) -> _Plan:
    """An entry at numbers, and at symbols that are whole numbers."""
    computed = [index for index in indices if not index.is_Integer]
    if not all(index.is_integer for index in computed):
        raise lifting.refused(
            expr,
            "has an index that is no whole number",
            "Declare the index with integer=True, or use sg.take or sg.pick.",
        )

    def build(node: Node, *places: Node) -> Node:
        rest = iter(places)
        key = [int(index) if index.is_Integer else next(rest) for index in indices]
        return indexing.getitem(node, tuple(key))

    return _Plan((base, *computed), build)


@_rule(sympy.MatrixSymbol)
def _matrix_symbol(expr: Any, lifting: _Lifting) -> _Plan:
    return _leaf(lifting.variable(expr, "real", tuple(expr.shape)))


@_rule(sympy.Identity)
def _identity(expr: Any, lifting: _Lifting) -> _Plan:
    return _leaf(making.eye(as_dim(expr.rows, lifting.where)))


@_rule(sympy.ZeroMatrix)
def _zeros(expr: Any, lifting: _Lifting) -> _Plan:
    return _leaf(fill(0, as_shape(tuple(expr.shape), lifting.where), "real"))


@_rule(sympy.OneMatrix)
def _ones(expr: Any, lifting: _Lifting) -> _Plan:
    return _leaf(fill(1, as_shape(tuple(expr.shape), lifting.where), "real"))


@_rule(sympy.MatrixBase, NDimArray)
def _table(expr: Any, lifting: _Lifting) -> _Plan:
    shape = tuple(int(size) for size in expr.shape)
    parts = [expr[index] for index in itertools.product(*map(range, shape))]
    if all(part.is_Integer for part in parts):
        return _leaf(constant(np.array([int(part) for part in parts], np.int64).reshape(shape)))
    if all(isinstance(part, sympy.Number) for part in parts):
        return _leaf(constant(np.array([float(part) for part in parts]).reshape(shape)))
    return _Plan(parts, lambda *nodes: shaping.reshape(shaping.stack(nodes), shape))


# --- sums and products --------------------------------------------------------------------------


class _Factors(NamedTuple):
    """A product as it is written: a sign, what stands above and what below the line.

    Each factor is (base, exponent), the exponent a positive number or None for 1.
    """

    negative: bool
    above: Sequence[tuple[Any, Any]]
    below: Sequence[tuple[Any, Any]]

    def parts(self) -> list[Any]:
        return [base for base, _ in (*self.above, *self.below)]

    def build(self, nodes: Iterator[Node]) -> Node:
        """The unsigned product of the factors' nodes."""
        above = [_raised(next(nodes), exponent) for _, exponent in self.above]
        below = [_raised(next(nodes), exponent) for _, exponent in self.below]
        top = reduce(arithmetic.multiply, above) if above else fill(1)
        return arithmetic.divide(top, reduce(arithmetic.multiply, below)) if below else top


def _raised(base: Node, exponent: Any) -> Node:
    if exponent is None:
        return base
    half = exponent == sympy.Rational(1, 2)
    return arithmetic.sqrt(base) if half else arithmetic.power(base, fill(exponent))


def _factors(expr: Any) -> _Factors:
    if expr.is_Rational or expr.is_Float:
        return _Factors(bool(expr < 0), [(abs(expr), None)], ())
    return _split(expr.args if expr.is_Mul else (expr,))


def _split(factors: Sequence[Any]) -> _Factors:
    negative = False
    above: list[tuple[Any, Any]] = []
    below: list[tuple[Any, Any]] = []
    for factor in factors:
        if factor.is_Rational or factor.is_Float:
            negative ^= bool(factor < 0)
            size = abs(factor)
            top, bottom = (size, sympy.S.One) if size.is_Float else size.as_numer_denom()
            above += [(top, None)] if top != 1 else []
            below += [(bottom, None)] if bottom != 1 else []
        elif factor.is_Pow and factor.exp.is_Number and factor.exp < 0:
            below.append((factor.base, None if factor.exp == -1 else -factor.exp))
        elif factor.is_Pow and factor.exp.is_Number:
            above.append((factor.base, factor.exp))
        else:
            above.append((factor, None))
    return _Factors(negative, above, below)


@_rule(sympy.Mul, sympy.Pow)
def _product(expr: Any, lifting: _Lifting) -> _Plan:
    if expr.is_Pow and not expr.exp.is_Number:
        return _Plan(expr.args, arithmetic.power)
    factors = _factors(expr)
    return _Plan(factors.parts(), lambda *nodes: _signed(factors, iter(nodes)))


def _signed(factors: _Factors, nodes: Iterator[Node]) -> Node:
    value = factors.build(nodes)
    return arithmetic.negative(value) if factors.negative else value


@_rule(sympy.Add)
def _sum(expr: Any, lifting: _Lifting) -> _Plan:
    return _signed_sum([_factors(term) for term in expr.args])


def _signed_sum(terms: list[_Factors]) -> _Plan:
    """The terms in their order, except that a positive one, if there is any, comes first."""
    first = next((k for k, term in enumerate(terms) if not term.negative), 0)
    order = [terms[first], *terms[:first], *terms[first + 1 :]]

    def build(*given: Node) -> Node:
        nodes = iter(given)
        total = order[0].build(nodes)
        if order[0].negative:
            total = arithmetic.negative(total)
        for term in order[1:]:
            value = term.build(nodes)
            join = arithmetic.subtract if term.negative else arithmetic.add
            total = join(total, value)
        return total

    return _Plan([part for term in order for part in term.parts()], build)


@_rule(sympy.Sum, sympy.Product)
def _series(expr: Any, lifting: _Lifting) -> _Plan:
    places: list[dict[Any, Any]] = [{}]
    for limit in reversed(expr.limits):
        wider: list[dict[Any, Any]] = []
        for place in places:
            numbers = _range(expr, [end.xreplace(place) for end in limit[1:]], lifting)
            if len(wider) + len(numbers) > TERMS:
                raise lifting.refused(expr, f"has more than {TERMS} terms", _SUM_FIX)
            wider += [{**place, limit[0]: sympy.Integer(i)} for i in numbers]
        places = wider
    terms = [expr.function.xreplace(place) for place in places]
    is_sum = isinstance(expr, sympy.Sum)
    if not terms:
        return _leaf(fill(0 if is_sum else 1))
    return _Plan(terms, folded(arithmetic.add if is_sum else arithmetic.multiply))


def _range(expr: Any, ends: Sequence[Any], lifting: _Lifting) -> range:
    if len(ends) != 2 or not all(end.is_Integer for end in ends):
        raise lifting.refused(expr, "has a range that is not made of numbers", _SUM_FIX)
    return range(int(ends[0]), int(ends[1]) + 1)


# --- functions ----------------------------------------------------------------------------------


def _application(build: Callable[..., Node]) -> _Rule:
    return lambda expr, lifting: _Plan(expr.args[:2] if expr.is_Relational else expr.args, build)


for _cls, _function in FUNCTIONS.items():
    _RULES[_cls] = _application(_function)


@_rule(sympy.asinh, sympy.acosh, sympy.atanh, Pointwise)
def _pointwise(expr: Any, lifting: _Lifting) -> _Plan:
    formula = type(expr)(*map(slot, range(len(expr.args))))
    return _Plan(expr.args, lambda *nodes: arithmetic.apply(formula, *nodes))


@_rule(AppliedUndef)
def _undefined(expr: Any, lifting: _Lifting) -> _Plan:
    raise lifting.refused(expr, "is an unknown function", "Use a function that has a formula.")


@_rule(sympy.Derivative)
def _derivative(expr: Any, lifting: _Lifting) -> _Plan:
    raise lifting.refused(expr, "is not carried out", "Call .doit() on it, or use sg.grad.")


@_rule(sympy.Heaviside)
def _heaviside(expr: Any, lifting: _Lifting) -> _Plan:
    x, at_zero = expr.args
    if not at_zero.is_Number:
        raise lifting.refused(
            expr, f"has the value {at_zero} at 0, which is no number", "Give it a number there."
        )
    return _Plan((x,), lambda node: arithmetic.step(node, at_zero))


# --- choices ------------------------------------------------------------------------------------


@_rule(sympy.Piecewise)
def _piecewise(expr: Any, lifting: _Lifting) -> _Plan:
    *open_cases, last = expr.args
    closed = last.cond == True  # noqa: E712 - SymPy's true
    cases = open_cases if closed else [*open_cases, last]
    parts = [part for case in cases for part in (_Condition(case.cond), case.expr)]

    def build(*nodes: Node) -> Node:
        # Where no condition holds a Piecewise has no value.
        value = nodes[-1] if closed else fill(math.nan)
        for k in reversed(range(len(cases))):
            value = arithmetic.where(nodes[2 * k], nodes[2 * k + 1], value)
        return value

    return _Plan([*parts, last.expr] if closed else parts, build)


@_rule(BooleanFunction)
def _logic(expr: Any, lifting: _Lifting) -> _Plan:
    build = LOGIC.get(type(expr))
    if build is None:
        raise lifting.refused(expr, fix="Write it with And, Or, Not, Xor, Implies or ITE.")
    return _Plan([_Condition(part) for part in expr.args], build)


# --- matrices -----------------------------------------------------------------------------------


def _matrix_factors(expr: Any) -> _Factors:
    """The scalar factors of a matrix product as signed numbers, then its matrices in order."""
    args = expr.args if expr.is_MatMul else (expr,)
    scalars = [arg for arg in args if not isinstance(arg, (MatrixExpr, sympy.MatrixBase))]
    matrices = [arg for arg in args if isinstance(arg, (MatrixExpr, sympy.MatrixBase))]
    found = _split(scalars)
    return _Factors(found.negative, [*found.above, (_Chain(matrices), None)], found.below)


class _Chain:
    """Matrices in the order in which they are multiplied."""

    def __init__(self, matrices: Sequence[Any]) -> None:
        self.args = tuple(matrices)


@_rule(_Chain)
def _chain(expr: Any, lifting: _Lifting) -> _Plan:
    return _Plan(expr.args, folded(contract.matmul))


@_rule(sympy.MatMul)
def _matrix_product(expr: Any, lifting: _Lifting) -> _Plan:
    factors = _matrix_factors(expr)
    return _Plan(factors.parts(), lambda *nodes: _signed(factors, iter(nodes)))


@_rule(sympy.MatAdd)
def _matrix_sum(expr: Any, lifting: _Lifting) -> _Plan:
    return _signed_sum([_matrix_factors(term) for term in expr.args])


@_rule(sympy.MatPow)
def _matrix_power(expr: Any, lifting: _Lifting) -> _Plan:
    base, exponent = expr.args
    if not exponent.is_Integer or abs(exponent) > 100:
        raise lifting.refused(
            expr, "has an exponent that is no whole number up to 100", "Write the product out."
        )
    count = int(exponent)
    if count == 0:
        return _leaf(making.eye(as_dim(base.rows, lifting.where)))

    def build(node: Node) -> Node:
        factor = linear_algebra.inv(node) if count < 0 else node
        return reduce(contract.matmul, [factor] * abs(count))

    return _Plan((base,), build)


@_rule(MatrixSlice)
def _matrix_slice(expr: Any, lifting: _Lifting) -> _Plan:
    key = tuple(slice(*map(_bound, part)) for part in (expr.rowslice, expr.colslice))
    return _Plan((expr.parent,), lambda node: indexing.getitem(node, key))


def _bound(end: Any) -> Any:
    return int(end) if getattr(end, "is_Integer", True) else end


@_rule(sympy.BlockMatrix)
def _blocks(expr: Any, lifting: _Lifting) -> _Plan:
    rows, columns = expr.blocks.shape

    def build(*nodes: Node) -> Node:
        bands = [nodes[k * columns : (k + 1) * columns] for k in range(rows)]
        return shaping.concat([shaping.concat(band, axis=1) for band in bands], axis=0)

    return _Plan(list(expr.blocks), build)


@_rule(sympy.FunctionMatrix)
def _function_matrix(expr: Any, lifting: _Lifting) -> _Plan:
    if not all(size.is_Integer for size in expr.shape):
        raise lifting.refused(expr, "has sizes that are no numbers", "Give it a shape of numbers.")
    return _alone(expr.as_explicit())


for _cls, _function in MATRIX_FUNCTIONS.items():
    _RULES[_cls] = _application(_function)


# --- plain SymPy out ----------------------------------------------------------------------------


def to_sympy(node: Node) -> Any:
    """Plain SymPy: an expression of scalars, an immutable matrix, or an array of expressions.

    All sizes must be numbers, and few: the graph is written out as a tree. A scalar variable
    becomes the real symbol of its name, any other the indexed symbol of its name and shape.
    Raises UnsupportedError for symbolic sizes and for what would be too large.

    >>> import symgraph as sg
    >>> x = sg.input("x", 2)
    >>> sg.sum(x**2).to_sympy()
    x[0]**2 + x[1]**2
    """
    table = entries([node], {})[node]
    written = [plain(sympy.sympify(value)) for value in table.flat]
    if node.shape == ():
        return written[0]
    if node.ndim == 2:
        return sympy.ImmutableMatrix(*table.shape, written)
    return sympy.ImmutableDenseNDimArray(written, table.shape)


operators.update(lift=lift, to_sympy=to_sympy)
