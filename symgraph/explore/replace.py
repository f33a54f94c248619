"""One function exchanged for another everywhere in an expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symgraph.build.arithmetic import subtract
from symgraph.build.coerce import as_node
from symgraph.errors import KindError, ShapeError, UnknownNameError
from symgraph.node import Node
from symgraph.ops import Final, Map, Scan, Trace
from symgraph.ops.body import Body
from symgraph.shapes import same_shape, shape_text
from symgraph.template import function_name
from symgraph.walks import topological

__all__ = ["replace_function"]

Function = Callable[[Any], Any]

#: Relations that hold where the difference of their sides is positive, and the order of the sides.
_POSITIVE = {"greater": (0, 1), "greater_equal": (0, 1), "less": (1, 0), "less_equal": (1, 0)}


def replace_function(expr: Any, name: str, function: Function) -> Any:
    """The expression with `function` in the place of every function called `name`, in loops too.

    `expr`: a node, or a tuple, list or dict of these. `name`: the name of a function of one
    argument as it prints: "step", "relu", "tanh". A threshold unit counts as a step however it was
    written: 1[a ≥ b] and 1[a > b] become function(a − b). Names given with `let` stay.
    Raises UnknownNameError when the function does not occur, with those that do.

    >>> import symgraph as sg
    >>> v, phi = sg.parameter("v", 3), sg.input("Φ", 3)
    >>> h = sg.let("h", sg.step(v @ phi))
    >>> soft = sg.replace_function(h, "step", sg.sigmoid)
    >>> print(sg.grad(h, v), "|", sg.grad(soft, v))
    0 | sigmoid(v @ Φ)*(1 - sigmoid(v @ Φ))*Φ
    """
    if not callable(function):
        raise KindError(f"replace_function: {function!r} is no function. Give one, as sg.sigmoid.")
    nodes = _nodes(expr)
    swap = _Swap(name, function)
    images = iter([swap.node(node) for node in nodes])
    if not swap.count:
        raise UnknownNameError(
            f"replace_function: no function is called {name!r} here; those of one argument are "
            f"{', '.join(sorted(swap.others)) or 'none'}."
        )
    return _like(expr, images)


def _nodes(expr: Any) -> list[Node]:
    if isinstance(expr, Mapping):
        return [node for part in expr.values() for node in _nodes(part)]
    if isinstance(expr, (list, tuple)):
        return [node for part in expr for node in _nodes(part)]
    return [as_node(expr, "replace_function")]


def _like(expr: Any, images: Any) -> Any:
    if isinstance(expr, Mapping):
        return {key: _like(part, images) for key, part in expr.items()}
    if isinstance(expr, (list, tuple)):
        parts = [_like(part, images) for part in expr]
        return type(expr)(*parts) if hasattr(expr, "_fields") else type(expr)(parts)
    return next(images)


class _Swap:
    """Images of nodes; those of equal nodes are equal."""

    def __init__(self, name: str, function: Function) -> None:
        self._name, self._function = name, function
        self._image: dict[Node, Node] = {}
        self.count = 0
        self.others: set[str] = set()

    def node(self, root: Node) -> Node:
        for one in topological([root]):
            if one not in self._image:
                self._image[one] = self._made(one, tuple(self._image[arg] for arg in one.args))
        return self._image[root]

    def _made(self, node: Node, args: tuple[Node, ...]) -> Node:
        argument = self._argument(node, args)
        if argument is not None:
            self.count += 1
            new = as_node(self._function(argument), "replace_function")
            if not same_shape(new.shape, node.shape):
                raise ShapeError(
                    f"replace_function: {self._name} keeps the shape {shape_text(node.shape)}, the "
                    f"new function gives {shape_text(new.shape)}. Give an entrywise function."
                )
            return new
        if isinstance(node, Scan):
            body = Body(*(tuple(map(self.node, part)) for part in node.body))
            return Scan.rebuild((body, node.length, node.backwards), args)
        if isinstance(node, Trace):
            return Trace.rebuild((self.node(node.inner),), args)
        if isinstance(node, Final) or args != node.args:
            return node.rebuild(node.params, args)
        return node

    def _argument(self, node: Node, args: Sequence[Node]) -> Node | None:
        """What the function is applied to, where the node is one."""
        if not isinstance(node, Map) or len(node.args) != 1:
            return None
        name = function_name(node.template.expr)
        self.others.add("step" if name == "iverson" else name)
        if name == self._name != "iverson":
            return args[0]
        inner = args[0]
        if name != "iverson" or self._name not in ("step", "indicator", "iverson"):
            return None
        if not isinstance(inner, Map):
            return None
        sides = _POSITIVE.get(function_name(inner.template.expr))
        return None if sides is None else _difference(*(inner.args[k] for k in sides))


def _difference(larger: Node, smaller: Node) -> Node:
    """larger − smaller, without a 0."""
    if getattr(smaller, "value", None) == 0:
        return larger
    return as_node(subtract(larger, smaller), "replace_function")
