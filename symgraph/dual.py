"""Derivatives by dual numbers: every value carries its rate of change along one direction.

Nothing here uses the derivative rules of the nodes: a Map is worked out from the plain meaning of
its functions with the chain rule applied to numbers, and what is linear is evaluated on the rates.
On the way the distance to the nearest kink is noted.
Source: forward mode, Griewank and Walther 2008, chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.abstract import Abstract
from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops import (
    Concat,
    Det,
    Einsum,
    Final,
    Inv,
    Let,
    LogDet,
    Map,
    Pull,
    Push,
    Reduce,
    Reshape,
    Scan,
    Solve,
    Trace,
)
from symgraph.scalar import plain
from symgraph.shapes import bind_dim
from symgraph.walks import topological

__all__ = ["Dual", "DualRun", "TooNear"]

Array = NDArray[Any]


class Dual(NamedTuple):
    """A value and its rate of change."""

    value: Any
    rate: Any


class _Steps(NamedTuple):
    """A loop carried out: the local values of every step, and the states at the end."""

    locals: list[dict[Node, Dual]]
    finals: list[Dual]


def _basic(expr: Any) -> Any:
    """The formula in plain SymPy; abstract functions mean something else at another time."""
    return plain(expr) if expr.atoms(Abstract) else _unchanging(expr)


@lru_cache(maxsize=1024)
def _unchanging(expr: Any) -> Any:
    return plain(expr)


class TooNear(Exception):
    """A kink is as near as the caller allows."""


class DualRun:
    """Values and rates of all nodes of an expression for given values and rates of its variables.

    Any other node that is given is taken as it is, and nothing below it is looked at.
    `nearest_kink` is how far the closest argument of a comparison, a rounding or a maximum was from
    the place where it changes over. Raises TooNear once that is no farther than `too_near`.
    """

    def __init__(
        self,
        roots: Sequence[Node],
        given: Mapping[Node, Dual],
        dims: Mapping[sympy.Symbol, int],
        too_near: float = -math.inf,
    ) -> None:
        self.nearest_kink = math.inf
        self._too_near = too_near
        self._dims = dims
        with np.errstate(all="ignore"):
            self.found = self._run(roots, given)

    def __getitem__(self, node: Node) -> Dual:
        found = self.found[node]
        assert isinstance(found, Dual)
        return found

    def _run(self, roots: Sequence[Node], given: Mapping[Node, Dual]) -> dict[Node, Any]:
        found: dict[Node, Any] = dict(given)
        for node in topological(roots, given):
            found[node] = self._node(node, [found[arg] for arg in node.args])
        return found

    def _node(self, node: Node, xs: list[Any]) -> Any:
        if isinstance(node, Scan):
            return self._scan(node, xs)
        if isinstance(node, (Trace, Final)):
            return self._read(node, xs[0])
        if isinstance(node, Map):
            return self._map(node, xs)
        value = node.evaluate(self._dims, *(x.value for x in xs))
        rule = _RULES.get(type(node))
        if rule is None or node.kind != "real" or (isinstance(node, Let) and node.stops):
            return Dual(value, np.zeros(np.shape(value)))
        if isinstance(node, Reduce) and node.operation == "max":
            self._note(_gap(node, xs[0].value))
        if not any(np.any(x.rate) for x in xs):
            return Dual(value, np.zeros(np.shape(value)))
        return Dual(value, rule(node, xs, value, self._dims))

    def _note(self, distance: Any) -> None:
        distances = np.abs(np.asarray(distance, dtype=float))
        if distances.size:
            self.nearest_kink = min(self.nearest_kink, float(np.min(distances)))
            if self.nearest_kink <= self._too_near:
                raise TooNear

    # --- pointwise ----------------------------------------------------------------------------

    def _map(self, node: Map, xs: Sequence[Dual]) -> Dual:
        continuous = any(arg.kind == "real" for arg in node.args)
        memo: dict[Any, Dual] = {}
        found = self._body(_basic(node.template.expr), xs, memo, continuous)
        shape = np.broadcast_shapes(*(np.shape(x.value) for x in xs))
        value = np.broadcast_to(found.value, shape)
        if node.kind == "boolean":
            value = value.astype(bool)
        elif node.kind == "integer":
            value = np.rint(np.asarray(value, dtype=float)).astype(np.int64)
        return Dual(value, np.broadcast_to(found.rate, shape))

    def _body(self, expr: Any, xs: Sequence[Dual], memo: dict[Any, Dual], continuous: bool) -> Dual:
        if expr not in memo:
            memo[expr] = self._expression(expr, xs, memo, continuous)
        return memo[expr]

    def _expression(
        self, expr: Any, xs: Sequence[Dual], memo: dict[Any, Dual], continuous: bool
    ) -> Dual:
        if expr.is_Symbol:
            x = xs[int(expr.name[1:])]
            return Dual(np.asarray(x.value) * 1, x.rate)
        if expr.is_Number or expr.is_NumberSymbol:
            return Dual(float(expr), 0.0)
        if isinstance(expr, sympy.Piecewise):
            return self._piecewise(expr, xs, memo, continuous)
        args = [self._body(arg, xs, memo, continuous) for arg in expr.args]
        if expr.is_Add:
            return Dual(sum(a.value for a in args), sum(a.rate for a in args))
        if expr.is_Mul:
            return _product(args)
        if expr.is_Pow:
            return _power(args[0], args[1], expr.exp)
        if isinstance(expr, (sympy.floor, sympy.ceiling)):
            if continuous:
                self._note(args[0].value - np.rint(args[0].value))
            rounding = np.floor if isinstance(expr, sympy.floor) else np.ceil
            return Dual(rounding(args[0].value), 0.0)
        if isinstance(expr, sympy.Abs):
            self._note(args[0].value)
            return Dual(np.abs(args[0].value), np.sign(args[0].value) * args[0].rate)
        if isinstance(expr, sympy.atan2) and continuous:
            self._note(_from_cut(args[0].value, args[1].value))
        return _elementary(expr, args)

    def _piecewise(
        self, expr: Any, xs: Sequence[Dual], memo: dict[Any, Dual], continuous: bool
    ) -> Dual:
        """The first piece whose condition holds, entry by entry."""
        pieces = [
            (self._body(body, xs, memo, continuous), self._holds(condition, xs, memo, continuous))
            for body, condition in expr.args
        ]
        value: Any = math.nan
        rate: Any = math.nan
        for piece, mask in reversed(pieces):
            value = np.where(mask, piece.value, value)
            rate = np.where(mask, piece.rate, rate)
        return Dual(value, rate)

    def _holds(
        self, condition: Any, xs: Sequence[Dual], memo: dict[Any, Dual], continuous: bool
    ) -> Any:
        if condition in (True, sympy.true):
            return True
        if isinstance(condition, (sympy.And, sympy.Or)):
            masks = [self._holds(arg, xs, memo, continuous) for arg in condition.args]
            join = np.logical_and if isinstance(condition, sympy.And) else np.logical_or
            return join.reduce(np.broadcast_arrays(*masks))
        if isinstance(condition, sympy.Not):
            return np.logical_not(self._holds(condition.args[0], xs, memo, continuous))
        left = self._body(condition.lhs, xs, memo, continuous).value
        right = self._body(condition.rhs, xs, memo, continuous).value
        if continuous:
            self._note(np.asarray(left, dtype=float) - right)
        return _COMPARE[condition.rel_op](left, right)

    # --- loops --------------------------------------------------------------------------------

    def _scan(self, scan: Scan, xs: Sequence[Dual]) -> _Steps:
        body = scan.body
        count, timed = len(body.states), len(body.states) + len(body.sequences)
        length = bind_dim(scan.length, self._dims)
        states = list(xs[:count])
        steps: dict[int, dict[Node, Dual]] = {}
        for t in reversed(range(length)) if scan.backwards else range(length):
            now = [*states, *(Dual(x.value[t], x.rate[t]) for x in xs[count:timed]), *xs[timed:]]
            steps[t] = dict(zip(body.locals, now, strict=True))
            found = self._run(body.nexts, steps[t])
            states = [found[node] for node in body.nexts]
        return _Steps([steps[t] for t in range(length)], states)

    def _read(self, node: Node, steps: _Steps) -> Dual:
        if isinstance(node, Final):
            return steps.finals[node.state]
        assert isinstance(node, Trace)
        rows = [self._run([node.inner], now)[node.inner] for now in steps.locals]
        if not rows:
            shape = tuple(bind_dim(size, self._dims) for size in node.shape)
            return Dual(np.zeros(shape), np.zeros(shape))
        return Dual(np.stack([r.value for r in rows]), np.stack([r.rate for r in rows]))


_COMPARE: dict[str, Any] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal,
    "!=": np.not_equal,
}  # fmt: skip


def _from_cut(y: Any, x: Any) -> Any:
    """How far (x, y) is from the ray to the left, across which the angle jumps by a whole turn."""
    return np.where(np.asarray(x) > 0, np.hypot(x, y), np.abs(y))


# --- elementary functions ---------------------------------------------------------------------


def _product(factors: Sequence[Dual]) -> Dual:
    value: Any = 1.0
    for factor in factors:
        value = value * factor.value
    rate: Any = 0.0
    for k, factor in enumerate(factors):
        others: Any = factor.rate
        for j, other in enumerate(factors):
            if j != k:
                others = others * other.value
        rate = rate + others
    return Dual(value, rate)


def _power(base: Dual, exponent: Dual, symbol: Any) -> Dual:
    x, n = np.asarray(base.value, dtype=float), exponent.value
    value = np.power(x, n)
    rate = n * np.power(x, n - 1) * base.rate if symbol != 0 else 0.0
    if not symbol.is_number:
        rate = rate + value * np.log(x) * exponent.rate
    return Dual(value, rate)


_erf, _erfc = np.vectorize(math.erf), np.vectorize(math.erfc)


def _bell(x: Any) -> Any:
    return 2 / math.sqrt(math.pi) * np.exp(-(x**2))


def _each(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of mpmath on arrays; NaN at its poles and where it is not real."""

    def at(*numbers: float) -> float:
        try:
            return float(function(*map(float, numbers)))
        except (TypeError, ValueError, OverflowError, ZeroDivisionError):
            return math.nan

    return np.vectorize(at, otypes=[float])


