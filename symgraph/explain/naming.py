"""The names of a derivation: δ for what arrives at a layer, u1, u2, ... for long values.

A name is given once and read everywhere after: the user's own names, the names of long unnamed
values, the names of derivatives. All formulas of a derivation are read here, so that every line
calls a value the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import sympy

from symgraph.explain.deltas import net_inputs, spellings, ways
from symgraph.explain.derivation import Equation
from symgraph.explain.node_kinds import (
    is_log_sum,
    is_matrix_product,
    is_permuted,
    keeps_its_output,
    picks_an_entry,
)
from symgraph.explain.rules import function_of
from symgraph.explain.signs import opposite, risen
from symgraph.facts import Fact, is_symmetric
from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.forward import Forward, fresh
from symgraph.notation.indexed import Array, Entry, Over
from symgraph.notation.orientation import Layout
from symgraph.notation.read import LONG, Reader
from symgraph.notation.tree import (
    Call,
    Derivative,
    Formula,
    Identity,
    Name,
    Number,
    Ones,
    Product,
    Sum,
    Transpose,
    walk,
)
from symgraph.ops import Concat, Einsum, Fill, Let, Map, Pull, Reduce, Reshape, Var
from symgraph.ops.body import local
from symgraph.ops.let import bare, is_naming
from symgraph.ops.map import negative
from symgraph.ops.rows import Affine, identity_row
from symgraph.ops.sweep import dependents
from symgraph.scalar import slot
from symgraph.shapes import product

__all__ = ["MOST_EDGES", "PLAIN_DELTA", "Naming"]

#: An unnamed value with a longer formula is called u1, u2, ...
SHORT = 14
SHORT_OFTEN = 3
#: A lone δ with a formula of at most this length is not worth a name.
PLAIN_DELTA = 9
#: A number with a longer formula that is used twice gets a name.
LONG_NUMBER = 12
#: Beyond this many edges only the results are given.
MOST_EDGES = 400


_DIFFERENCE = slot(0) - slot(1)


class Naming:
    """What each value and each derivative of one derivation is called, and their formulas.

    `reader` reads derivatives, `literal` what the user wrote. `named` are the values whose
    derivative has a name, `auxiliary` the unnamed values that got one; those in `plain` get none.
    `adjoints`: names that the user chose for derivatives; `title` the name of an unnamed root,
    `letters` names for the values of some functions.
    """

    def __init__(
        self,
        root: Node,
        sources: Sequence[Node],
        layout: Layout | None,
        sign: Literal[1, -1],
        facts: Sequence[Fact] = (),
        adjoints: Mapping[Node, str] | None = None,
        plain: Collection[Node] = (),
        forward: Forward | None = None,
        title: str = "L",
        letters: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        self._plain = frozenset(plain)
        self._letters = letters or {}
        self._chosen = {bare(node): name for node, name in (adjoints or {}).items()}
        self.sources = [bare(one) for one in sources]
        self.sign = sign
        self.forward = Forward([root], layout) if forward is None else forward
        self.named: dict[Node, Name] = {}
        #: The stand-ins for derivatives that have a name: name, stand-in, what it stands for.
        self.places: list[tuple[Name, Node, Node]] = []
        #: The values whose derivative was written down, by their formula.
        self.labels: dict[Formula, list[Node]] = {}
        #: The same by what they are written as in indexed scalars: y_i - d_i.
        self.entries: dict[Formula, list[Node]] = {}
        self.auxiliary: list[tuple[Name, Node]] = []
        self.called: set[Node] = set()
        #: By an unnamed term the sum that has the same derivative.
        self._handed_on: dict[Node, Node] = {}
        self.users: dict[Node, list[Node]] = {}
        self._active = self._reached()
        for node in self.forward.order:
            for arg in node.args:
                self.users.setdefault(bare(arg), []).append(node)
        self.root_name = self.forward.name(root) or self._fresh_name(title, root)
        self._ranks = {self.root_name.name: -1} | self.forward.ranks()
        self.facts = tuple(facts)
        equal = self._assumed()
        symmetric = [
            node.name
            for node in self.forward.order
            if isinstance(node, Var) and is_symmetric(node, facts)
        ]
        matrices = [Name(one, "matrix") for one in symmetric]
        self.assumed = [*equal, *(Equation(one, Transpose(one)) for one in matrices)]
        known = {one.left: one.right for one in equal}
        self.literal = self._reader(Algebra(tidy=False, symmetric=symmetric), None)
        self.reader = self._reader(
            Algebra(tidy=True, ranks=self._ranks, known=known, symmetric=symmetric), LONG
        )
        self._call(bare(root), self.root_name)
        self._name_long_values()
        self._learn_meanings()
        self._keep_differences()
        self._deltas = self._planned_deltas()

    def _learn_meanings(self) -> None:
        """From now on what a value is written as reads as its name."""
        lets = [let for let in self.forward.lets if let is not self.root]
        given = [(self.forward.name(let), let) for let in lets]
        for name, node in [*given, *self.auxiliary]:
            if name is not None and not node.is_loop:
                meaning = self.reader.meaning(node)
                self.reader.recognise(meaning, name)
                self.reader.algebra.learn(name, meaning)
                self._learn_sums(name, meaning, node)

    def _learn_sums(self, name: Name, meaning: Formula, node: Node) -> None:
        """Centred values have no sum: 𝟏ᵀ (X - mean) = 0."""
        algebra = self.reader.algebra
        if meaning.size > LONG:
            return
        if name.kind in ("column", "row"):
            (length,) = (size for size in node.shape if size != 1 or node.ndim == 1)
            if algebra.total(_numerator(meaning), length) == Number(0):
                algebra.know(Call("sum", (name,), "scalar"), Number(0))
        elif name.kind == "matrix":
            rows, columns = node.shape
            for chain in ((Ones("row", rows), meaning), (meaning, Ones("column", columns))):
                if algebra.product(chain) == Number(0):
                    named = [name if one is meaning else one for one in chain]
                    algebra.know(Product(1, tuple(named)), Number(0))

    def _reached(self) -> set[Node]:
        """The values through which a derivative comes to the sources."""
        return dependents(self.forward.order, set(self.sources))

    def _reader(self, algebra: Algebra, limit: int | None) -> Reader:
        return Reader(self.forward, algebra, limit=limit)

    def _fresh_name(self, name: str, like: Node) -> Name:
        chosen = fresh(name, self.forward.taken)
        self.forward.taken.add(chosen)
        return Name(chosen, self.forward.sort(like))

    def _call(self, node: Node, name: Name) -> None:
        self.called.add(node)
        for reader in (self.literal, self.reader):
            reader.call_it(node, name)

    def _assumed(self) -> list[Equation]:
        """Equations between formulas from equations between nodes."""
        found: list[Equation] = []
        reader = self._reader(Algebra(tidy=True), LONG)
        for fact in self.facts:
            if fact.right is None or fact.makes_symmetric is not None:
                continue
            node = fact.left
            key, value = reader.read(node), reader.read(fact.right)
            if value.sort == "scalar" and key.sort in ("column", "row"):
                sort: Literal["column", "row"] = "column" if key.sort == "column" else "row"
                value = reader.algebra.product([value, Ones(sort, node.shape[0])])
            found.append(Equation(key, value))
        return found

    def _name_long_values(self) -> None:
        """Unnamed values with a long formula are called u1, u2, ..., loops s1, ..."""
        for node in self.forward.order:
            if not node.args or is_naming(node) or self.forward.name(node):
                continue
            if node is bare(self.root) or node in self._plain:
                continue
            if (entry := self._entry_of_sequence(node)) is not None:
                self.abbreviate(node, entry)
                continue
            if node.is_loop or self._is_worth_a_name(node):
                letter = "s" if node.is_loop else "u"
                usual = self._letters.get(function_of(node) or "")
                self.abbreviate(node, usual or f"{letter}{len(self.auxiliary) + 1}")

    def _entry_of_sequence(self, node: Node) -> str | None:
        """x1, x2, ... for the entries x[0], x[1], ... of an input that are vectors or matrices."""
        if not isinstance(node, Pull) or node.ndim == 0 or len(node.args) > 1:
            return None
        source, (first, *others) = node.args[0], node.rows
        if not isinstance(source, Var) or source.role != "input":
            return None
        if not isinstance(first, Affine) or first.steps or not isinstance(first.offset, int):
            return None
        if others != [identity_row(axis) for axis in range(node.ndim)]:
            return None
        return f"{source.name}{first.offset + 1}"

    def abbreviate(self, node: Node, title: str) -> None:
        """Give an unnamed value a name."""
        name = self._fresh_name(title, node)
        self.auxiliary.append((name, node))
        self._ranks[name.name] = min(
            (self._ranks.get(n.name, len(self._ranks)) for n in _names_in(node, self)),
            default=len(self._ranks),
        )
        self._call(node, name)

    def _is_worth_a_name(self, node: Node) -> bool:
        """Whether an unnamed value is called u1, u2, ...

        Sums over indices are, where they do not go on as a part of another one; what only moves
        entries is not.
        """
        meaning = self.literal.meaning(node)
        if self._is_picked_from(node):
            return True
        if self._is_within_softmax(node):
            return False
        if isinstance(meaning, Array):
            if self.is_within_another(node):
                return False
            computed = isinstance(node, Map) or not isinstance(meaning.body, Entry)
            on_the_way = node in self._active and computed
            if self.is_moved(node) and len(self.users.get(node, [])) > 1:
                return True
            if on_the_way or any(isinstance(one, Over) for one in walk(meaning)) or node.ndim <= 2:
                return True
        return meaning.size > self._tolerated(node)

    def _is_picked_from(self, node: Node) -> bool:
        """Whether entries of a value are picked by place or class: z[2], Z[i,y[i]]."""
        if node.ndim not in (1, 2):
            return False
        users = [user for user in self.users.get(node, []) if isinstance(user, Pull)]
        return any(user.ndim < node.ndim and picks_an_entry(user) for user in users)

    def _is_within_softmax(self, node: Node) -> bool:
        """Whether a value is the logarithm of a softmax, there only to become the softmax."""
        meaning = self.literal.meaning(node)
        if not isinstance(meaning, Call) or meaning.head != "log":
            return False
        (inside,) = meaning.args
        users = self.users.get(node, [])
        of_softmax = isinstance(inside, Call) and inside.head == "softmax"
        return of_softmax and bool(users) and all(map(_is_exp, users))

    def is_within_another(self, node: Node) -> bool:
        """Whether an array that is given by its entries has no line of its own: windows, lookups,
        the sum in a mean, the normaliser of a softmax."""
        users = self.users.get(node, [])
        if len(users) == 1 and is_permuted(node):
            return True
        if isinstance(node, Reshape) and all(map(is_matrix_product, users)):
            return False  # flattened features: the derivative by their weights is a matrix
        if isinstance(node, (Pull, Reshape)) and len(users) == 1:
            moved = node.args[0] in self.called or self.forward.name(node.args[0]) is not None
            return not moved or (
                isinstance(users[0], (Einsum, Reduce, Pull, Reshape)) and users[0].ndim > 0
            )
        if isinstance(node, Reduce) and node.operation == "logsumexp" and node.ndim:
            return not any(isinstance(user, Let) for user in users)
        if len(users) != 1:
            return False
        (user,) = users
        if isinstance(node, Map) and isinstance(user, Map):
            return _is_exp(user)
        if not isinstance(node, Einsum) or len(node.args) > 1:
            return False
        return isinstance(user, Map) and all(a is node or isinstance(a, Fill) for a in user.args)

    def only_moves(self, node: Node) -> bool:
        """Whether a value has entries of another one, moved or repeated, for a single use.

        A derivative by these entries would read like that by the entries of the other.
        """
        return self.is_moved(node) and len(self.users.get(node, [])) == 1

    def is_moved(self, node: Node) -> bool:
        """Whether a value has entries of another one at other places, or several times."""
        meaning = self.literal.meaning(node)
        if not isinstance(meaning, Array) or not isinstance(meaning.body, Entry):
            return False
        own = [(index, index.length) for index in meaning.indices if index.length != 1]
        axes = zip(meaning.body.at, meaning.body.shape, strict=True)
        read = [(at, n) for at, n in axes if n != 1]
        return Counter(own) != Counter(read)

    def _tolerated(self, node: Node) -> int:
        """How long the formula of an unnamed value may be.

        It is written often if it is used often, and the output of a layer stands in the derivative
        of its nonlinearity. In large graphs, and beside the way, only the longest are named.
        """
        if node not in self._active or len(self._active) > MOST_EDGES:
            return LONG
        if isinstance(node, Concat):
            return SHORT
        users = [u for u in self.users.get(node, []) if not is_log_sum(u)]
        output = node.ndim > 0 and isinstance(node, Map) and keeps_its_output(node)
        only_added = all(isinstance(u, Map) and u.template.expr.is_Add for u in users)
        often = len(users) > 1 or (output and not only_added)
        return SHORT_OFTEN if often else SHORT

    def needless(self, results: Sequence[Formula]) -> set[Node]:
        """The auxiliary values whose name makes the results longer than their formula would.

        A name costs its own definition. One that stands in no result or in one place is worth it
        only for a long formula.
        """
        written = [*results, *(formula for _, formula in self.reader.definitions)]
        uses = Counter(n.name for one in written for n in walk(one) if isinstance(n, Name))
        found: set[Node] = set()
        for name, node in reversed(self.auxiliary):
            formula = self.literal.meaning(node)
            times = uses[name.name]
            by_entries = isinstance(formula, Array)
            kept = node.is_loop or by_entries or self._is_picked_from(node)
            if kept or not _is_better_plain(formula.size, times):
                times = 1  # its definition is written once
            else:
                found.add(node)
            for one in walk(formula):
                if isinstance(one, Name):
                    uses[one.name] += times
        return found

    def reference(self, node: Node) -> Formula:
        """A value as it is called in a derivative: by its name, else by its formula."""
        return self.literal.read(node)

    # --- δ ----------------------------------------------------------------------------------

    def _planned_deltas(self) -> dict[Node, Name]:
        """The values whose derivative gets a name: what a nonlinearity is applied to."""
        others = {bare(self.root), *self.sources, *self._chosen}
        chosen = net_inputs(self.forward, self._active - others, self._active, self.users)
        called = spellings([self.forward.names.get(node, "") for node in chosen])
        names = {
            node: self._fresh_name(name, node) for node, name in zip(chosen, called, strict=True)
        }
        own = {node: self._fresh_name(name, node) for node, name in self._chosen.items()}
        return names | own

    def _keep_differences(self) -> None:
        """Differences that the user wrote stay as they are: y - f does not become f - y."""
        if len(self.forward.order) > MOST_EDGES:
            return
        for node in self.forward.order:
            if isinstance(node, Map) and node.template.expr in (_DIFFERENCE, -_DIFFERENCE):
                meaning = self.literal.meaning(node)
                if isinstance(meaning, Sum) and len(meaning.terms) == 2:
                    self.reader.algebra.keep(meaning)

    def rename(self, node: Node, ct: Node) -> Node:
        """The cotangent of a node under a name, where it gets one."""
        name = self._deltas.get(node)
        if name is None and not self._is_long_number(node, ct):
            return ct
        formula = self.fitted(ct, node)
        if name is not None and node not in self._chosen and self._is_plain(node, formula):
            return ct
        name = name or self._fresh_name(f"g{len(self.named) + 1}", node)
        place = local(node, name.name)
        self._ranks[name.name] = -1
        self.reader.call_like(place, name, node)
        signed = formula if self.sign == 1 else self.opposite(formula)
        self.reader.definitions.append((name, signed))
        self.named[node] = name
        self.places.append((name, place, ct))
        return place if self.sign == 1 else negative(place)

    def is_minus(self, name: Name) -> bool:
        """Whether a name stands for the derivative with a minus: δ = -∂E/∂net."""
        return self.sign == -1

    def opposite(self, formula: Formula) -> Formula:
        """Minus a formula, as a derivative reads it."""
        return opposite(formula, self.reader)

    def _is_plain(self, node: Node, formula: Formula) -> bool:
        """Whether δ would be no shorter than its formula."""
        if formula.size <= 2 or (len(self._deltas) == 1 and formula.size <= PLAIN_DELTA):
            return True
        unnamed = self.forward.name(node) is None
        return node.ndim == 0 and unnamed and formula.size <= LONG_NUMBER

    def _is_long_number(self, node: Node, ct: Node) -> bool:
        if node.ndim or isinstance(node, Let) or node not in self._active or not node.args:
            return False
        return ways(node, self._active) > 1 and self.reader.read(ct).size > LONG_NUMBER

    # --- formulas ---------------------------------------------------------------------------

    def fitted(self, gradient: Node, like: Node) -> Formula:
        """A derivative with the sort of the value that it is the derivative by."""
        formula = risen(self.reader.lettered(self.reader.read(gradient), like), self.reader.algebra)
        sort = self.forward.sort(like)
        if isinstance(formula, Array) or all(size == 1 for size in like.shape):
            return formula
        if sort == "column" or sort == "row":
            if formula.sort == "scalar":
                return self.reader.algebra.product([formula, Ones(sort, product(like.shape))])
            return self.reader.algebra.turned(formula, sort)
        if sort == "matrix" and formula.sort == "scalar" and formula != Number(0):
            rows, columns = like.shape
            ones = [Ones("column", rows), Ones("row", columns)]
            return self.reader.algebra.product([formula, *ones])
        if sort == "tensor" and formula.sort == "scalar" and not isinstance(formula, Number):
            return Array(self.forward.letters.of(like), formula, sort)
        return formula

    def by_symmetric(self, formula: Formula) -> tuple[Formula, Formula]:
        """A derivative along symmetric changes, F + Fᵀ - F ⊙ I: as it stands, and worked out."""
        turned = self.reader.algebra.transpose(formula)
        if turned.size < formula.size:
            formula, turned = turned, formula
        made = []
        for algebra in (Algebra(tidy=False), self.reader.algebra):
            along = algebra.entrywise([formula, Identity(self.sources[0].shape[0])])
            made.append(algebra.add([formula, turned, algebra.scale(-1, along)]))
        return made[0], made[1]

    def hand_on(self, total: Node, term: Node) -> None:
        """From now on the derivative by a term is called that by its sum, which is the same."""
        self._handed_on[term] = self._handed_on.get(total, total)

    def is_root(self, node: Node) -> bool:
        """Whether a value is the root, or an unnamed term of it, whose derivative is 1, too."""
        return self._handed_on.get(node, node) is bare(self.root)

    def derivative_by(self, node: Node) -> Derivative:
        """d root / d node as a name."""
        node = self._handed_on.get(node, node)
        by, sort = self.reference(node), self.forward.sort(node)
        if sort == "column" or sort == "row":  # 𝟏ᵀ X is a row, and dL/d(Xᵀ 𝟏) a column
            by = self.literal.algebra.turned(by, sort)
        known = self.labels.setdefault(by, [])
        if node not in known:
            known.append(node)
        return Derivative(self.root_name, by)

    def called_by_entries(self, whole: Formula, entries: Formula) -> None:
        """Remember which values a derivative in indexed scalars is by."""
        shown = entries.body if isinstance(entries, Array) else entries
        if isinstance(whole, Derivative) and isinstance(shown, Derivative):
            self.entries.setdefault(shown.by, self.labels.get(whole.by, []))


def _is_exp(node: Node) -> bool:
    return isinstance(node, Map) and bool(node.template.expr == sympy.exp(slot(0)))


def _numerator(x: Formula) -> Formula:
    """x without what divides all its entries alike."""
    lone = isinstance(x, Product) and len(x.factors) == 1
    return x.factors[0] if lone and isinstance(x, Product) else x


def _is_better_plain(size: int, times: int) -> bool:
    """Whether a value of this size is written out where it stands so many times."""
    if times == 0:
        return size <= LONG
    return times * size <= size + 1 + times and times * size <= SHORT


def _names_in(node: Node, naming: Naming) -> list[Name]:
    formula = naming.literal.meaning(node)
    return [one for one in walk(formula) if isinstance(one, Name)]
