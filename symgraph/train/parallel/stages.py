"""A step of training cut into stages, between which the sums of all workers are formed.

Each worker computes with its own samples. What depends on all samples, a gradient, the loss, the
mean that batch normalisation takes, is a sum of what the workers have: the graph is cut where such
a sum is used in any other way than linearly. The sums of one stage lie in one vector, so that they
are formed in one operation; the last stage updates the parameters from them, on every worker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy

from symgraph.build.arithmetic import add, floor, multiply
from symgraph.errors import UnsupportedError
from symgraph.garbage import uncollected
from symgraph.node import Node
from symgraph.ops.concat import concat_node
from symgraph.ops.einsum import folded_einsum
from symgraph.ops.leaves import Fill, Iota, Random, Var, fill, random, var
from symgraph.ops.map import map_node
from symgraph.ops.move import pull
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Affine
from symgraph.printing import describe
from symgraph.scalar import slot
from symgraph.shapes import product
from symgraph.template import template
from symgraph.train.parallel.loops import Loops
from symgraph.train.parallel.spread import Inseparable, Open, Rows, Spread, reads_size
from symgraph.walks import topological

__all__ = ["Sizes", "Stage", "Stages", "cut"]


@dataclass
class Stage:
    """What is computed before the next sums: new values of buffers, or the results at last.

    `total` is the vector to be added up over the workers; its last entry is free. `others` are
    arrays to be added up of which only the data say how large they are. Both are empty at last.
    """

    outputs: list[Node] = field(default_factory=list)
    updates: dict[Node, Node] = field(default_factory=dict)
    total: Node | None = None
    others: list[Node] = field(default_factory=list)


@dataclass
class Sizes:
    """The variables that stand for numbers of samples: those of all workers, and the first own."""

    batch: sympy.Symbol
    numbers: dict[Node, sympy.Symbol] = field(default_factory=dict)
    first: Node | None = None

    def first_own(self) -> Node:
        """The number of a worker's first sample in the batch."""
        if self.first is None:
            self.first = var("first sample of this worker", (), "input", "integer")
        return self.first

    def leaf(self, node: Node) -> Node:
        """A leaf that depends on the number of all samples, or on their positions."""
        if isinstance(node, Fill):
            return self._filled(node)
        if isinstance(node, Iota):
            return add(node, self.first_own())
        return node

    def drawn(self, node: Node, key: Node) -> Node:
        """The random numbers of a worker's own samples."""
        distribution, stream, shape = node.params
        each = self.leaf(fill(product(shape[1:])))
        return random(distribution, key, stream, shape, multiply(self.first_own(), each))

    def _filled(self, node: Fill) -> Node:
        """A number made of sizes, from the sizes that the data of all workers have."""
        symbols = sorted(getattr(node.value, "free_symbols", ()), key=str)
        if not symbols:
            return node
        places = [self._number(symbol, node.kind) for symbol in symbols]
        slots = {symbol: slot(k) for k, symbol in enumerate(symbols)}
        value: Any = node.value
        number = map_node(template(value.xreplace(slots), len(places)), tuple(places))
        axes = tuple(range(node.ndim))
        return folded_einsum([()], axes, dict(zip(axes, node.shape, strict=True)), (number,))

    def _number(self, symbol: sympy.Symbol, kind: Any) -> Node:
        place = var(f"{symbol} of all workers, {kind}", (), "input", kind)
        self.numbers[place] = symbol
        return place


@dataclass
class Stages:
    """The stages in their order, the variables between them, and the sizes that they need."""

    parts: list[Stage]
    buffers: list[Var]
    sizes: Sizes


@uncollected
def cut(
    where: str, batch: sympy.Symbol, outputs: Sequence[Node], updates: Mapping[Node, Node]
) -> Stages:
    """The stages that compute outputs and updates of batches, each worker from its own samples.

    Raises UnsupportedError, which begins with `where`, naming the first value that cannot be
    computed so.
    """
    return _Cut(where, batch, [*outputs, *updates.values()]).stages(outputs, updates)


