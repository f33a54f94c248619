"""The three walks that every derivative is made of: reverse, forward, and adding a batch axis.

Each visits a node once, in topological order, and asks the node for its own rule. A loop answers
for all its results together, so what comes to its projections is gathered until the loop itself is
reached.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from symgraph.garbage import uncollected
from symgraph.node import Node
from symgraph.ops.concat import concat_node
from symgraph.ops.einsum import widen
from symgraph.ops.leaves import Fill
from symgraph.ops.map import add_up
from symgraph.ops.move import Push, as_slices
from symgraph.shapes import Dim, same_dim
from symgraph.walks import reachable, topological

__all__ = ["Adjoints", "Image", "above", "batch", "dependents", "forward", "reverse", "total"]


@dataclass(frozen=True)
class Image:
    """What a loop became under a walk.

    `inner(node)` is what became of an inner node at every step, `final(k)` of the last value of
    state k; None where nothing came of it. Under `batch` the new axis is the first.
    """

    inner: Callable[[Node], Node | None]
    final: Callable[[int], Node | None]


class Loop(Protocol):
    """What a walk asks of a loop."""

    def pull_back(
        self, arriving: Sequence[tuple[Node, Node]], wanted: Sequence[bool]
    ) -> Sequence[Sequence[Node]]: ...

    def push_forward(self, tangents: Sequence[Node | None]) -> Image: ...

    def batched(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Image: ...


@dataclass
class Adjoints:
    """Everything that a reverse sweep finds out.

    `cotangent[node]` is the derivative of the seeded value by the node; `contribution[node, k]`
    is what reaches operand k through this one edge; `arriving[loop]` lists the projections of a
    loop with their cotangents.
    """

    cotangent: dict[Node, Node] = field(default_factory=dict)
    contribution: dict[tuple[Node, int], Node] = field(default_factory=dict)
    arriving: dict[Node, list[tuple[Node, Node]]] = field(default_factory=dict)


def dependents(order: Sequence[Node], sources: Collection[Node] | None) -> set[Node]:
    """The nodes of a topological order through which a gradient flows to the sources.

    None stands for all real leaves.
    """
    active: set[Node] = set()
    for node in order:
        if node.kind != "real":
            continue
        if sources is None:
            chosen = not node._args and not isinstance(node, Fill)
        else:
            chosen = node in sources
        if chosen or not active.isdisjoint(node._args):
            active.add(node)
    return active


@uncollected
def reverse(
    seeds: Mapping[Node, Node],
    sources: Collection[Node] | None,
    rename: Callable[[Node, Node], Node] | None = None,
    order: Sequence[Node] | None = None,
    edges: bool = True,
) -> Adjoints:
    """Propagate cotangents from the seeds down to the sources, every node once.

    `rename(node, cotangent)` may give a cotangent another form (a name, say) in which it goes on.
    `order` are the nodes below the seeds in topological order, where these are known; without
    `edges` the contributions are not kept.
    Source: reverse accumulation, Griewank and Walther 2008, chapter 3.
    """
    # The steps of a derivation, which are named, follow the order in which its author wrote them.
    if rename is not None:
        order = sorted(reachable(seeds), key=_serial)
    elif order is None:
        order = topological(seeds)
    active = dependents(order, sources)
    found = Adjoints()
    cotangent, contribution, arriving = found.cotangent, found.contribution, found.arriving
    parts = {node: [seed] for node, seed in seeds.items()}
    for node in reversed(order):
        if node not in active:
            continue
        if node in arriving:
            _through_loop(node, found, parts, active)
            continue
        given = parts.pop(node, None)
        if given is None:
            continue
        ct = cotangent[node] = given[0] if len(given) == 1 else total(given)
        if rename is not None:
            ct = rename(node, ct)
        if node.is_projection:
            arriving.setdefault(node._args[0], []).append((node, ct))
            continue
        for k, arg in enumerate(node._args):
            if arg not in active:
                continue
            part = node.vjp(ct, k)
            if part is None or _is_zero(part):
                continue
            if edges:
                contribution[node, k] = part
            if arg in parts:
                parts[arg].append(part)
            else:
                parts[arg] = [part]
    return found


def _through_loop(
    node: Node, found: Adjoints, parts: dict[Node, list[Node]], active: set[Node]
) -> None:
    loop: Loop = node.as_loop()
    wanted = [arg in active for arg in node._args]
    for k, pieces in enumerate(loop.pull_back(found.arriving[node], wanted)):
        kept = [piece for piece in pieces if not _is_zero(piece)]
        if kept:
            found.contribution[node, k] = total(kept)
            parts.setdefault(node._args[k], []).append(found.contribution[node, k])


def _is_zero(node: Node) -> bool:
    return isinstance(node, Fill) and bool(node.value == 0)


def total(parts: Sequence[Node]) -> Node:
    """The sum of cotangents; slices that tile the whole become one Concat."""
    tiled = _tiling(parts) if len(parts) > 1 else None
    summed = tiled if tiled is not None else add_up(parts)
    assert summed is not None
    return summed


def _tiling(parts: Sequence[Node]) -> Node | None:
    axis: int | None = None
    placed: list[tuple[Dim, Node]] = []
    for part in parts:
        slices = as_slices(part) if isinstance(part, Push) else None
        if slices is None:
            return None
        cut = [
            a
            for a, (start, _, count) in enumerate(slices)
            if start != 0 or not same_dim(count, part.shape[a])
        ]
        if len(cut) != 1 or cut[0] != (cut[0] if axis is None else axis):
            return None
        axis = cut[0]
        start, step, _ = slices[axis]
        if step != 1 or not isinstance(start, int):
            return None
        placed.append((start, part._args[0]))
    assert axis is not None
    placed.sort(key=_start)
    at: Dim = 0
    for start, piece in placed:
        if not same_dim(at, start):
            return None
        at = at + piece.shape[axis]
    if not same_dim(at, parts[0].shape[axis]):
        return None
    return concat_node([piece for _, piece in placed], axis)


def _start(item: tuple[Dim, Node]) -> int:
    return int(item[0])


@uncollected
def forward(roots: Sequence[Node], tangents: Mapping[Node, Node]) -> dict[Node, Node]:
    """Tangents of all nodes on the way from the seeded nodes to the roots; absent means zero."""
    found: dict[Node, Node] = dict(tangents)
    images: dict[Node, Image] = {}
    for node in above(roots, tangents.keys()):
        if node.is_projection:
            image = images.get(node._args[0])
            tangent = node.project(image) if image is not None else None
        else:
            given = [found.get(arg) for arg in node._args]
            if all(one is None for one in given):
                continue
            if node.is_loop:
                images[node] = node.as_loop().push_forward(given)
                continue
            tangent = node.jvp(given)
        if tangent is not None:
            found[node] = tangent
    return found


@uncollected
def batch(
    roots: Sequence[Node],
    leaves: Mapping[Node, Node],
    size: Dim,
    settled: Mapping[Node, Node] = MappingProxyType({}),
) -> dict[Node, Node]:
    """The roots computed for every entry of a new leading axis of some leaves at once.

    `leaves` maps a node to its batched stand-in of shape (size, *shape), `settled` to a stand-in
    without the axis. Nodes that depend on none of the leaves are absent from the result.
    """
    found: dict[Node, Node] = dict(leaves)
    images: dict[Node, Image] = {}
    for node in above(roots, found.keys() | settled.keys()):
        if node.is_projection:
            image = images.get(node._args[0])
            if image is not None:
                projected = node.project(image)
                assert projected is not None
                found[node] = projected
            continue
        flags = [arg in found for arg in node._args]
        if not any(flags):
            continue
        args = [
            found[arg] if flag else settled.get(arg, arg)
            for arg, flag in zip(node._args, flags, strict=True)
        ]
        if node.is_loop:
            images[node] = node.as_loop().batched(args, flags, size)
        else:
            found[node] = node.batch(args, flags, size)
    return found


def above(roots: Sequence[Node], ends: Collection[Node]) -> list[Node]:
    """The nodes between the roots and the ends, without the ends, operands before users."""
    return topological(roots, ends)


def _serial(node: Node) -> int:
    return node.serial


def batched_roots(roots: Sequence[Node], leaves: Mapping[Node, Node], size: Dim) -> list[Node]:
    """As `batch`, for the roots only; one that depends on no batched leaf is repeated."""
    found = batch(roots, leaves, size)
    return [found[r] if r in found else widen(r, (size, *r.shape)) for r in roots]
