"""Passes: each takes roots to roots of the same values, in one walk over the graph.

A pass also says what became of every node (`image`), so that names and formulas of the user's
graph can be written beside the code. The bodies of loops are part of the walk.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from symgraph.codegen.basic import Lowering, basic, op_of
from symgraph.codegen.contraction import normal_einsum
from symgraph.codegen.stable import Stable
from symgraph.node import Node
from symgraph.ops.einsum import Einsum, einsum_node, folded_einsum
from symgraph.ops.leaves import fill
from symgraph.ops.let import Let
from symgraph.ops.loop import Scan, Trace
from symgraph.ops.map import Map
from symgraph.ops.move import pull, push
from symgraph.ops.reduce import Reduce, reduce_node
from symgraph.ops.reshape import Reshape, reshape_node
from symgraph.ops.rows import Lookup, Row, identity_row
from symgraph.shapes import product
from symgraph.template import Template
from symgraph.walks import depth_first, topological

__all__ = [
    "Rewritten", "Roots", "bodies", "everything", "lower_maps", "normalise_sums", "rebuilt",
    "rebuilt_scan", "rebuilt_trace", "rewrite", "strip_lets", "unchanged",
]  # fmt: skip


class Rewritten(NamedTuple):
    """The new roots, and what became of each node that was met."""

    roots: list[Node]
    image: dict[Node, Node]


Visit = Callable[[Node, tuple[Node, ...]], Node]


class Roots(list[Node]):
    """Roots that pass after pass is asked about: what they are made of is found once."""

    @cached_property
    def order(self) -> list[Node]:
        """All nodes, operands before users."""
        has_loops = Scan in set(map(type, self.steps))
        return depth_first(self, _below) if has_loops else self.steps

    @cached_property
    def steps(self) -> list[Node]:
        """The same without the bodies of loops."""
        return topological(self)

    @cached_property
    def kinds(self) -> set[type[Node]]:
        """The classes of all nodes."""
        return set(map(type, self.order))

    @cached_property
    def bodies(self) -> set[Template]:
        """The templates of all Maps."""
        return {node.params[0] for node in self.order if type(node) is Map}


def everything(roots: Sequence[Node]) -> list[Node]:
    """All nodes the roots are made of, those inside of loops too, operands before users.

    The order is that of a depth-first walk, operands from left to right and then what is inside.
    """
    return _asked(roots).order


def bodies(roots: Sequence[Node]) -> set[Template]:
    """The templates of all Maps that the roots are made of, those inside of loops too."""
    return _asked(roots).bodies


def _asked(roots: Sequence[Node]) -> Roots:
    return roots if isinstance(roots, Roots) else Roots(roots)


def _below(node: Node) -> tuple[Node, ...]:
    """The operands of a node, then what is inside of it."""
    if node.is_loop:
        return (*node._args, *node.params[0].nexts)
    if type(node) is Trace:
        return (*node._args, node.inner)
    return node._args


def rewrite(
    roots: Sequence[Node], visit: Visit, kinds: Collection[type[Node]] | None = None
) -> Rewritten:
    """Every node, or every one of these classes, replaced by `visit(node, new operands)`.

    Operands come first; those that stay as they are come as `node._args` itself.
    """
    image: dict[Node, Node] = {}
    changed: set[Node] = set()
    for node in everything(roots):
        args = node._args
        if not changed.isdisjoint(args):
            args = tuple([image[arg] for arg in args])
        if node.is_loop:
            made = rebuilt_scan(node, args, image)
        elif type(node) is Trace:
            made = rebuilt_trace(node, args, image)
        elif kinds is None or type(node) in kinds:
            made = visit(node, args)
        else:
            made = rebuilt(node, args)
        image[node] = made
        if made is not node:
            changed.add(node)
    return Rewritten([image[root] for root in roots], image)


def unchanged(roots: Sequence[Node]) -> Rewritten:
    """What a pass gives that finds nothing to do."""
    order = everything(roots)
    return Rewritten(list(roots), dict(zip(order, order, strict=True)))


def rebuilt_scan(node: Node, args: tuple[Node, ...], image: Mapping[Node, Node]) -> Node:
    """The loop on other operands, its body as it has become."""
    body, length, backwards = node.params
    nexts = tuple([image[following] for following in body.nexts])
    if args is node._args and all(map(operator.is_, nexts, body.nexts)):
        return node
    return Scan.rebuild((body._replace(nexts=nexts), length, backwards), args)


def rebuilt_trace(node: Trace, args: tuple[Node, ...], image: Mapping[Node, Node]) -> Node:
    """The record of what the inner node has become, in another loop."""
    inner = image[node.inner]
    same = args is node._args and inner is node.inner
    return node if same else Trace.rebuild((inner,), args)


def rebuilt(node: Node, args: tuple[Node, ...]) -> Node:
    """The node on other operands."""
    if args is node._args or all(map(operator.is_, args, node._args)):
        return node
    return type(node).rebuild(node.params, args)


# --- names ---------------------------------------------------------------------------------------


def strip_lets(roots: Sequence[Node]) -> Rewritten:
    """Every Let replaced by its operand."""
    return rewrite(roots, lambda node, args: args[0], {Let})


# --- sums of products ----------------------------------------------------------------------------


def normalise_sums(roots: Sequence[Node], dots: bool = True, ones: bool = True) -> Rewritten:
    """Every Einsum as plain sums, views and products of two (see `contraction`).

    With `dots` the full sum of an elementwise product becomes a dot product; without `ones` sums
    over axes of one entry go away, which is how a batch of one leaves elementwise products alone.
    """
    return rewrite(roots, _Normalising(dots, ones).visit)


class _Normalising:
    def __init__(self, dots: bool, ones: bool) -> None:
        self.dots, self.ones = dots, ones
        self.done: set[Node] = set()

    def visit(self, node: Node, args: tuple[Node, ...]) -> Node:
        if type(node) is not Einsum:
            made = rebuilt(node, args)
        elif node.kind != "real" or len(args) == 1:
            made = normal_einsum(rebuilt(node, args), self.dots, self.ones)
        else:
            made = self._normal(folded_einsum(node.ins, node.out, node.sizes(), args))
        self.done.add(made)
        return made

    def _normal(self, root: Node) -> Node:
        """Every Einsum between the root and what is done in normal form."""
        image: dict[Node, Node] = {}
        for node in topological([root], self.done):
            made = rebuilt(node, tuple([image.get(arg, arg) for arg in node._args]))
            image[node] = (
                normal_einsum(made, self.dots, self.ones) if type(made) is Einsum else made
            )
        return image.get(root, root)


# --- basic operations ----------------------------------------------------------------------------


def lower_maps(
    roots: Sequence[Node],
    largest: float = float(np.finfo(np.float64).max),
    loops: bool = False,
    whole: bool = False,
    soft: bool = True,
) -> Rewritten:
    """Every Map as basic operations, and with `soft` log-sum-exp by its shifted formula.

    `largest` is the largest finite real of the target; `loops` are for one that writes loops over
    entries, `whole` for one that has the error function.
    """
    lowering = Lowering(whole)
    if loops and lowering.computes_slopes(bodies(roots)):
        lowering = Lowering(whole, decays=True)
    visit = _Softening(largest, loops, lowering).visit
    return rewrite(roots, visit, {Map, Reduce} if soft else {Map})


class _Soft(NamedTuple):
    """The parts of a log-sum-exp that its softmax shares."""

    x: Node
    axes: tuple[int, ...]
    peak: Node  # m, the largest entry
    small: Node  # logsumexp(x) - m
    powers: Node  # exp(x - m)
    total: Node  # their sum over the axes


class _Softening:
    def __init__(self, largest: float, loops: bool, lowering: Lowering) -> None:
        self.largest, self.loops, self.lowering = largest, loops, lowering
        self.soft: dict[Node, _Soft] = {}
        self.logarithms: dict[Node, Node] = {}  # x - logsumexp(x), by the softmax of x
        self.differences: dict[Node, Node] = {}  # what is computed for a - logsumexp(x)
        stable = Stable(lowering.of)
        lowering.settle = stable.settled
        self.stable = stable.settled

    def visit(self, node: Node, args: tuple[Node, ...]) -> Node:
        if type(node) is Map:
            lowering, stays = self.lowering, args is node._args
            return lowering.again(node) if stays else lowering.of(node.params[0], args)
        if type(node) is Reduce and node.operation == "logsumexp":
            return self._logsumexp(args[0], node.axes)
        return rebuilt(node, args)

    def _logsumexp(self, x: Node, axes: tuple[int, ...]) -> Node:
        """m + log(1 + sum of exp(x - m) over all entries but the largest, m).

        The largest counts as 1 inside log1p: in the sum it would swallow the digits of the others.
        """
        first, count = axes[0], len(axes)
        if axes != tuple(range(first, first + count)):
            order = (*(a for a in range(x.ndim) if a not in axes), *axes)
            moved = einsum_node([tuple(range(x.ndim))], order, {}, (x,))
            return self._logsumexp(moved, tuple(range(x.ndim - count, x.ndim)))
        sizes = (*x.shape[:first], product(x.shape[a] for a in axes), *x.shape[first + count :])
        flat = reshape_node(x, sizes)
        peak, powers, others = (self._by_value if self.loops else self._by_place)(flat, first)
        small = basic("log1p", others)
        result = basic("add", small, peak)
        total = basic("add", others, fill(1.0))
        self.lowering.settle = self._settled
        self.soft[result] = _Soft(x, axes, peak, small, reshape_node(powers, x.shape), total)
        return result

    def _powers(self, flat: Node, peak: Node, axis: int) -> Node:
        """exp(x - m), also where m is infinite. A loop over x bounds m itself, without one more."""
        every = _spread(peak, flat, (axis,)) if self.loops else peak
        shift = basic("maximum", basic("minimum", every, fill(self.largest)), fill(-self.largest))
        shift = shift if self.loops else _spread(shift, flat, (axis,))
        return basic("exp", basic("subtract", flat, shift))

    def _by_place(self, flat: Node, axis: int) -> tuple[Node, Node, Node]:
        """m, exp(x - m) and the sum without that of the largest entry, found by its place."""
        winner = reduce_node("argmax", flat, (axis,))
        rows = _at_winner(flat.ndim, axis)
        peak = pull(flat, rows, winner.shape, (winner,))
        powers = self._powers(flat, peak, axis)
        one = push(fill(1.0, winner.shape), rows, flat.shape, (winner,))
        return peak, powers, _summed(basic("subtract", powers, one), axis)

    def _by_value(self, flat: Node, axis: int) -> tuple[Node, Node, Node]:
        """The same from the largest value alone: entries equal to it count apart, but for one.

        Each is 1, or what becomes of an infinite one.
        """
        peak = reduce_node("max", flat, (axis,))
        powers = self._powers(flat, peak, axis)
        top = basic("equal", flat, _spread(peak, flat, (axis,)))
        small = _summed(basic("where", top, fill(0.0), powers), axis)
        count = _summed(basic("where", top, powers, fill(0.0)), axis)
        return peak, powers, basic("add", small, basic("subtract", count, fill(1.0)))

    def _settled(self, node: Node) -> Node:
        """A basic operation, or what is known of it where it belongs to a softmax.

        The logarithm of a softmax is x - logsumexp(x), also where a share is too small to be told
        from 0; what was divided by a share, as in that logarithm's slope, comes back whole.
        """
        node = self.stable(node)
        op = op_of(node)
        if op == "exp":
            return self._softmax(node)
        if op == "subtract":
            return self._difference(node)
        if op == "log":
            return self.logarithms.get(node._args[0], node)
        if op == "multiply":
            for share, other in (node._args, node._args[::-1]):
                if share in self.logarithms:
                    return _undivided(other, share) or node
        return node

    def _difference(self, node: Node) -> Node:
        """a - logsumexp(x) as (a - m) - (logsumexp(x) - m), and likewise turned.

        Where a is the largest entry m nothing is lost, however small the others are.
        """
        a, b = node._args
        for whole, sign in ((b, -1), (a, 1)):
            chain = type(whole) in (Einsum, Reshape) and len(whole._args) == 1
            soft = self.soft.get(whole._args[0] if chain else whole)
            if soft is None:
                continue
            peak, small = (
                rebuilt(whole, (part,)) if chain else part for part in (soft.peak, soft.small)
            )
            if sign < 0:
                made = basic("subtract", basic("subtract", a, peak), small)
            else:
                made = basic("add", basic("subtract", peak, b), small)
            if made.shape == node.shape:
                self.differences[made] = node
                return made
        return node

    def _softmax(self, node: Node) -> Node:
        """exp(x - logsumexp(x)) as the share that is already there."""
        difference = self.differences.get(node._args[0], node._args[0])
        if op_of(difference) != "subtract":
            return node
        x, spread = difference._args
        soft = self.soft.get(spread)
        if soft is not None and soft.x is x and not spread.shape:  # of all entries together
            return self._share(node, soft.powers, soft.total)
        if type(spread) not in (Einsum, Reshape) or len(spread._args) != 1:
            return node
        soft = self.soft.get(spread._args[0])
        if soft is None or soft.x is not x:
            return node
        for form in (_spread, _kept_ones, _kept_by_reshape):
            if spread is form(spread._args[0], x, soft.axes):
                return self._share(node, soft.powers, form(soft.total, x, soft.axes))
        return node

    def _share(self, node: Node, powers: Node, total: Node) -> Node:
        """A softmax, of which the logarithm is remembered."""
        share = basic("divide", powers, total)
        self.logarithms[share] = node._args[0]
        return share


def _undivided(node: Node, by: Node, depth: int = 3) -> Node | None:
    """A product of few factors times one that it was divided by; None where it was not."""
    op = op_of(node)
    if op == "divide" and node._args[1] is by:
        return node._args[0]
    if op not in ("multiply", "negative") or not depth:
        return None
    parts = [_undivided(arg, by, depth - 1) for arg in node._args]
    k = next((k for k, part in enumerate(parts) if part is not None), None)
    if k is None:
        return None
    args = [parts[k] or arg if i == k else arg for i, arg in enumerate(node._args)]
    return basic(op, *args)


def _spread(y: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """y repeated along the axes over which x was reduced."""
    indices = tuple(range(x.ndim))
    kept = tuple(i for i in indices if i not in axes)
    return y if not axes else einsum_node([kept], indices, dict(enumerate(x.shape)), (y,))


def _summed(x: Node, axis: int) -> Node:
    indices = tuple(range(x.ndim))
    return einsum_node([indices], tuple(i for i in indices if i != axis), {}, (x,))


def _at_winner(rank: int, axis: int) -> list[Row]:
    """Rows that read, or write, the entry at an index along one axis, for all other indices."""
    others = tuple(range(rank - 1))
    rows: list[Row] = [identity_row(k if k < axis else k - 1) for k in range(rank)]
    rows[axis] = Lookup(1, others)
    return rows


def _kept_by_reshape(y: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """As `_kept_ones`, by the other road."""
    return reshape_node(y, tuple(1 if a in axes else size for a, size in enumerate(x.shape)))


def _kept_ones(y: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """y with axes of size 1 where x was reduced."""
    indices = tuple(range(x.ndim))
    kept = tuple(i for i in indices if i not in axes)
    return einsum_node([kept], indices, dict.fromkeys(axes, 1), (y,))