class _Cut:
    """How all nodes are spread, and in which stage each is known."""

    def __init__(self, where: str, batch: sympy.Symbol, roots: Sequence[Node]) -> None:
        self._where, self._batch = where, batch
        self._loops = Loops(batch)
        self._spread: dict[Node, Spread] = {}
        self._level: dict[Node, int] = {}
        self._sums: dict[Node, None] = {}  # partial values whose sums are used
        for node in topological(roots):
            try:
                self._enter(node)
            except Inseparable as error:
                raise self._refused(node, str(error)) from None
        levels = [self._known_from(root) for root in roots]
        self._sums = self._needed()
        self._last = max([1, *levels])
        self._sizes = Sizes(batch)
        self._buffers: dict[Node, Var] = {}  # what a later stage reads, and where it lies
        self._views: dict[Node, Node] = {}  # the sums, in their vectors

    def _refused(self, node: Node, why: str) -> UnsupportedError:
        return UnsupportedError(
            f"{self._where}: {describe(node)} cannot be computed by several workers: {why}. Train "
            "without communicator=, or write it as a sum over the samples."
        )

    # --- where each value is known ------------------------------------------------------------

    def _enter(self, node: Node) -> None:
        """Find the spread and the stage of a node, and the sums that it needs."""
        stage = max((self._level[arg] for arg in node.args), default=0)
        late = [arg for arg in node.args if self._is_partial(arg) and self._level[arg] < stage]
        spreads = [
            self._spread[arg] if arg not in late else "whole" for arg in node.args
        ]  # fmt: skip
        try:
            found = self._loops.of(node, spreads)
        except Open:
            late = [arg for arg in node.args if self._is_partial(arg)]
            stage = max(self._level[arg] + (arg in late) for arg in node.args)
            whole: list[Spread] = [
                "whole" if arg in late else self._spread[arg] for arg in node.args
            ]
            found = self._loops.of(node, whole)
        self._spread[node], self._level[node] = found, stage
        self._sums |= dict.fromkeys(late)

    def _is_partial(self, node: Node) -> bool:
        return self._spread[node] == "partial"

    def _known_from(self, root: Node) -> int:
        """The stage in which a result is known to every worker."""
        if isinstance(self._spread[root], Rows):
            raise self._refused(root, "it has an entry for each sample, and all workers need all")
        if not self._is_partial(root):
            return self._level[root]
        self._sums[root] = None
        return self._level[root] + 1

    def _needed(self) -> dict[Node, None]:
        """The sums of which no other sums tell: of g and 2 g only g travels."""
        told: set[Node] = set()
        needed: dict[Node, None] = {}
        for node, one in self._spread.items():
            if one != "partial":
                continue
            parts = [arg for arg in node.args if self._is_partial(arg)]
            if parts and told.issuperset(parts):
                told.add(node)
            elif node in self._sums:
                told.add(node)
                needed[node] = None
        return needed

    # --- the stages ---------------------------------------------------------------------------

    def stages(self, outputs: Sequence[Node], updates: Mapping[Node, Node]) -> Stages:
        """The stages, the last one first: only then is known what the others have to leave."""
        totals = self._vectors()
        images = self._images([*outputs, *updates.values()], self._last)
        last = Stage(
            [images[node] for node in outputs],
            {old: images[new] for old, new in updates.items()},
        )
        parts = [last]
        for level in reversed(range(self._last)):
            parts.insert(0, self._stage(level, totals[level]))
        buffers = [*self._buffers.values(), *(total for total in totals if isinstance(total, Var))]
        return Stages(parts, buffers, self._sizes)

    def _vectors(self) -> list[Node]:
        """The vector of each stage in which its sums lie, one behind the other, and a last entry.

        Sums of a size that only the data tell lie by themselves.
        """
        totals: list[Node] = []
        for level in range(self._last):
            fixed = [
                node for node in self._of(level) if isinstance(product(node.shape), int)
            ]  # fmt: skip
            sizes = [int(product(node.shape)) for node in fixed]
            total = var(f"sums of stage {level}", (sum(sizes) + 1,), "input")
            start = 0
            for node, size in zip(fixed, sizes, strict=True):
                piece = pull(total, [Affine(start, ((0, 1),))], (size,))
                self._views[node] = _as_kind(reshape_node(piece, node.shape), node)
                start += size
            for node in self._of(level):
                if node not in self._views:
                    self._buffers[node] = var(f"sum {len(self._buffers)}", node.shape, "input")
                    self._views[node] = _as_kind(self._buffers[node], node)
            totals.append(total)
        return totals

    def _of(self, level: int) -> list[Node]:
        """The sums that are formed after a stage."""
        return [node for node in self._sums if self._level[node] == level]

    def _stage(self, level: int, total: Node) -> Stage:
        sums = self._of(level)
        left = [node for node in self._buffers if self._level[node] == level]
        images = self._images([*sums, *left], level)
        others = [self._buffers[node] for node in sums if node in self._buffers]
        pieces = [
            reshape_node(images[node], (product(node.shape),))
            for node in sums
            if node not in self._buffers
        ]
        updates = {self._buffers[node]: images[node] for node in left}
        updates[total] = concat_node([*pieces, fill(0.0, (1,), "real")], 0)
        return Stage([], dict(updates), total, list(others))

    def _images(self, roots: Sequence[Node], level: int) -> dict[Node, Node]:
        """What stands for some nodes in a stage, and for all that they are made of there."""
        images: dict[Node, Node] = {}
        own: set[Node] = set()
        stack = list(roots)
        while stack:
            node = stack.pop()
            if node in images or node in own:
                continue
            stands = self._stands(node, level)
            if stands is not None:
                images[node] = stands
                continue
            own.add(node)
            stack.extend(node.args)
        for node in topological(roots, images):
            args = tuple(images[arg] for arg in node.args)
            if isinstance(node, Random) and reads_size(node, self._batch):
                images[node] = self._sizes.drawn(node, args[0])
            else:
                images[node] = node if args == node.args else node.rebuild(node.params, args)
        return images

    def _stands(self, node: Node, level: int) -> Node | None:
        """What a node is in a stage when it need not be computed there."""
        if not node.args:
            return self._sizes.leaf(node) if _has_sizes(node, self._batch) else node
        if self._level[node] == level:
            return None
        if node in self._views:
            return self._views[node]
        if not isinstance(self._spread[node], Rows):
            return None
        if node not in self._buffers:
            name = f"value {len(self._buffers)}"
            self._buffers[node] = var(name, node.shape, "input", node.kind)
        return self._buffers[node]


def _has_sizes(node: Node, batch: sympy.Symbol) -> bool:
    """Whether a leaf needs the sizes of the data, beside those of the arrays of its stage."""
    return isinstance(node, Fill) or reads_size(node, batch)


def _as_kind(value: Node, node: Node) -> Node:
    """A sum of the kind of its node, from a vector of reals."""
    return floor(add(value, 0.5)) if node.kind == "integer" else value
