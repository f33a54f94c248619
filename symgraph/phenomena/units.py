"""What single units do: the lines at which they decide, what they answer, how many are active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answer_calls
from symgraph.build.coerce import as_node
from symgraph.build.contract import sum as sum_all
from symgraph.draw.theme import LIGHT
from symgraph.errors import RangeError, UnknownNameError, UnsupportedError
from symgraph.evaluate import evaluate
from symgraph.grad import grad
from symgraph.graph import graph
from symgraph.node import Node
from symgraph.ops import Let, Map, Var
from symgraph.ops.let import bare
from symgraph.phenomena.pictures import COLOURS, panel_of, style
from symgraph.phenomena.table import Table
from symgraph.phenomena.values import evaluated, evaluated_over, name_of
from symgraph.printing import unicode_name
from symgraph.template import function_name
from symgraph.walks import reachable, topological, variables

__all__ = ["active_fractions", "decision_lines", "truth_table"]

Array = NDArray[Any]
Values = Mapping[Any, Any]
Span = tuple[float, float]

#: Two numbers are the same to this relative accuracy.
_SAME = 1e-9


class _Plane:
    """The two inputs of a net: two variables, or the last axis of one."""

    def __init__(self, root: Node, values: Values) -> None:
        known = {name_of(key) for key in values}
        self.free = [leaf for leaf in variables([root]) if leaf.name not in known]
        self._values = values
        shapes = [leaf.shape for leaf in self.free]
        pair = len(shapes) == 1 and len(shapes[0]) in (1, 2) and shapes[0][-1] == 2
        if not pair and shapes != [(), ()]:
            named = ", ".join(f"{leaf.name} {leaf.shape}" for leaf in self.free) or "none"
            raise UnsupportedError(
                f"decision_lines: the inputs without a value are {named}, and lines are drawn over "
                "two numbers. Give values= for the others."
            )
        names = [leaf.name for leaf in self.free]
        self.names = names if len(names) == 2 else [f"{names[0]}1", f"{names[0]}2"]

    def at(self, nodes: Sequence[Node], points: Array) -> list[Array]:
        """The values of nodes at points (count, 2), with the points first."""
        if len(self.free) == 1 and len(self.free[0].shape) == 2:
            return evaluated(nodes, {**self._values, self.free[0].name: points})
        columns = [points] if len(self.free) == 1 else points.T
        return evaluated_over(nodes, dict(zip(self.free, columns, strict=True)), self._values)


def decision_lines(
    net: Any, values: Values | None = None, spans: tuple[Span, Span] = ((-1.0, 2.0), (-1.0, 2.0))
) -> Table:
    """The line w_1 x_1 + w_2 x_2 + b = 0 at which each unit of the first layer changes sides.

    `net`: an expression of two numbers, or of pairs of them; `values`: its weights, a batch net of
    shape ("N", 2) counts as a net of pairs. The plot shows the lines over the value of the net.
    Raises UnsupportedError for other inputs, and for units that do not divide by a line.
    Source: Minsky and Papert 1969; Lippmann 1987, figure 14.

    >>> from symgraph.zoo import units
    >>> print(decision_lines(units.triangle()))
    Decision lines w₁ x₁ + w₂ x₂ + b = 0
    unit  x₁  x₂  b
    h₁     1   0  0
    h₂     0   1  0
    h₃    -1  -1  1
    """
    root = as_node(net, "decision_lines")
    plane = _Plane(root, values or {})
    found = _first_units(root, plane.free)
    if not found:
        raise UnsupportedError(
            "decision_lines: no unit σ(w·x + b) of the inputs was found. Give the output of a net."
        )
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    nets = plane.at([unit.args[0] for _, unit in found], corners)
    first, second = (unicode_name(name) for name in plane.names)
    columns: dict[str, list[Any]] = {"unit": [], first: [], second: [], "b": []}
    for (name, _), z in zip(found, nets, strict=True):
        for k, (b, right, up, both) in enumerate(z.reshape(4, -1).T):
            if abs(both - (right + up - b)) > _SAME * (1 + abs(z).max()):
                raise UnsupportedError(
                    f"decision_lines: unit {name} is no function of a sum w·x + b, and divides the "
                    "plane by no line. Ask for the plot of the net by sg.plot."
                )
            many = z[0].size > 1
            columns["unit"].append(f"{name}[{k}]" if many else name)
            for column, value in ((first, right - b), (second, up - b), ("b", b)):
                columns[column].append(float(value) + 0.0)
    drawing = partial(_lines, root, plane, spans)
    title, own = f"Decision lines w₁ {first} + w₂ {second} + b = 0", frozenset([first, second, "b"])
    return Table(title, columns, (), drawing, own | {*columns["unit"]})


def _first_units(root: Node, free: Sequence[Var]) -> list[tuple[str, Map]]:
    """The functions of one operand that see the inputs through no other such function."""
    behind: set[Node] = set()
    found: list[tuple[str, Map]] = []
    units = {unit: name for name, unit in _functions(root).items()}
    for node in topological([root]):
        if any(arg in behind for arg in node.args):
            behind.add(node)
        elif isinstance(node, Map) and node in units and set(free) & set(reachable([node])):
            behind.add(node)
            found.append((_written(units[node]), node))
    return found


def _functions(root: Node) -> dict[str, Map]:
    """The functions of one operand that bend, by the names of their values.

    One without a name is called by its function and its number among those.
    """
    order = topological([root])
    given = {bare(node): node.let_name for node in order if isinstance(node, Let) and node.let_name}
    found: dict[str, Map] = {}
    for node in order:
        if isinstance(node, Map) and len(node.args) == 1 and _bends(node):
            title = function_name(node.template.expr)
            number = 1 + sum(name.startswith(f"{title} ") for name in found)
            found[given.get(node) or f"{title} {number}"] = node
    return found


def _written(name: str) -> str:
    """A name that the user gave as a textbook writes it."""
    return name if " " in name else unicode_name(name)


def _bends(node: Map) -> bool:
    """Whether the function of the only operand is not linear."""
    (symbol,) = node.template.expr.free_symbols or (None,)
    return symbol is not None and not node.template.expr.is_polynomial(symbol)


def _lines(root: Node, plane: _Plane, spans: tuple[Span, Span], table: Table, figure: Any) -> None:
    """The lines of the units over the value of the net."""
    (low, high), (below, above) = spans
    side = 81
    x, y = np.linspace(low, high, side), np.linspace(below, above, side)
    points = np.column_stack([np.tile(x, side), np.repeat(y, side)])
    (z,) = plane.at([root], points)
    first, second = table.names[1:3]
    panel = panel_of(figure, first, second, "")
    z = z.reshape(side * side, -1)[:, 0].reshape(side, side)
    if set(np.unique(z)) <= {0.0, 1.0}:
        colours = [LIGHT.background, LIGHT.hues[0][0]]
        panel.contourf(x, y, z, levels=[-0.5, 0.5, 1.5], colors=colours)
    elif z.max() > z.min():
        figure.colorbar(panel.contourf(x, y, z, levels=14, cmap="cividis", alpha=0.75))
    for k, row in enumerate(table.rows):
        w1, w2, b = row[first], row[second], row["b"]
        look = style(k, marked=False) | {"label": row["unit"]}
        if w2:
            panel.plot(x, -(w1 * x + b) / w2, **look)
        elif w1:
            panel.plot([-b / w1] * 2, [below, above], **look)
    panel.set_xlim(low, high)
    panel.set_ylim(below, above)
    panel.legend(fontsize=9)


def truth_table(net: Any, points: Mapping[str, Sequence[Any]], of: Sequence[str] = ()) -> Table:
    """What a net answers, a row for each point; `of` names values on the way that are shown too.

    `points`: the values of the variables by name, lists of one length.
    Raises RangeError for lists of several lengths, UnknownNameError for names that do not occur.

    >>> from symgraph.zoo import units
    >>> print(truth_table(units.xor(), {"x1": [0, 0, 1, 1], "x2": [0, 1, 0, 1]}, of=["h1", "h2"]))
    Truth table
    x₁  x₂  h₁  h₂  y
     0   0   0   0  0
     0   1   1   0  1
     1   0   1   0  1
     1   1   1   1  0
    """
    root = as_node(net, "truth_table")
    counts = {len(column) for column in points.values()}
    if len(counts) != 1:
        raise RangeError(
            f"truth_table: the points are lists of {sorted(counts)} values. Give each variable a "
            "list of the same length."
        )
    drawn = graph(root)
    nodes = [drawn.vertex(name).node for name in of]
    shown_as = [*of, getattr(root, "let_name", None) or "y"]
    columns: dict[str, list[Any]] = {
        unicode_name(name): [*column] for name, column in points.items()
    }
    rows = [
        evaluate([*nodes, root], dict(zip(points, point, strict=True)))
        for point in zip(*points.values(), strict=True)
    ]
    for name, column in zip(shown_as, zip(*rows, strict=True), strict=True):
        columns[unicode_name(name)] = [_number(value) for value in column]
    return Table("Truth table", columns, (), _cells, frozenset(columns))


def _number(value: Array) -> Any:
    """One number, whole where it is whole; an array as a list."""
    if value.ndim:
        return value.round(6).tolist()
    return int(value) if float(value).is_integer() else float(value)


def _cells(table: Table, figure: Any) -> None:
    """The table as shaded cells, each with its number."""
    z = np.array([[float(x) for x in row.values()] for row in table.rows])
    panel = figure.subplots()
    panel.imshow(z, cmap="Blues", aspect="auto", alpha=0.6)
    panel.set_xticks(range(len(table.names)), table.names)
    panel.set_yticks([])
    panel.set_title(table.title, fontsize=11)
    for (i, j), value in np.ndenumerate(z):
        panel.text(j, i, f"{value:g}", ha="center", va="center")


def active_fractions(layers: Any, values: Values, of: Sequence[str] | None = None) -> Table:
    """How many entries of each layer are active, and through how many no gradient flows.

    Active are entries above 0; the slope is that of the unit's own function. `dead` counts units,
    along the last axis, that no sample activates. `layers`: an expression, in which every
    function of one operand is a layer, or those that `of` names.
    Raises UnsupportedError where there is no such layer.
    Source: Glorot, Bordes and Bengio 2011, section 3.1.

    >>> import symgraph as sg
    >>> z = sg.input("z", ("N", 2))
    >>> loss = sg.sum(sg.let("h", sg.relu(z)))
    >>> print(active_fractions(loss, {"z": [[1.0, -1.0], [-2.0, -3.0]]}))
    Active units
    layer  entries  active  fraction  slope 0  dead
    h            4       1      0.25     0.75     1
    """
    root = as_node(layers, "active_fractions")
    chosen = _chosen(root, of)
    slopes = [grad(_total(inner), inner.args[0]) for _, inner in chosen]
    found = evaluate([*(inner for _, inner in chosen), *slopes], values)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("layer", "entries", "active", "fraction", "slope 0", "dead")
    }
    for k, (name, _) in enumerate(chosen):
        value, slope = found[k], found[len(chosen) + k]
        active = value > 0
        flat = active.reshape(-1, value.shape[-1]) if value.ndim else active.reshape(1, 1)
        row = (
            _written(name), int(value.size), int(active.sum()), float(active.mean()),
            float((slope == 0).mean()), int((~flat.any(axis=0)).sum()),
        )  # fmt: skip
        for column, entry in zip(columns.values(), row, strict=True):
            column.append(entry)
    return Table("Active units", columns, (), _activity)


def _total(node: Node) -> Node:
    return sum_all(node) if node.shape else node


def _chosen(root: Node, of: Sequence[str] | None) -> list[tuple[str, Map]]:
    found = _functions(root)
    if of is None and not found:
        raise UnsupportedError(
            "active_fractions: the expression has no function of one operand, such as sg.relu(net)."
        )
    for name in of or ():
        if name not in found:
            raise UnknownNameError(
                f"active_fractions: {name!r} names no layer; there are {', '.join(found) or '0'}."
            )
    return [(name, found[name]) for name in (of if of is not None else found)]


def _activity(table: Table, figure: Any) -> None:
    """Two bars a layer: active entries, and entries that pass no gradient."""
    panel = panel_of(figure, "layer", "fraction", table.title)
    places = np.arange(len(table))
    bars = ((-0.2, "fraction", "active", "//"), (0.2, "slope 0", "no gradient", ""))
    for k, (shift, column, label, hatch) in enumerate(bars):
        panel.bar(
            places + shift, table[column], 0.36, label=label, color=COLOURS[k], hatch=hatch,
            edgecolor=LIGHT.background,
        )  # fmt: skip
    panel.set_xticks(places, table["layer"])
    panel.set_ylim(0, 1.05)
    panel.legend(fontsize=9)


answer_calls(globals(), __all__)
