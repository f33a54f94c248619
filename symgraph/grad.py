"""Derivatives of nodes: gradients, vector-Jacobian and Jacobian-vector products, Jacobians,
Hessians. Every result is again a node, so derivatives of derivatives need nothing else.

Kinks have stated derivatives (see `symgraph.scalar`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, overload

import numpy as np
import sympy

from symgraph.build.arithmetic import add, subtract
from symgraph.build.coerce import as_node
from symgraph.build.contract import diag, diagonal, swapaxes
from symgraph.errors import GradientError, ShapeError
from symgraph.facts import facts_about, is_symmetric
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.ops.body import local
from symgraph.ops.einsum import folded_einsum
from symgraph.ops.leaves import Const, Fill, constant, fill
from symgraph.ops.map import map_node
from symgraph.ops.reshape import reshape_node
from symgraph.ops.sweep import Adjoints, batched_roots, forward, reverse, total
from symgraph.printing import describe
from symgraph.scalar import slot
from symgraph.shapes import Dim, product, same_shape, shape_text
from symgraph.template import template
from symgraph.walks import by_name, reachable, topological

__all__ = ["adjoints", "by_symmetric", "grad", "hessian", "hvp", "jacobian", "jvp", "vjp"]


def _check_source(root: Node, source: Node, nodes: set[Node]) -> Node:
    if source.kind != "real":
        raise GradientError(
            f"grad: {describe(source)} is {source.kind}; only real values have derivatives. "
            "Declare it without kind= if it is real."
        )
    if source not in nodes:
        raise GradientError(
            f"grad: {describe(source)} does not occur in {describe(root)}. "
            "Differentiate by a node that the expression is made of."
        )
    return source


class _Asked(NamedTuple):
    """What is derived by what, and all that it is made of, operands before users."""

    root: Node
    sources: list[Node]
    order: list[Node]


def _asked(expr: Any, sources: Any) -> _Asked:
    root = as_node(expr, "grad")
    if root.kind != "real":
        raise GradientError(
            f"grad: {describe(root)} is {root.kind}; only real values have derivatives. "
            "Differentiate what it was made from."
        )
    order = topological([root])
    nodes = set(order)
    checked = [_check_source(root, as_node(one, "grad"), nodes) for one in _listed(sources)]
    by_name(node for node in order if node.is_variable)
    return _Asked(root, checked, order)


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _as_real(value: Any, where: str) -> Node:
    """A cotangent or a tangent, which is real also where it is given in whole numbers."""
    node = as_node(value, where)
    if node.kind == "real":
        return node
    if isinstance(node, Fill):
        return fill(node.value, node.shape, "real")
    if isinstance(node, Const):
        return constant(node.array.astype(np.float64))
    return map_node(template(slot(0) * sympy.Float(1), 1), (node,))


def _ct_for(root: Node, cotangent: Any) -> Node:
    if cotangent is None:
        if root.shape != ():
            raise GradientError(
                f"grad: {describe(root)} has shape {shape_text(root.shape)} and no cotangent. "
                "Reduce it to a scalar (sg.sum, sg.mean), give cotangent=, or use sg.jacobian."
            )
        return fill(1, (), "real")
    ct = _as_real(cotangent, "cotangent")
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
    root, sources, order = _asked(expr, [] if wrt is None else wrt)
    wanted = None if wrt is None else set(sources)
    return reverse({root: _ct_for(root, cotangent)}, wanted, order=order)


@overload
def grad(expr: Any, wrt: Node, cotangent: Any = None) -> Node: ...
@overload
def grad(expr: Any, wrt: Sequence[Node], cotangent: Any = None) -> list[Node]: ...
def grad(expr: Any, wrt: Any, cotangent: Any = None) -> Any:
    """The gradient of a scalar by one node or by several, in one reverse sweep.

    `cotangent` (of the shape of `expr`, default 1 for a scalar) is the derivative that arrives at
    `expr`. The result has the shape of `wrt`. What a `stop_gradient` hides has gradient 0.
    By a matrix that is declared symmetric it is G + Gᵀ - G ⊙ I, with G the gradient by its entries
    one by one: X_ij and X_ji move together (Petersen and Pedersen 2012, eq. 138).
    Raises GradientError for a non-scalar without cotangent and for a node that does not occur.

    >>> import symgraph as sg
    >>> x, w = sg.input("x"), sg.parameter("w")
    >>> print(sg.grad(w * x**2, x))
    2*w*x
    """
    root, sources, order = _asked(expr, wrt)
    seeds = {root: _ct_for(root, cotangent)}
    found = reverse(seeds, set(sources), order=order, edges=False).cotangent
    results = [_allowed(s, found.get(s, None) or fill(0, s.shape, "real")) for s in sources]
    return results if isinstance(wrt, (list, tuple)) else results[0]


def _allowed(source: Node, gradient: Node) -> Node:
    """The gradient along the changes that the source allows."""
    symmetric = is_symmetric(source, facts_about([source]))
    return by_symmetric(gradient) if symmetric else gradient


def by_symmetric(gradient: Node) -> Node:
    """The gradient by a symmetric matrix, from the one by its entries one by one."""
    transposed, along = swapaxes(gradient, 0, 1), diag(diagonal(gradient))
    return subtract(add(gradient, transposed), along)


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
    root, sources, _ = _asked(expr, wrt)
    seeds = _seeds(sources, _listed(tangent) if isinstance(wrt, (list, tuple)) else [tangent])
    return forward([root], seeds).get(root, fill(0, root.shape, "real"))


def _seeds(sources: Sequence[Node], given: Sequence[Any]) -> dict[Node, Node]:
    """The tangent of each source, checked."""
    if len(given) != len(sources):
        raise GradientError(
            f"jvp: {len(sources)} nodes and {len(given)} tangents; give one tangent a node."
        )
    seeds: dict[Node, Node] = {}
    for source, one in zip(sources, given, strict=True):
        direction = _as_real(one, "tangent")
        if not same_shape(direction.shape, source.shape):
            raise ShapeError(
                f"jvp: the tangent of {describe(source)} has shape {shape_text(direction.shape)}, "
                f"the node {shape_text(source.shape)}. Give a tangent of that shape."
            )
        seeds[source] = direction
    # A node that other sources move, moves with them: grad counts these ways too.
    for source in [s for s in topological(sources) if s.args and s in seeds]:
        others = {s: way for s, way in seeds.items() if s is not source}
        flow = forward([source], others).get(source)
        if flow is not None:
            seeds[source] = total([seeds[source], flow])
    return seeds


def hvp(expr: Any, wrt: Any, vector: Any) -> Any:
    """The Hessian of a scalar times a vector, forward over reverse; never forms the Hessian.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.hvp(x**3, x, 1.0))
    6*x
    """
    many = isinstance(wrt, (list, tuple))
    root, sources, _ = _asked(expr, wrt)
    gradients = grad(root, sources)
    found = forward(gradients, _seeds(sources, _listed(vector) if many else [vector]))
    results = [found.get(g, fill(0, g.shape, "real")) for g in gradients]
    return results if many else results[0]


def jacobian(expr: Any, wrt: Any) -> Node:
    """All partial derivatives: shape (*shape of expr, *shape of wrt).

    Of a list or a SymPy vector of scalars by a list or vector of scalars: one row a scalar, one
    column a variable, as SymPy's `Matrix.jacobian`; of one scalar by several, one row.

    >>> import symgraph as sg
    >>> x, A = sg.input("x", 3), sg.input("A", (2, 3))
    >>> sg.jacobian(A @ x, x).shape
    (2, 3)
    >>> p, q = sympy.symbols("p q")
    >>> sg.jacobian(sympy.Matrix([p * q, p + q, q]), [p, q]).shape
    (3, 2)
    """
    variables = _scalars(wrt)
    if variables is not None:
        return _rows(expr, variables)
    root, source = _as_root_and_source(expr, wrt)
    if root.shape == ():
        return grad(root, source)
    size = product(root.shape)
    ct = local(root, "ct")
    found = reverse({root: ct}, {source}, edges=False).cotangent.get(source)
    if found is None:
        return fill(0, (*root.shape, *source.shape), "real")
    flat = batched_roots([found], {ct: _basis(root.shape, size)}, size)[0]
    return reshape_node(flat, (*root.shape, *source.shape))


def _scalars(given: Any) -> list[Node] | None:
    """The nodes of several scalars; None where one node is given, or arrays are among them."""
    if not isinstance(given, (list, tuple, sympy.MatrixBase)):
        return None
    nodes = [as_node(one, "jacobian") for one in given]
    return nodes if all(node.shape == () for node in nodes) else None


def _rows(expr: Any, variables: list[Node]) -> Node:
    """The derivatives of each scalar by each variable, 0 where it does not occur."""
    parts = _scalars(expr)
    if parts is None:
        node = as_node(expr, "jacobian")
        if node.shape != ():
            raise GradientError(
                f"jacobian: {describe(node)} has shape {shape_text(node.shape)}, and the variables "
                "are scalars. Give a list of scalars or a SymPy vector, or one variable."
            )
        return _row(node, variables)
    shape = tuple(expr.shape) if isinstance(expr, sympy.MatrixBase) else (len(parts),)
    lines = (len(parts),) if 1 in shape else shape
    if not parts or not variables:
        return fill(0, (*lines, len(variables)), "real")
    rows: Node = operators["stack"]([_row(part, variables) for part in parts])
    return reshape_node(rows, (*lines, len(variables)))


def _row(part: Node, variables: Sequence[Node]) -> Node:
    nodes = reachable([part])
    here = [variable for variable in variables if variable in nodes]
    found = dict(zip(here, grad(part, here), strict=True)) if here else {}
    entries = [found.get(variable, fill(0.0)) for variable in variables]
    row: Node = operators["stack"](entries) if entries else fill(0, (0,), "real")
    return row


def _as_root_and_source(expr: Any, wrt: Any) -> tuple[Node, Node]:
    root, sources, _ = _asked(expr, wrt)
    if len(sources) != 1 or isinstance(wrt, (list, tuple)):
        raise GradientError(
            f"jacobian: {len(sources)} nodes at once, and their Jacobians have different shapes. "
            "Call it for each node."
        )
    return root, sources[0]


def _basis(shape: tuple[Dim, ...], size: Dim) -> Node:
    """All unit cotangents stacked: shape (size, *shape)."""
    ones = fill(1, (size,), "real")
    return reshape_node(folded_einsum([(0,)], (0, 0), {0: size}, (ones,)), (size, *shape))


def hessian(expr: Any, wrt: Any) -> Node:
    """The second derivatives of a scalar: shape (*shape of wrt, *shape of wrt).

    By a list or a SymPy vector of n scalars, shape (n, n).

    >>> import symgraph as sg
    >>> x = sg.input("x", 3)
    >>> sg.hessian(sg.sum(x**2), x).shape
    (3, 3)
    """
    variables = _scalars(wrt)
    if variables is not None:
        root = as_node(expr, "hessian")
        nodes = reachable([root])
        here = [variable for variable in variables if variable in nodes]
        first = dict(zip(here, grad(root, here), strict=True)) if here else {}
        return _rows([first.get(variable, fill(0.0)) for variable in variables], variables)
    root, source = _as_root_and_source(expr, wrt)
    gradient = grad(root, source)
    if source not in reachable([gradient]):
        return fill(0, (*source.shape, *source.shape), "real")
    return jacobian(gradient, source)
