"""The basic pointwise operations in ONNX: one row each."""

from __future__ import annotations

from collections.abc import Callable

from symgraph.codegen.basic import op_of, storage_of
from symgraph.node import Kind, promote
from symgraph.onnx.writer import Value, Writer, refusal
from symgraph.ops.map import Map

__all__ = ["write_map"]

_Rule = Callable[[Writer, Kind, "list[str]"], str]


def write_map(w: Writer, node: Map) -> Value:
    """A Map of one basic operation."""
    op = op_of(node)
    if op is None or op not in _RULES:
        raise refusal(node, f"ONNX has no operation for {op or 'this function'}.")
    storages = [w.env[arg].kind for arg in node.args]
    stored = storage_of(op, storages)
    kinds = _operand_kinds(op, storages, stored)
    operands = [w.scalar(arg, kind) for arg, kind in zip(node.args, kinds, strict=True)]
    made = _RULES[op](w, kinds[-1], operands)
    return Value(w.spread(made, node.args, node), stored)


def _operand_kinds(op: str, storages: list[Kind], stored: Kind) -> list[Kind]:
    """What the operands of an operation are converted to."""
    if op.startswith("logical_"):
        return ["boolean"] * len(storages)
    if op == "where":
        return ["boolean", stored, stored]
    if op == "iverson":
        return storages
    if stored == "boolean":  # comparisons
        return [promote("integer", *storages)] * len(storages)
    return [stored] * len(storages)


def _simple(name: str) -> _Rule:
    return lambda w, kind, xs: w.op(name, *xs)


def _not_equal(w: Writer, kind: Kind, xs: list[str]) -> str:
    return w.op("Not", w.op("Equal", *xs))


def _where(w: Writer, kind: Kind, xs: list[str]) -> str:
    if kind != "boolean":
        return w.op("Where", *xs)
    yes, no = w.op("And", xs[0], xs[1]), w.op("And", w.op("Not", xs[0]), xs[2])
    return w.op("Or", yes, no)


def _iverson(w: Writer, kind: Kind, xs: list[str]) -> str:
    return w.op("Cast", xs[0], to=w.type_of("integer"))


def _square(w: Writer, kind: Kind, xs: list[str]) -> str:
    return w.op("Mul", xs[0], xs[0])


def _rounded(name: str) -> _Rule:
    return lambda w, kind, xs: w.op(name, xs[0]) if kind == "real" else xs[0]


def _remainder(w: Writer, kind: Kind, xs: list[str]) -> str:
    """The rest with the sign of the divisor; of reals ONNX gives the one of the dividend."""
    if kind != "real":
        return w.op("Mod", *xs)
    rest, zero = w.op("Mod", *xs, fmod=1), w.number(0.0)
    turned = w.op("Less", w.op("Mul", rest, xs[1]), zero)
    return w.op("Where", turned, w.op("Add", rest, xs[1]), rest)


def _floor_divide(w: Writer, kind: Kind, xs: list[str]) -> str:
    if kind == "real":
        return w.op("Floor", w.op("Div", *xs))
    return w.op("Div", w.op("Sub", xs[0], w.op("Mod", *xs)), xs[1])


def _expm1(w: Writer, kind: Kind, xs: list[str]) -> str:
    """exp(x) - 1, near 0 as 2 t/(1 - t) with t = tanh(x/2), which cancels no digits."""
    t = w.op("Tanh", w.op("Mul", xs[0], w.number(0.5)))
    near = w.op("Div", w.op("Add", t, t), w.op("Sub", w.number(1.0), t))
    far = w.op("Sub", w.op("Exp", xs[0]), w.number(1.0))
    return w.op("Where", w.op("Less", w.op("Abs", xs[0]), w.number(0.5)), near, far)


def _log1p(w: Writer, kind: Kind, xs: list[str]) -> str:
    """log(1 + x) as log(u) x/(u - 1) with u = 1 + x rounded. Source: Kahan, HP-15C handbook."""
    one = w.number(1.0)
    u = w.op("Add", one, xs[0])
    whole = w.op("Or", w.op("Equal", u, one), w.op("IsInf", u))
    below = w.op("Where", whole, one, w.op("Sub", u, one))
    scaled = w.op("Mul", w.op("Log", u), w.op("Div", xs[0], below))
    return w.op("Where", whole, xs[0], scaled)


#: ONNX for each basic operation of `symgraph.codegen.basic`.
_RULES: dict[str, _Rule] = {
    **{
        name: _simple(operation)
        for name, operation in {
            "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow",
            "negative": "Neg", "sqrt": "Sqrt", "abs": "Abs", "maximum": "Max", "minimum": "Min",
            "less": "Less", "less_equal": "LessOrEqual", "greater": "Greater",
            "greater_equal": "GreaterOrEqual", "equal": "Equal", "logical_and": "And",
            "logical_or": "Or", "logical_not": "Not", "exp": "Exp", "log": "Log", "tanh": "Tanh",
            "sin": "Sin", "cos": "Cos", "tan": "Tan", "asin": "Asin", "acos": "Acos",
            "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "asinh": "Asinh", "acosh": "Acosh",
            "atanh": "Atanh",
        }.items()
    },
    "not_equal": _not_equal, "where": _where, "iverson": _iverson, "square": _square,
    "floor": _rounded("Floor"), "ceil": _rounded("Ceil"), "remainder": _remainder,
    "floor_divide": _floor_divide, "expm1": _expm1, "log1p": _log1p,
}  # fmt: skip