_gamma = _each(mpmath.gamma)

_ELEMENTARY: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "tan": (np.tan, lambda x: 1 / np.cos(x) ** 2),
    "asin": (np.arcsin, lambda x: 1 / np.sqrt(1 - x**2)),
    "acos": (np.arccos, lambda x: -1 / np.sqrt(1 - x**2)),
    "atan": (np.arctan, lambda x: 1 / (1 + x**2)),
    "sinh": (np.sinh, np.cosh),
    "cosh": (np.cosh, np.sinh),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "asinh": (np.arcsinh, lambda x: 1 / np.sqrt(1 + x**2)),
    "acosh": (np.arccosh, lambda x: 1 / np.sqrt(x**2 - 1)),
    "atanh": (np.arctanh, lambda x: 1 / (1 - x**2)),
    "erf": (_erf, _bell),
    "erfc": (_erfc, lambda x: -_bell(x)),
    "sign": (np.sign, lambda x: 0.0 * x),
    "gamma": (_gamma, _each(lambda x: mpmath.gamma(x) * mpmath.digamma(x))),
}  # fmt: skip


def _elementary(expr: Any, args: Sequence[Dual]) -> Dual:
    name = type(expr).__name__
    if name == "atan2":
        y, x = args
        square = y.value**2 + x.value**2
        return Dual(np.arctan2(y.value, x.value), (x.value * y.rate - y.value * x.rate) / square)
    if name in ("Max", "Min"):
        best = args[0]
        for other in args[1:]:
            first = best.value >= other.value if name == "Max" else best.value <= other.value
            best = Dual(
                np.where(first, best.value, other.value), np.where(first, best.rate, other.rate)
            )
        return best
    if name == "polygamma":
        order, x = args
        slope = _each(mpmath.psi)(order.value + 1, x.value)
        return Dual(_each(mpmath.psi)(order.value, x.value), slope * x.rate)
    if name == "zeta":
        s, x = args
        by_s = _each(lambda s, x: mpmath.zeta(s, x, 1))(s.value, x.value)
        by_x = -s.value * _each(mpmath.zeta)(np.add(s.value, 1), x.value)
        return Dual(_each(mpmath.zeta)(s.value, x.value), by_s * s.rate + by_x * x.rate)
    if name not in _ELEMENTARY:
        raise UnsupportedError(f"check: dual numbers know no derivative of {name}.")
    function, slope = _ELEMENTARY[name]
    (x,) = args
    value = np.asarray(x.value, dtype=float)
    return Dual(function(value), slope(value) * x.rate)


