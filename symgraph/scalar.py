"""Pointwise functions: each one record with its meaning, its partial derivatives and its spelling.

A pointwise function is a SymPy `Function`, so that SymPy can differentiate the small body of a
`Map`. `meaning` is plain SymPy and is what the function *is*; `lowering` is a formula in the basic
operations that stays accurate at extreme points, and is what every target computes. A function
whose name stands in `NUMPY` is a basic operation: each target has one row for it.

Kinks have stated values: relu'(0) = 0, |x|' at 0 = 0, the step has derivative 0 everywhere, a
binary maximum or minimum sends 0 to both operands at a tie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import sympy

from symgraph.errors import SymgraphError, UnknownNameError
from symgraph.printing import ATOM, MUL, POW, REL, Format, Piece

__all__ = [
    "NUMPY",
    "Pointwise",
    "functions",
    "lower",
    "plain",
    "pointwise",
    "slot",
]

ResultKind = Literal["real", "integer", "boolean", "same"]


@lru_cache(maxsize=1024)
def slot(k: int) -> sympy.Symbol:
    """The symbol that stands for operand k in the body of a Map."""
    return sympy.Symbol(f"_{k}", real=True)


class Pointwise(sympy.Function):
    """A pointwise function of real numbers; the concrete ones are made by `pointwise`."""

    title: ClassVar[str]
    latex_title: ClassVar[str]
    arity: ClassVar[int]
    result: ClassVar[ResultKind]
    meaning: ClassVar[sympy.Expr]
    lowering: ClassVar[sympy.Expr | None]
    partials: ClassVar[Sequence[Any]]
    by_output: ClassVar[tuple[type[sympy.Function], sympy.Expr] | None]
    writer: ClassVar[Callable[[Format, Sequence[Piece]], Piece] | None]
    is_real = True

    def fdiff(self, argindex: int = 1) -> Any:
        partial = self.partials[argindex - 1]
        return _fill(sympy.sympify(partial), self.args)

    def meant(self) -> Any:
        """The function at its arguments in plain SymPy."""
        return _fill(self.meaning, self.args)

    def computed(self) -> Any:
        """The formula by which the function is computed at its arguments."""
        return _fill(self.meaning if self.lowering is None else self.lowering, self.args)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _applied, (self.title, self.args)

    def _eval_evalf(self, prec: int) -> Any:
        return plain(self)._eval_evalf(prec)


def _fill(body: Any, args: Sequence[Any]) -> Any:
    rule = {slot(k): arg for k, arg in enumerate(args) if arg is not slot(k)}
    return body.xreplace(rule) if rule else body


#: All pointwise functions of this module's kind by name.
functions: dict[str, type[Pointwise]] = {}


#: Modules whose functions are made when one is first called for.
_LATE = ("symgraph.gammas",)


def _applied(title: str, args: tuple[Any, ...]) -> Any:
    if title not in functions:
        for module in _LATE:
            import_module(module)
    if title not in functions:
        raise UnknownNameError(
            f"pointwise function {title!r} is not registered in this process. "
            "Import the module that registers it before unpickling."
        )
    return functions[title](*args)


def pointwise(
    title: str,
    meaning: Any,
    partials: Sequence[Any],
    *,
    lowering: Any = None,
    result: ResultKind = "real",
    latex: str | None = None,
    by_output: tuple[type[sympy.Function], Any] | None = None,
    writer: Callable[[Format, Sequence[Piece]], Piece] | None = None,
) -> type[Pointwise]:
    """Register a pointwise function and return its SymPy class.

    Every formula is SymPy over `slot(0)`, `slot(1)`, ...; `partials` holds one formula an
    operand. Where `lowering` is missing the meaning itself is computed, unless NUMPY has a row.
    `by_output` is the shorter spelling of a derivative in terms of the function's own value
    (`tanh' = 1 - y**2`, y written as slot 0); it is printed, never computed.

    >>> x = slot(0)
    >>> bump = pointwise("bump", 1 / (1 + x**2), [-2 * x / (1 + x**2) ** 2])
    >>> bump(2 * x).diff(x)
    -8*_0/(4*_0**2 + 1)**2
    >>> del functions["bump"]
    """
    if title in functions:
        raise SymgraphError(f"pointwise function {title!r} exists already; choose another name.")
    arity = len(partials)
    body: dict[str, Any] = {
        "nargs": arity, "arity": arity, "title": title, "result": result, "meaning": meaning,
        "latex_title": latex or rf"\operatorname{{{title}}}".replace("_", r"\_"),
        "partials": tuple(partials), "lowering": lowering, "by_output": by_output,
        "writer": staticmethod(writer) if writer else None,
    }  # fmt: skip
    made: type[Pointwise] = type(title, (Pointwise,), body)
    functions[title] = made
    return made


def plain(expr: Any) -> Any:
    """The formula with every function of this module replaced by its plain SymPy meaning."""
    while True:
        ours = expr.atoms(Pointwise) if hasattr(expr, "atoms") else set()
        if not ours:
            return expr
        expr = expr.xreplace({one: one.meant() for one in ours})


def lower(expr: Any, instead: Mapping[str, type[Pointwise]] = MappingProxyType({})) -> Any:
    """The formula in basic operations only: those SymPy has and those with a row in NUMPY.

    Functions named in `instead` become others, which are basic for the one who asks.
    """
    kept = {*NUMPY, *(function.title for function in instead.values())}
    while True:
        steps = {
            one: instead[one.title](*one.args) if one.title in instead else one.computed()
            for one in expr.atoms(Pointwise)
            if one.title not in kept
        }
        if not steps:
            return expr
        expr = expr.xreplace(steps)


_x, _y, _z = slot(0), slot(1), slot(2)


def _relation(title: str, text: str, unicode: str, latex: str, meaning: Any) -> type[Pointwise]:
    def write(fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.infix(f" {fmt.pick(text, unicode, latex)} ", xs[0], xs[1], REL)

    indicator = sympy.Piecewise((1, meaning), (0, True))
    return pointwise(title, indicator, [0, 0], result="boolean", writer=write)


less = _relation("less", "<", "<", "<", _x < _y)
less_equal = _relation("less_equal", "<=", "≤", r"\le", _x <= _y)
greater = _relation("greater", ">", ">", ">", _x > _y)
greater_equal = _relation("greater_equal", ">=", "≥", r"\ge", _x >= _y)
equal = _relation("equal", "==", "=", "=", sympy.Eq(_x, _y))
not_equal = _relation("not_equal", "!=", "≠", r"\ne", sympy.Ne(_x, _y))


def _logical(
    title: str, spelling: tuple[str, str, str], precedences: tuple[int, int], meaning: Any
) -> type[Pointwise]:
    """In Python `&` and `|` bind more tightly than a comparison, as words of logic less tightly."""
    in_python, on_paper = precedences

    def write(fmt: Format, xs: Sequence[Piece]) -> Piece:
        precedence = in_python if fmt.style == "text" else on_paper
        return fmt.infix(fmt.pick(*spelling), xs[0], xs[1], precedence)

    return pointwise(title, meaning, [0, 0], result="boolean", writer=write)


logical_and = _logical("logical_and", (" & ", " ∧ ", r" \land "), (REL + 10, REL - 5), _x * _y)
logical_or = _logical(
    "logical_or", (" | ", " ∨ ", r" \lor "), (REL + 5, REL - 8), _x + _y - _x * _y
)
logical_not = pointwise(
    "logical_not", 1 - _x, [0], result="boolean",
    writer=lambda fmt, xs: Piece(fmt.pick("~", "¬", r"\lnot ") + fmt.wrap(xs[0], ATOM), POW),
)  # fmt: skip
#: The Iverson bracket of a boolean: 0 or 1.
iverson = pointwise("iverson", _x, [0], result="integer", writer=lambda fmt, xs: fmt.bracket(xs[0]))
where = pointwise(
    "where", sympy.Piecewise((_y, sympy.Ne(_x, 0)), (_z, True)), [0, 0, 0], result="same"
)
# Masks, not the numbers 1[c] and 1 - 1[c]: a factor that is infinite where the branch is not taken
# is then left out, while 0 times infinity would be NaN. They are written as brackets.
where.partials = (0, where(_x, 1, 0), where(_x, 0, 1))


def _write_step(fmt: Format, xs: Sequence[Piece]) -> Piece:
    if xs[1].text not in ("0", "1"):
        return fmt.call("step", xs)
    relation = fmt.pick(" >= ", " ≥ ", r" \ge ") if xs[1].text == "1" else " > "
    return fmt.bracket(fmt.infix(relation, xs[0], Piece("0"), REL))


step = pointwise(
    "step", sympy.Piecewise((1, _x > 0), (0, _x < 0), (_y, True)), [0, 0],
    lowering=where(greater(_x, 0), 1, where(less(_x, 0), 0, _y)), result="same",
    writer=_write_step,
)  # fmt: skip
sign = pointwise(
    "sign", sympy.Piecewise((1, _x > 0), (-1, _x < 0), (_y, True)), [0, 0],
    lowering=where(greater(_x, 0), 1, where(less(_x, 0), -1, _y)), result="same",
    writer=lambda fmt, xs: fmt.call("sign", xs[:1] if xs[1].text == "0" else xs),
)  # fmt: skip
absolute = pointwise(
    "abs", sympy.Piecewise((_x, _x >= 0), (-_x, True)), [sign(_x, 0)], result="same",
    writer=lambda fmt, xs: Piece(
        fmt.pick("abs({})", "|{}|", r"\left|{}\right|").format(xs[0].text)
    ),
)  # fmt: skip
maximum = pointwise(
    "maximum", sympy.Piecewise((_x, _x >= _y), (_y, True)),
    [iverson(greater(_x, _y)), iverson(less(_x, _y))], result="same",
    writer=lambda fmt, xs: fmt.call(fmt.pick("max", "max", r"\max"), xs),
)  # fmt: skip
minimum = pointwise(
    "minimum", sympy.Piecewise((_x, _x <= _y), (_y, True)),
    [iverson(less(_x, _y)), iverson(greater(_x, _y))], result="same",
    writer=lambda fmt, xs: fmt.call(fmt.pick("min", "min", r"\min"), xs),
)  # fmt: skip
floor = pointwise("floor", sympy.floor(_x), [0], result="integer")
ceil = pointwise("ceil", sympy.ceiling(_x), [0], result="integer")
remainder = pointwise(
    "remainder", _x - _y * sympy.floor(_x / _y), [1, -floor(_x / _y)], result="same",
    writer=lambda fmt, xs: fmt.infix(fmt.pick(" % ", " mod ", r" \bmod "), xs[0], xs[1], MUL),
)  # fmt: skip
floor_divide = pointwise(
    "floor_divide", sympy.floor(_x / _y), [0, 0], result="same",
    writer=lambda fmt, xs: fmt.infix(
        fmt.pick(" // ", " // ", r" \mathbin{//} "), xs[0], xs[1], MUL
    ),
)  # fmt: skip
expm1 = pointwise("expm1", sympy.exp(_x) - 1, [sympy.exp(_x)])
log1p = pointwise("log1p", sympy.log(1 + _x), [1 / (1 + _x)])

# exp(-2|x|) and exp(-|x|) never overflow, and the derivatives keep their digits where
# 1 - y**2 and y (1 - y) have lost them all (tanh(20) == 1.0 in float64).
_tanh_decay = sympy.exp(-2 * absolute(_x))
_sigmoid_decay = sympy.exp(-absolute(_x))

tanh = pointwise("tanh", sympy.tanh(_x), [0], latex=r"\tanh")
dtanh = pointwise(
    "dtanh", 1 / sympy.cosh(_x) ** 2, [0],
    lowering=4 * _tanh_decay / (1 + _tanh_decay) ** 2, by_output=(tanh, 1 - _x**2),
)  # fmt: skip
tanh.partials = (dtanh(_x),)
dtanh.partials = (-2 * tanh(_x) * dtanh(_x),)

sigmoid = pointwise(
    "sigmoid", 1 / (1 + sympy.exp(-_x)), [0],
    lowering=where(greater_equal(_x, 0), 1, _sigmoid_decay) / (1 + _sigmoid_decay),
    latex=r"\sigma", writer=lambda fmt, xs: fmt.call(fmt.pick("sigmoid", "σ", r"\sigma"), xs),
)  # fmt: skip
dsigmoid = pointwise(
    "dsigmoid", sympy.exp(-_x) / (1 + sympy.exp(-_x)) ** 2, [0],
    lowering=_sigmoid_decay / (1 + _sigmoid_decay) ** 2, by_output=(sigmoid, _x * (1 - _x)),
)  # fmt: skip
sigmoid.partials = (dsigmoid(_x),)
dsigmoid.partials = (-dsigmoid(_x) * tanh(_x / 2),)

softplus = pointwise(
    "softplus", sympy.log(1 + sympy.exp(_x)), [sigmoid(_x)],
    lowering=maximum(_x, 0) + log1p(_sigmoid_decay),
)  # fmt: skip
relu = pointwise(
    "relu", sympy.Piecewise((_x, _x > 0), (0, True)), [step(_x, 0)], lowering=maximum(_x, 0),
    result="same",
)  # fmt: skip
leaky_relu = pointwise(
    "leaky_relu", sympy.Piecewise((_x, _x > 0), (_y * _x, True)),
    [where(greater(_x, 0), 1, _y), where(greater(_x, 0), 0, _x)],
    lowering=where(greater(_x, 0), _x, _y * _x),
)  # fmt: skip
elu = pointwise(
    "elu", sympy.Piecewise((_x, _x > 0), (_y * (sympy.exp(_x) - 1), True)),
    [
        where(greater(_x, 0), 1, _y * sympy.exp(minimum(_x, 0))),
        where(greater(_x, 0), 0, expm1(minimum(_x, 0))),
    ],
    lowering=where(greater(_x, 0), _x, _y * expm1(minimum(_x, 0))),
)  # fmt: skip

#: The basic operations and the NumPy function that computes each (`iverson` is a cast).
NUMPY: dict[str, str] = {
    "less": "less", "less_equal": "less_equal", "greater": "greater",
    "greater_equal": "greater_equal", "equal": "equal", "not_equal": "not_equal",
    "logical_and": "logical_and", "logical_or": "logical_or", "logical_not": "logical_not",
    "where": "where", "abs": "absolute", "maximum": "maximum", "minimum": "minimum",
    "iverson": "astype", "floor": "floor", "ceil": "ceil", "remainder": "remainder",
    "floor_divide": "floor_divide", "expm1": "expm1", "log1p": "log1p", "tanh": "tanh",
    "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin",
    "acos": "arccos", "atan": "arctan", "sinh": "sinh", "cosh": "cosh", "asinh": "arcsinh",
    "acosh": "arccosh", "atanh": "arctanh", "atan2": "arctan2",
}  # fmt: skip
