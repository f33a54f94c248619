"""How the values of a graph are spread over workers that each hold some of the samples.

A value is *whole* where every worker has the same, *rows* where a worker has the entries of its
own samples along one axis, and *partial* where it is the sum of what all workers have. A sum over
the samples makes rows partial; operations that are linear keep a partial value so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import sympy

from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Const, Fill, Iota, Random, Var
from symgraph.ops.let import Let
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape
from symgraph.ops.rows import Affine, Lookup, identity_row
from symgraph.scalar import where
from symgraph.shapes import Dim, Shape, dim_symbols, product, same_dim

__all__ = ["Inseparable", "Open", "Rows", "Spread", "is_zero", "reads_size", "spread_by"]


class Inseparable(Exception):
    """No worker can compute its part of this; the text says why."""


class Open(Exception):
    """A partial value is used in a way that needs its sum."""


@dataclass(frozen=True)
class Rows:
    """Entries of a worker's own samples along an axis.

    The axis may count more than samples: in memory its entries are `outer` times all samples, one
    run behind the other. None for a value that is the same for all samples.
    """

    axis: int
    outer: Dim | None = 1


Spread: TypeAlias = Literal["whole", "partial"] | Rows


def spread_by(batch: sympy.Symbol, node: Node, spreads: Sequence[Spread]) -> Spread:
    """How the value of a node is spread, from how its operands are.

    Raises Inseparable where the samples of one worker are not enough, Open where partial operands
    have to be summed first.
    """
    rule = _RULES.get(type(node))
    found: Spread
    if rule is None:
        if any(one != "whole" for one in spreads):
            raise Inseparable(f"{type(node).__name__} has no form for parts of the samples")
        found = "whole"
    else:
        found = rule(_Case(batch, node, list(spreads)))
    axis = _sample_axis(batch, node.shape)
    if isinstance(found, Rows) != (axis is not None) or (
        isinstance(found, Rows) and found.axis != axis
    ):
        raise Inseparable(f"its axes do not follow the samples, of which there are {batch}")
    return found


def is_zero(node: Node) -> bool:
    """Whether a value is the number 0, which is a sum of zeros too."""
    return isinstance(node, Fill) and node.value == 0


def _sample_axis(batch: sympy.Symbol, shape: Shape) -> int | None:
    """The axis that counts samples.

    Raises Inseparable where there are several, or one with another number of entries than a
    multiple of the samples.
    """
    axes = [axis for axis, size in enumerate(shape) if batch in dim_symbols([size])]
    if not axes:
        return None
    if len(axes) > 1:
        raise Inseparable("it compares samples with one another")
    if batch in dim_symbols([_quotient(shape[axes[0]], batch)]):
        raise Inseparable(f"an axis has {shape[axes[0]]} entries, and {batch} counts samples")
    return axes[0]


def _quotient(size: Dim, by: Dim) -> Dim:
    found: Any = sympy.cancel(sympy.sympify(size) / sympy.sympify(by))
    return int(found) if found.is_Integer else found


@dataclass
class _Case:
    """A node and how its operands are spread."""

    batch: sympy.Symbol
    node: Any
    spreads: list[Spread]

    @property
    def rows(self) -> list[tuple[int, Rows]]:
        """The operands that have rows, by their numbers."""
        return [(k, one) for k, one in enumerate(self.spreads) if isinstance(one, Rows)]

    @property
    def partial(self) -> list[int]:
        """The numbers of the operands that are sums of what all workers have."""
        return [k for k, one in enumerate(self.spreads) if one == "partial"]

    @property
    def axis(self) -> int | None:
        """The axis of the result that counts samples."""
        return _sample_axis(self.batch, self.node.shape)

    def alone(self, k: int) -> bool:
        """Whether operand k is partial and all others are whole; Open for other partial ones."""
        if not self.partial:
            return False
        if self.partial != [k] or self.rows or self.axis is not None:
            raise Open
        return True

    def outer(self) -> Dim | None:
        """The runs of samples that all operands with rows have in common."""
        known = [one.outer for _, one in self.rows if one.outer is not None]
        if any(not same_dim(known[0], other) for other in known[1:]):
            raise Inseparable("its operands have their samples in different orders")
        return known[0] if known else None


_Rule: TypeAlias = Callable[[_Case], Spread]


def _leaf(case: _Case) -> Spread:
    axis = case.axis
    if axis is None:
        return "whole"
    size = case.node.shape[axis]
    if isinstance(case.node, Fill):
        return Rows(axis, 1 if size == case.batch else None)
    if size != case.batch:
        raise Inseparable(f"an axis has {size} entries, and {case.batch} counts samples")
    if isinstance(case.node, Var) and case.node.role != "input":
        raise Inseparable(f"it is a {case.node.role} with an entry for each sample")
    return Rows(axis)


def _random(case: _Case) -> Spread:
    if case.partial:
        raise Open
    axis = case.axis
    if axis is not None and not (axis == 0 and case.node.shape[0] == case.batch):
        raise Inseparable(
            "random numbers are counted through all samples, which have to be their first axis"
        )
    return "whole" if axis is None else Rows(axis)


def _map(case: _Case) -> Spread:
    node = case.node
    if case.rows:
        if case.partial:
            raise Open
        places = {one.axis - node.args[k].ndim for k, one in case.rows}
        if len(places) > 1:
            raise Inseparable("it compares samples with one another")
        return Rows(places.pop() + node.ndim, case.outer())
    if not case.partial:
        return "whole"
    slots = {f"_{k}": k for k in case.partial}
    zeros = {f"_{k}" for k, arg in enumerate(node.args) if is_zero(arg)}
    if _degree(node.template.expr, set(slots), zeros) != 1:
        raise Open
    return "partial"


def _degree(expr: Any, linear: set[str], zeros: set[str]) -> int | None:
    """1 where a formula is linear in some slots, 0 where it has none of them, else None."""
    names = {symbol.name for symbol in expr.free_symbols}
    if not names & linear:
        return 0
    if expr.is_Symbol:
        return 1
    if isinstance(expr, where):
        condition, *sides = expr.args
        if _degree(condition, linear, zeros) != 0:
            return None
        fits = all(side == 0 or _degree(side, linear, zeros) == 1 for side in sides)
        return 1 if fits else None
    degrees = [_degree(arg, linear, zeros) for arg in expr.args]
    if None in degrees:
        return None
    if expr.is_Mul:
        return 1 if degrees.count(1) == 1 else None
    if expr.is_Add:
        terms = zip(expr.args, degrees, strict=True)
        fits = all(d == 1 or (arg.is_Symbol and arg.name in zeros) for arg, d in terms)
        return 1 if fits else None
    return None


def _let(case: _Case) -> Spread:
    return case.spreads[0]


def _einsum(case: _Case) -> Spread:
    node: Einsum = case.node
    if case.partial:
        case.alone(case.partial[0])
        return "partial"
    indices = {node.ins[k][one.axis] for k, one in case.rows}
    if len(indices) > 1:
        raise Inseparable("it compares samples with one another")
    if not indices:
        axis = case.axis
        if axis is None:
            return "whole"
        return Rows(axis, 1 if node.shape[axis] == case.batch else None)
    index = indices.pop()
    if index not in node.out:
        return "partial"
    return Rows(node.out.index(index), case.outer())


def _reduce(case: _Case) -> Spread:
    if case.partial:
        raise Open
    if not case.rows:
        return "whole"
    axes, ((_, one),) = case.node.axes, case.rows
    if one.axis in axes:
        raise Inseparable(f"it takes the {case.node.operation} over all samples")
    return Rows(one.axis - sum(axis < one.axis for axis in axes), one.outer)


def _reshape(case: _Case) -> Spread:
    if case.alone(0):
        return "partial"
    if not case.rows:
        return "whole"
    ((_, one),) = case.rows
    axis = case.axis
    if axis is None:
        raise Inseparable("it reads the samples as something else")
    if one.outer is None:
        return Rows(axis, None)
    before = product([*case.node.args[0].shape[: one.axis], one.outer])
    outer = _quotient(before, product(case.node.shape[:axis]))
    each = _quotient(case.node.shape[axis], product([case.batch, outer]))
    if not (_is_whole(outer) and _is_whole(each)):
        raise Inseparable("it reads the samples in another order")
    return Rows(axis, outer)


def _is_whole(size: Dim) -> bool:
    return isinstance(size, int) or bool(sympy.denom(size) == 1)


def _concat(case: _Case) -> Spread:
    args, axis = case.node.args, case.node.axis
    if case.partial:
        if any(
            one != "partial" and not is_zero(arg)
            for arg, one in zip(args, case.spreads, strict=True)
        ):
            raise Open
        return "partial"
    if not case.rows:
        return "whole"
    axes = {one.axis for _, one in case.rows}
    if axis in axes:
        raise Inseparable("it puts samples behind one another")
    return Rows(axes.pop(), case.outer())


def _pull(case: _Case) -> Spread:
    if case.alone(0):
        return "partial"
    if not case.rows:
        return "whole"
    node: Pull = case.node
    return Rows(_followed(case, node.rows, node.args[0].shape, node.shape), case.outer())


def _push(case: _Case) -> Spread:
    node: Push = case.node
    if case.alone(0):
        return "partial"
    if not case.rows:
        return "whole"
    small = node.args[0].shape
    axis = _sample_axis(case.batch, small)
    if axis is None or axis != _followed(case, node.rows, node.shape, small):
        raise Inseparable("it puts samples in another order")
    if case.axis is None:
        return "partial"
    return Rows(case.axis, case.outer())


def _followed(case: _Case, rows: Sequence[Any], large: Shape, small: Shape) -> int:
    """The axis of the smaller side of a Pull or a Push along which both have their samples."""
    found: set[int] = set()
    along = _sample_axis(case.batch, large)
    for axis, row in enumerate(rows):
        if isinstance(row, Lookup):
            one = case.spreads[row.operand]
            if isinstance(one, Rows):
                found.add(row.axes[one.axis])
            if axis == along:
                raise Inseparable("it looks up other samples")
        elif axis == along:
            if len(row.steps) != 1 or row != identity_row(row.steps[0][0]):
                raise Inseparable("it reads samples by their position")
            if not same_dim(small[row.steps[0][0]], large[axis]):
                raise Inseparable("it leaves out samples, or adds some")
            found.add(row.steps[0][0])
    own = _sample_axis(case.batch, small)
    if own is not None:
        found.add(own)
    if len(found) != 1:
        raise Inseparable("it compares samples with one another")
    (axis,) = found
    for at, row in enumerate(rows):
        if isinstance(row, Affine) and at != along and axis in {a for a, _ in row.steps}:
            raise Inseparable("it reads by the position of a sample")
    return axis


def _linalg(case: _Case) -> Spread:
    if case.partial:
        raise Open
    if not case.rows:
        return "whole"
    axis = case.axis
    axes = {one.axis for _, one in case.rows}
    if axis is None or axes != {axis} or axis >= case.node.args[0].ndim - 2:
        raise Inseparable("a matrix has the samples along an axis")
    return Rows(axis, case.outer())


_RULES: dict[type, _Rule] = {
    Var: _leaf, Const: _leaf, Fill: _leaf, Iota: _leaf, Random: _random, Map: _map, Let: _let,
    Einsum: _einsum, Reduce: _reduce, Reshape: _reshape, Concat: _concat, Pull: _pull, Push: _push,
    Inv: _linalg, Det: _linalg, LogDet: _linalg, Solve: _linalg,
}  # fmt: skip


def reads_size(node: Node, batch: sympy.Symbol) -> bool:
    """Whether a leaf depends on how many samples there are, or on their positions."""
    if isinstance(node, Fill):
        return batch in getattr(node.value, "free_symbols", ())
    return isinstance(node, Iota | Random) and batch in dim_symbols(node.shape)
