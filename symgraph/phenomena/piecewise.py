"""Piecewise linear networks of one number: their pieces, and how far they are from a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.answers import answer_calls
from symgraph.build.coerce import as_node
from symgraph.draw.theme import LIGHT
from symgraph.errors import RangeError, UnsupportedError
from symgraph.node import Node
from symgraph.ops import Einsum, Let, Map, Pull, Reshape, Var
from symgraph.ops.concat import Concat
from symgraph.phenomena.pictures import COLOURS
from symgraph.phenomena.table import Table
from symgraph.phenomena.values import evaluated_over, name_of
from symgraph.scalar import slot
from symgraph.template import function_name
from symgraph.walks import topological, variables

__all__ = ["approximation_error", "linear_pieces"]

Array = NDArray[Any]
Values = Mapping[Any, Any]
Span = tuple[float, float]

#: Pieces whose slopes differ by less than this are one, and so are knots this near.
_SAME = 1e-11
#: Where a target's slope is no polynomial, its crossings are looked for between so many points.
_SAMPLES = 65


class _Net(NamedTuple):
    """A network of one number: where the number goes in, and what bends."""

    root: Node
    place: Var
    values: Values
    bends: tuple[Node, ...]

    def at(self, nodes: Sequence[Node], points: Array) -> list[Array]:
        """The values of nodes at points, with the points first."""
        column = points.reshape(-1, *_sizes(self.place))
        return evaluated_over(nodes, {self.place: column}, self.values)

    def value(self, points: Array) -> Array:
        (found,) = self.at([self.root], points)
        return found.reshape(len(points))


def _sizes(place: Var) -> tuple[int, ...]:
    return (1,) * len(place.shape)


def linear_pieces(net: Any, span: Span, values: Values | None = None) -> Table:
    """The pieces of a network of one number that is piecewise linear, each a row.

    `net`: an expression of sums, products with weights, and relu, leaky_relu, abs, maximum or
    minimum of them; `values`: its weights. The knots are exact but for rounding, in any depth:
    between the knots of one layer the next one's inputs are lines.
    Raises UnsupportedError for what is not piecewise linear, or not of one number.
    Source: Montufar, Pascanu, Cho and Bengio 2014, section 2.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(linear_pieces(sg.relu(x) - sg.relu(2 * x - 1), (-1, 2)))
    Linear pieces
    from   to  slope  intercept
      -1    0      0          0
       0  0.5      1          0
     0.5    2     -1          1
    """
    read = _read(net, values or {})
    low, high = _checked(span)
    knots = _knots(read, low, high)
    columns: dict[str, list[float]] = {"from": [], "to": [], "slope": [], "intercept": []}
    heights = read.value(knots)
    for k in range(len(knots) - 1):
        slope = (heights[k + 1] - heights[k]) / (knots[k + 1] - knots[k])
        if columns["slope"] and abs(slope - columns["slope"][-1]) < _SAME * (1 + abs(slope)):
            columns["to"][-1] = float(knots[k + 1])
            continue
        row = (knots[k], knots[k + 1], _clean(slope), _clean(heights[k] - slope * knots[k]))
        for column, entry in zip(columns.values(), row, strict=True):
            column.append(float(entry))
    return Table("Linear pieces", columns, (), partial(_drawn, None))


def approximation_error(
    net: Any, target: Callable[[Any], Any], spans: Sequence[Span], values: Values | None = None
) -> Table:
    """The largest distance between a piecewise linear network and a function, on each span.

    `target`: a function of a SymPy symbol, such as `lambda x: x**3`. On a piece the distance is
    largest at an end or where the slopes agree, and all of these are looked at: nothing is
    sampled where the target's derivative is a polynomial.
    Raises UnsupportedError as `linear_pieces`, RangeError for spans that are none.
    Source: Cybenko 1989; Hornik 1991, for what can be reached.

    >>> from symgraph.zoo import networks
    >>> cubic = lambda x: x**3 + x**2 - x - 1
    >>> print(approximation_error(networks.six_relus(), cubic, [(-1.5, 1.5), (-2, 2)]))
    Largest error of a piecewise linear network
    from   to  error  at
    -1.5  1.5    0.3   1
      -2    2    2.3   2
    """
    x = sympy.Symbol("x", real=True)
    wanted = sympy.sympify(target(x))
    columns: dict[str, list[float]] = {"from": [], "to": [], "error": [], "at": []}
    if not spans:
        raise RangeError("approximation_error: there are no spans. Give (from, to).")
    for span in spans:
        pieces = linear_pieces(net, span, values).rows
        error, at = max((_worst(wanted, x, piece) for piece in pieces), key=lambda pair: pair[0])
        row = (*_checked(span), _clean(error), _clean(at))
        for column, entry in zip(columns.values(), row, strict=True):
            column.append(float(entry))
    widest = (min(columns["from"]), max(columns["to"]))
    drawing = partial(_drawn, (wanted, x, linear_pieces(net, widest, values)))
    return Table("Largest error of a piecewise linear network", columns, (), drawing)


def _checked(span: Span) -> Span:
    low, high = map(float, span)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise RangeError(f"linear_pieces: the span {span!r} is not (from, to) with from below to.")
    return low, high


def _clean(number: float) -> float:
    """Without the rounding in the last places, which differences bring in; no negative zero."""
    return round(float(number), 12) + 0.0


def _read(net: Any, values: Values) -> _Net:
    """The network with its kinks. Raises UnsupportedError where it is not piecewise linear."""
    root = as_node(net, "linear_pieces")
    known = {name_of(key) for key in values}
    free = [leaf for leaf in variables([root]) if leaf.name not in known]
    if len(free) != 1 or any(size == 0 for size in root.shape):
        named = ", ".join(leaf.name for leaf in free) or "none"
        raise UnsupportedError(
            f"linear_pieces: the variables without a value are {named}, and a net of one number is "
            "cut into pieces. Give values= for the others."
        )
    moving: set[Node] = {free[0]}
    bends: list[Node] = []
    for node in topological([root]):
        used = [k for k, arg in enumerate(node.args) if arg in moving]
        if not used:
            continue
        moving.add(node)
        bend = _bend(node, used)
        if bend is not None:
            bends.append(bend)
    return _Net(root, free[0], values, tuple(bends))


def _bend(node: Node, used: Sequence[int]) -> Node | None:
    """What is 0 where the node bends; None where it is linear in the operands `used`."""
    if isinstance(node, (Let, Reshape, Pull, Concat)):
        return None
    if isinstance(node, Einsum) and len(used) == 1:
        return None
    if isinstance(node, Map):
        expr = node.template.expr
        title = function_name(expr)
        plain = getattr(expr, "args", ())[: len(used)] == tuple(slot(k) for k in used)
        if plain and title in ("relu", "leaky_relu", "abs"):
            return node.args[used[0]]
        if title in ("maximum", "minimum"):
            return node.args[0] - node.args[1]
        symbols = [slot(k) for k in used]
        if expr.is_polynomial(*symbols) and sympy.Poly(expr, *symbols).total_degree() <= 1:
            return None
    raise UnsupportedError(
        f"linear_pieces: {node} is not piecewise linear. Use relu, leaky_relu, abs, maximum or "
        "minimum of sums."
    )


def _knots(net: _Net, low: float, high: float) -> Array:
    """The ends of all pieces: between those known so far the next kink's inputs are lines."""
    knots = np.array([low, high])
    for bend in net.bends:
        (found,) = net.at([bend], knots)
        heights = found.reshape(len(knots), -1)
        before, after = heights[:-1], heights[1:]
        crossing = (before * after < 0) & (before != after)
        rows, columns = np.nonzero(crossing)
        first, second = before[rows, columns], after[rows, columns]
        new = knots[rows] + (knots[rows + 1] - knots[rows]) * (first / (first - second))
        knots = np.unique(np.concatenate([knots, new]))
        apart = np.diff(knots) > _SAME * (high - low)
        knots = knots[np.concatenate([[True], apart])]
        knots[-1] = high
    return knots


