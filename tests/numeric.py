"""Numbers of nodes by the reference meaning, and derivatives held against central differences.

from numeric import check_derivatives, value
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import symgraph as sg
from symgraph.node import Node
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.ops.leaves import iota
from symgraph.ops.reshape import reshape_node
from symgraph.shapes import dim_symbols, product
from symgraph.walks import reachable

Values = Mapping[Node, Any]


def sizes_of(values: Values) -> dict[Any, int]:
    """What the arrays say about the size symbols of their variables.

    >>> x = sg.input("x", ("N", 2))
    >>> sizes_of({x: np.zeros((3, 2))})
    {N: 3}
    """
    found: dict[Any, int] = {}
    for node, array in values.items():
        for size, number in zip(node.shape, np.shape(array), strict=True):
            if not isinstance(size, int) and size.is_Symbol:
                assert found.setdefault(size, number) == number, (node, size, number)
    return found


def evaluate(nodes: Sequence[Node], values: Values, **sizes: int) -> list[np.ndarray]:
    """The values of several nodes; `sizes` gives size symbols that no array fixes."""
    arrays = {node: np.asarray(array) for node, array in values.items()}
    dims = sizes_of(arrays)
    dims |= {symbol: sizes[symbol.name] for symbol in _symbols(nodes) if symbol.name in sizes}
    found = evaluate_nodes(nodes, arrays, dims)
    return [np.asarray(found[node]) for node in nodes]


def _symbols(nodes: Sequence[Node]) -> set[Any]:
    found: set[Any] = set()
    for node in reachable(nodes):
        found |= dim_symbols(node.shape)
        if node.is_loop:
            found |= dim_symbols([node.params[1]])
    return found


def value(node: Node, values: Values, **sizes: int) -> np.ndarray:
    """The value of one node.

    >>> x = sg.input("x")
    >>> value(x * x, {x: 3.0})
    array(9.)
    """
    return evaluate([node], values, **sizes)[0]


def scalar_of(node: Node) -> Node:
    """A sum over all entries of a node in which no two entries play the same part."""
    if node.shape == ():
        return node
    count = product(node.shape)
    weights = sg.cos(iota(count) * 1.0 + 1.0)
    return sg.sum(reshape_node(node, (count,)) * weights)


def check_derivatives(
    node: Node, values: Values, wrt: Sequence[Node], second: bool = True, **sizes: int
) -> None:
    """Hold gradients and Hessian-vector products against central differences.

    Each along one random direction; the differences are of the reference values.
    """
    loss = scalar_of(node)
    gradients = sg.grad(loss, list(wrt))
    generator = np.random.default_rng(7)
    directions = {x: generator.normal(size=np.shape(values[x])) for x in wrt}
    around = [_moved(values, directions, sign) for sign in (1, -1)]
    up, down = (value(loss, moved, **sizes) for moved in around)
    found = evaluate(gradients, values, **sizes)
    slope = sum(float(np.sum(g * directions[x])) for g, x in zip(found, wrt, strict=True))
    np.testing.assert_allclose(slope, (up - down) / (2 * STEP), rtol=2e-7, atol=2e-7)
    ways = [sg.input(f"way {k}", x.shape) for k, x in enumerate(wrt)]
    along = {**values, **dict(zip(ways, directions.values(), strict=True))}
    tangent = sg.jvp(loss, list(wrt), ways)
    np.testing.assert_allclose(value(tangent, along, **sizes), slope, rtol=1e-9, atol=1e-9)
    if not second:
        return
    products = sg.hvp(loss, list(wrt), ways)
    above, below = (evaluate(gradients, moved, **sizes) for moved in around)
    for got, high, low in zip(evaluate(products, along, **sizes), above, below, strict=True):
        np.testing.assert_allclose(got, (high - low) / (2 * STEP), rtol=2e-6, atol=2e-6)


STEP = 1e-5


def _moved(values: Values, directions: Values, sign: int) -> dict[Node, Any]:
    return {
        node: np.asarray(array) + (sign * STEP * directions[node] if node in directions else 0)
        for node, array in values.items()
    }


def complex_step(function: Any, at: Any) -> np.ndarray:
    """The Jacobian of a NumPy function by a step into the complex plane, exact to rounding.

    Squire and Trapp, Using complex variables to estimate derivatives of real functions, 1998.

    >>> complex_step(np.tanh, [0.0, 1.0]).round(3).tolist()
    [[1.0, 0.0], [0.0, 0.42]]
    """
    point, step = np.asarray(at, dtype=complex), 1e-30
    columns = []
    for k in np.ndindex(point.shape):
        moved = point.copy()
        moved[k] += 1j * step
        columns.append(np.imag(function(moved)) / step)
    found = np.stack(columns, axis=-1)
    return found.reshape(*np.shape(columns[0]), *point.shape)
