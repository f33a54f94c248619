"""Variables of NumPy programs as vectors, and new values computed in the memory of the old ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symgraph.codegen.numpy_writer import Line, Value, Writer, identity
from symgraph.codegen.overwriting import Overwriting, Vector, overwritings, vectors_of
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.ops.reshape import Reshape

__all__ = ["Places"]


class Places:
    """What is computed in the memory of variables; `array` gives the array of each.

    `first` is the number of the first step that overwrites an old value, `groups` are the variables
    that are one vector where they follow each other in memory, `leaving` the lines that store such
    vectors where they do not.
    """

    def __init__(
        self,
        w: Writer,
        updates: Mapping[Node, Node],
        array: Callable[[Node], Value],
        check_finite: bool,
    ) -> None:
        self.w = w
        self.leaving: list[Line] = []
        vectors = vectors_of(w.block)
        found = [] if check_finite else overwritings(w.block, updates, vectors)
        self._found = {one.source: one for one in found}
        self._vectors = {
            one.node: one for one in vectors if one.reader is not None or one.node in self._found
        }
        self.groups = [one.variables for one in self._vectors.values()]
        begun, steps = {one.steps[0] for one in found}, w.block.steps
        self.first = next((k for k, node in enumerate(steps) if node in begun), len(steps))
        for one in found:
            if isinstance(one.source, Var):
                w.destination.update(dict.fromkeys(one.steps, array(one.source)))
            w.env.update((node, array(variable)) for node, variable in one.pieces.items())
        for vector in self._vectors.values():
            for arg in vector.node.args:
                if type(arg) is Reshape and w.block.uses[arg] == 1:
                    w.env[arg] = w.env[arg.args[0]]

    def join(self, node: Node) -> bool:
        """Variables as a vector, where the node is one that can be had without copies."""
        vector = self._vectors.get(node)
        if vector is None:
            return False
        w = self.w
        parts = w.name("g")
        names = ", ".join(w.env[variable].text for variable in vector.variables)
        w.attach.lines.append(f"{parts} = {w.call('neighbours')}({names})")
        order = identity(node.shape)
        value = Value(parts, node.shape, "real", "array", w.attach, order, parts=parts)
        one = self._found.get(node)
        if one is not None and self._stays_in_parts(vector, one):
            w.destination[vector.reader or node] = value
        elif one is not None:
            whole = self._whole(one, parts)
            value = value if vector.reader is not None else whole
        w.define(node, value)
        return True

    def _stays_in_parts(self, vector: Vector, one: Overwriting) -> bool:
        """Whether the new vector is made in one step, for the variables alone."""
        new = one.steps[-1]
        return vector.reader is new and self.w.block.uses[new] == len(vector.variables)

    def _whole(self, one: Overwriting, parts: str) -> Value:
        """The memory of the steps: that of the variables if it is one vector, else other memory."""
        w, node = self.w, one.source
        own = w.allocate(node.shape, "real")
        name, pieces, pairs = (w.name(f"{text}_v") for text in (own.text, parts, parts))
        made = f"{w.call('as_vector')}({parts}, {own.text})"
        w.attach.lines.append(f"{name}, {pieces}, {pairs} = {made}")
        whole = Value(name, node.shape, "real", "array", w.attach, identity(node.shape))
        whole.views[parts] = Value(pieces, (), "real", "list", w.attach)  # see `Writer.cut`
        w.destination.update(dict.fromkeys(one.steps, whole))
        if one.source in self._vectors and self._vectors[node].reader is None:
            w.say(f"for place, part in {pairs}: place[...] = part")
        self.leaving.append(Line(f"for place, part in {pairs}: part[...] = place"))
        return whole
