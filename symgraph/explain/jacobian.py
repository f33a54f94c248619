"""Jacobians and Hessians: local Jacobians multiplied along the paths from a value to another.

A local Jacobian of vectors is a matrix: diag of the slopes for an entrywise function, the matrix
itself for a matrix product, diag(s) - s sᵀ for a softmax. In numerator layout ∂y/∂x has a row for
each entry of y.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from symgraph.explain.derivation import Step
from symgraph.explain.naming import Naming
from symgraph.explain.rules import function_of, rule_of
from symgraph.node import Node
from symgraph.notation.diagonals import chained, diagonal, one_diagonal
from symgraph.notation.indexed import Array
from symgraph.notation.parts import loosened
from symgraph.notation.tree import (
    Call,
    Derivative,
    Formula,
    Identity,
    Number,
    Ones,
    Product,
    Sum,
    walk,
)
from symgraph.ops import Einsum, Map, Solve
from symgraph.ops.einsum import folded_einsum
from symgraph.ops.leaves import fill
from symgraph.ops.let import bare, is_naming
from symgraph.ops.sweep import dependents

__all__ = ["Jacobian", "NoMatrixError"]

#: Paths written out in the chain rule.
MOST_PATHS = 6
#: Terms that are kept apart while factors are put to them.
MOST_TERMS = 8
#: How far above a softmax its operand lies.
SOFTMAX_DEPTH = 4


class NoMatrixError(Exception):
    """A Jacobian on the way is no matrix; it never leaves the derivation."""


@dataclass(frozen=True)
class _Edge:
    """One local Jacobian: of a node by a node."""

    head: Node
    tail: Node
    rule: str
    formula: Formula


class Jacobian:
    """The Jacobian of a vector, or of a number, by a vector or a number, as a product of matrices.

    Raises NoMatrixError where a value on the way has two axes or more.
    """

    def __init__(self, naming: Naming, source: Node) -> None:
        self._names = naming
        self._reader = naming.reader
        self._algebra = naming.reader.algebra
        self._source = bare(source)
        self._root = bare(naming.root)
        if self._root is self._source and self._root.ndim > 1:
            raise NoMatrixError
        self.edges = self._without_sums(self._all_edges())
        self.formula = self._product()

    # --- local Jacobians ----------------------------------------------------------------------

    def _all_edges(self) -> list[_Edge]:
        """The local Jacobians from the root down, each once."""
        order = [node for node in self._names.forward.order if not is_naming(node)]
        active = {bare(n) for n in dependents(self._names.forward.order, {self._source})}
        reached = {self._root}
        found: list[_Edge] = []
        for node in reversed(order):
            if node not in reached or node not in active or node is self._source:
                continue
            for edge in self._edges_of(node, active):
                found.append(edge)
                reached.add(edge.tail)
        return found

    def _without_sums(self, edges: list[_Edge]) -> list[_Edge]:
        """An unnamed term of a sum is passed over: d(W x + b)/dx is W at once."""
        ways = Counter(edge.tail for edge in edges)
        instead: dict[Node, Node] = {}
        kept: list[_Edge] = []
        for edge in edges:
            head = instead.get(edge.head, edge.head)
            tail = edge.tail
            unnamed = self._names.forward.name(tail) is None and tail not in self._names.called
            only = ways[tail] == 1 and tail is not self._source
            if isinstance(edge.formula, Identity) and unnamed and only:
                instead[tail] = head
            else:
                kept.append(replace(edge, head=head))
        return kept

    def _edges_of(self, node: Node, active: set[Node]) -> list[_Edge]:
        soft = self._softmax(node)
        if soft is not None:
            return [soft] if soft.tail in active else []
        edges: list[_Edge] = []
        for k, arg in enumerate(node.args):
            tail = bare(arg)
            if tail in active:
                edges.append(_Edge(node, tail, rule_of(node, k), self._local(node, k)))
        return edges

    def _softmax(self, node: Node) -> _Edge | None:
        """s = softmax(z): diag(s) - s sᵀ, without a look at what it is computed from."""
        if node.ndim != 1 or not isinstance(node, Map):
            return None
        meaning = self._names.literal.meaning(node)
        if not isinstance(meaning, Call) or meaning.head != "softmax":
            return None
        level = [node]
        for _ in range(SOFTMAX_DEPTH):
            level = [bare(arg) for one in level for arg in one.args]
            for one in level:
                if one.ndim == 1 and self._names.literal.read(one) == meaning.args[0]:
                    if self._names.forward.name(node) is None and node not in self._names.called:
                        self._names.abbreviate(node, "s")
                    s = self._column(self._reader.read(node))
                    outer = self._algebra.product([s, self._algebra.transpose(s)])
                    made = self._algebra.add(
                        [Call("diag", (s,), "matrix"), self._algebra.scale(-1, outer)],
                        keep_order=True,
                    )
                    return _Edge(node, one, "local softmax", made)
        return None

    def _local(self, node: Node, k: int) -> Formula:
        arg = node.args[k]
        if node.is_loop or node.is_projection or node.ndim > 1 or arg.ndim > 1:
            raise NoMatrixError
        if isinstance(node, Einsum):
            return self._of_einsum(node, k)
        if isinstance(node, Solve) and k == 1:
            return self._algebra.inverse(self._reader.read(node.args[0]))
        if node.ndim == 0:
            slope = node.vjp(fill(1, (), "real"), k)
            return self._laid(Number(0) if slope is None else self._reader.read(slope), arg, True)
        if not isinstance(node, Map):
            raise NoMatrixError
        tangents: list[Node | None] = [None] * len(node.args)
        tangents[k] = fill(1, arg.shape, "real")
        slope = node.jvp(tangents)
        formula = Number(0) if slope is None else self._reader.read(slope)
        if arg.ndim == 0:
            return self._laid(formula, node, False)
        if arg.shape != node.shape:
            raise NoMatrixError
        return self._diagonal(formula, node)

    def _diagonal(self, slopes: Formula, node: Node) -> Formula:
        """diag(slopes); a number times I where they are all the same."""
        loose = loosened(slopes)
        if loose.sort == "scalar":
            return self._algebra.product([loose, Identity(node.shape[0])])
        return diagonal(self._column(slopes), self._algebra)

    def _of_einsum(self, node: Einsum, k: int) -> Formula:
        rest = [j for j in range(len(node.args)) if j != k]
        ins, args = [node.ins[j] for j in rest], tuple(node.args[j] for j in rest)
        own = node.ins[k]
        if own == node.out and own:
            factor = folded_einsum(ins, own, node.sizes(), args) if args else fill(1, node.shape)
            return self._diagonal(self._reader.read(factor), node)
        if not args:
            formula: Formula = Number(1)
        else:
            formula = self._reader.read(folded_einsum(ins, (*node.out, *own), node.sizes(), args))
        if node.ndim and own:
            if isinstance(formula, Array) or formula.sort != "matrix":
                raise NoMatrixError
            return formula
        return self._laid(formula, node if node.ndim else node.args[k], not node.ndim)

    def _laid(self, formula: Formula, like: Node, as_row: bool) -> Formula:
        """A derivative of a number by a vector is a row; of a vector by a number a column."""
        if isinstance(formula, Array):
            raise NoMatrixError
        if like.ndim == 0:
            return formula
        if formula.sort == "scalar":
            ones = Ones("row" if as_row else "column", like.shape[0])
            return self._algebra.product([formula, ones])
        return self._algebra.turned(formula, "row" if as_row else "column")

    def _column(self, formula: Formula) -> Formula:
        return self._algebra.turned(formula, "column")

    # --- the product --------------------------------------------------------------------------

    def _product(self) -> Formula:
        """Multiplied from the root down, the paths added where they meet."""
        whole: dict[Node, list[Formula]] = {self._root: [Number(1)]}
        for edge in self.edges:
            parts = [self._times(term, edge.formula) for term in whole[edge.head]]
            whole[edge.tail] = self._collected([*whole.get(edge.tail, []), *parts])
        if self._source is self._root:
            return Identity(self._root.shape[0]) if self._root.ndim else Number(1)
        found = whole.get(self._source, [])
        if len(found) > 1 and any(isinstance(one, Ones) for term in found for one in walk(term)):
            return Sum(tuple(found))  # x 1ᵀ is not x here
        added = self._algebra.add(found) if len(found) != 1 else found[0]
        merged = one_diagonal(added, self._algebra)
        return merged if merged == added else chained(merged, self._algebra)

    def _collected(self, terms: list[Formula]) -> list[Formula]:
        """Terms of one sum; many go on as one."""
        if len(terms) <= MOST_TERMS:
            return terms
        # Not by the algebra, which leaves out the ones in s 1ᵀ.
        return [Sum(tuple(terms))]

    def _times(self, left: Formula, right: Formula) -> Formula:
        if left == Number(1):
            return right
        if isinstance(right, Sum) and _is_worth_opening(left):
            return self._algebra.add([self._times(left, term) for term in right.terms])
        return chained(self._algebra.product([left, right]), self._algebra)

    # --- steps --------------------------------------------------------------------------------

    def steps(self) -> list[Step]:
        """A step for each local Jacobian, then the chain rule."""
        names = self._names
        lines: list[Step] = []
        for edge in self.edges:
            if self._is_only_a_share(edge):
                continue
            head, operand = names.reference(edge.head), names.reference(edge.tail)
            words: tuple[tuple[str, Formula | str], ...] = (
                ("head", head),
                ("operand", operand),
                ("root", names.root_name),
                ("function", function_of(edge.head) or head),
            )
            rule = _LOCAL.get(edge.rule, edge.rule) if edge.head.ndim else edge.rule
            target = Derivative(head, operand)
            lines.append(Step(rule, target, edge.formula, edge.formula, None, None, words))
        if len(self.edges) > 1:
            lines.append(self._chain_rule())
        return lines

    def _is_only_a_share(self, edge: _Edge) -> bool:
        """Whether the derivative of the whole by the source has this as one of several terms."""
        return edge.head is self._root and edge.tail is self._source and len(self.edges) > 1

    def _chain_rule(self) -> Step:
        names = self._names
        operand = names.reference(self._source)
        target = Derivative(names.root_name, operand)
        words = (("root", names.root_name), ("operand", operand))
        paths = self._paths(self._root)
        before: Formula = self.formula
        if paths is not None:
            products = [Product(1, path) if len(path) > 1 else path[0] for path in paths if path]
            before = products[0] if len(products) == 1 else Sum(tuple(products))
        return Step("chain rule", target, before, self.formula, None, None, words)

    def _paths(self, node: Node) -> list[tuple[Formula, ...]] | None:
        """The local derivatives on each path; None where there are many."""
        found: list[tuple[Formula, ...]] = []
        stack: list[tuple[Node, tuple[Formula, ...]]] = [(node, ())]
        below: dict[Node, list[_Edge]] = {}
        for edge in self.edges:
            below.setdefault(edge.head, []).append(edge)
        while stack:
            at, path = stack.pop()
            if at is self._source:
                found.append(path)
            if len(found) > MOST_PATHS or len(stack) > len(self.edges) + MOST_PATHS:
                return None
            for edge in reversed(below.get(at, [])):
                head, tail = map(self._names.reference, (edge.head, edge.tail))
                factor = edge.formula if self._is_only_a_share(edge) else Derivative(head, tail)
                stack.append((edge.tail, (*path, factor)))
        return found


_LOCAL = {
    "matrix product": "local matrix product",
    "function": "local function",
    "power": "local function",
}


def _is_worth_opening(left: Formula) -> bool:
    """Whether a factor before a sum goes into it: a row or a diagonal before diag(s) - s sᵀ."""
    return left.sort == "row"
