"""Optimizers on one surface: where each is after some steps; and the surface itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answer_calls
from symgraph.build.coerce import as_node
from symgraph.codegen.program import compile
from symgraph.draw.theme import LIGHT
from symgraph.errors import GradientError, RangeError, UnknownNameError
from symgraph.grad import grad
from symgraph.node import Node
from symgraph.ops import Var
from symgraph.phenomena.depth import checked_counts
from symgraph.phenomena.pictures import curves, panel_of, style
from symgraph.phenomena.table import Table
from symgraph.rounding import shown
from symgraph.train.initialise import start_value
from symgraph.train.optim import SGD, Adagrad, Adam, Momentum, Nesterov, Optimizer, RMSprop
from symgraph.walks import variables

__all__ = ["compare_optimizers", "error_surface"]

Array = NDArray[Any]
Path = dict[str, Array]

#: How often the place of a wall is halved: to the last places of a double.
_HALVINGS = 50
#: Points along each side of a surface under the ways of optimizers.
_SIDE = 61
#: A way that reaches so many times as far as most of it leaps out of the picture.
_LEAP = 20.0

#: The methods that lectures compare, with rates that suit a quadratic.
OPTIMIZERS: dict[str, Optimizer] = {
    "SGD": SGD(0.05), "momentum": Momentum(0.01), "Nesterov": Nesterov(0.01),
    "Adagrad": Adagrad(0.1, eps=1e-8), "RMSprop": RMSprop(0.01, rho=0.9), "Adam": Adam(0.01),
}  # fmt: skip


def compare_optimizers(
    loss: Any,
    start: Mapping[Any, Any],
    optimizers: Mapping[str, Optimizer] | None = None,
    steps: Sequence[int] = (0, 1, 10, 100),
    values: Mapping[Any, Any] | None = None,
) -> Table:
    """Where optimizers are after some steps from one start, and the loss there.

    `start`: the variables that move and where, by name; `values`: those that stay. The gradient is
    that of the whole loss: nothing is drawn at random. An optimizer with `clip_norm` shows what
    clipping does at a wall. Nesterov's point is the one that lies ahead, see `sg.optim.Nesterov`.
    Raises UnknownNameError for names that do not occur, GradientError for a loss that is no number.

    >>> import symgraph as sg
    >>> x, y = sg.input("x"), sg.input("y")
    >>> quadratic = (10 * x**2 + y**2) / 2
    >>> print(compare_optimizers(quadratic, {"x": 1.0, "y": 1.0}, {"SGD": sg.optim.SGD(0.05)}))
    Optimizers from the same start
    optimizer  step            x           y         loss
    SGD           0            1           1          5.5
    SGD           1          0.5        0.95      1.70125
    SGD          10  0.000976562    0.598737     0.179248
    SGD         100  7.88861e-31  0.00592053  1.75263e-05
    SGD: the smallest loss after 100 steps.
    """
    root, places = _places(loss, start, "compare_optimizers")
    listed = checked_counts([s for s in steps if s != 0] or [1], "compare_optimizers: steps")
    counted = (0, *listed) if 0 in steps else listed
    given = OPTIMIZERS if optimizers is None else optimizers
    if not given:
        raise RangeError("compare_optimizers: there are no optimizers. Give one by its name.")
    paths = {
        name: _path(root, places, start, values or {}, one, counted[-1])
        for name, one in given.items()
    }
    rows: dict[str, list[Any]] = {"optimizer": [], "step": []}
    rows |= {leaf.name: [] for leaf in places} | {"loss": []}
    for name, path in paths.items():
        for step in counted:
            rows["optimizer"].append(name)
            rows["step"].append(step)
            for column, found in path.items():
                at = found[step]
                rows[column].append(float(at) if at.ndim == 0 else at.round(6).tolist())
    last = {name: float(path["loss"][-1]) for name, path in paths.items()}
    best = min(last, key=lambda name: (np.isnan(last[name]), last[name]))
    note = f"{best}: the smallest loss after {counted[-1]} steps."
    flat = len(places) == 2 and not any(leaf.shape for leaf in places)
    drawing = partial(_paths_on_surface if flat else _losses, root, values or {}, paths)
    own = frozenset([*paths, *(leaf.name for leaf in places)])
    return Table("Optimizers from the same start", rows, (note,), drawing, own)


def _places(loss: Any, names: Mapping[Any, Any], where: str) -> tuple[Node, list[Var]]:
    """The expression, and the variables of these names in it."""
    root = as_node(loss, where)
    if root.shape:
        raise GradientError(f"{where}: the expression has shape {root.shape}; give one number.")
    known = {leaf.params[0]: leaf for leaf in variables([root])}
    found: list[Var] = []
    for key in names:
        name = key.params[0] if isinstance(key, Var) else str(key)
        if name not in known:
            raise UnknownNameError(
                f"{where}: {name!r} is no variable; there are {', '.join(known)}."
            )
        found.append(known[name])
    if not found:
        raise UnknownNameError(f"{where}: no variable is given. There are {', '.join(known)}.")
    return root, found


def _path(
    root: Node, places: Sequence[Var], start: Mapping[Any, Any], values: Mapping[Any, Any],
    optimizer: Optimizer, steps: int,
) -> Path:  # fmt: skip
    """The variables and the loss after 0, 1, ... steps."""
    slopes = grad(root, list(places))
    updates = optimizer.updates(dict(zip(places, slopes, strict=True)))
    moving = [node for node in updates if isinstance(node, Var)]
    at = {node.name: np.asarray(start_value(node)) for node in moving if node not in places}
    at |= {leaf.name: np.asarray(_of(start, leaf), dtype=float) for leaf in places}
    fixed = [leaf for leaf in variables([root, *updates.values()]) if leaf not in moving]
    program = compile([*moving, *fixed], [root, *(updates[node] for node in moving)])
    known = {**values, **optimizer.rates}
    constant = [_of(known, leaf) for leaf in fixed]
    path: dict[str, list[Array]] = {name: [] for name in (*(p.name for p in places), "loss")}
    for _ in range(steps + 1):
        loss, *moved = program(*(at[node.name] for node in moving), *constant)
        for leaf in places:
            path[leaf.name].append(at[leaf.name])
        path["loss"].append(np.asarray(loss))
        at = {node.name: np.asarray(new) for node, new in zip(moving, moved, strict=True)}
    return {name: np.array(found) for name, found in path.items()}


def _of(values: Mapping[Any, Any], leaf: Var) -> Any:
    for key in (leaf, leaf.name):
        if key in values:
            return values[key]
    raise UnknownNameError(f"phenomena: {leaf.name} has no value. Give it in values=.")


def error_surface(
    loss: Any,
    spans: Mapping[Any, tuple[float, float]],
    values: Mapping[Any, Any] | None = None,
    points: int = 41,
) -> Table:
    """A loss over two of its variables, with the length of its gradient, and its steepest place.

    `spans`: the two variables, each {name: (from, to)}; `points`: along each side. A wall may be
    far thinner than the grid: between the neighbours that differ most the steepest place is
    narrowed down by bisection. Its gradient and the usual one, the median, stand in the note.
    Raises RangeError for other than two scalar variables, or fewer than two points.
    Source: Pascanu, Mikolov and Bengio 2013, figure 6.

    >>> from symgraph.zoo import recurrent
    >>> wall = error_surface(recurrent.wall().loss, {"w": (5, 7), "b": (-4, -2)}, points=21)
    >>> len(wall), wall.names
    (441, ['w', 'b', 'E', '|grad|'])
    """
    root, places = _places(loss, spans, "error_surface")
    if len(places) != 2 or any(leaf.shape for leaf in places):
        named = ", ".join(f"{leaf.name} {leaf.shape}" for leaf in places)
        raise RangeError(f"error_surface: over {named}; give the spans of two single numbers.")
    if points < 2:
        raise RangeError(f"error_surface: points={points}; write a whole number from 2.")
    (low, high), (below, above) = spans.values()
    surface = _Surface(root, places, values or {})
    grid = _grid((low, high), (below, above), points)
    height, slope = surface.at(grid)
    first, second = (leaf.name for leaf in places)
    columns: dict[str, list[Any]] = {first: grid[:, 0].tolist(), second: grid[:, 1].tolist()}
    columns[getattr(root, "let_name", None) or "loss"] = height.tolist()
    columns["|grad|"] = slope.tolist()
    steepest, length = surface.steepest(grid, height, slope, points)
    x, y = (shown(float(value), 6) for value in steepest)
    usual = shown(float(np.nanmedian(slope)), 4)
    note = (
        f"The gradient is longest, {shown(length, 4)}, at {first} = {x}, {second} = {y}; "
        f"its median is {usual}."
    )
    own = frozenset([*columns][:3])
    return Table("Error surface", columns, (note,), partial(_surface, steepest), own)


def _grid(across: tuple[float, float], upwards: tuple[float, float], side: int) -> Array:
    """Points (side², 2), the second coordinate runs faster."""
    x, y = np.linspace(*across, side), np.linspace(*upwards, side)
    return np.column_stack([np.repeat(x, side), np.tile(y, side)])


class _Surface:
    """A loss and the length of its gradient as functions of two variables."""

    def __init__(self, root: Node, places: Sequence[Var], values: Mapping[Any, Any]) -> None:
        fixed = [leaf for leaf in variables([root]) if leaf not in places]
        self._program = compile([*places, *fixed], [root, *grad(root, list(places))])
        self._constant = [_of(values, leaf) for leaf in fixed]

    def at(self, points: Array) -> tuple[Array, Array]:
        """The heights, and the lengths of the gradient, at points (count, 2)."""
        found = np.array([self._program(*point, *self._constant) for point in points], dtype=float)
        return found[:, 0], np.hypot(found[:, 1], found[:, 2])

    def steepest(self, grid: Array, height: Array, slope: Array, side: int) -> tuple[Array, float]:
        """Where the gradient is longest: on the grid, or at the largest jump between its points."""
        index = np.arange(side * side).reshape(side, side)
        pairs = np.concatenate([
            np.column_stack([index[:-1].ravel(), index[1:].ravel()]),
            np.column_stack([index[:, :-1].ravel(), index[:, 1:].ravel()]),
        ])  # fmt: skip
        jumps = np.abs(height[pairs[:, 0]] - height[pairs[:, 1]])
        near, far = (grid[k] for k in pairs[int(np.nanargmax(jumps))])
        best = int(np.nanargmax(slope))
        place, length = grid[best], float(slope[best])
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            heights, slopes = self.at(np.array([near, middle, far]))
            if slopes[1] > length:
                place, length = middle, float(slopes[1])
            in_first_half = abs(heights[1] - heights[0]) >= abs(heights[2] - heights[1])
            near, far = (near, middle) if in_first_half else (middle, far)
        return place, length


def _surface(steepest: Array, table: Table, figure: Any) -> None:
    """Contours of the height, and the place where the gradient is longest."""
    across, upwards, height, _ = table.names
    x, y = np.unique(table[across]), np.unique(table[upwards])
    z = np.reshape(table[height], (len(x), len(y))).T
    panel = panel_of(figure, across, upwards, table.title)
    drawn = panel.contourf(x, y, z, levels=14, cmap="cividis", alpha=0.8)
    figure.colorbar(drawn, label=height)
    label = "longest gradient"
    panel.plot(*steepest, "*", color=LIGHT.backward, markersize=12, label=label)
    panel.legend(fontsize=9, loc="best")


def _paths_on_surface(
    root: Node, values: Mapping[Any, Any], paths: Mapping[str, Path], table: Table, figure: Any
) -> None:
    """The way of each optimizer over the contours of the loss."""
    across, upwards = table.names[2:4]
    ends = [_ends(np.concatenate([path[name] for path in paths.values()]))
            for name in (across, upwards)]  # fmt: skip
    leaves = {leaf.params[0]: leaf for leaf in variables([root])}
    grid = _grid(ends[0], ends[1], _SIDE)
    height, _ = _Surface(root, [leaves[across], leaves[upwards]], values).at(grid)
    x, y = grid[:, 0], grid[:, 1]
    panel = panel_of(figure, across, upwards, table.title)
    z = height.reshape(_SIDE, _SIDE).T
    drawn = panel.contourf(np.unique(x), np.unique(y), z, levels=14, cmap="Greys", alpha=0.45)
    figure.colorbar(drawn, label="loss")
    for k, (name, path) in enumerate(paths.items()):
        few = len(path["loss"]) <= 200
        panel.plot(path[across], path[upwards], label=name, linewidth=1.1, **style(k, few))
    panel.set_xlim(*ends[0])
    panel.set_ylim(*ends[1])
    panel.legend(fontsize=9)


def _ends(seen: Array) -> tuple[float, float]:
    """What is shown of a coordinate: all of the ways, or most of them where one leaps away."""
    seen = seen[np.isfinite(seen)]
    low, high = float(seen.min()), float(seen.max())
    inner, outer = (float(q) for q in np.quantile(seen, [0.05, 0.95]))
    if high - low > _LEAP * max(outer - inner, 1e-12):
        low, high = inner, outer
    margin = 0.1 * max(high - low, 1e-3)
    return low - margin, high + margin


def _losses(
    root: Node, values: Mapping[Any, Any], paths: Mapping[str, Path], table: Table, figure: Any
) -> None:
    """The loss of each optimizer over its steps."""
    count = len(next(iter(paths.values()))["loss"])
    columns: dict[str, Any] = {
        "step": range(count),
        **{name: path["loss"] for name, path in paths.items()},
    }
    curves(Table(table.title, columns, own=table.own), figure, names=list(paths), upwards="loss")


answer_calls(globals(), __all__)
