"""Deriving a gradient step by step.

One reverse sweep; every step is one edge of it. `before` is the edge's vector-Jacobian product with
a name for the derivative that arrives, `after` the same product with its formula. Derivatives by
the inputs of a layer's nonlinearity get the name δ, as in every text on backpropagation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import sympy

from symgraph.build.coerce import as_node
from symgraph.errors import KindError, UnknownNameError
from symgraph.explain.derivation import Derivation, Equation, Step
from symgraph.explain.rules import Language, function_of, rule_of
from symgraph.explain.verify import verified
from symgraph.grad import grad
from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.orientation import Layout
from symgraph.notation.read import LONG, Forward, Reader, bare, fresh
from symgraph.notation.tree import Derivative, Formula, Name, Norm, Number, Ones, Verbatim, walk
from symgraph.ops import Einsum, Fill, Let, Map, Reduce, Reshape
from symgraph.ops.leaves import fill
from symgraph.ops.loop import local
from symgraph.ops.map import negative
from symgraph.ops.sweep import Adjoints, dependents, reverse
from symgraph.scalar import Pointwise, slot
from symgraph.shapes import product

__all__ = ["derive"]

#: An unnamed value with a longer formula is called u1, u2, ...
SHORT = 14
SHORT_OFTEN = 3
#: A lone δ with a formula of at most this length is not worth a name.
PLAIN_DELTA = 9
#: A number with a longer formula that is used twice gets a name.
LONG_NUMBER = 12
#: Beyond this many edges only the results are given.
MOST_EDGES = 400


def derive(
    expr: Any,
    wrt: Any,
    *,
    lang: Language = "en",
    layout: Layout | None = None,
    delta_sign: Literal[1, -1] = 1,
    assume: Mapping[Any, Any] | None = None,
) -> Derivation:
    """The gradient of a scalar by a node, or by several, step by step.

    `wrt`: a node, its name, a SymPy symbol, or a list of these. `layout`: "column" or "row" for all
    vectors; by default each is what the user's own products make of it. `delta_sign`: 1 for
    δ = ∂L/∂net, -1 for δ = -∂L/∂net. `assume`: equations that may be used, such as
    {sg.sum(t): 1}. `lang`: the language of names and reasons, "en" or "zh".
    In a sum or in an entrywise product a row or a column beside a matrix stands for all its rows or
    columns, as in X W + b.
    Raises UnknownNameError for a name that does not occur, GradientError for an expression that is
    not a real scalar.

    >>> import symgraph as sg
    >>> w, x, y = sg.parameter("w", 2), sg.input("x", 2), sg.input("y")
    >>> margin = sg.let("margin", (w @ x) * y)
    >>> loss = sg.let("loss", sg.maximum(1 - margin, 0))
    >>> print(sg.derive(loss, w).result)
    dloss/dw = -1[margin < 1] x y
    """
    _check_options(lang, layout, delta_sign)
    root = as_node(expr, "derive")
    sources = [_source(one, root) for one in (wrt if isinstance(wrt, (list, tuple)) else [wrt])]
    gradients = grad(root, sources)
    return _Derive(root, sources, gradients, layout, delta_sign, assume or {}).derivation(lang)


def _check_options(lang: str, layout: str | None, delta_sign: int) -> None:
    if lang not in ("en", "zh"):
        raise KindError(f"derive: lang is {lang!r}; write 'en' or 'zh'.")
    if layout not in (None, "column", "row"):
        raise KindError(f"derive: layout is {layout!r}; write 'column', 'row' or nothing.")
    if delta_sign not in (1, -1):
        raise KindError(f"derive: delta_sign is {delta_sign!r}; write 1 or -1.")


def _source(one: Any, root: Node) -> Node:
    """What to differentiate by, as a node of the expression."""
    key = one.name if isinstance(one, sympy.Symbol) and not isinstance(one, Node) else one
    if not isinstance(key, str):
        return as_node(key, "derive")
    forward = Forward([root])
    for node, name in forward.names.items():
        if name == key:
            return node
    known = ", ".join(dict.fromkeys(forward.names.values()))
    raise UnknownNameError(f"derive: no value is called {key!r}; the names are {known or 'none'}.")


class _Derive:
    """One derivation in the making."""

    def __init__(
        self,
        root: Node,
        sources: Sequence[Node],
        gradients: Sequence[Node],
        layout: Layout | None,
        delta_sign: int,
        assume: Mapping[Any, Any],
    ) -> None:
        self.root = root
        self.sources = [bare(one) for one in sources]
        self.gradients = gradients
        self.forward = Forward([root], layout)
        self.named: dict[Node, Name] = {}
        self._sign = delta_sign
        self._active = dependents(self.forward.order, set(self.sources))
        self._places: dict[Node, Node] = {}
        self._auxiliary: list[tuple[Name, Node]] = []
        self._called: set[Node] = set()
        self._users: dict[Node, list[Node]] = {}
        for node in self.forward.order:
            for arg in node.args:
                self._users.setdefault(bare(arg), []).append(node)
        self.root_name = self.forward.name(root) or self._fresh_name("L", root)
        ranks = {self.root_name.name: -1} | self.forward.ranks()
        self.assumed = self._assumed(assume)
        self._ranks = dict(ranks)
        known = {one.left: one.right for one in self.assumed}
        self._literal = Reader(self.forward, Algebra(tidy=False), limit=None)
        self.reader = Reader(self.forward, Algebra(tidy=True, ranks=self._ranks, known=known))
        self._call(bare(root), self.root_name)
        self._name_long_values()
        given = [(self.forward.name(let), let) for let in self.forward.lets if let is not root]
        for name, node in [*given, *self._auxiliary]:
            if name is not None and not node.is_loop:
                self.reader.recognise(self.reader.meaning(node), name)
        self._deltas = self._planned_deltas()

    # --- names ------------------------------------------------------------------------------

    def _fresh_name(self, name: str, like: Node) -> Name:
        chosen = fresh(name, self.forward.taken)
        self.forward.taken.add(chosen)
        return Name(chosen, self.forward.sort(like))

    def _call(self, node: Node, name: Name) -> None:
        self._called.add(node)
        for reader in (self._literal, self.reader):
            reader.call_it(node, name)

    def _assumed(self, assume: Mapping[Any, Any]) -> list[Equation]:
        """Equations between formulas from equations between nodes."""
        found: list[Equation] = []
        reader = Reader(self.forward, Algebra(tidy=True))
        for left, right in assume.items():
            node = as_node(left, "assume")
            key, value = reader.read(node), reader.read(as_node(right, "assume"))
            if value.sort == "scalar" and key.sort in ("column", "row"):
                sort: Literal["column", "row"] = "column" if key.sort == "column" else "row"
                value = reader.algebra.product([value, Ones(sort, node.shape[0])])
            found.append(Equation(key, value))
        return found

    def _name_long_values(self) -> None:
        """Unnamed values with a long formula are called u1, u2, ..., loops s1, ..."""
        for node in self.forward.order:
            if not node.args or _is_naming(node) or self.forward.name(node):
                continue
            if node is bare(self.root):
                continue
            if node.is_loop or self._literal.meaning(node).size > self._tolerated(node):
                letter = "s" if node.is_loop else "u"
                name = self._fresh_name(f"{letter}{len(self._auxiliary) + 1}", node)
                self._auxiliary.append((name, node))
                self._ranks[name.name] = min(
                    (self._ranks.get(n.name, len(self._ranks)) for n in _names_in(node, self)),
                    default=len(self._ranks),
                )
                self._call(node, name)

    def _tolerated(self, node: Node) -> int:
        """How long the formula of an unnamed value may be.

        It is written often if it is used often, and the output of a layer stands in the derivative
        of its nonlinearity. In large graphs, and beside the way, only the longest are named.
        """
        if node not in self._active or len(self._active) > MOST_EDGES:
            return LONG
        users = self._users.get(node, [])
        output = node.ndim > 0 and isinstance(node, Map) and _keeps_its_output(node)
        only_added = all(isinstance(u, Map) and u.template.expr.is_Add for u in users)
        often = len(users) > 1 or (output and not only_added)
        return SHORT_OFTEN if often else SHORT

    def reference(self, node: Node) -> Formula:
        """A value as it is called in a derivative: by its name, else by its formula."""
        return self._literal.read(node)

    # --- δ ----------------------------------------------------------------------------------

    def _planned_deltas(self) -> dict[Node, Name]:
        """The values whose derivative gets a name: what a nonlinearity is applied to."""
        chosen: list[Node] = []
        for node in self.forward.order:
            base = bare(node)
            if base is not node or base not in self._active or base in self.sources:
                continue
            if base is bare(self.root) or base.ndim == 0 or not _is_net(base):
                continue
            named = self.forward.name(base) is not None
            if named or any(map(_is_nonlinear, self._users.get(base, []))):
                chosen.append(base)
        return dict(zip(chosen, self._delta_names(chosen), strict=True))

    def _delta_names(self, nodes: Sequence[Node]) -> list[Name]:
        if len(nodes) == 1:
            return [self._fresh_name("δ", nodes[0])]
        names = [self.forward.names.get(node, "") for node in nodes]
        numbers = [_trailing_digits(name) for name in names]
        if "" in numbers or len(set(numbers)) < len(numbers):
            numbers = [str(k) for k in range(1, len(nodes) + 1)]
        return [
            self._fresh_name(f"δ{number}".translate(_LOWERED), node)
            for node, number in zip(nodes, numbers, strict=True)
        ]

    def _rename(self, node: Node, ct: Node) -> Node:
        """The cotangent of a node under a name, where it gets one."""
        name = self._deltas.get(node)
        if name is None and not self._is_long_number(node, ct):
            return ct
        formula = self.fitted(ct, node)
        if name is not None and (
            formula.size <= 1 or (len(self._deltas) == 1 and formula.size <= PLAIN_DELTA)
        ):
            return ct
        name = name or self._fresh_name(f"g{len(self.named) + 1}", node)
        place = local(node, name.name)
        self._ranks[name.name] = -1
        self.reader.call_it(place, name)
        self._places[node] = place
        signed = formula if self._sign == 1 else self.reader.algebra.scale(-1, formula)
        self.reader.definitions.append((name, signed))
        self.named[node] = name
        return place if self._sign == 1 else negative(place)

    def _is_long_number(self, node: Node, ct: Node) -> bool:
        if node.ndim or isinstance(node, Let) or node not in self._active or not node.args:
            return False
        ways = sum(arg in self._active for arg in node.args)
        return ways > 1 and self.reader.read(ct).size > LONG_NUMBER

    # --- formulas ---------------------------------------------------------------------------

    def fitted(self, gradient: Node, like: Node) -> Formula:
        """A derivative with the sort of the value that it is the derivative by."""
        formula = self.reader.read(gradient)
        sort = self.forward.sort(like)
        if all(size == 1 for size in like.shape):
            return formula
        if sort == "column" or sort == "row":
            if formula.sort == "scalar":
                return self.reader.algebra.product([formula, Ones(sort, product(like.shape))])
            return self.reader.algebra.turned(formula, sort)
        if sort == "matrix" and formula.sort == "scalar" and formula != Number(0):
            rows, columns = like.shape
            ones = [Ones("column", rows), Ones("row", columns)]
            return self.reader.algebra.product([formula, *ones])
        return formula

    def derivative_by(self, node: Node) -> Derivative:
        """d root / d node as a name."""
        return Derivative(self.root_name, self.reference(node))

    # --- the whole --------------------------------------------------------------------------

    def derivation(self, lang: Language) -> Derivation:
        """Sweep once, write down every edge, check every formula."""
        seed = fill(1, (), "real")
        found = reverse({self.root: seed}, set(self.sources), self._rename)
        small = len(found.contribution) <= MOST_EDGES
        steps = self._steps(found) if small else []
        results: list[tuple[Equation, Node]] = []
        for source, gradient in zip(self.sources, self.gradients, strict=True):
            ct = found.cotangent.get(source)
            formula = Number(0) if ct is None else self.fitted(ct, source)
            results.append((Equation(self.derivative_by(source), formula), gradient))
        equations, is_verified = self._checked([one for one, _ in results])
        return Derivation(
            root=self.root_name,
            wrt=tuple(self.reference(source) for source in self.sources),
            given=tuple(self._given()),
            assumed=tuple(self.assumed),
            steps=tuple(steps),
            names=tuple(Equation(*one) for one in self.reader.definitions),
            results=tuple(equations),
            verified=is_verified,
            lang=lang,
        )

    def _checked(self, equations: list[Equation]) -> tuple[list[Equation], bool]:
        """The results, with the node's own text where a formula does not give its value."""
        good = verified(
            self.root,
            self.root_name,
            self.forward,
            [(name, node) for name, node in self._auxiliary],
            self.reader.definitions,
            [
                (one.right, gradient)
                for one, gradient in zip(equations, self.gradients, strict=True)
            ],
            self.assumed,
        )
        if good is None:
            return equations, False
        kept = [
            one if fine else Equation(one.left, Verbatim(gradient, one.left.sort))
            for one, gradient, fine in zip(equations, self.gradients, good, strict=True)
        ]
        return kept, True

    def _given(self) -> list[Equation]:
        """The definitions of named values, in the order of evaluation."""
        named = {node: name for name, node in self._auxiliary}
        lines: list[Equation] = []
        for node in self.forward.order:
            if isinstance(node, Let) and node in set(self.forward.lets):
                name = self.forward.name(node)
            else:
                name = named.get(node)
            if name is not None:
                lines.append(Equation(name, self._literal.meaning(node)))
        if self.forward.name(self.root) is None:
            lines.append(Equation(self.root_name, self._literal.meaning(self.root)))
        return lines

    # --- steps ------------------------------------------------------------------------------

    def _steps(self, found: Adjoints) -> list[Step]:
        """One step an edge, in the order of the sweep; then the sum where several arrive."""
        edges: dict[Node, list[tuple[Node, int]]] = {}
        for node, k in found.contribution:
            tail = bare(node.args[k])
            if not _is_naming(node) and tail in found.cotangent:
                edges.setdefault(tail, []).append((node, k))
        steps: list[Step] = []
        shares: dict[Node, list[Formula]] = {}
        for (node, k), part in found.contribution.items():
            tail = bare(node.args[k])
            if (node, k) not in edges.get(tail, []) or self._is_silent(node, tail):
                continue
            several = len(edges[tail]) > 1
            step = self._edge(node, k, part, tail, several)
            steps.append(step)
            if several:
                shares.setdefault(tail, []).append(step.after)
                if len(shares[tail]) == len(edges[tail]):
                    steps.append(self._sum(tail, found, shares[tail]))
        for source in self.sources:
            if source is bare(self.root):
                steps.append(self._stated("identity", source, Number(1)))
            elif source not in edges:
                steps.append(self._stated("constant", source, Number(0)))
        return steps

    def _is_silent(self, node: Node, tail: Node) -> bool:
        """Edges without a line of their own: ‖x‖² to x², and a value to itself in another shape."""
        return self._is_square_in_norm(node, tail) or (
            isinstance(node, Reshape) and self.reference(node) == self.reference(tail)
        )

    def _is_square_in_norm(self, node: Node, tail: Node) -> bool:
        sums_all = isinstance(node, Einsum) and len(node.args) == 1 and node.ndim == 0
        unnamed = self.forward.name(tail) is None and tail not in self._called
        return sums_all and unnamed and isinstance(self._literal.meaning(node), Norm)

    def _edge(self, node: Node, k: int, part: Node, tail: Node, several: bool) -> Step:
        name = None if several else self.named.get(tail)
        chain = [(node, k)]
        rule = rule_of(node, k)
        above = [user for user in self._users.get(node, []) if self._is_square_in_norm(user, node)]
        if above and rule == "power":
            chain.insert(0, (above[0], 0))
            rule = "squared norm"
        head = chain[0][0]
        after = self.fitted(part, tail)
        return Step(
            rule=rule,
            target=self._signed(self.derivative_by(tail), name),
            before=self._signed(self._before(chain, after, tail), name),
            after=self._signed(after, name),
            name=name,
            through=self.reference(head) if several else None,
            words=self._words(head, tail),
        )

    def _signed(self, formula: Formula, name: Name | None) -> Formula:
        """The formula with the sign that δ has."""
        if name is None or self._sign == 1:
            return formula
        return self.reader.algebra.scale(-1, formula)

    def _before(self, chain: Sequence[tuple[Node, int]], after: Formula, tail: Node) -> Formula:
        """The rule applied to the derivative by the head, under its name."""
        head = chain[0][0]
        if head is bare(self.root) or head.is_loop or head.is_projection:
            return after
        label: Node | None = local(head, "arriving")
        assert label is not None
        self.reader.call_it(label, self.derivative_by(head))
        for node, k in chain:
            label = None if label is None else node.vjp(label, k)
        return after if label is None else self.fitted(label, tail)

    def _words(self, head: Node, operand: Node) -> tuple[tuple[str, Formula | str], ...]:
        return (
            ("head", self.reference(head)),
            ("operand", self.reference(operand)),
            ("root", self.root_name),
            ("function", function_of(head) or self.reference(head)),
        )

    def _sum(self, tail: Node, found: Adjoints, shares: Sequence[Formula]) -> Step:
        """What arrives along several edges added up."""
        name = self.named.get(tail)
        total = self.fitted(found.cotangent[tail], tail)
        before = Algebra(tidy=False).add(shares)
        return Step(
            rule="sum over paths",
            target=self._signed(self.derivative_by(tail), name),
            before=self._signed(before, name),
            after=self._signed(total, name),
            name=name,
            through=None,
            words=(*self._words(tail, tail), ("count", str(len(shares)))),
        )

    def _stated(self, rule: str, source: Node, value: Formula) -> Step:
        target = self.derivative_by(source)
        return Step(rule, target, value, value, None, None, self._words(source, source))


