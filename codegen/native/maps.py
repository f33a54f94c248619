"""Basic operations in C: those of a group share a loop, in which their sums and maxima are taken.

Inside of a group a value is a local variable of its storage; only what is read elsewhere is
written to memory. What stays the same in an inner loop is read before it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from symgraph.codegen.basic import op_of
from symgraph.codegen.contraction import typical
from symgraph.codegen.labels import Labels
from symgraph.codegen.native.lanes import (
    Stages,
    fills_vectors,
    has_no_rest,
    in_vector,
    stages,
)
from symgraph.codegen.native.latency import PLAIN, longest_first
from symgraph.codegen.native.moves import relaid
from symgraph.codegen.native.operations import expression, raised
from symgraph.codegen.native.reductions import Reduction, deepest
from symgraph.codegen.native.writer import INDEPENDENT, CWriter, Factors
from symgraph.codegen.plan import node_storage
from symgraph.codegen.strided import Value, entry, merged, spread
from symgraph.node import Kind, Node
from symgraph.ops.map import Map
from symgraph.shapes import Dim, product, same_dim

__all__ = ["emit_maps"]


def emit_maps(
    w: CWriter, group: Sequence[Node], labels: Labels, overwritten: frozenset[Node] = frozenset()
) -> None:
    """The loops that compute basic operations of one shape and reductions of them.

    The results of `overwritten` lie in memory that others of the group may still read.
    """
    _Group(w, group, labels, overwritten).emit()


def _in_tangents(maps: Sequence[Node]) -> dict[Node, None]:
    """Exponentials that the loop computes and makes hyperbolic tangents of."""
    made = [node._args[1] for node in maps if op_of(node) == "tanh_of"]
    return dict.fromkeys([node for node in maps if node in made and op_of(node) == "exp"])


class _Place(NamedTuple):
    """A value, and its strides in the loops."""

    node: Node
    value: Value
    column: tuple[Dim, ...]


class _Group:
    def __init__(
        self, w: CWriter, nodes: Sequence[Node], labels: Labels, overwritten: frozenset[Node]
    ) -> None:
        self.w, self.labels, self.overwritten = w, labels, overwritten
        self.nodes = nodes
        self.maps = longest_first([node for node in nodes if type(node) is Map])
        self.reductions = [node for node in nodes if type(node) is not Map]
        apart = w.threads == 1 and not self.reductions  # the text is divided among threads
        self.stages = stages(self.maps, w.real) if apart else None
        if self.stages:
            self.maps = [*self.stages.early, *self.stages.late]
        self.shape = self.maps[0].shape if self.maps else nodes[0].args[0].shape
        self.inside = {node: w.name("v") for node in self.maps}
        self.less = {node: w.name("v") for node in _in_tangents(self.maps)}  # them less one
        self.storages: dict[Node, Kind] = {}
        self.reads: dict[Node, int] = {}
        for node in nodes:
            for arg in node._args:
                self.reads[arg] = self.reads.get(arg, 0) + 1
        self.texts: dict[Node, str] = {}  # how entries are read
        self.inverse: dict[Node, str] = {}  # reciprocals of divisors
        self.again = False  # whether the last entries of rows are computed twice

    def emit(self) -> None:
        """The loops."""
        w = self.w
        self.stored = {
            node: w.result(node, self._storage(node))
            for node in self.maps
            if self.reads.get(node, 0) < w.block.uses[node]
        }
        outside = {arg: self._turned(arg) for arg in self.reads if arg not in self.inside}
        values: dict[Node, Value] = {**self.stored, **outside}
        self.reduced = [Reduction(w, node, self.labels) for node in self.reductions]
        order = self._order(values)
        factors = {node: w.factors[node] for node in outside if node in w.factors}
        with w.unit(), ExitStack() as stack:
            if factors:
                condition = next(iter(factors.values())).condition
                otherwise = stack.enter_context(w.choice(condition))
                self._loops(*self._places(order, values, factors), noted=False)
                otherwise()
            sizes, places = self._places(order, values, {})
            self.again = not factors and self._computes_again(sizes, values)
            if not self.again:
                self._offer(values, {node: column for node, _, column in places})
            self._loops(sizes, places)
        w.env.update(self.stored)
        w.env.update((one.node, one.out) for one in self.reduced)

    def _order(self, values: Mapping[Node, Value]) -> list[int]:
        """The axes as the loops run over them, from the outermost."""
        order = list(range(len(self.shape)))
        if self.maps:
            order = list(self.w.order.get(self.maps[0], order))
        if values and not self.reduced:
            first = spread(next(iter(values.values())), self.shape)
            order.sort(key=lambda axis: -abs(typical(first[axis])))
        return order

    def _places(
        self, order: Sequence[int], values: Mapping[Node, Value], factors: Mapping[Node, Factors]
    ) -> tuple[list[Dim], list[_Place]]:
        """The sizes of the loops, and where in them each value is; factors are two of a node."""
        pairs = [pair for pair in values.items() if pair[0] not in factors]
        pairs += [(node, each) for node, one in factors.items() for each in (one.column, one.row)]
        arrays = [spread(value, self.shape) for _, value in pairs]
        arrays += [one.strides for one in self.reduced]
        arrays += [one.flags for one in self.reduced]
        turned = [[strides[axis] for axis in order] for strides in arrays]
        sizes, columns = merged([self.shape[axis] for axis in order], turned)
        count, more = len(pairs), len(self.reduced)
        for k, one in enumerate(self.reduced):
            one.settle(columns[count + k], columns[count + more + k])
        return sizes, [_Place(*pair, column) for pair, column in zip(pairs, columns, strict=False)]

    def _offer(self, values: dict[Node, Value], columns: dict[Node, tuple[Dim, ...]]) -> None:
        """Which results may be written over operands: each entry is read before it is written.

        The operand fills its memory as the result does, is not read at other entries as well, and
        not behind the line that stores the result.
        """
        buffers = self.w.memory.buffers
        line = {node: k for k, node in enumerate(self.maps)}
        read_at = {arg: line.get(node, len(line)) for node in self.nodes for arg in node._args}
        seen: dict[str, set[Any]] = {}
        for node, value in values.items():
            seen.setdefault(value.text, set()).add((value.offset, columns[node]))
        for node, value in self.stored.items():
            at = (value.offset, columns[node])
            if not self._fills(value) or seen[value.text] != {at}:
                continue
            given = [
                other.text
                for arg, other in values.items()
                if arg not in self.stored
                and arg not in self.w.factors
                and other.text in buffers
                and self._fills(other)
                and seen[other.text] == {at}
                and (self.reads[arg] > 1 or read_at[arg] <= line[node])
            ]
            if given:
                self.w.memory.offer(self.w.present, value.text, given)

    def _fills(self, value: Value) -> bool:
        """Whether a value of the shape of the loops is all of a buffer."""
        whole = value.text in self.w.memory.buffers and not value.offset
        return whole and value.shape == self.shape and same_dim(product(value.shape), value.extent)

    def _turned(self, arg: Node) -> Value:
        """An operand, copied first where it lies in memory in another order than the results."""
        value = self.w.value(arg)
        order = self.w.order.get(self.maps[0]) if self.maps else None
        alike = order is not None and value.shape == self.shape and value.storage == "real"
        return relaid(self.w, value, order) if alike and order is not None else value

    def _loops(self, sizes: Sequence[Dim], places: Sequence[_Place], noted: bool = True) -> None:
        """Loop by loop, each behind what stays the same in it."""
        w, names = self.w, list[str]()
        last = len(sizes) - 1
        lanes = last - self._has_short_rows(sizes)
        self.texts.clear()
        with ExitStack() as stack:
            for depth in range(-1, last + 1):
                if depth >= 0:
                    mark = self._mark(lanes == last) if depth == lanes else ""
                    start = "0"
                    if depth == last and self._has_vectors(sizes[last], places):
                        self._vectors(names, sizes[last], places, noted)
                        if has_no_rest(sizes[last], w.real):
                            return
                        start, noted = f"SG_WHOLE({w.size(sizes[last])})", False
                    names.append(stack.enter_context(self._loop(sizes[depth], mark, start)))
                for node, value, column in places:
                    if deepest(column) == depth:
                        at = w.position(list(zip(names, column, strict=False)))
                        self._read(node, value, entry(value, at), depth == last)
                if depth < last:
                    for one in self.reduced:
                        if one.depth == depth:
                            one.begin()
                            stack.callback(one.end, list(names))
            self._body(names, noted)

    @contextmanager
    def _loop(self, size: Dim, mark: str, start: str) -> Iterator[str]:
        """A loop along one axis; yields its index."""
        if self.again and mark and isinstance(size, int):
            with self.w.overlapping(size, in_vector(self.w.real), mark) as name:
                yield name
        else:
            with self.w.indices((size,), False, mark, start) as (name,):
                yield name

    def _computes_again(self, sizes: Sequence[Dim], values: Mapping[Node, Value]) -> bool:
        """Whether the last entries of each row in a loop over time are computed by a whole vector.

        It begins with some that the vector before has: exponentials and quotients of a few numbers
        by themselves take longer. No result may then lie where an operand is read.
        """
        size, real = sizes[-1] if sizes else 1, self.w.real
        if not self.w.time or self.w.threads > 1 or self.reduced or self.stages:
            return False
        if not isinstance(size, int) or has_no_rest(size, real) or not fills_vectors(size, real):
            return False
        read = {(v.text, v.offset) for node, v in values.items() if node not in self.stored}
        made = {(v.text, v.offset) for v in self.stored.values()}
        return read.isdisjoint(made) and not all(op_of(node) in PLAIN for node in self.maps)

    def _has_vectors(self, size: Dim, places: Sequence[_Place]) -> bool:
        """Whether rows are computed in stages, as far as they fill vectors."""
        side_by_side = {column[-1] for _, _, column in places} <= {0, 1}
        return self.stages is not None and side_by_side and fills_vectors(size, self.w.real)

    def _vectors(
        self, names: Sequence[str], size: Dim, places: Sequence[_Place], noted: bool
    ) -> None:
        """The entries of a row that fill vectors, in stages."""
        w, found, base = self.w, self.stages, dict(self.texts)
        assert found is not None
        w.functions.add("reciprocals")
        handed = {node: w.name("e") for node in self._handed(found, places)}
        divisors = {node: w.name("e") for node in found.divisors}
        with w.vectors(size) as first:
            for name in (*handed.values(), *divisors.values()):
                w.say(f"{w.real} {name}[SG_LANES];")
            with w.lanes(first) as index:
                inner = [*names, index]
                self._entries(inner, places, [*found.early, *handed])
                stores = self._statements(found.early, noted)
                for node, name in (*handed.items(), *divisors.items()):
                    w.say(f"{name}[{index} - {first}] = {self._text(node)};")
            for name in divisors.values():
                w.say(f"sg_reciprocals({name});")
            with w.lanes(first):
                texts, self.texts = self.texts, dict(base)
                self._entries(inner, places, found.late, handed)
                for node, name in handed.items():
                    if node not in self.inside:
                        self.texts[node] = texts[node]
                    w.say(f"const {w.real} {self._text(node)} = {name}[{index} - {first}];")
                for node, name in divisors.items():
                    self.inverse[node] = f"{name}[{index} - {first}]"
                for store in (*stores, *self._statements(found.late, noted)):
                    w.say(store)
        self.texts = base
        self.inverse.clear()

    def _handed(self, found: Stages, places: Sequence[_Place]) -> list[Node]:
        """What the early stage hands to the late one, which may read memory no more."""
        read = {arg for node in found.late for arg in found.read_by(node)}
        varied = dict.fromkeys(node for node, _, column in places if column[-1])
        twice = [node for node in varied if node in read and self.reads[node] > 1]
        kept = [n for n in found.early if n in read or (n in self.stored and n in self.overwritten)]
        return [*(node for node in twice if node not in self.stored), *kept]

    def _entries(
        self,
        names: Sequence[str],
        places: Sequence[_Place],
        nodes: Iterable[Node],
        known: Container[Node] = (),
    ) -> None:
        """How entries of the innermost loop are written: operands of operations, and results."""
        wanted = {each for node in nodes for each in (node, *node._args) if each not in known}
        for node, value, column in places:
            if node in wanted and deepest(column) == len(names) - 1:
                at = self.w.position(list(zip(names, column, strict=False)))
                self._read(node, value, entry(value, at), True)

    def _text(self, node: Node) -> str:
        return self.inside.get(node) or self.texts[node]

    def _has_short_rows(self, sizes: Sequence[Dim]) -> bool:
        """Whether rows that are reduced fill no vector, so that lanes run along many of them.

        Compilers do so with operators of C, and not with functions as long as exponentials.
        """
        last, size = len(sizes) - 1, sizes[-1] if sizes else 1
        short = last > 0 and not fills_vectors(size, self.w.real)
        apart = all(one.clauses and one.depth == last - 1 and not one.adds for one in self.reduced)
        plain = all(op_of(node) in PLAIN for node in self.maps)
        return bool(self.reduced) and short and apart and plain

    def _mark(self, innermost: bool) -> str:
        """What a compiler may assume of the loop along which the lanes run."""
        clauses = [clause for one in self.reduced for clause in one.clauses]
        return f"SG_REDUCES({' '.join(clauses)})" if clauses and innermost else INDEPENDENT

    def _read(self, node: Node, value: Value, text: str, innermost: bool) -> None:
        """How an entry is written: a value that is read often, or stays the same, has a name."""
        text = f"{self.texts[node]} * {text}" if node in self.texts else text  # the other factor
        self.texts[node] = text
        if node in self.stored or value.strides is None:
            return
        if not innermost or self.reads[node] > 1:
            self.texts[node] = name = self.w.name("q")
            self.w.say(f"const {self.w.local(value.storage)} {name} = {text};")

    def _body(self, names: Sequence[str], noted: bool) -> None:
        for store in self._statements(self.maps, noted):
            self.w.say(store)
        for one in self.reduced:
            one.step(self._text(one.node._args[0]), names)

    def _statements(self, nodes: Sequence[Node], noted: bool) -> list[str]:
        """The operations, and what is left to do: to store what others may still read before."""
        late: list[str] = []
        for node in nodes:
            self._line(node, noted)
            if node in self.stored:
                store = f"{self.texts[node]} = {self.inside[node]};"
                if node in self.overwritten:
                    late.append(store)
                else:
                    self.w.say(store)
        return late

    def _line(self, node: Node, noted: bool) -> None:
        w = self.w
        operands: Sequence[str] = [self._text(arg) for arg in node._args]
        storages = [self._storage(arg) for arg in node._args]
        storage = self._storage(node)
        name, note = self.inside[node], self.labels.note(node, w.env) if noted else ""
        op, operands = raised(w, node, operands, storage)
        if op == "divide" and node._args[1] in self.inverse:
            op, operands = "over", [operands[0], self.inverse[node._args[1]]]
        elif node in self.less:
            w.say(f"{w.real} {self.less[node]};")
            op, operands = "exp_less_one", [*operands, f"&{self.less[node]}"]
        elif op == "tanh_of" and node._args[1] in self.less:
            op, operands = "tanh_by", [operands[0], self.less[node._args[1]]]
        text = expression(w, op, operands, storages, storage)
        kind = w.local("boolean" if op == "iverson" else storage)
        w.say(f"const {kind} {name} = {text};", note)

    def _storage(self, node: Node) -> Kind:
        """How the value is stored; operands of the group come first."""
        found = self.storages.get(node)
        if found is None:
            if node in self.inside:
                found = node_storage(node, [self._storage(arg) for arg in node._args])
            else:
                found = self.w.value(node).storage
            self.storages[node] = found
        return found
