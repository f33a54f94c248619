"""What a batch adds to the loss and the metrics, and their values over many batches.

A value such as sum(w e) / sum(w) or a share of hits among the calls is no mean of its values on
the batches. It is a formula of sums over samples, though; these are added up batch by batch, and
the formula is evaluated on the totals: the value that all samples at once would have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sympy

from symgraph.build.arithmetic import divide
from symgraph.build.conditions import indicator
from symgraph.build.indexing import getitem
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.ops.leaves import Fill, Var, fill
from symgraph.ops.let import bare
from symgraph.shapes import dim_symbols
from symgraph.walks import topological

__all__ = ["Measured"]

MOST = 256  # entries of one sum over samples that are kept apart


@dataclass(frozen=True)
class _Part:
    """A node inside of a value: a sum over samples, or what is averaged over them."""

    node: Node
    is_sum: bool
    names: tuple[str, ...]  # of its entries among the outputs

    def total(self, sums: Mapping[str, float], rows: int) -> object:
        flat = np.array([sums[name] for name in self.names])
        shape = tuple(int(size) for size in self.node.shape)
        return (flat if self.is_sum else flat / rows).reshape(shape)


@dataclass
class Measured:
    """The outputs of a batch by name, all of them numbers, the loss first.

    Each is to be added up times the number of samples in its batch; `values` tells what the loss
    and the metrics are then.
    """

    roots: dict[str, Node]
    batch: sympy.Symbol | None
    outputs: dict[str, Node] = field(default_factory=dict)
    _parts: dict[str, list[_Part]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        above = _Above(self.batch, [*self.roots.values()])
        for name, root in self.roots.items():
            found = above.cut(root)
            if found is None:
                self.outputs[name] = indicator(root) if root.kind == "boolean" else root
                continue
            if name == "loss":  # what each batch is watched by
                self.outputs[name] = root
            self._parts[name] = [self._add(name, *one) for one in found]

    def _add(self, name: str, node: Node, is_sum: bool) -> _Part:
        names: list[str] = []
        for place in np.ndindex(*(int(size) for size in node.shape)):
            entry = getitem(node, place) if place else node
            if is_sum:
                assert self.batch is not None
                entry = divide(entry, fill(self.batch))
            names.append(f"{name}/{sum(key.startswith(f'{name}/') for key in self.outputs)}")
            self.outputs[names[-1]] = entry
        return _Part(node, is_sum, tuple(names))

    def values(self, sums: Mapping[str, float], rows: int) -> dict[str, float]:
        """The loss and the metrics of so many samples, from sums of output * samples."""
        if not self._parts:
            return {name: sums[name] / rows for name in self.roots}
        found: dict[str, float] = {}
        for name, root in self.roots.items():
            if name not in self._parts:
                found[name] = sums[name] / rows
                continue
            assert self.batch is not None
            given = {part.node: part.total(sums, rows) for part in self._parts[name]}
            with np.errstate(all="ignore"):
                found[name] = float(evaluate_nodes([root], given, {self.batch: rows})[root])
        return found

    def of_batch(self, outputs: Sequence[float], rows: int) -> dict[str, float]:
        """The loss and the metrics of one batch."""
        given = dict(zip(self.outputs, outputs, strict=True))
        if not self._parts:
            return given
        found = self.values({name: value * rows for name, value in given.items()}, rows)
        return {name: given.get(name, value) for name, value in found.items()}


class _Above:
    """Which nodes lie above sums over samples, and what is below them."""

    def __init__(self, batch: sympy.Symbol | None, roots: list[Node]) -> None:
        self._batch = batch
        self._of_samples: set[Node] = set()  # made of something with one entry a sample
        self._varying: set[Node] = set()  # made of variables
        for node in topological(roots) if batch is not None else ():
            if self._has_rows(node) or not self._of_samples.isdisjoint(node.args):
                self._of_samples.add(node)
            if isinstance(node, Var) or not self._varying.isdisjoint(node.args):
                self._varying.add(node)

    def _has_rows(self, node: Node) -> bool:
        return self._batch in dim_symbols(node.shape)

    def cut(self, root: Node) -> list[tuple[Node, bool]] | None:
        """The parts that a value is made of, and which of them are sums over samples.

        None when it is a mean over samples, which needs no parts, or no formula of such sums.
        """
        if root not in self._of_samples:
            return None
        found: dict[Node, bool] = {}
        seen, stack = {root}, [root]
        while stack:
            node = stack.pop()
            if node not in self._of_samples:
                if node in self._varying:
                    found[node] = False
                elif _sizes(node) - {self._batch}:
                    return None
            elif self._is_sum(node):
                found[node] = True
            elif any(map(self._has_rows, node.args)) or _sizes(node) - {self._batch}:
                return None
            else:
                stack += [arg for arg in node.args if arg not in seen]
                seen.update(node.args)
        if not all(_is_small(node) for node in found) or self._is_mean(root, found):
            return None
        return list(found.items())

    def _is_sum(self, node: Node) -> bool:
        """Whether a node adds up over the samples what each of them gives by itself."""
        if not isinstance(node, Einsum):
            return False
        of_rows = {i for i, size in node.sizes().items() if self._batch in dim_symbols([size])}
        if len(of_rows) != 1 or of_rows & {*node.out} or node.sizes()[min(of_rows)] != self._batch:
            return False
        others = [arg for arg, i in zip(node.args, node.ins, strict=True) if not of_rows & {*i}]
        return self._of_samples.isdisjoint(others)

    def _is_mean(self, root: Node, found: Mapping[Node, bool]) -> bool:
        """Whether a value is the mean over its samples, and means over batches are enough."""
        assert self._batch is not None
        sums = [node for node, is_sum in found.items() if is_sum]
        if not sums:
            return True
        value = bare(root)
        count = value.args[-1] if value.args else value
        if len(found) > 1 or not isinstance(count, Fill) or value is not divide(sums[0], count):
            return False
        return self._batch not in getattr(count.value / self._batch, "free_symbols", set())


def _sizes(node: Node) -> set[sympy.Symbol]:
    """The names of sizes that a node shows or reads."""
    read: set[sympy.Symbol] = (
        getattr(node.value, "free_symbols", set()) if isinstance(node, Fill) else set()
    )
    return read | dim_symbols(node.shape)


def _is_small(node: Node) -> bool:
    sizes = [size for size in node.shape if isinstance(size, int)]
    return len(sizes) == node.ndim and math.prod(sizes) <= MOST
