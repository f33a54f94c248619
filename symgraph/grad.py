"""Derivatives of nodes: gradients, vector-Jacobian and Jacobian-vector products, Jacobians,
Hessians. Every result is again a node, so derivatives of derivatives need nothing else.

Kinks have stated derivatives (see `symgraph.scalar`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from symgraph.build.coerce import as_node
from symgraph.errors import GradientError, ShapeError
from symgraph.node import Node, check_names, describe, reachable
from symgraph.ops.einsum import folded_einsum
from symgraph.ops.leaves import fill
from symgraph.ops.loop import local
from symgraph.ops.sweep import Adjoints, batched_roots, forward, reverse
from symgraph.shapes import Dim, product, same_shape, shape_text

__all__ = ["adjoints", "grad", "hessian", "hvp", "jacobian", "jvp", "vjp"]


def _check_source(root: Sequence[Node], source: Any, nodes: set[Node]) -> Node:
    if not isinstance(source, Node):
        raise GradientError(
            f"grad: {source!r} is no node; differentiate by an input, a parameter or another node "
            "of the graph."
        )
    if source.kind != "real":
        raise GradientError(
            f"grad: {describe(source)} is {source.kind}; only real values have derivatives. "
            "Declare it without kind= if it is real."
        )
    if source not in nodes:
        raise GradientError(
            f"grad: {describe(source)} does not occur in {describe(root[0])}. "
            "Differentiate by a node that the expression is made of."
        )
    return source


def _as_roots(expr: Any, sources: Any) -> tuple[Node, list[Node]]:
    root = as_node(expr, "grad")
    given = sources if isinstance(sources, (list, tuple)) else [sources]
    nodes = reachable([root])
    checked = [_check_source([root], as_node(one, "grad"), nodes) for one in given]
    check_names([root])
    return root, checked


def _ct_for(root: Node, cotangent: Any) -> Node:
    if root.kind != "real":
        raise GradientError(
            f"grad: {describe(root)} is {root.kind}; only real values have derivatives."
        )
    if cotangent is None:
        if root.shape != ():
            raise GradientError(
                f"grad: {describe(root)} has shape {shape_text(root.shape)} and no cotangent. "
                "Reduce it to a scalar (sg.sum, sg.mean), give cotangent=, or use sg.jacobian."
            )
        return fill(1, (), "real")
    ct = as_node(cotangent, "cotangent")
    if not same_shape(ct.shape, root.shape):
        raise ShapeError(
            f"grad: the cotangent has shape {shape_text(ct.shape)}, {describe(root)} has "
            f"{shape_text(root.shape)}. Give a cotangent of that shape."
        )
    return ct


def adjoints(expr: Any, wrt: Sequence[Node] | None = None, cotangent: Any = None) -> Adjoints:
    """One reverse sweep with everything it finds: every cotangent, every edge's contribution.

    `wrt` limits the sweep; None takes all real leaves.
    """
    root = as_node(expr, "adjoints")
    return reverse({root: _ct_for(root, cotangent)}, None if wrt is None else set(wrt))


@overload
def grad(expr: Any, wrt: Node, cotangent: Any = None) -> Node: ...
@overload
def grad(expr: Any, wrt: Sequence[Node], cotangent: Any = None) -> list[Node]: ...
def grad(expr: Any, wrt: Any, cotangent: Any = None) -> Any:
    """The gradient of a scalar by one node or by several, in one reverse sweep.

    `cotangent` (of the shape of `expr`, default 1 for a scalar) is the derivative that arrives at
    `expr`. The result has the shape of `wrt`. What a `stop_gradient` hides has gradient 0.
    Raises GradientError for a non-scalar without cotangent and for a node that does not occur.

    >>> import symgraph as sg
    >>> x, w = sg.input("x"), sg.parameter("w")
    >>> print(sg.grad(w * x**2, x))
    2*w*x
    """
    root, sources = _as_roots(expr, wrt)
    found = reverse({root: _ct_for(root, cotangent)}, set(sources)).cotangent
    results = [found.get(s, None) or fill(0, s.shape, "real") for s in sources]
    return results if isinstance(wrt, (list, tuple)) else results[0]


def vjp(expr: Any, wrt: Any, cotangent: Any) -> Any:
    """The vector-Jacobian product: `grad` with a cotangent that must be given."""
    return grad(expr, wrt, as_node(cotangent, "cotangent"))


def jvp(expr: Any, wrt: Any, tangent: Any) -> Node:
    """The Jacobian-vector product: the change of `expr` when `wrt` moves along `tangent`.

    `wrt` and `tangent` are a node and a value of its shape, or two lists of these.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.jvp(sg.sin(x), x, 2.0))
    2*cos(x)
    """
    root, sources = _as_roots(expr, wrt)
    given = tangent if isinstance(wrt, (list, tuple)) else [tangent]
    if len(given) != len(sources):
        raise GradientError(
            f"jvp: {len(sources)} nodes and {len(given)} tangents; give one tangent a node."
        )
    seeds: dict[Node, Node] = {}
    for source, one in zip(sources, given, strict=True):
        direction = as_node(one, "tangent")
        if not same_shape(direction.shape, source.shape):
            raise ShapeError(
                f"jvp: the tangent of {describe(source)} has shape {shape_text(direction.shape)}, "
                f"the node {shape_text(source.shape)}. Give a tangent of that shape."
            )
        seeds[source] = direction
    return forward([root], seeds).get(root, fill(0, root.shape, "real"))


def hvp(expr: Any, wrt: Any, vector: Any) -> Any:
    """The Hessian of a scalar times a vector, forward over reverse; never forms the Hessian.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.hvp(x**3, x, 1.0))
    6*x
    """
    many = isinstance(wrt, (list, tuple))
    sources = list(wrt) if many else [wrt]
    gradients = grad(expr, sources)
    vectors = list(vector) if many else [vector]
    live = [(s, v) for s, v in zip(sources, vectors, strict=True)]
    results = []
    for gradient in gradients:
        inside = reachable([gradient])
        pairs = [(s, v) for s, v in live if s in inside]
        if pairs:
            results.append(jvp(gradient, [s for s, _ in pairs], [v for _, v in pairs]))
        else:
            results.append(fill(0, gradient.shape, "real"))
    return results if many else results[0]


def jacobian(expr: Any, wrt: Node) -> Node:
    """All partial derivatives: shape (*shape of expr, *shape of wrt).

    >>> import symgraph as sg
    >>> x, A = sg.input("x", 3), sg.input("A", (2, 3))
    >>> sg.jacobian(A @ x, x).shape
    (2, 3)
    """
    root, (source,) = _as_roots(expr, wrt)
    if root.shape == ():
        return grad(root, source)
    size = product(root.shape)
    ct = local(root, "ct")
    found = reverse({root: ct}, {source}).cotangent.get(source)
    if found is None:
        return fill(0, (*root.shape, *source.shape), "real")
    flat = batched_roots([found], {ct: _basis(root.shape, size)}, size)[0]
    from symgraph.ops.move import reshape_node

    return reshape_node(flat, (*root.shape, *source.shape))


def _basis(shape: tuple[Dim, ...], size: Dim) -> Node:
    """All unit cotangents stacked: shape (size, *shape)."""
    from symgraph.ops.move import reshape_node

    ones = fill(1, (size,), "real")
    return reshape_node(folded_einsum([(0,)], (0, 0), {0: size}, (ones,)), (size, *shape))


def hessian(expr: Any, wrt: Node) -> Node:
    """The second derivatives of a scalar: shape (*shape of wrt, *shape of wrt).

    >>> import symgraph as sg
    >>> x = sg.input("x", 3)
    >>> sg.hessian(sg.sum(x**2), x).shape
    (3, 3)
    """
    gradient = grad(expr, wrt)
    if wrt not in reachable([gradient]):
        return fill(0, (*wrt.shape, *wrt.shape), "real")
    return jacobian(gradient, wrt)
