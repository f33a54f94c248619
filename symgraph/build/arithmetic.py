"""Pointwise functions of nodes: arithmetic with NumPy broadcasting, comparisons, activations."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy

from symgraph import scalar
from symgraph.build.coerce import as_node, check_kind
from symgraph.errors import KindError
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.ops.leaves import Fill
from symgraph.ops.map import map_node
from symgraph.scalar import slot
from symgraph.template import Template, template

__all__ = [
    "abs",
    "add",
    "apply",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "divide",
    "elu",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "indicator",
    "leaky_relu",
    "less",
    "less_equal",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "power",
    "relu",
    "remainder",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "square",
    "step",
    "subtract",
    "tan",
    "tanh",
    "where",
]  # fmt: skip

_x, _y, _z = slot(0), slot(1), slot(2)


def apply(formula: Any, *xs: Any) -> Node:
    """A scalar SymPy formula over `symgraph.scalar.slot(0)`, `slot(1)`, ... entry by entry.

    >>> import symgraph as sg
    >>> from symgraph.scalar import slot
    >>> print(apply(slot(0) ** 2 + slot(1), sg.input("x"), sg.input("y")))
    x**2 + y
    """
    return _map(template(sympy.sympify(formula), len(xs)), *xs)


def _map(body: Template, *xs: Any) -> Node:
    return map_node(body, tuple([x if isinstance(x, Node) else as_node(x) for x in xs]))


def _binary(body: Template, x: Any, y: Any) -> Node:
    first = x if isinstance(x, Node) else as_node(x)
    return map_node(body, (first, y if isinstance(y, Node) else as_node(y)))


_ADD, _SUB = template(_x + _y, 2), template(_x - _y, 2)
_MUL, _DIV = template(_x * _y, 2), template(_x / _y, 2)
_NEG = template(-_x, 1)


def add(x: Any, y: Any) -> Node:
    """x + y.

    >>> import symgraph as sg
    >>> print(sg.input("x") + 2)
    x + 2
    """
    return _binary(_ADD, x, y)


def subtract(x: Any, y: Any) -> Node:
    """x - y.

    >>> import symgraph as sg
    >>> print(1 - sg.input("x"))
    1 - x
    """
    return _binary(_SUB, x, y)


def multiply(x: Any, y: Any) -> Node:
    """x * y, entry by entry.

    >>> import symgraph as sg
    >>> print(sg.input("x") * sg.input("y"))
    x*y
    """
    return _binary(_MUL, x, y)


def divide(x: Any, y: Any) -> Node:
    """x / y, entry by entry; always real.

    >>> import symgraph as sg
    >>> print(sg.input("x") / sg.input("y"))
    x/y
    """
    return _binary(_DIV, x, y)


def negative(x: Any) -> Node:
    """-x.

    >>> import symgraph as sg
    >>> print(-sg.input("x"))
    -x
    """
    return _map(_NEG, x)


@lru_cache(maxsize=256)
def _power_of(exponent: Any) -> Template:
    return template(_x**exponent, 1)


def power(x: Any, exponent: Any) -> Node:
    """x to the power of a number or of a node, entry by entry.

    A number is part of the operation (x**2 is one node with one operand).

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(x**3, sg.grad(x**3, x))
    x**3 3*x**2
    """
    base, raised = as_node(x), as_node(exponent)
    is_size = isinstance(raised, Fill) and bool(getattr(raised.value, "free_symbols", False))
    if isinstance(raised, Fill) and not is_size and not raised.shape and raised.kind != "boolean":
        number = _tidy(raised.value) if base.kind == "real" else sympy.sympify(raised.value)
        if number != 0:  # x**0 would lose x, and with it the kind and the gradient 0
            return _map(_power_of(number), base)
    return _map(template(_x**_y, 2), base, raised)


def _tidy(value: Any) -> Any:
    """Whole and half exponents as exact numbers: x**2.0 and x**0.5 are the square and the root."""
    if isinstance(value, float) and (2 * value).is_integer() and -64 <= value <= 64:
        return sympy.Rational(int(2 * value), 2)
    return sympy.sympify(value)


_SQRT = template(sympy.sqrt(_x), 1)


def sqrt(x: Any) -> Node:
    """The square root.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.sqrt(x), x))
    1/(2*sqrt(x))
    """
    return _map(_SQRT, x)


_SQUARE = template(_x**2, 1)


def square(x: Any) -> Node:
    """x**2.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.square(x), x))
    2*x
    """
    return _map(_SQUARE, x)


_EXP = template(sympy.exp(_x), 1)


def exp(x: Any) -> Node:
    """The exponential.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.exp(x), x))
    exp(x)
    """
    return _map(_EXP, x)


_LOG = template(sympy.log(_x), 1)


def log(x: Any) -> Node:
    """The natural logarithm.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.log(x), x))
    1/x
    """
    return _map(_LOG, x)


_EXPM1 = template(scalar.expm1(_x), 1)


def expm1(x: Any) -> Node:
    """exp(x) - 1, accurate near 0.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.expm1(x), x))
    exp(x)
    """
    return _map(_EXPM1, x)


_LOG1P = template(scalar.log1p(_x), 1)


def log1p(x: Any) -> Node:
    """log(1 + x), accurate near 0.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.log1p(x), x))
    1/(1 + x)
    """
    return _map(_LOG1P, x)


_SIN = template(sympy.sin(_x), 1)


def sin(x: Any) -> Node:
    """The sine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.sin(x), x))
    cos(x)
    """
    return _map(_SIN, x)


_COS = template(sympy.cos(_x), 1)


def cos(x: Any) -> Node:
    """The cosine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.cos(x), x))
    -sin(x)
    """
    return _map(_COS, x)


_TAN = template(sympy.tan(_x), 1)


def tan(x: Any) -> Node:
    """The tangent.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.tan(x), x))
    1 + tan(x)**2
    """
    return _map(_TAN, x)


_ARCSIN = template(sympy.asin(_x), 1)


def arcsin(x: Any) -> Node:
    """The inverse sine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arcsin(x), x))
    1/sqrt(1 - x**2)
    """
    return _map(_ARCSIN, x)


_ARCCOS = template(sympy.acos(_x), 1)


def arccos(x: Any) -> Node:
    """The inverse cosine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arccos(x), x))
    -1/sqrt(1 - x**2)
    """
    return _map(_ARCCOS, x)


_ARCTAN = template(sympy.atan(_x), 1)


def arctan(x: Any) -> Node:
    """The inverse tangent.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arctan(x), x))
    1/(1 + x**2)
    """
    return _map(_ARCTAN, x)


_SINH = template(sympy.sinh(_x), 1)


def sinh(x: Any) -> Node:
    """The hyperbolic sine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.sinh(x), x))
    cosh(x)
    """
    return _map(_SINH, x)


_COSH = template(sympy.cosh(_x), 1)


def cosh(x: Any) -> Node:
    """The hyperbolic cosine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.cosh(x), x))
    sinh(x)
    """
    return _map(_COSH, x)


_ARCSINH = template(sympy.asinh(_x), 1)


def arcsinh(x: Any) -> Node:
    """The inverse hyperbolic sine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arcsinh(x), x))
    1/sqrt(1 + x**2)
    """
    return _map(_ARCSINH, x)


_ARCCOSH = template(sympy.acosh(_x), 1)


def arccosh(x: Any) -> Node:
    """The inverse hyperbolic cosine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arccosh(x), x))
    1/(sqrt(1 + x)*sqrt(x - 1))
    """
    return _map(_ARCCOSH, x)


_ARCTANH = template(sympy.atanh(_x), 1)


def arctanh(x: Any) -> Node:
    """The inverse hyperbolic tangent.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arctanh(x), x))
    1/(1 - x**2)
    """
    return _map(_ARCTANH, x)


_TANH = template(scalar.tanh(_x), 1)


def tanh(x: Any) -> Node:
    """The hyperbolic tangent; its derivative prints as 1 - tanh(x)**2.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.tanh(x), x))
    1 - tanh(x)**2
    """
    return _map(_TANH, x)


_SIGMOID = template(scalar.sigmoid(_x), 1)


def sigmoid(x: Any) -> Node:
    """The logistic function 1/(1 + exp(-x)); its derivative prints as σ(1 - σ).

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.sigmoid(x), x))
    sigmoid(x)*(1 - sigmoid(x))
    """
    return _map(_SIGMOID, x)


_SOFTPLUS = template(scalar.softplus(_x), 1)


def softplus(x: Any) -> Node:
    """log(1 + exp(x)), without overflow; its derivative is the sigmoid.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.softplus(x), x))
    sigmoid(x)
    """
    return _map(_SOFTPLUS, x)


_RELU = template(scalar.relu(_x), 1)


def relu(x: Any) -> Node:
    """max(x, 0) with derivative 0 at 0.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.relu(x), x))
    1[x > 0]
    """
    return _map(_RELU, x)


_ABS = template(scalar.absolute(_x), 1)


def abs(x: Any) -> Node:
    """|x| with derivative 0 at 0.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.abs(x), x))
    sign(x)
    """
    return _map(_ABS, x)


_FLOOR = template(scalar.floor(_x), 1)


def floor(x: Any) -> Node:
    """The largest integer not above x.

    >>> import symgraph as sg
    >>> sg.floor(sg.input("x")).kind
    'integer'
    """
    return _map(_FLOOR, x)


_CEIL = template(scalar.ceil(_x), 1)


def ceil(x: Any) -> Node:
    """The smallest integer not below x.

    >>> import symgraph as sg
    >>> sg.ceil(sg.input("x")).kind
    'integer'
    """
    return _map(_CEIL, x)


_ARCTAN2 = template(sympy.atan2(_x, _y), 2)


def arctan2(x: Any, y: Any) -> Node:
    """The angle of the point (y, x).

    >>> import symgraph as sg
    >>> print(sg.arctan2(sg.input("y"), sg.input("x")))
    atan2(y, x)
    """
    return _map(_ARCTAN2, x, y)


_MAXIMUM = template(scalar.maximum(_x, _y), 2)


def maximum(x: Any, y: Any) -> Node:
    """The larger of two, entry by entry; a tie sends gradient 0 to both.

    >>> import symgraph as sg
    >>> x, y = sg.input("x"), sg.input("y")
    >>> print(sg.grad(sg.maximum(x, y), x))
    1[x > y]
    """
    return _map(_MAXIMUM, x, y)


_MINIMUM = template(scalar.minimum(_x, _y), 2)


def minimum(x: Any, y: Any) -> Node:
    """The smaller of two, entry by entry; a tie sends gradient 0 to both.

    >>> import symgraph as sg
    >>> x, y = sg.input("x"), sg.input("y")
    >>> print(sg.grad(sg.minimum(x, y), y))
    1[x > y]
    """
    return _map(_MINIMUM, x, y)


def clip(x: Any, low: Any, high: Any) -> Node:
    """x, but low where it is below and high where it is above; no gradient from outside.

    >>> import symgraph as sg
    >>> print(sg.clip(sg.input("x"), 0, 1))
    min(max(x, 0), 1)
    """
    return minimum(maximum(x, low), high)


_REMAINDER = template(scalar.remainder(_x, _y), 2)


def remainder(x: Any, y: Any) -> Node:
    """x modulo y, with the sign of y.

    >>> import symgraph as sg
    >>> print(sg.input("n", kind="integer") % 2)
    n % 2
    """
    return _map(_REMAINDER, x, y)


_FLOOR_DIVIDE = template(scalar.floor_divide(_x, _y), 2)


def floor_divide(x: Any, y: Any) -> Node:
    """The floor of x / y.

    >>> import symgraph as sg
    >>> print(sg.input("n", kind="integer") // 2)
    n // 2
    """
    return _map(_FLOOR_DIVIDE, x, y)


_LESS = template(scalar.less(_x, _y), 2)


def less(x: Any, y: Any) -> Node:
    """x < y, a boolean.

    >>> import symgraph as sg
    >>> print(sg.input("x") < 1)
    x < 1
    """
    return _map(_LESS, x, y)


_LESS_EQUAL = template(scalar.less_equal(_x, _y), 2)


def less_equal(x: Any, y: Any) -> Node:
    """x <= y, a boolean.

    >>> import symgraph as sg
    >>> print(sg.input("x") <= 1)
    x <= 1
    """
    return _map(_LESS_EQUAL, x, y)


_GREATER = template(scalar.greater(_x, _y), 2)


def greater(x: Any, y: Any) -> Node:
    """x > y, a boolean.

    >>> import symgraph as sg
    >>> print(sg.input("x") > 1)
    x > 1
    """
    return _map(_GREATER, x, y)


_GREATER_EQUAL = template(scalar.greater_equal(_x, _y), 2)


def greater_equal(x: Any, y: Any) -> Node:
    """x >= y, a boolean.

    >>> import symgraph as sg
    >>> print(sg.input("x") >= 1)
    x >= 1
    """
    return _map(_GREATER_EQUAL, x, y)


_EQUAL = template(scalar.equal(_x, _y), 2)


def equal(x: Any, y: Any) -> Node:
    """x == y entry by entry, a boolean (`==` between nodes asks for identity).

    >>> import symgraph as sg
    >>> print(sg.equal(sg.input("n", kind="integer"), 2))
    n == 2
    """
    return _map(_EQUAL, x, y)


_NOT_EQUAL = template(scalar.not_equal(_x, _y), 2)


def not_equal(x: Any, y: Any) -> Node:
    """x != y entry by entry, a boolean.

    >>> import symgraph as sg
    >>> print(sg.not_equal(sg.input("n", kind="integer"), 2))
    n != 2
    """
    return _map(_NOT_EQUAL, x, y)


def _boolean(x: Any, where_: str) -> Node:
    return check_kind(as_node(x), ("boolean",), where_)


def logical_and(x: Any, y: Any) -> Node:
    """Both of two booleans.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print((x > 0) & (x < 1))
    (x > 0) & (x < 1)
    """
    return apply(scalar.logical_and(_x, _y), _boolean(x, "and"), _boolean(y, "and"))


def logical_or(x: Any, y: Any) -> Node:
    """At least one of two booleans.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print((x < 0) | (x > 1))
    (x < 0) | (x > 1)
    """
    return apply(scalar.logical_or(_x, _y), _boolean(x, "or"), _boolean(y, "or"))


def logical_not(x: Any) -> Node:
    """The opposite of a boolean.

    >>> import symgraph as sg
    >>> print(~(sg.input("x") > 0))
    ~(x > 0)
    """
    return apply(scalar.logical_not(_x), _boolean(x, "not"))


def indicator(condition: Any) -> Node:
    """The Iverson bracket 1[condition]: 1 where a boolean holds, else 0; its derivative is 0.

    >>> import symgraph as sg
    >>> print(sg.indicator(sg.input("margin") < 1))
    1[margin < 1]
    """
    return apply(scalar.iverson(_x), _boolean(condition, "indicator"))


def where(condition: Any, x: Any, y: Any) -> Node:
    """x where the condition holds, else y; the branch not taken sends no gradient, never NaN.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.where(x > 0, sg.log(x), 0), x))
    1/x*1[x > 0]
    """
    return apply(scalar.where(_x, _y, _z), _boolean(condition, "where"), x, y)


def step(x: Any, at_zero: float = 0) -> Node:
    """1 for x > 0, 0 for x < 0, `at_zero` at 0; its derivative is 0 everywhere.

    >>> import symgraph as sg
    >>> print(step(sg.input("z")), step(sg.input("z"), at_zero=1))
    1[z > 0] 1[z >= 0]
    """
    return apply(scalar.step(_x, _constant(at_zero, "step")), x)


def sign(x: Any, at_zero: float = 0) -> Node:
    """1 for x > 0, -1 for x < 0, `at_zero` at 0; its derivative is 0 everywhere.

    >>> import symgraph as sg
    >>> print(sg.sign(sg.input("x")))
    sign(x)
    """
    return apply(scalar.sign(_x, _constant(at_zero, "sign")), x)


def leaky_relu(x: Any, slope: float = 0.01) -> Node:
    """x for x > 0, else slope * x; the derivative at 0 is the slope.

    >>> import symgraph as sg
    >>> print(sg.leaky_relu(sg.input("x"), 0.1))
    leaky_relu(x, 0.1)
    """
    return apply(scalar.leaky_relu(_x, _constant(slope, "leaky_relu")), x)


def elu(x: Any, alpha: float = 1.0) -> Node:
    """x for x > 0, else alpha (exp(x) - 1). Source: Clevert, Unterthiner, Hochreiter 2016.

    >>> import symgraph as sg
    >>> print(sg.elu(sg.input("x")))
    elu(x, 1)
    """
    return apply(scalar.elu(_x, _constant(alpha, "elu")), x)


def _constant(value: Any, where_: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, sympy.Rational)):
        raise KindError(f"{where_}: {value!r} must be a plain number.")
    return sympy.sympify(value)


_UFUNCS = (
    add, subtract, multiply, divide, power, negative, floor_divide, remainder, less, less_equal,
    greater, greater_equal, equal, not_equal, logical_and, logical_or, logical_not, maximum,
    minimum, sqrt, square, exp, log, expm1, log1p, sin, cos, tan, arcsin, arccos, arctan, arctan2,
    sinh, cosh, tanh, sign, floor, ceil,
)  # fmt: skip
operators.update({function.__name__: function for function in _UFUNCS})
operators.update(abs=abs, absolute=abs)
operators.update(bitwise_and=logical_and, bitwise_or=logical_or, invert=logical_not)
