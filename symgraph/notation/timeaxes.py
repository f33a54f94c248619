"""Which axes of which values are times, and the letter of each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops import Concat, Einsum, Let, Map, Pull, Reduce, Reshape, Scan, Trace
from symgraph.ops.rows import Affine
from symgraph.shapes import Dim, same_dim

__all__ = ["TimeAxes", "kept_prefix", "operand_axis"]


class TimeAxes:
    """The time axes of the nodes of a graph, found from the loops upwards.

    Loops whose values meet along an axis share one letter.
    """

    def __init__(self, order: Sequence[Node], letters: Sequence[str]) -> None:
        self._parent: dict[Node, Node] = {}
        self._axes: dict[Node, dict[int, Node]] = {}
        self._lengths: dict[Node, Dim] = {}
        #: The nodes below which there is a loop.
        self.looping: set[Node] = set()
        sequences: dict[Node, Node] = {}
        for node in order:
            if isinstance(node, Scan):
                self._meet(node, sequences)
            if node.is_loop or any(arg in self.looping for arg in node.args):
                self.looping.add(node)
            self._axes[node] = self._found(node)
        loops = [node for node in order if isinstance(node, Scan)]
        groups = list(dict.fromkeys(map(self._group, loops)))
        if len(groups) > len(letters):
            raise UnsupportedError(f"{len(groups)} different times, {len(letters)} letters.")
        self._letters = dict(zip(groups, letters, strict=False))
        #: The number of times behind each letter.
        self.lengths = {self._letters[g]: self._lengths[g] for g in groups}

    def of(self, node: Node) -> Mapping[int, Node]:
        """The time axes of a node, each with its loop."""
        if node not in self._axes:
            self._axes[node] = self._found(node)
        return self._axes[node]

    def letter(self, loop: Node) -> str:
        """The letter of a loop's time."""
        return self._letters[self._group(loop)]

    def _group(self, loop: Node) -> Node:
        while self._parent[loop] is not loop:
            loop = self._parent[loop]
        return loop

    def _join(self, a: Node, b: Node) -> None:
        self._parent[self._group(b)] = self._group(a)

    def _meet(self, scan: Scan, sequences: dict[Node, Node]) -> None:
        """A loop has the time of its sequences, and of other loops over the same ones."""
        self._parent[scan] = scan
        self._lengths[scan] = scan.length
        count = len(scan.body.states)
        for arg in scan.args[count : count + len(scan.body.sequences)]:
            other = self._axes[arg].get(0, sequences.get(arg))
            if other is not None:
                self._join(other, scan)
            sequences[arg] = scan

    def _found(self, node: Node) -> dict[int, Node]:
        found: dict[int, Node] = {}
        if isinstance(node, Trace):
            found[0] = node.scan
        elif not node.is_loop and not node.is_projection:
            for k, arg in enumerate(node.args):
                for axis, loop in self.of(arg).items():
                    place = result_axis(node, k, axis)
                    if place is not None and place in found:
                        self._join(found[place], loop)
                    elif place is not None:
                        found[place] = loop
        return found


def result_axis(node: Node, k: int, axis: int) -> int | None:
    """Where an axis of an operand is found in the result."""
    arg = node.args[k]
    if isinstance(node, Map):
        return axis + node.ndim - arg.ndim
    if isinstance(node, Einsum):
        label = node.ins[k][axis]
        return node.out.index(label) if label in node.out else None
    if isinstance(node, Let):
        return axis
    if isinstance(node, Reduce):
        return None if axis in node.axes else axis - sum(a < axis for a in node.axes)
    if isinstance(node, Pull) and k == 0:
        row = node.rows[axis]
        kept = isinstance(row, Affine) and len(row.steps) == 1 and row.steps[0][1] == 1
        if not kept or not isinstance(row, Affine):
            return None
        place = row.steps[0][0]
        return place if row.offset == 0 and same_dim(node.shape[place], arg.shape[axis]) else None
    if isinstance(node, Concat):
        return None if axis == node.axis else axis
    if isinstance(node, Reshape):
        return axis if kept_prefix(node, axis) else None
    return None


def operand_axis(node: Node, k: int, axis: int) -> int | None:
    """Where an axis of the result is found in an operand of a Map; None where it is repeated."""
    arg = node.args[k]
    place = axis - (node.ndim - arg.ndim)
    if place < 0 or (arg.shape[place] == 1 and node.shape[axis] != 1):
        return None
    return place


def kept_prefix(node: Node, axis: int) -> bool:
    """Whether a Reshape leaves this axis and all before it as they are."""
    source = node.args[0].shape
    return len(source) > axis < node.ndim and all(
        same_dim(a, b) for a, b in zip(source[: axis + 1], node.shape[: axis + 1], strict=True)
    )
