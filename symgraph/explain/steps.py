"""The steps of a derivation: one for each edge of the reverse sweep and for each sum of paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from symgraph.explain.derivation import Step
from symgraph.explain.naming import Naming
from symgraph.explain.rules import function_of, rule_of
from symgraph.explain.softmaxes import Edge, Softmax, softmaxes
from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.indexed import Array, Entry, Index
from symgraph.notation.kronecker import is_blocks
from symgraph.notation.moments import Each, Point
from symgraph.notation.tree import Formula, Name, Norm, Number, Sum
from symgraph.ops import Einsum, Map, Pull, Reshape
from symgraph.ops.body import local
from symgraph.ops.leaves import fill
from symgraph.ops.let import bare, is_naming
from symgraph.ops.map import add_up
from symgraph.ops.reshape import reshape_node
from symgraph.ops.sweep import Adjoints

__all__ = ["Steps"]


class Steps:
    """Writes down the edges of a reverse sweep with the names of a derivation."""

    def __init__(
        self,
        naming: Naming,
        further: Mapping[Node, list[Step]] | None = None,
        partial: Collection[Node] = (),
    ) -> None:
        self._names = naming
        #: What else reaches a value beside the edges of the sweep.
        self.further = further or {}
        #: Values of which the sweep has only a share: another time has the rest.
        self._partial = frozenset(partial)
        #: Different values that are written alike: no derivative by one of them alone has a name.
        self._alike: frozenset[Node] = frozenset()

    def of(self, found: Adjoints) -> list[Step]:
        """One step an edge, in the order of the sweep; then the sum where several arrive."""
        names = self._names
        softs, inner = self._softmaxes(found)
        edges = self._by_tails(found, inner)
        self._alike = self._written_alike(edges)
        steps: list[Step] = [
            step for tail in self.further if tail not in edges for step in self.further[tail]
        ]
        shares: dict[Node, list[Formula]] = {}
        for (node, k), part in found.contribution.items():
            tail = self._viewed(node.args[k])
            if (node, k) not in edges.get(tail, []) or self._is_silent(node, bare(node.args[k])):
                continue
            others = self.further.get(tail, [])
            several = len(edges[tail]) + len(others) > 1
            shared = isinstance(node.args[k], Each) or tail in self._partial | self._alike
            soft = softs.get((node, k))
            step = (
                self._edge(node, k, part, bare(node.args[k]), several or shared)
                if soft is None
                else self._softmax(soft, found, several or tail in self._alike)
            )
            if not several and self._only_passes(step, node, tail):
                names.hand_on(node, tail)
                continue
            if not (isinstance(node, Point) and node in self._partial):  # s_T of s_T says nothing
                steps.append(step)
            if several and not shared:
                shares.setdefault(tail, []).append(step.after)
                if len(shares[tail]) == len(edges[tail]):
                    steps += others
                    every = [*shares[tail], *(other.after for other in others)]
                    steps.append(self._sum(tail, found, every))
        return [*steps, *self._about_sources(edges)]

    def _by_tails(self, found: Adjoints, inner: Collection[Edge]) -> dict[Node, list[Edge]]:
        """The edges by the value that they reach."""
        edges: dict[Node, list[Edge]] = {}
        for node, k in found.contribution:
            if (node, k) in inner or is_naming(node) or bare(node.args[k]) not in found.cotangent:
                continue
            if not self._is_view(node):
                edges.setdefault(self._viewed(node.args[k]), []).append((node, k))
        return edges

    def _about_sources(self, edges: Collection[Node]) -> Iterator[Step]:
        """What is said of a source that no edge reaches."""
        for source in self._names.sources:
            if source is bare(self._names.root):
                yield self._stated("identity", source, Number(1))
            elif source not in edges:
                yield self._stated("constant", source, Number(0))

    def _is_view(self, node: Node) -> bool:
        """Whether a value is another one in another shape, under the same name."""
        of_one = all(
            size == 1 for size in (*node.shape, *(node.args[0].shape if node.args else ()))
        )
        if not isinstance(node, Reshape) and not (isinstance(node, Pull) and of_one):
            return False
        one, other = self._names.reference(node), self._names.reference(bare(node.args[0]))
        if isinstance(one, Array) and isinstance(one.body, Entry):  # b[o] for b of three axes
            return one.body.base == other and not self._names.is_moved(node)
        return one == other and max(node.ndim, node.args[0].ndim) <= 2

    def _viewed(self, node: Node) -> Node:
        """The value behind its other shapes."""
        node = bare(node)
        while self._is_view(node):
            node = bare(node.args[0])
        return node

    def _written_alike(self, tails: Collection[Node]) -> frozenset[Node]:
        """Different values with the same formula: a derivative by it would say which of them."""
        found: dict[Formula, list[Node]] = {}
        for tail in tails:
            if not self._is_inner(tail):
                found.setdefault(self._names.reference(tail), []).append(tail)
        return frozenset(tail for alike in found.values() if len(alike) > 1 for tail in alike)

    def _softmaxes(self, found: Adjoints) -> tuple[dict[Edge, Softmax], set[Edge]]:
        """The softmaxes by their last edges, and all other edges within them."""
        names = self._names
        named = {*names.forward.names, *names.called, *names.named, *names.sources}
        kept = softmaxes(found.contribution, names.users, named)
        whole = {soft.edges[-1]: soft for soft in kept}
        return whole, {edge for soft in kept for edge in soft.edges[:-1]}

    def _softmax(self, soft: Softmax, found: Adjoints, several: bool) -> Step:
        """One step through a softmax."""
        names = self._names
        name = None if several else names.named.get(soft.operand)
        shares = add_up([found.contribution[edge] for edge in soft.last])
        assert shares is not None
        before = after = names.fitted(shares, soft.operand)
        if not names.is_root(soft.head) and soft.head not in self._alike:
            label = local(soft.head, "arriving")
            names.reader.call_like(label, names.derivative_by(soft.head), soft.head)
            before = names.fitted(soft.pulled(label), soft.operand)
        return Step(
            rule=soft.rule,
            target=self._signed(names.derivative_by(soft.operand), name),
            before=self._signed(before, name),
            after=self._turned(after, name),
            name=name,
            through=names.reference(soft.head) if several else None,
            words=self._words(soft.head, soft.operand),
            value=shares if several else None,
        )

    def _is_silent(self, node: Node, tail: Node) -> bool:
        """Edges without a line of their own: ‖x‖² to x², and a value to itself in another shape."""
        if self._is_inner(tail):
            return True
        if self._is_square_in_norm(node, tail):
            return True
        if not isinstance(node, (Map, Reshape)):
            return False
        one, other = self._names.reference(node), self._names.reference(tail)
        if isinstance(one, Array) and isinstance(one.body, Entry):  # b[o] for all o, h and w
            return one.body.base == other and all(isinstance(at, Index) for at in one.body.at)
        return one == other

    def _only_passes(self, step: Step, node: Node, tail: Node) -> bool:
        """Whether a term without a name of its own has the derivative of its sum."""
        names = self._names
        kept = names.forward.name(tail) is not None or tail in names.called or tail in names.named
        if kept or step.rule not in ("sum", "minuend"):
            return False
        if names.is_root(node):
            return step.after == Number(1)
        return tail.shape == node.shape and step.before == names.derivative_by(node)

    def _is_called_like_another(self, node: Node) -> bool:
        """Whether another value is written in the same way, as 1 x is written x."""
        names = self._names
        return names.labels.get(names.reference(node), [node])[0] is not node

    def _is_square_in_norm(self, node: Node, tail: Node) -> bool:
        sums_all = isinstance(node, Einsum) and len(node.args) == 1 and node.ndim == 0
        unnamed = self._names.forward.name(tail) is None and tail not in self._names.called
        return sums_all and unnamed and isinstance(self._names.literal.meaning(node), Norm)

    def _is_inner(self, node: Node) -> bool:
        """Whether an array has no line of its own but is a part of the next."""
        names = self._names
        nameless = names.forward.name(node) is None and node not in names.called
        return (
            nameless
            and node not in names.named
            and not self._is_view(node)
            and isinstance(names.literal.read(node), Array)
            and (names.is_within_another(node) or names.only_moves(node))
        )

    def _edge(self, node: Node, k: int, part: Node, tail: Node, several: bool) -> Step:
        name = None if several else self._names.named.get(tail)
        chain = [(node, k)]
        rule = rule_of(node, k)
        above = [
            user for user in self._names.users.get(node, []) if self._is_square_in_norm(user, node)
        ]
        if above and rule == "power":
            chain.insert(0, (above[0], 0))
            rule = "squared norm"
        while self._is_inner(chain[0][0]):
            inner = chain[0][0]
            user, *further = set(self._names.users[inner])
            if further:
                break
            chain.insert(0, (user, [bare(arg) for arg in user.args].index(inner)))
            rule = rule_of(*chain[0])
        head = chain[0][0]
        after = self._fitted(part, tail)
        alike = self._is_called_like_another(self._viewed(tail))
        return Step(
            rule=rule,
            target=self._signed(self._names.derivative_by(self._viewed(tail)), name),
            before=self._signed(self._before(chain, after, tail), name),
            after=self._turned(after, name),
            name=name,
            through=self._names.reference(head) if several else None,
            words=self._words(head, tail),
            value=self._viewed_part(part, tail) if several or alike else None,
        )

    def _signed(self, formula: Formula, name: Name | None) -> Formula:
        """The formula with the sign that δ has."""
        if name is None or not self._names.is_minus(name):
            return formula
        return self._names.reader.scaled(-1, formula)

    def _turned(self, formula: Formula, name: Name | None) -> Formula:
        """The same, with differences turned in place of a sign in front."""
        is_plain = name is None or not self._names.is_minus(name)
        return formula if is_plain else self._names.opposite(formula)

    def _before(self, chain: Sequence[tuple[Node, int]], after: Formula, tail: Node) -> Formula:
        """The rule applied to the derivative by the head, under its name."""
        head = chain[0][0]
        if self._names.is_root(head) or is_blocks(head) or head.is_loop or head.is_projection:
            return after
        if self._viewed(head) in self._alike:  # its derivative has no name
            return after
        label: Node | None = local(head, "arriving")
        assert label is not None
        self._names.reader.call_like(label, self._names.derivative_by(head), head)
        for node, k in chain:
            label = None if label is None else node.vjp(label, k)
        return after if label is None else self._fitted(label, tail)

    def _fitted(self, part: Node, tail: Node) -> Formula:
        """What arrives, in the shape of the value that is written there."""
        whole = self._viewed(tail)
        return self._names.fitted(self._viewed_part(part, tail), whole)

    def _viewed_part(self, part: Node, tail: Node) -> Node:
        whole = self._viewed(tail)
        return part if whole is tail else reshape_node(part, whole.shape)

    def _words(self, head: Node, operand: Node) -> tuple[tuple[str, Formula | str], ...]:
        return (
            ("head", self._names.reference(head)),
            ("operand", self._names.reference(operand)),
            ("root", self._names.root_name),
            ("function", function_of(head) or self._names.reference(head)),
        )

    def _sum(self, tail: Node, found: Adjoints, shares: Sequence[Formula]) -> Step:
        """What arrives along several edges added up."""
        name = self._names.named.get(tail)
        total = self._names.fitted(found.cotangent[tail], tail)
        before = self._names.reader.together(shares, Algebra(tidy=False))
        if _are_reordered(before, total):
            before = total
        return Step(
            rule="sum over paths",
            target=self._signed(self._names.derivative_by(tail), name),
            before=self._signed(before, name),
            after=self._turned(total, name),
            name=name,
            through=None,
            words=(*self._words(tail, tail), ("count", str(len(shares)))),
        )

    def over_time(self, source: Node, total: Formula) -> Step:
        """What a value receives that is the same at every time."""
        target = self._names.derivative_by(source)
        words = self._words(source, source)
        return Step("shared over time", target, total, total, None, None, words)

    def from_later(self, tail: Node, through: Formula, share: Formula) -> Step:
        """What a state receives from the following step of its recurrence."""
        target = self._names.derivative_by(tail)
        return Step("loop", target, share, share, None, through, self._words(tail, tail))

    def symmetric(self, source: Node, gradient: Node, before: Formula, after: Formula) -> Step:
        """From the derivative by the entries one by one to that of a symmetric matrix."""
        target = self._names.derivative_by(source)
        words = self._words(source, source)
        return Step("symmetric matrix", target, before, after, None, None, words, value=gradient)

    def _stated(self, rule: str, source: Node, value: Number) -> Step:
        target = self._names.derivative_by(source)
        words = self._words(source, source)
        node = fill(value.value, source.shape, "real")
        return Step(rule, target, value, value, None, None, words, value=node)


def _are_reordered(one: Formula, other: Formula) -> bool:
    """Whether two sums have the same terms."""
    if not isinstance(one, Sum) or not isinstance(other, Sum):
        return False
    return Counter(one.terms) == Counter(other.terms)