# --- primitives that are not pointwise ----------------------------------------------------------

_Rule = Callable[[Any, Sequence[Dual], Any, Mapping[sympy.Symbol, int]], Any]


def _einsum(node: Einsum, xs: Sequence[Dual], value: Any, dims: Any) -> Any:
    values = [x.value for x in xs]
    return sum(node.evaluate(dims, *values[:k], x.rate, *values[k + 1 :]) for k, x in enumerate(xs))


def _moved(node: Pull | Push | Reshape, xs: Sequence[Dual], value: Any, dims: Any) -> Any:
    return node.evaluate(dims, np.asarray(xs[0].rate, dtype=float), *(x.value for x in xs[1:]))


def _concat(node: Concat, xs: Sequence[Dual], value: Any, dims: Any) -> Any:
    return node.evaluate(dims, *(np.broadcast_to(x.rate, np.shape(x.value)) for x in xs))


def _let(node: Let, xs: Sequence[Dual], value: Any, dims: Any) -> Any:
    return xs[0].rate


def _flat(node: Reduce, x: Any) -> Array:
    """The reduced axes as one, behind the others."""
    array = np.asarray(x, dtype=float)
    kept = [a for a in range(array.ndim) if a not in node.axes]
    moved = np.transpose(array, [*kept, *node.axes])
    return moved.reshape(*moved.shape[: len(kept)], -1)


