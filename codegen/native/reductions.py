"""Sums and maxima that are taken in the loop that computes what they are of."""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.codegen.labels import Labels
from symgraph.codegen.native.source import Site
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.strided import entry
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.reduce import Reduce
from symgraph.shapes import Dim, product

__all__ = ["Reduction", "deepest", "refuse_empty"]


def deepest(strides: Sequence[Dim]) -> int:
    """The number of the innermost loop with which a place moves; -1 for none."""
    for k in range(len(strides) - 1, -1, -1):
        if strides[k] != 0:
            return k
    return -1


def refuse_empty(w: CWriter, node: Reduce) -> None:
    """Before anything runs, sizes are refused for which there is no largest entry."""
    text = f"{node.operation}: axes {node.axes} hold no entries, so there is no winner. "
    for axis in node.axes:
        size = node._args[0].shape[axis]
        if not isinstance(size, int):
            w.demand(f"{w.size(size)} == 0", Site("ShapeError", f"{text}Give at least one."))


class Reduction:
    """One sum, or one maximum over the last axes.

    Where the innermost loops run over what is summed, the sum is a local variable; else entries are
    added to the result in memory.
    """

    def __init__(self, w: CWriter, node: Node, labels: Labels) -> None:
        self.w, self.node, self.note = w, node, labels.note(node, w.env)
        self.is_sum = isinstance(node, Einsum)
        arg = node._args[0]
        axes = range(len(arg.shape))
        if isinstance(node, Einsum):
            kept = [axis for axis in axes if node.ins[0][axis] in node.out]
        else:
            assert isinstance(node, Reduce)
            refuse_empty(w, node)
            kept = [axis for axis in axes if axis not in node.axes]
        self.out = w.result(node, "real")
        strides = dict(zip(kept, self.out.strides or (), strict=True))
        self.strides: tuple[Dim, ...] = tuple(strides.get(axis, 0) for axis in axes)
        # not 0 for what is summed; neighbouring axes of it are as one, as in row-major order
        self.flags: tuple[Dim, ...] = tuple(
            0 if axis in kept else product(arg.shape[axis + 1 :]) or 1 for axis in axes
        )
        self.total, self.wrong = w.name("v"), w.name("v")
        self.depth = -1
        self.clauses: list[str] = []

    def settle(self, strides: Sequence[Dim], flags: Sequence[Dim]) -> None:
        """The loops are known: `flags` are not 0 for those over what is summed."""
        self.columns = tuple(strides)
        last = len(flags) - 1
        kept = [k for k, flag in enumerate(flags) if flag == 0]
        self.depth = max(kept, default=-1)
        self.adds = any(flag != 0 for flag in flags[: max(self.depth, 0)])
        if self.adds:
            self.w.fill(self.out, 0)
        if self.depth < last:
            self.clauses = [f"reduction(+:{self.total})"]
            if not self.is_sum:
                self.clauses = [f"reduction(max:{self.total})", f"reduction(|:{self.wrong})"]

    def begin(self) -> None:
        """Before the loops over what is summed."""
        w = self.w
        start = w.number(0.0 if self.is_sum else float("-inf"), "real")
        w.say(f"{w.real} {self.total} = {start};", self.note)
        if not self.is_sum:
            w.say(f"{w.local('boolean')} {self.wrong} = 0;")

    def step(self, value: str, names: Sequence[str]) -> None:
        """One entry."""
        w = self.w
        if not self.clauses:
            sign = "+=" if self.adds else "="
            w.say(f"{self._place(names)} {sign} {value};", self.note)
        elif self.is_sum:
            w.say(f"{self.total} += {value};")
        else:
            w.say(f"{self.wrong} |= {value} != {value};")
            w.say(f"{self.total} = {value} > {self.total} ? {value} : {self.total};")

    def end(self, names: Sequence[str]) -> None:
        """Behind the loops over what is summed."""
        w, found = self.w, self.total
        if not self.is_sum:
            found = f"{self.wrong} ? {w.number(float('nan'), 'real')} : {self.total}"
        w.say(f"{self._place(names)} {'+=' if self.adds else '='} {found};")

    def _place(self, names: Sequence[str]) -> str:
        at = self.w.position(list(zip(names, self.columns, strict=False)))
        return entry(self.out, at)
