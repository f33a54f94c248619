"""Joining, cutting and rearranging arrays, by NumPy's names and rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sympy

from symgraph.build.arithmetic import remainder, subtract
from symgraph.build.coerce import as_node
from symgraph.build.conditions import greater_equal, logical_and, where
from symgraph.build.contract import transpose
from symgraph.build.indexing import getitem, take
from symgraph.build.making import row_numbers
from symgraph.errors import KindError, ShapeError
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.ops.concat import concat_node
from symgraph.ops.einsum import einsum_node
from symgraph.ops.leaves import fill, iota
from symgraph.ops.move import pull
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Affine, identity_row
from symgraph.shapes import (
    Dim,
    DimLike,
    ShapeLike,
    as_dim,
    as_shape,
    normalize_axes,
    normalize_axis,
    product,
    same_shape,
    shape_text,
)

__all__ = [
    "concat", "expand_dims", "flatten", "flip", "moveaxis", "pad", "repeat", "reshape", "roll",
    "split", "squeeze", "stack", "tile", "tril", "triu",
]  # fmt: skip

Axis = int | Sequence[int]


# --- another shape ------------------------------------------------------------------------------


def reshape(x: Any, shape: ShapeLike) -> Node:
    """The same entries in row-major order under another shape; one size may be -1 for the rest.

    Raises ShapeError when the numbers of entries differ, or when it is not known that they agree.

    >>> import symgraph as sg
    >>> sg.reshape(sg.input("x", ("N", 28, 28)), (-1, 784)).shape
    (N, 784)
    """
    node = as_node(x, "reshape")
    single = isinstance(shape, (int, str, sympy.Expr)) or hasattr(shape, "__index__")
    if not single and not isinstance(shape, Iterable):
        raise KindError(
            f"reshape: shape is {shape!r}, and it is a size or a tuple of them. Write "
            "sg.reshape(x, (2, -1))."
        )
    given: list[Any] = [shape] if single else list(shape)  # type: ignore[arg-type]  # no DimLike
    open_axes = [i for i, size in enumerate(given) if not isinstance(size, str) and size == -1]
    if len(open_axes) > 1:
        raise ShapeError(f"reshape: {tuple(given)} leaves {len(open_axes)} sizes open; leave one.")
    if open_axes:
        others = product(as_dim(size, "reshape") for size in given if size != -1)
        rest = _quotient(product(node.shape), others)
        if rest is None:
            raise ShapeError(
                f"reshape: {shape_text(node.shape)} has {product(node.shape)} entries, which "
                f"{others} entries for each of the open size need not divide. Choose other sizes, "
                "or declare a size as a multiple such as 2*sympy.Symbol('M')."
            )
        given[open_axes[0]] = rest
    return reshape_node(node, as_shape(given, "reshape"))


def _quotient(whole: Dim, part: Dim) -> Dim | None:
    """whole / part where it is a whole number for all values of the sizes, else None."""
    if part == 0:
        return None
    if isinstance(whole, int) and isinstance(part, int):
        return None if whole % part else whole // part
    result = sympy.cancel(sympy.sympify(whole) / part)
    return product([result]) if sympy.fraction(result)[1] == 1 else None


def flatten(x: Any) -> Node:
    """All entries as one vector.

    >>> import symgraph as sg
    >>> sg.flatten(sg.input("x", (2, 3))).shape
    (6,)
    """
    node = as_node(x, "flatten")
    return reshape_node(node, (product(node.shape),))


def squeeze(x: Any, axis: Axis | None = None) -> Node:
    """Without axes of size 1: those named, or all of them.

    Raises ShapeError for a named axis of another size.

    >>> import symgraph as sg
    >>> sg.squeeze(sg.input("x", (1, 3, 1)), axis=0).shape
    (3, 1)
    """
    node = as_node(x, "squeeze")
    axes = [a for a, n in enumerate(node.shape) if n == 1]
    if axis is not None:
        axes = list(normalize_axes(axis, node.ndim, "squeeze"))
    for a in axes:
        if node.shape[a] != 1:
            raise ShapeError(
                f"squeeze: axis {a} of shape {shape_text(node.shape)} has size {node.shape[a]}, "
                "only axes of size 1 can go. Take one entry, as in x[0], or reduce the axis."
            )
    return reshape_node(node, tuple(n for a, n in enumerate(node.shape) if a not in axes))


def expand_dims(x: Any, axis: Axis) -> Node:
    """New axes of size 1 at these places of the result.

    >>> import symgraph as sg
    >>> sg.expand_dims(sg.input("x", 3), axis=-1).shape
    (3, 1)
    """
    node = as_node(x, "expand_dims")
    count = len(axis) if isinstance(axis, Sequence) else 1
    axes = normalize_axes(axis, node.ndim + count, "expand_dims")
    sizes = iter(node.shape)
    rank = node.ndim + count
    return reshape_node(node, tuple(1 if a in axes else next(sizes) for a in range(rank)))


def moveaxis(x: Any, source: Axis, destination: Axis) -> Node:
    """Axes moved to other places; the others keep their order.

    Raises ShapeError when the two do not name as many axes.

    >>> import symgraph as sg
    >>> sg.moveaxis(sg.input("x", (2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    node = as_node(x, "moveaxis")
    ends = [tuple(a) if isinstance(a, Sequence) else (a,) for a in (source, destination)]
    old, new = ([normalize_axis(a, node.ndim, "moveaxis") for a in end] for end in ends)
    if len(old) != len(new) or len(set(old)) != len(old) or len(set(new)) != len(new):
        raise ShapeError(
            f"moveaxis: source {source} and destination {destination} must name as many axes, each "
            "once."
        )
    order = [a for a in range(node.ndim) if a not in old]
    for place, axis in sorted(zip(new, old, strict=True)):
        order.insert(place, axis)
    return transpose(node, order)


# --- joining and cutting ------------------------------------------------------------------------


def concat(parts: Sequence[Any], axis: int = 0) -> Node:
    """Values joined one behind the other along an axis they have.

    Raises ShapeError when they differ in another axis, or when there are none.

    >>> import symgraph as sg
    >>> sg.concat([sg.input("h", ("N", 4)), sg.input("x", ("N", 3))], axis=1).shape
    (N, 7)
    """
    nodes = _all_nodes(parts, "concat")
    return concat_node(nodes, normalize_axis(axis, nodes[0].ndim, "concat"))


def _all_nodes(parts: Sequence[Any], where_: str) -> list[Node]:
    nodes = [as_node(part, where_) for part in parts]
    if not nodes:
        raise ShapeError(f"{where_}: there is nothing to join; give at least one value.")
    return nodes


def stack(parts: Sequence[Any], axis: int = 0) -> Node:
    """Values of one shape joined along a new axis.

    Raises ShapeError when their shapes differ, or when there are none.

    >>> import symgraph as sg
    >>> sg.stack([sg.input("a", 3), sg.input("b", 3)], axis=1).shape
    (3, 2)
    """
    nodes = _all_nodes(parts, "stack")
    for node in nodes[1:]:
        if not same_shape(node.shape, nodes[0].shape):
            raise ShapeError(
                f"stack: shapes {shape_text(nodes[0].shape)} and {shape_text(node.shape)} differ. "
                "Give values of one shape, or use concat."
            )
    number = normalize_axis(axis, nodes[0].ndim + 1, "stack")
    return concat_node([expand_dims(node, number) for node in nodes], number)


def split(x: Any, parts: int | Sequence[DimLike], axis: int = 0) -> list[Node]:
    """x cut along an axis: into so many equal parts, or at these positions.

    Raises ShapeError when the parts cannot be equal.

    >>> import symgraph as sg
    >>> gates = sg.input("gates", ("N", 12))
    >>> [part.shape for part in sg.split(gates, 3, axis=1)]
    [(N, 4), (N, 4), (N, 4)]
    >>> [part.shape for part in sg.split(gates, [2, 9], axis=1)]
    [(N, 2), (N, 7), (N, 3)]
    """
    node = as_node(x, "split")
    number = normalize_axis(axis, node.ndim, "split")
    size = node.shape[number]
    cuts: list[Any]
    if isinstance(parts, Sequence):
        cuts = [None, *(as_dim(c, "split") if isinstance(c, str) else c for c in parts), None]
    else:
        each = _quotient(size, parts) if parts > 0 else None
        if each is None:
            raise ShapeError(
                f"split: axis {number} of shape {shape_text(node.shape)} does not fall into "
                f"{parts} equal parts. Give the positions of the cuts instead."
            )
        cuts = [product([each, i]) for i in range(parts + 1)]
    lead = (slice(None),) * number
    return [getitem(node, (*lead, slice(*cuts[i : i + 2]))) for i in range(len(cuts) - 1)]


# --- repeating and moving -----------------------------------------------------------------------


def pad(x: Any, width: Any) -> Node:
    """x with zeros around it.

    `width`: one number for all sides, (before, after) for all axes, or one such pair an axis.
    Another value than 0: `sg.where(sg.pad(sg.ones_like(x), w) > 0, sg.pad(x, w), value)`.
    Raises ShapeError for a negative width or a wrong number of pairs.

    >>> import symgraph as sg
    >>> sg.pad(sg.input("x", ("N", 5)), ((0, 0), (1, 2))).shape
    (N, 8)
    """
    node = as_node(x, "pad")
    pairs = _pairs(width, node)
    rows = [Affine(product([-before]), ((a, 1),)) for a, (before, _) in enumerate(pairs)]
    shape = tuple(
        product([before + n + after]) for n, (before, after) in zip(node.shape, pairs, strict=True)
    )
    return pull(node, rows, shape)


def _pairs(width: Any, node: Node) -> list[tuple[Dim, Dim]]:
    given = list(width) if isinstance(width, (list, tuple)) else [width]
    if not any(isinstance(part, (list, tuple)) for part in given):
        given = [given] * node.ndim
    elif len(given) == 1:
        given = given * node.ndim
    both = [pair * 2 if len(pair) == 1 else pair for pair in map(_pair, given)]
    if len(both) != node.ndim or any(len(pair) != 2 for pair in both):
        raise ShapeError(
            f"pad: width {width} for a value of shape {shape_text(node.shape)}. Give one number, "
            f"one pair (before, after), or {node.ndim} pairs."
        )
    return [(as_dim(before, "pad"), as_dim(after, "pad")) for before, after in both]


def _pair(part: Any) -> tuple[Any, ...]:
    return tuple(part) if isinstance(part, (list, tuple)) else (part,)


def flip(x: Any, axis: Axis | None = None) -> Node:
    """The entries in reverse order along an axis, along some, or along all.

    >>> import symgraph as sg
    >>> print(sg.flip(sg.input("x", "N"), axis=0))
    x[::-1]
    """
    node = as_node(x, "flip")
    rows = [identity_row(a) for a in range(node.ndim)]
    for a in normalize_axes(axis, node.ndim, "flip"):
        rows[a] = Affine(product([node.shape[a] - 1]), ((a, -1),))
    return pull(node, rows, node.shape)


def roll(x: Any, shift: Axis, axis: Axis | None = None) -> Node:
    """The entries moved along an axis; what leaves at one end comes back at the other.

    With axis None x is rolled as one vector and gets its shape back.

    >>> import symgraph as sg
    >>> from symgraph.ops.evaluate import evaluate_nodes
    >>> moved = sg.roll([1, 2, 3, 4], 1)
    >>> evaluate_nodes([moved], {}, {})[moved].tolist()
    [4, 1, 2, 3]
    """
    node = as_node(x, "roll")
    if axis is None:
        return reshape_node(roll(flatten(node), shift, 0), node.shape)
    axes = tuple(axis) if isinstance(axis, Sequence) else (axis,)
    shifts = tuple(shift) if isinstance(shift, Sequence) else (shift,) * len(axes)
    if len(shifts) > 1 and len(axes) == 1:
        axes *= len(shifts)
    if len(shifts) != len(axes):
        raise ShapeError(f"roll: {len(shifts)} shifts for {len(axes)} axes; give one an axis.")
    for number, by in zip(axes, shifts, strict=True):
        node = _roll_one(node, by, normalize_axis(number, node.ndim, "roll"))
    return node


def _roll_one(node: Node, by: int, axis: int) -> Node:
    size = node.shape[axis]
    if not isinstance(size, int):
        places = remainder(subtract(iota(size), by), fill(size))
        return take(node, places, axis)
    cut = -by % size if size else 0
    if cut == 0:
        return node
    first, second = split(node, [cut], axis)
    return concat_node([second, first], axis)


def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Node:
    """Every entry so many times in a row, along an axis or of x as one vector.

    Raises ShapeError for a negative number, or for numbers of another length than the axis.

    >>> import symgraph as sg
    >>> sg.repeat(sg.input("x", ("N", 3)), 2, axis=0).shape
    (2*N, 3)
    """
    node = as_node(x, "repeat")
    if axis is None:
        return repeat(flatten(node), repeats, 0)
    number = normalize_axis(axis, node.ndim, "repeat")
    size = node.shape[number]
    if isinstance(repeats, Sequence):
        if len(repeats) != size or any(n < 0 for n in repeats):
            raise ShapeError(
                f"repeat: {list(repeats)} for axis {number} of shape {shape_text(node.shape)}. "
                f"Give {size} numbers of 0 or more."
            )
        places = [i for i, n in enumerate(repeats) for _ in range(n)]
        return take(node, places, number)
    times = as_dim(repeats, "repeat")
    axes = tuple(range(node.ndim))
    out = (*axes[: number + 1], node.ndim, *axes[number + 1 :])
    wide = einsum_node([axes], out, {node.ndim: times}, (node,))
    shape = (*node.shape[:number], product([size, times]), *node.shape[number + 1 :])
    return reshape_node(wide, shape)


def tile(x: Any, reps: ShapeLike) -> Node:
    """x as a tile laid so many times along each axis.

    >>> import symgraph as sg
    >>> sg.tile(sg.input("x", 3), (2, 2)).shape
    (2, 6)
    """
    node, times = as_node(x, "tile"), as_shape(reps, "tile")
    rank = max(node.ndim, len(times))
    counts: list[Dim] = [*(1 for _ in range(rank - len(times))), *times]
    sizes: list[Dim] = [*(1 for _ in range(rank - node.ndim)), *node.shape]
    axes = tuple(range(rank))
    tiled = [a for a in axes if counts[a] != 1]
    out = tuple(i for a in axes for i in ((rank + a, a) if a in tiled else (a,)))
    lifted = reshape_node(node, tuple(sizes))
    if tiled:
        lifted = einsum_node([axes], out, {rank + a: counts[a] for a in tiled}, (lifted,))
    return reshape_node(lifted, tuple(product(pair) for pair in zip(counts, sizes, strict=True)))


def tril(x: Any, k: int = 0) -> Node:
    """The lower triangle of the last two axes, 0 above diagonal k.

    >>> import symgraph as sg
    >>> sg.tril(sg.input("A", ("B", 3, 3))).shape
    (B, 3, 3)
    """
    return _triangle(x, k, "tril", lower=True)


def triu(x: Any, k: int = 0) -> Node:
    """The upper triangle of the last two axes, 0 below diagonal k.

    >>> import symgraph as sg
    >>> sg.triu(sg.input("A", (3, 4)), k=1).shape
    (3, 4)
    """
    return _triangle(x, k, "triu", lower=False)


def _triangle(x: Any, k: int, where_: str, *, lower: bool) -> Node:
    node = as_node(x, where_)
    if node.ndim < 2:
        raise ShapeError(
            f"{where_}: shape {shape_text(node.shape)} has no two last axes; give a matrix."
        )
    row, column = row_numbers(node.shape[-2], k), iota(node.shape[-1])
    kept = greater_equal(row, column) if lower else greater_equal(column, row)
    return logical_and(kept, node) if node.kind == "boolean" else where(kept, node, 0)


operators.update(reshape=reshape, stack=stack)