def _reduce(node: Reduce, xs: Sequence[Dual], value: Any, dims: Any) -> Any:
    x, rate = _flat(node, xs[0].value), _flat(node, xs[0].rate)
    if node.operation == "max":
        winner = np.argmax(x, axis=-1)[..., None]
        return np.take_along_axis(rate, winner, axis=-1)[..., 0]
    if node.operation == "logsumexp":
        return np.sum(np.exp(x - np.asarray(value)[..., None]) * rate, axis=-1)
    total: Any = 0.0
    for k in range(x.shape[-1]):
        total = total + np.prod(np.delete(x, k, axis=-1), axis=-1) * rate[..., k]
    return total


def _gap(node: Reduce, x: Any) -> Any:
    """How far the winner is ahead of the next."""
    flat = np.sort(_flat(node, x), axis=-1)
    return flat[..., -1] - flat[..., -2] if flat.shape[-1] > 1 else np.zeros(0)


def _inv(node: Inv, xs: Sequence[Dual], value: Any, dims: Any) -> Any:
    return -value @ xs[0].rate @ value


def _det(node: Det | LogDet, xs: Sequence[Dual], value: Any, dims: Any) -> Any:
    rate = np.trace(np.linalg.solve(xs[0].value, xs[0].rate), axis1=-2, axis2=-1)
    return rate * value if isinstance(node, Det) else rate


def _solve(node: Solve, xs: Sequence[Dual], value: Any, dims: Any) -> Any:
    a, b = xs
    column = value[..., None] if node.is_vector else value
    change = a.rate @ column
    right = b.rate - (change[..., 0] if node.is_vector else change)
    return node.evaluate(dims, a.value, right)


_RULES: dict[type[Node], _Rule] = {
    Einsum: _einsum, Pull: _moved, Push: _moved, Reshape: _moved, Concat: _concat, Let: _let,
    Reduce: _reduce, Inv: _inv, Det: _det, LogDet: _det, Solve: _solve,
}  # fmt: skip
