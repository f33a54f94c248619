"""Parts of a vector that several gates share: with z = W h + b, σ(z[:n]) is σ(W_f h + b_f)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from symgraph.node import Node
from symgraph.ops import Pull
from symgraph.ops.let import bare
from symgraph.ops.move import as_slices
from symgraph.shapes import Dim, same_dim

__all__ = ["Cut", "Shared", "cut_of", "shared_vectors"]

#: So many operations after a part was cut out, the name of the gate is looked for.
_FARTHEST = 4


class Cut(NamedTuple):
    """The part of one axis that is read."""

    axis: int
    start: Dim
    size: Dim


class Shared(NamedTuple):
    """The parts that make up a vector: their first entries, sizes and names."""

    starts: tuple[Dim, ...]
    sizes: tuple[Dim, ...]
    labels: tuple[str, ...]

    def place(self, start: Dim) -> int | None:
        """Which part begins here."""
        return next((k for k, one in enumerate(self.starts) if same_dim(one, start)), None)


def cut_of(node: Pull) -> Cut | None:
    """Axis, start and size where a Pull reads a part of one axis."""
    slices = as_slices(node)
    if slices is None or len(node.args) > 1:
        return None
    source = node.args[0].shape
    cut = [a for a, (_, _, count) in enumerate(slices) if not same_dim(count, source[a])]
    if len(cut) != 1 or slices[cut[0]][1] != 1:
        return None
    start, _, count = slices[cut[0]]
    return Cut(cut[0], start, count)


def shared_vectors(order: Sequence[Node], names: Mapping[Node, str]) -> dict[Node, Shared]:
    """The vectors that are cut into parts without gaps, each part with the name of its gate."""
    cuts: dict[Node, dict[Node, Cut]] = {}
    users: dict[Node, list[Node]] = {}
    for node in order:
        for arg in node.args:
            users.setdefault(arg, []).append(node)
        cut = cut_of(node) if isinstance(node, Pull) and node.ndim == 1 else None
        if cut is not None:
            cuts.setdefault(bare(node.args[0]), {})[node] = cut
    found: dict[Node, Shared] = {}
    for source, parts in cuts.items():
        placed = _in_order(list(parts.items()), source.shape[0])
        if placed is None or len(placed) < 2:
            continue
        labels = [_label(part, names, users) for part, _ in placed]
        if "" in labels or len(set(labels)) < len(labels):
            labels = [str(k) for k in range(1, len(placed) + 1)]
        starts, sizes = [cut.start for _, cut in placed], [cut.size for _, cut in placed]
        found[source] = Shared(tuple(starts), tuple(sizes), tuple(labels))
    return found


def _in_order(parts: Sequence[tuple[Node, Cut]], size: Dim) -> list[tuple[Node, Cut]] | None:
    """The parts from the first entry to the last one; None where they leave gaps or overlap."""
    found: list[tuple[Node, Cut]] = []
    at: Dim = 0
    while not same_dim(at, size):
        here = [one for one in parts if same_dim(one[1].start, at)]
        if not here or len(found) == len(parts):
            return None
        found.append(here[0])
        at = at + here[0][1].size
        if not all(same_dim(one[1].size, here[0][1].size) for one in here):
            return None
    covered = sum(any(same_dim(c.start, one.start) for _, one in found) for _, c in parts)
    return found if covered == len(parts) else None


def _label(part: Node, names: Mapping[Node, str], users: Mapping[Node, list[Node]]) -> str:
    """The name of a part, or of the nearest value with a name that is computed from it."""
    level = [part]
    for _ in range(_FARTHEST):
        named = [names[node] for node in level if node in names]
        if named:
            return named[0]
        level = [user for node in level for user in users.get(node, [])]
    return ""
