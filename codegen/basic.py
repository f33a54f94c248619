"""Basic operations: the one-operation Maps that every target knows, and Maps lowered to them.

A template such as `_0*dsigmoid(_1)` is taken apart once into a short program of basic operations;
every Map that uses it then becomes a handful of one-operation Maps. Nodes are hash-consed, so what
two templates have in common, such as the exp(-|x|) of a sigmoid and of its derivative, is computed
once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy

from symgraph.errors import UnsupportedError
from symgraph.node import Kind, Node, promote
from symgraph.ops.leaves import Fill, fill
from symgraph.ops.map import Map, map_node
from symgraph.scalar import NUMPY, absolute, dtanh, functions, lower, pointwise, slot, tanh
from symgraph.special import erf, erfc
from symgraph.template import Template, function_name, template

__all__ = ["ARITHMETIC", "Lowering", "basic", "body_of", "op_of", "ops_of", "storage_of"]

_x, _y, _z = slot(0), slot(1), slot(2)

#: tanh(x) given exp(-2|x|), which its slope is made of: an operation of targets that write loops.
tanh_of = pointwise("tanh_of", sympy.tanh(_x), [dtanh(_x), 0], lowering=tanh(_x))
#: Functions that native code has whole, and other targets only by their lowerings.
_WHOLE = {
    one.title: pointwise(f"whole_{one.title}", one.meaning, one.partials, lowering=one(_x))
    for one in (erf, erfc)
}

#: Operations on numbers; booleans count as 0 and 1 here.
ARITHMETIC = frozenset("add subtract multiply divide negative square power".split())

_COMPARISONS = frozenset(
    "less less_equal greater greater_equal equal not_equal "
    "logical_and logical_or logical_not".split()
)
#: Up to this exponent products are as accurate as a power, and several times as fast.
_WHOLE_POWER = 16

_SAME = frozenset("abs maximum minimum remainder floor_divide floor ceil".split())


def _bodies() -> dict[str, Any]:
    bodies: dict[str, Any] = {
        "add": _x + _y, "subtract": _x - _y, "multiply": _x * _y, "divide": _x / _y,
        "negative": -_x, "square": _x**2, "sqrt": sympy.sqrt(_x), "power": _x**_y,
        "exp": sympy.exp(_x), "log": sympy.log(_x), "sin": sympy.sin(_x), "cos": sympy.cos(_x),
        "tan": sympy.tan(_x), "asin": sympy.asin(_x), "acos": sympy.acos(_x),
        "atan": sympy.atan(_x), "sinh": sympy.sinh(_x), "cosh": sympy.cosh(_x),
        "asinh": sympy.asinh(_x), "acosh": sympy.acosh(_x), "atanh": sympy.atanh(_x),
        "atan2": sympy.atan2(_x, _y), "tanh_of": tanh_of(_x, _y),
        **{one.title: one(_x) for one in _WHOLE.values()},
    }  # fmt: skip
    for name in NUMPY:
        if name not in bodies:
            function = functions[name]
            bodies[name] = function(*(slot(k) for k in range(function.arity)))
    return bodies


_TEMPLATES: dict[str, Template] = {}
_OPS: dict[Template, str] = {}


def _register() -> None:
    for name, body in _bodies().items():
        arity = len(body.free_symbols)
        _TEMPLATES[name] = made = template(body, arity)
        _OPS[made] = name


_register()


def op_of(node: Node) -> str | None:
    """The name of the basic operation that a Map applies; None for any other node."""
    return _OPS.get(node.params[0]) if type(node) is Map else None


def ops_of(nodes: Iterable[Node]) -> list[str | None]:
    """The same for many nodes."""
    name = _OPS.get
    return [name(node.params[0]) if type(node) is Map else None for node in nodes]


def body_of(op: str) -> Template:
    """The template of a basic operation."""
    return _TEMPLATES[op]


def storage_of(op: str, storages: Sequence[Kind]) -> Kind:
    """How the result of a basic operation is stored.

    Unlike the kind, the floor of a real is stored as a real: it may be too large for an integer.
    """
    if op in _COMPARISONS:
        return "boolean"
    if op == "iverson":
        return "integer"
    if op == "where":
        return promote(*storages[1:])
    if op in _SAME or (op in ARITHMETIC and op != "divide"):
        return promote("integer", *storages)
    return "real"


# --- construction, with the rules that shorten code ----------------------------------------------


def basic(op: str, *args: Node) -> Node:
    """The basic operation on nodes, or something shorter of the same value."""
    found = _shorter(op, args)
    return map_node(_TEMPLATES[op], args) if found is None else found


def _shorter(op: str, args: tuple[Node, ...]) -> Node | None:
    for arg in args:
        if type(arg) is Fill:
            found = _folded(op, args)
            if found is not None:
                return found
            break
    rule = _RULES.get(op)
    return rule(*args) if rule is not None else None


def _folded(op: str, args: Sequence[Node]) -> Node | None:
    """Rules for operands that are plain numbers."""
    values = [arg.value if type(arg) is Fill else None for arg in args]
    if None not in values:
        return _constant(op, args, values)
    if op == "where":
        return _folded_choice(args, values)
    neutral = _NEUTRAL.get(op)
    if neutral is None or (op == "add" and _is_negative_zero(values)):
        return None
    if values[1] == neutral:
        return _kept(args[0], op, args)
    if values[0] == neutral and op in ("add", "multiply"):
        return _kept(args[1], op, args)
    if op == "subtract" and values[0] == 0:
        return _kept(basic("negative", args[1]), op, args)
    return None


_NEUTRAL = {"add": 0, "multiply": 1, "subtract": 0, "divide": 1, "power": 1}


def _folded_choice(args: Sequence[Node], values: Sequence[Any]) -> Node | None:
    if values[0] is not None:
        return _kept(args[1] if values[0] else args[2], "where", args)
    if values[1] is not None and values[1] == values[2]:
        like = map_node(_TEMPLATES["where"], tuple(args))
        return fill(values[1], like.shape, like.kind)
    if values[1:] == [1, 0]:
        return _kept(basic("iverson", args[0]), "where", args)
    if values[1:] == [0, 1]:
        return _kept(basic("iverson", basic("logical_not", args[0])), "where", args)
    return None


def _is_negative_zero(values: Sequence[Any]) -> bool:
    return any(isinstance(v, float) and v == 0 and math.copysign(1.0, v) < 0 for v in values)


def _kept(node: Node, op: str, args: Sequence[Node]) -> Node | None:
    """The node, if it has the shape and the kind that the operation would have given."""
    like = map_node(_TEMPLATES[op], tuple(args))
    return node if node.shape == like.shape and node.kind == like.kind else None


_PYTHON: dict[str, Any] = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
    "negative": lambda a: -a, "square": lambda a: a * a,
}  # fmt: skip


def _constant(op: str, args: Sequence[Node], values: Sequence[Any]) -> Node | None:
    """An operation on plain numbers, carried out now."""
    shape = map_node(_TEMPLATES[op], tuple(args)).shape
    kind = _TEMPLATES[op].kind(tuple(arg.kind for arg in args))
    if any(arg.kind == "boolean" for arg in args):
        return None
    if any(isinstance(v, sympy.Expr) and v.free_symbols for v in values):
        exact = [sympy.sympify(v) for v in values]
        if op == "divide" and exact[1] != 0:
            return fill(exact[0] / exact[1], shape, kind)
        return fill(_PYTHON[op](*exact), shape, kind) if op in _PYTHON else None
    plain = [v if isinstance(v, (int, float)) else float(v) for v in values]
    if kind == "real":
        plain = [np.float64(v) for v in plain]  # 1/0 is infinite, as it is when it is computed
    if kind == "integer" and op not in _PYTHON:
        return None
    value = _TEMPLATES[op].evaluate(plain)
    if kind == "integer" and not -(2**63) <= value < 2**63:
        return None  # it wraps around when it is computed
    if kind == "boolean":
        return fill(int(bool(value)), shape, "boolean")
    if kind == "integer":
        return fill(int(value), shape, kind)
    return fill(float(value), shape, kind)


def _args_of(node: Node, op: str) -> tuple[Node, ...] | None:
    return node._args if type(node) is Map and _OPS.get(node.params[0]) == op else None


def _add(a: Node, b: Node) -> Node | None:
    negated = _args_of(b, "negative")
    if negated is not None:
        return basic("subtract", a, negated[0])
    negated = _args_of(a, "negative")
    return None if negated is None else basic("subtract", b, negated[0])


def _subtract(a: Node, b: Node) -> Node | None:
    negated = _args_of(b, "negative")
    return None if negated is None else basic("add", a, negated[0])


def _negative(a: Node) -> Node | None:
    inner = _args_of(a, "negative")
    if inner is not None and a.kind != "boolean":
        return inner[0]
    inner = _args_of(a, "subtract")
    return None if inner is None else basic("subtract", inner[1], inner[0])


def _multiply(a: Node, b: Node) -> Node | None:
    return basic("square", a) if a is b else None


def _power(a: Node, b: Node) -> Node | None:
    """A small whole power by squares and products, which x**5 and x**6 share."""
    exponent = b.value if type(b) is Fill and b.shape == () else None
    if not isinstance(exponent, (int, float, sympy.Number)) or exponent != int(exponent):
        return None
    number = int(exponent)
    if a.kind == "boolean" or not 2 <= abs(number) <= _WHOLE_POWER:
        return None
    if number < 0 and a.kind != "real":
        return None
    made: Node | None = None
    square = a
    rest = abs(number)
    while rest:
        if rest & 1:
            made = square if made is None else basic("multiply", made, square)
        rest >>= 1
        if rest:
            square = basic("square", square)
    assert made is not None
    return _kept(basic("divide", fill(1.0), made) if number < 0 else made, "power", (a, b))


def _where(condition: Node, a: Node, b: Node) -> Node | None:
    if a is b and a.shape == map_node(_TEMPLATES["where"], (condition, a, b)).shape:
        return a
    # where(x >= 0, 1, exp(-|x|)) = exp(min(x, 0))
    compared, decay = _args_of(condition, "greater_equal"), _args_of(b, "exp")
    if compared is None or decay is None or not _is_number(a, 1) or not _is_number(compared[1], 0):
        return None
    size = _args_of(decay[0], "negative")
    inner = None if size is None else _args_of(size[0], "abs")
    if inner is None or inner[0] is not compared[0]:
        return None
    return basic("exp", basic("minimum", compared[0], fill(0)))


def _is_number(node: Node, value: int) -> bool:
    return type(node) is Fill and bool(node.value == value)


def _logical_not(a: Node) -> Node | None:
    inner = _args_of(a, "logical_not")
    return None if inner is None else inner[0]


_RULES: dict[str, Any] = {
    "add": _add, "subtract": _subtract, "negative": _negative, "multiply": _multiply,
    "where": _where, "logical_not": _logical_not, "power": _power,
}  # fmt: skip


# --- templates taken apart -----------------------------------------------------------------------


class _Step(NamedTuple):
    op: str
    operands: tuple[int, ...]  # places of slots, constants and earlier steps
    place: int


class _Assembler:
    """Takes one SymPy body apart; equal subexpressions are met once.

    With `decays` tanh(x) is made of exp(-2|x|).
    """

    def __init__(self, arity: int, decays: bool) -> None:
        self.decays = decays
        self.places: dict[Any, int] = {slot(k): k for k in range(arity)}
        self.values: list[Any] = [None] * arity  # a node where a constant stands
        self.steps: list[_Step] = []
        self.result = -1

    def constant(self, value: Any) -> int:
        self.values.append(fill(int(value) if value.is_Integer else float(value)))
        return len(self.values) - 1

    def step(self, op: str, *operands: int) -> int:
        if op not in _TEMPLATES:
            raise UnsupportedError(
                f"function {op!r} is no basic operation; register it with pointwise(...) and a "
                "lowering in basic operations."
            )
        self.steps.append(_Step(op, operands, len(self.values)))
        self.values.append(None)
        return len(self.values) - 1

    def place(self, expr: Any) -> int:
        """Where the value of an expression is found."""
        found = self.places.get(expr)
        if found is None:
            found = self.places[expr] = self._assemble(expr)
        return found

    def _assemble(self, expr: Any) -> int:
        if expr.is_Number or expr.is_NumberSymbol:
            return self.constant(expr)
        if expr.is_Add:
            return self._sum(expr)
        if expr.is_Mul:
            return self._product(expr)
        if expr.is_Pow:
            return self._power(expr)
        name = function_name(expr)
        operands = [self.place(arg) for arg in expr.args]
        if name == "tanh" and self.decays:
            return self.step("tanh_of", *operands, self.place(sympy.exp(-2 * absolute(*expr.args))))
        if name in ("maximum", "minimum") and len(operands) != 2:
            return self._chain(name, operands)
        return self.step(name, *operands)

    def _chain(self, op: str, operands: Sequence[int]) -> int:
        total = operands[0]
        for operand in operands[1:]:
            total = self.step(op, total, operand)
        return total

    def _sum(self, expr: Any) -> int:
        terms = sorted(expr.args, key=lambda term: term.could_extract_minus_sign())
        total = self.place(terms[0])
        for term in terms[1:]:
            if term.could_extract_minus_sign():
                total = self.step("subtract", total, self.place(-term))
            else:
                total = self.step("add", total, self.place(term))
        return total

    def _product(self, expr: Any) -> int:
        """Factors that are operands come last: what is left beside them may be shared or hoisted,
        such as the slope in cotangent times slope."""
        coefficient, rest = expr.as_coeff_Mul()
        factors = [f for f in sympy.Mul.make_args(rest) if f != 1]
        below = [1 / factor for factor in factors if _is_reciprocal(factor)]
        above = [factor for factor in factors if not _is_reciprocal(factor)]
        formulas = [factor for factor in above if not factor.is_Symbol]
        plain = [self.place(factor) for factor in above if factor.is_Symbol]
        parts = [self.place(factor) for factor in formulas]
        if not parts:
            parts, plain = plain, []
        turned = coefficient == -1 and bool(parts)
        if not parts or abs(coefficient) != 1:
            parts.insert(0, self.constant(coefficient))
        total = self._chain("multiply", parts)
        for factor in below:
            total = self.step("divide", total, self.place(factor))
        for operand in reversed(plain):
            total = self.step("multiply", operand, total)
        return self.step("negative", total) if turned else total

    def _power(self, expr: Any) -> int:
        base, exponent = expr.base, expr.exp
        if _is_reciprocal(expr):
            return self.step("divide", self.constant(sympy.S.One), self.place(1 / expr))
        if exponent == 2:
            return self.step("square", self.place(base))
        if exponent == sympy.Rational(1, 2):
            return self.step("sqrt", self.place(base))
        if exponent == sympy.Rational(3, 2):
            return self.step("multiply", self.place(base), self.place(sympy.sqrt(base)))
        if exponent == 3:
            return self.step("multiply", self.place(base**2), self.place(base))
        if exponent == 4:
            return self.step("square", self.place(base**2))
        return self.step("power", self.place(base), self.place(exponent))


def _is_reciprocal(expr: Any) -> bool:
    return bool(expr.is_Pow and expr.exp.is_Number and expr.exp < 0)


_ONLY_WHOLE = frozenset(one.title for one in _WHOLE.values())
_programs: dict[tuple[bool, bool], dict[Template, _Assembler]] = {}


class Lowering:
    """Maps as graphs of basic operations.

    `whole` is for native code, which has some functions whole; with `decays` tanh(x) is made of
    exp(-2|x|), as its slope is.
    """

    def __init__(self, whole: bool = False, decays: bool = False) -> None:
        self.whole, self.decays = whole, decays
        self.settle: Callable[[Node], Node] | None = None  # what is known of an operation
        self._apart = frozenset() if whole else _ONLY_WHOLE
        if decays:
            self._apart |= {"tanh"}
        self._programs = _programs.setdefault((whole, decays), {})

    def again(self, node: Node) -> Node:
        """As `of`, for a Map that may be a basic operation and may stay."""
        body = node.params[0]
        op = _OPS.get(body)
        if op is None or op in self._apart:
            return self.of(body, node._args)
        found = _shorter(op, node._args)
        return self._settled(node if found is None else found)

    def of(self, body: Template, args: tuple[Node, ...]) -> Node:
        """The Map of a template."""
        op = _OPS.get(body)
        if op is not None and op not in self._apart:
            return self._settled(basic(op, *args))
        program = self._program(body)
        values: list[Any] = [*args, *program.values[body.arity :]]
        for step, operands, place in program.steps:
            values[place] = self._settled(basic(step, *[values[k] for k in operands]))
        result: Node = values[program.result]
        if result.kind != "real" and body.kind(tuple([arg.kind for arg in args])) == "real":
            return basic("multiply", fill(1.0), result)  # the step of a real is real
        return result

    def _settled(self, node: Node) -> Node:
        return node if self.settle is None else self.settle(node)

    def _program(self, body: Template) -> _Assembler:
        found = self._programs.get(body)
        if found is None:
            found = _Assembler(body.arity, self.decays)
            found.result = found.place(lower(body.expr, _WHOLE) if self.whole else body.lowered)
            self._programs[body] = found
        return found

    def computes_slopes(self, bodies: Iterable[Template]) -> bool:
        """Whether Maps of these templates compute tanh, and exp(-2|x|) for its slope."""
        ops: set[str] = set()
        for body in bodies:
            program = self._program(body)
            ops.update(step.op for step in program.steps)
            if any(_is_decay(expr) for expr in program.places):
                ops.add("decay")
        return ops.issuperset(("tanh", "decay"))


def _is_decay(expr: Any) -> bool:
    """Whether this is exp(-2|x|)."""
    return isinstance(expr, sympy.exp) and isinstance(-expr.args[0] / 2, absolute)