def _worst(target: Any, x: Any, piece: Mapping[str, float]) -> tuple[float, float]:
    """The largest distance on a piece, and where it is."""
    low, high = piece["from"], piece["to"]
    slope = sympy.Float(piece["slope"], 17)
    places = [low, high, *_crossings(sympy.diff(target, x) - slope, x, low, high)]
    distance = sympy.lambdify(x, target - (slope * x + piece["intercept"]), "math")
    return max(((abs(distance(at)), at) for at in places), key=lambda pair: pair[0])


def _crossings(difference: Any, x: Any, low: float, high: float) -> list[float]:
    """Where an expression is 0 between two numbers."""
    if difference.is_polynomial(x):
        roots = np.roots([float(c) for c in sympy.Poly(difference, x).all_coeffs()])
        real = roots[np.abs(roots.imag) < 1e-9].real
        return [float(at) for at in real if low < at < high]
    value = sympy.lambdify(x, difference, "math")
    points = np.linspace(low, high, _SAMPLES)
    heights = [value(at) for at in points]
    found = []
    for k in range(_SAMPLES - 1):
        left, right = float(points[k]), float(points[k + 1])
        if heights[k] * heights[k + 1] < 0:
            for _ in range(60):
                middle = (left + right) / 2
                left, right = (middle, right) if value(middle) * heights[k] > 0 else (left, middle)
            found.append((left + right) / 2)
    return found


def _drawn(against: tuple[Any, Any, Table] | None, table: Table, figure: Any) -> None:
    """The network with its knots; with a target, that and the difference below."""
    pieces = table if against is None else against[2]
    knots = np.array([*pieces["from"], pieces["to"][-1]])
    lines = zip(pieces["slope"], pieces["intercept"], pieces["from"], strict=True)
    heights = [slope * at + intercept for slope, intercept, at in lines]
    last = pieces.rows[-1]
    heights.append(last["slope"] * last["to"] + last["intercept"])
    if against is None:
        panels = [figure.subplots()]
    else:
        panels = figure.subplots(2, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    panels[0].plot(knots, heights, "o-", color=COLOURS[0], markersize=4, label="network")
    panels[0].set_title(table.title, fontsize=11)
    if against is not None:
        x = np.linspace(knots[0], knots[-1], 401)
        y = np.array([float(v) for v in map(sympy.lambdify(against[1], against[0], "math"), x)])
        panels[0].plot(x, y, "--", color=COLOURS[1], label="target")
        panels[1].plot(x, np.interp(x, knots, heights) - y, color=COLOURS[2])
        panels[1].axhline(0.0, color=LIGHT.muted, linewidth=0.8)
        panels[1].set_ylabel("difference")
    panels[-1].set_xlabel("x")
    for panel in panels:
        panel.grid(True, color=LIGHT.groups["module"].stroke, linewidth=0.6)
    panels[0].legend(fontsize=9)


answer_calls(globals(), __all__)
