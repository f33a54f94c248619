"""Which new values may be computed where the old ones lie, step by step.

An optimizer keeps moments: m becomes 0.9*m + 0.1*g. Where nothing reads the old m after 0.9*m, both
steps may write into the memory of m itself, and nothing has to be copied at the end. The same holds
for a vector of several variables behind each other (see `alike`), whose new values are cut out of a
new vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from symgraph.codegen.basic import op_of
from symgraph.codegen.schedule import Block
from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.leaves import Var
from symgraph.ops.map import Map
from symgraph.ops.move import Pull
from symgraph.ops.reshape import Reshape
from symgraph.ops.rows import Affine
from symgraph.shapes import product

__all__ = ["Overwriting", "Vector", "overwritings", "vectors_of"]


@dataclass(frozen=True)
class Vector:
    """A Concat of whole variables, which belong to no other one.

    `reader` is the one operation that reads it entry by entry, or None.
    """

    node: Node
    variables: tuple[Var, ...]
    reader: Node | None


@dataclass(frozen=True)
class Overwriting:
    """Operations in a row, from the old value of a variable or of a vector to the new one.

    Each may be computed in the memory of what it reads. `pieces` are what is cut out of the new
    vector, with the variable of each.
    """

    source: Node
    steps: tuple[Node, ...]
    pieces: Mapping[Node, Var] = field(default_factory=dict)


def vectors_of(block: Block) -> list[Vector]:
    """The vectors of variables in a block, in the order of its steps."""
    readers = _readers(block.steps)
    taken: set[Node] = set()
    shared: set[Node] = set()  # operations that go through a vector in pieces
    found: list[Vector] = []
    for node in block.steps:
        if not isinstance(node, Concat) or node.ndim != 1 or node.kind != "real":
            continue
        given = [arg._args[0] if type(arg) is Reshape else arg for arg in node._args]
        variables = [one for one in given if isinstance(one, Var) and one.kind == "real"]
        if len(variables) < len(given) or len({*variables}) < len(given) or taken & {*variables}:
            continue
        taken.update(variables)
        reader = _only(readers.get(node, [])) if block.uses[node] == 1 else None
        if reader is None or not _is_entrywise(reader, node) or reader in shared:
            reader = None
        else:
            shared.add(reader)
        found.append(Vector(node, tuple(variables), reader))
    return found


def overwritings(
    block: Block, updates: Mapping[Node, Node], vectors: Sequence[Vector]
) -> list[Overwriting]:
    """What may be computed in the memory of variables; everything returned is known by then."""
    return list(_Search(block, updates, vectors).all())


class _Search:
    def __init__(
        self, block: Block, updates: Mapping[Node, Node], vectors: Sequence[Vector]
    ) -> None:
        self.block, self.updates, self.vectors = block, updates, vectors
        self.readers = _readers(block.steps)
        self.late = [node for node in block.steps if block.sections.get(node) == "update"]
        self.place = {node: k for k, node in enumerate(self.late)}
        viewed = block.viewed(updates)
        self.reads: dict[Node, list[Node]] = {}  # late steps that read a variable, maybe by a view
        for step in self.late:
            for arg in step._args:
                for variable in viewed.get(arg, ()):
                    self.reads.setdefault(variable, []).append(step)
        for vector in vectors:  # a vector that one operation reads is never made
            if vector.reader in self.place:
                for variable in vector.variables:
                    self.reads.setdefault(variable, []).append(vector.reader)
        self.kept = {  # variables whose old value is the new one of another
            source
            for variable, node in updates.items()
            for source in viewed.get(node, ())
            if source is not variable
        }

    def all(self) -> Iterator[Overwriting]:
        for vector in self.vectors:
            found = self._of_vector(vector)
            if found is not None:
                yield found
        for variable, node in self.updates.items():
            if variable.shape != () and variable not in self.kept:
                steps = self._steps(variable, node, self.reads.get(variable, []))
                if steps:
                    yield Overwriting(variable, steps)

    def _steps(self, source: Node, new: Node, reads: Sequence[Node]) -> tuple[Node, ...]:
        """The steps from the last read of the old value to the new one; () if there are none."""
        if new not in self.place or not _is_entrywise(new, source):
            return ()
        last = max(reads, key=self.place.__getitem__, default=new)
        if self.place[last] > self.place[new]:
            return ()
        if all(size == 1 for size in source.shape):  # such entries are numbers on their way
            return (new,)
        steps = [last]
        while steps[-1] is not new:
            node = steps[-1]
            above = _only(self.readers.get(node, [])) if self.block.uses[node] == 1 else None
            if above is None or not _is_entrywise(node, source) or above not in self.place:
                return (new,)
            steps.append(above)
        return tuple(steps)

    def _of_vector(self, vector: Vector) -> Overwriting | None:
        """How a vector becomes the one that the new values of its variables are cut out of."""
        pieces: dict[Node, Var] = {}
        start = 0
        whole: Node | None = None
        for variable in vector.variables:
            size = product(variable.shape)
            cut, nodes = _cut(self.updates.get(variable), start, size)
            if cut is None or whole not in (None, cut) or not isinstance(size, int):
                return None
            if variable in self.kept or {*self.reads.get(variable, ())} - {vector.reader}:
                return None
            if any(self.block.uses[node] != 1 for node in nodes):
                return None
            whole = cut
            pieces.update(dict.fromkeys(nodes, variable))
            start += size
        if whole is None or whole.shape != vector.node.shape:
            return None
        reads = [node for node in self.late if vector.node in node._args]
        steps = self._steps(vector.node, whole, reads)
        if not reads or not steps or vector.node not in steps[0]._args:
            return None
        return Overwriting(vector.node, steps, pieces)


def _cut(node: Node | None, start: int, size: object) -> tuple[Node | None, list[Node]]:
    """The vector that a new value is a piece of, from `start` on, and the nodes between them."""
    nodes: list[Node] = []
    if type(node) is Reshape:
        nodes.append(node)
        node = node._args[0]
    if node is None or type(node) is not Pull or len(node._args) != 1 or node.shape != (size,):
        return None, nodes
    wanted = [Affine(start, ((0, 1),))]
    return (node._args[0] if list(node.rows) == wanted else None), [*nodes, node]


def _is_entrywise(node: Node, source: Node) -> bool:
    """Whether a value of the source's shape is an operation on entries that fits into its place."""
    fits = type(node) is Map and node.kind == source.kind and node.shape == source.shape
    return fits and op_of(node) not in ("where", "iverson")


def _readers(steps: Sequence[Node]) -> dict[Node, list[Node]]:
    found: dict[Node, list[Node]] = {}
    for node in steps:
        for arg in dict.fromkeys(node._args):
            found.setdefault(arg, []).append(node)
    return found


def _only(nodes: Sequence[Node]) -> Node | None:
    return nodes[0] if len(nodes) == 1 else None