_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def _trailing_digits(name: str) -> str:
    plain = name.translate(_RAISED)
    return plain[len(plain.rstrip("0123456789")) :]


def _names_in(node: Node, derive: _Derive) -> list[Name]:
    formula = derive._literal.meaning(node)
    return [one for one in walk(formula) if isinstance(one, Name)]


def _keeps_its_output(node: Map) -> bool:
    """Whether a derivative is written with the value itself: tanh, exp, a square root."""
    expr = node.template.expr
    if isinstance(expr, sympy.exp) or (expr.is_Pow and expr.exp == sympy.Rational(1, 2)):
        return True
    slopes = node.template.derivative(0).atoms(Pointwise)
    return any(one.by_output is not None for one in slopes)


def _is_naming(node: Node) -> bool:
    return isinstance(node, Let) and not node.stops


def _is_net(node: Node) -> bool:
    """W x, or W x + b: a product of arrays, perhaps with unnamed terms added to it."""
    if isinstance(node, Einsum):
        return len(node.args) > 1
    if not isinstance(node, Map) or not node.template.expr.is_Add:
        return False
    return any(isinstance(arg, Einsum) and len(arg.args) > 1 for arg in node.args)


def _is_nonlinear(node: Node) -> bool:
    """A function such as tanh, or a log-sum-exp."""
    if isinstance(node, Reduce):
        return node.operation == "logsumexp"
    if not isinstance(node, Map) or len([a for a in node.args if not isinstance(a, Fill)]) > 1:
        return False
    return any(
        slot(k) in node.template.derivative(k).free_symbols for k in range(len(node.args))
    ) or (not node.template.expr.is_Add and not node.template.expr.is_Mul)
