"""Values of nodes for given arrays, by the reference meaning of every primitive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.build.coerce import as_node
from symgraph.errors import KindError, NonFiniteError, ShapeError, UnknownNameError
from symgraph.node import Node
from symgraph.ops import Let, Var
from symgraph.shapes import Shape, bind_shape, dim_symbols, shape_text
from symgraph.walks import check_names, reachable, topological

__all__ = ["bind_sizes", "bind_values", "by_name", "evaluate", "evaluate_above"]

Array = NDArray[Any]


@overload
def evaluate(nodes: Sequence[Any], values: Mapping[Any, Any] | None = None) -> list[Array]: ...
@overload
def evaluate(nodes: Any, values: Mapping[Any, Any] | None = None) -> Array: ...
def evaluate(nodes: Any, values: Mapping[Any, Any] | None = None) -> Any:
    """The value of a node, or of each node of a list.

    `values` gives arrays for the variables, by name or by node; any other node that is given is
    taken as it is instead of being computed. Sizes such as N follow from the arrays.
    Raises UnknownNameError for a variable without a value and for a name that does not occur,
    ShapeError and KindError for an array that does not fit, NonFiniteError for a singular matrix
    where its inverse is needed.

    >>> import symgraph as sg
    >>> x = sg.input("x", "N")
    >>> sg.evaluate([sg.sum(x**2), x * 2], {"x": [1.0, 2.0]})
    [array(5.), array([2., 4.])]
    """
    many = isinstance(nodes, (list, tuple))
    roots = [as_node(node, "evaluate") for node in (nodes if many else [nodes])]
    given, dims = bind_values(roots, values or {})
    found = evaluate_above(roots, given, dims)
    arrays = [np.asarray(found[root]) for root in roots]
    return arrays if many else arrays[0]


def evaluate_above(
    roots: Sequence[Node], known: Mapping[Node, Any], dims: Mapping[sympy.Symbol, int]
) -> dict[Node, Any]:
    """The values of the roots and of what they need; nothing below a known node is looked at."""
    found: dict[Node, Any] = dict(known)
    for node in topological(roots, known):
        found[node] = _value(node, [found[arg] for arg in node.args], dims)
    return found


def _value(node: Node, xs: Sequence[Any], dims: Mapping[sympy.Symbol, int]) -> Any:
    if isinstance(node, Var):
        raise UnknownNameError(
            f"evaluate: {_title(node)} of shape {shape_text(node.shape)} has no value. "
            f"Give one by its name, for example {{{node.name!r}: ...}}."
        )
    try:
        return node.evaluate(dims, *xs)
    except np.linalg.LinAlgError as error:
        raise NonFiniteError(
            f"evaluate: {node} needs the inverse of a matrix of shape {np.shape(xs[0])}, and that "
            "matrix is singular. Look at the data, or add a multiple of the identity to it."
        ) from error


def by_name(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """Values by the names of their variables: some can be replaced, and names stay when a loop is
    written out."""
    return {
        key.name if isinstance(key, (Var, sympy.Symbol)) else key: value
        for key, value in values.items()
    }


def bind_values(
    roots: Sequence[Node], values: Mapping[Any, Any]
) -> tuple[dict[Node, Array], dict[sympy.Symbol, int]]:
    """Arrays by node and sizes by symbol, checked against shapes and kinds."""
    named: dict[str, Node] = {}
    inside = reachable(roots)
    for node in topological(roots):
        if isinstance(node, Let) and node.let_name:
            named[node.let_name] = node
    named |= check_names(roots)  # a variable wins over a named value
    given: dict[Node, Array] = {}
    if not isinstance(values, Mapping):
        raise KindError(
            f"evaluate: values={values!r} says not what has them. "
            "Write a dict of names, for example {'x': 2.0}."
        )
    for key, value in values.items():
        node = _node_of(key, named, inside)
        given[node] = _array(value, node)
    return given, bind_sizes({node: array.shape for node, array in given.items()})


def _node_of(key: Any, named: Mapping[str, Node], inside: set[Node]) -> Node:
    if isinstance(key, sympy.Symbol):
        key = key.name
    if isinstance(key, str):
        if key not in named:
            raise UnknownNameError(
                f"evaluate: {key!r} has a value and does not occur in the expression. "
                f"Its names are {', '.join(named) or 'none'}."
            )
        return named[key]
    node = as_node(key, "evaluate")
    if node not in inside:
        raise UnknownNameError(
            f"evaluate: {node} has a value and does not occur in the expression. "
            "Give values for nodes that it is made of."
        )
    return node


def _title(node: Node) -> str:
    if isinstance(node, Var):
        return f"variable {node.name!r}"
    name = getattr(node, "let_name", None)
    return f"value {name!r}" if name else f"node {node}"


def _array(value: Any, node: Node) -> Array:
    """The array as numbers of the node's kind."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise KindError(
            f"evaluate: {_title(node)} has shape {shape_text(node.shape)}, and the value given is "
            f"no array: {error}. Give rows of one length."
        ) from error
    wanted = {"real": "biuf", "integer": "biu", "boolean": "b"}[node.kind]
    if array.dtype.kind == "f" and node.kind == "integer" and np.all(array == np.floor(array)):
        array = array.astype(np.int64)
    if array.dtype.kind not in wanted:
        raise KindError(
            f"evaluate: {_title(node)} is {node.kind}, and the array given has dtype "
            f"{array.dtype}. Convert it, for example with np.asarray(a, dtype=...)."
        )
    if array.ndim != node.ndim:
        raise ShapeError(
            f"evaluate: {_title(node)} has shape {shape_text(node.shape)}, and the array given "
            f"{array.shape}. Give an array with {node.ndim} axes."
        )
    return array.astype(np.float64) if node.kind == "real" else array


def bind_sizes(shapes: Mapping[Node, tuple[int, ...]]) -> dict[sympy.Symbol, int]:
    """The sizes that the shapes of arrays fix.

    Raises ShapeError when two arrays, or an array and its declaration, disagree.
    """
    dims: dict[sympy.Symbol, int] = {}
    source: dict[sympy.Symbol, Node] = {}
    for node, shape in shapes.items():
        for size, n in zip(node.shape, shape, strict=True):
            if isinstance(size, sympy.Symbol) and dims.setdefault(size, n) != n:
                raise ShapeError(
                    f"evaluate: size {size} is {dims[size]} in {_title(source[size])} and {n} in "
                    f"{_title(node)}. Give arrays that agree."
                )
            if isinstance(size, sympy.Symbol):
                source.setdefault(size, node)
    for node, shape in shapes.items():
        _check_shape(node, shape, dims)
    return dims


def _check_shape(node: Node, shape: tuple[int, ...], dims: dict[sympy.Symbol, int]) -> None:
    """The declared sizes as numbers equal the given ones; a size such as 2*K fixes K."""
    for size, n in zip(node.shape, shape, strict=True):
        unknown = dim_symbols([size]) - set(dims)
        if len(unknown) == 1:
            (symbol,) = unknown
            rest = sympy.sympify(size).xreplace({one: sympy.Integer(k) for one, k in dims.items()})
            found = [k for k in sympy.solve(rest - n, symbol) if k.is_Integer and k >= 0]
            if len(found) == 1:
                dims[symbol] = int(found[0])
    wanted: Shape = bind_shape(node.shape, dims)
    if wanted != shape:
        here = "" if wanted == node.shape else f" (here {shape_text(wanted)})"
        raise ShapeError(
            f"evaluate: {_title(node)} has shape {shape_text(node.shape)}{here}, and the array "
            f"given {shape}. Give an array of that shape."
        )
