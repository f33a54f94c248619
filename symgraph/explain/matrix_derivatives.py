"""Derivations of Jacobians and of second derivatives."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from symgraph.build.arithmetic import multiply
from symgraph.build.contract import transpose
from symgraph.errors import SymgraphError
from symgraph.explain.derivation import Derivation, Equation, Step
from symgraph.explain.given import given_values
from symgraph.explain.jacobian import Jacobian, NoMatrixError
from symgraph.explain.naming import Naming
from symgraph.explain.partials import by_entries
from symgraph.explain.rebuilt import rebuilt
from symgraph.explain.rules import Language
from symgraph.explain.verify import Proof
from symgraph.facts import Fact, facts_about
from symgraph.grad import grad, jacobian
from symgraph.node import Node
from symgraph.notation.forward import Forward, fresh
from symgraph.notation.indexed import Array
from symgraph.notation.orientation import Layout
from symgraph.notation.tree import (
    Derivative,
    Formula,
    Name,
    Product,
    SecondDerivative,
    Sum,
    Verbatim,
    walk,
)
from symgraph.ops import Map
from symgraph.ops.leaves import fill
from symgraph.ops.let import bare
from symgraph.ops.sweep import Adjoints
from symgraph.scalar import slot
from symgraph.walks import reachable, topological

__all__ = ["Conventions", "hessian_derivation", "jacobian_derivation"]


@dataclass(frozen=True)
class Conventions:
    """How vectors stand, what may be assumed, the language; `transposed`: denominator layout,
    `indexed`: entry by entry also where there is a matrix.
    """

    vectors: Layout | None
    facts: Sequence[Fact]
    lang: Language
    transposed: bool = False
    indexed: bool = False

    def naming(
        self, roots: Sequence[Node], sources: Sequence[Node], title: str, plain: set[Node]
    ) -> Naming:
        """The names of the derivation of the last root, which is called `title` if by nothing."""
        facts = list(dict.fromkeys([*self.facts, *facts_about(roots)]))
        forward = Forward(roots, self.vectors, in_parts=False)
        return Naming(
            roots[-1], sources, self.vectors, 1, facts, None, plain, forward, title, {"σ": "q"}
        )


def jacobian_derivation(
    root: Node, sources: Sequence[Node], conventions: Conventions
) -> Derivation:
    """∂y/∂x of an array y by each source: a matrix where it is one, else entry by entry."""
    known = [jacobian(root, source) for source in sources]
    names, found = _found([root], sources, conventions, "y")
    results: list[Equation] = []
    for source, (formula, _) in zip(sources, found, strict=True):
        left = Derivative(names.root_name, names.reference(source))
        results.append(Equation(left, formula))
    stated = _stated(names, results, known, conventions)
    return Derivation(
        root=names.root_name,
        wrt=tuple(names.reference(source) for source in sources),
        given=tuple(given_values(names)),
        assumed=tuple(names.assumed),
        steps=tuple(
            step
            for (_, steps), node in zip(found, known, strict=True)
            for step in _told(_laid(steps, names, conventions), node)
        ),
        names=tuple(Equation(*one) for one in names.reader.definitions),
        results=tuple(stated),
        lang=conventions.lang,
        proof=Proof(names, Adjoints(), known),
    )


def hessian_derivation(
    root: Node, first: Node, second: Node, conventions: Conventions
) -> Derivation:
    """∂²L/∂w∂vᵀ of a number: the gradient by the first source differentiated by the second."""
    known, _ = grad(root, [first, second])
    if known.kind != "real":  # an indicator
        known = multiply(known, 1.0)
    gradient = _as_printed(root, known, first, conventions)
    names, found = _found([root, gradient], [second], conventions, "g")
    ((formula, steps),) = found
    tidy = names.reader
    loss: Formula = names.forward.name(root) or Name(fresh("L", names.forward.taken))
    by, then = names.reference(first), names.reference(second)
    given = [one for one in given_values(names) if one.left != names.root_name]
    if loss not in [one.left for one in given]:
        given.append(Equation(loss, names.literal.meaning(root)))
    value = tidy.lettered(tidy.meaning(gradient), first)
    if names.forward.sort(first) in ("column", "row"):
        value = tidy.algebra.turned(value, names.forward.sort(first))
    words = (("root", loss),)
    start = Step("gradient", Derivative(loss, by), value, value, names.root_name, None, words)
    used = any(one == names.root_name for one in walk(formula))
    result = Equation(SecondDerivative(loss, by, then), formula)
    exact = _second(known, second)
    stated = _stated(names, [result], [exact], conventions)
    return Derivation(
        root=loss,
        wrt=(by,) if first is second else (by, then),
        given=tuple(given),
        assumed=tuple(names.assumed),
        steps=(start, *_told(steps, exact)),
        names=(
            *(Equation(*one) for one in tidy.definitions),
            *([Equation(names.root_name, value)] if used else []),
        ),
        results=tuple(stated),
        lang=conventions.lang,
        proof=Proof(names, Adjoints(), [exact]),
    )


def _as_printed(root: Node, gradient: Node, source: Node, conventions: Conventions) -> Node:
    """The gradient built from its formula, which is tidier; the gradient itself where it cannot."""
    names = conventions.naming([root], [source], "L", set(topological([root])))
    nodes = {name: node for node, name in names.forward.names.items()}
    try:
        formula = names.fitted(gradient, source)
        for name, part in names.reader.definitions:
            nodes[name.name] = rebuilt(part, nodes)
        made = rebuilt(formula, nodes)
    except SymgraphError:
        return gradient
    return made if made.shape == gradient.shape else gradient


def _second(gradient: Node, source: Node) -> Node:
    """The Jacobian of a gradient, which need not depend on the source."""
    if source in reachable([gradient]):
        return jacobian(gradient, source)
    return fill(0, (*gradient.shape, *source.shape), "real")


_Found = tuple[Formula, list[Step]]


def _found(
    roots: Sequence[Node], sources: Sequence[Node], conventions: Conventions, title: str
) -> tuple[Naming, list[_Found]]:
    """The names and each Jacobian with its steps, without names that make it longer."""
    # What stands in the gradient only is called by its formula.
    ours = topological(roots[-1:])
    exponents = {bare(one) for node in ours for one in _exponents(node)}
    plain = set(topological(roots)) - set(ours) | exponents
    while True:
        names = conventions.naming(roots, sources, title, plain)
        found = [_one(names, source, conventions) for source in sources]
        more = names.needless([formula for formula, _ in found]) - plain
        if not more:
            return names, found
        plain |= more


def _exponents(node: Node) -> tuple[Node, ...]:
    """What an exponential is taken of: it is a part of a softmax and gets no name."""
    is_exponential = isinstance(node, Map) and node.template.expr == sympy.exp(slot(0))
    return node.args if is_exponential else ()


def _one(names: Naming, source: Node, conventions: Conventions) -> _Found:
    """One Jacobian: as a product of matrices, else by its entries."""
    try:
        if conventions.indexed:
            raise NoMatrixError
        made = Jacobian(names, source)
    except NoMatrixError:
        formula = by_entries(names, source)
        operand = names.reference(source)
        target = Derivative(names.root_name, operand)
        words = (("root", names.root_name), ("operand", operand))
        return formula, [Step("entry by entry", target, formula, formula, None, None, words)]
    return made.formula, made.steps()


def _laid(steps: Sequence[Step], names: Naming, conventions: Conventions) -> list[Step]:
    """The steps as they are; in denominator layout transposed, products from right to left."""
    turn = names.reader.algebra.transpose

    def turned(formula: Formula) -> Formula:
        if isinstance(formula, Derivative):
            return formula
        if isinstance(formula, Sum):
            return Sum(tuple(map(turned, formula.terms)))
        if isinstance(formula, Product) and not formula.over:
            return Product(formula.coefficient, tuple(map(turned, reversed(formula.factors))))
        return turn(formula)

    if not conventions.transposed:
        return list(steps)
    return [
        step
        if isinstance(step.after, (Array, Verbatim))
        else dataclasses.replace(
            step,
            after=turn(step.after),
            before=turn(step.after) if step.before == step.after else turned(step.before),
        )
        for step in steps
    ]


def _told(steps: Sequence[Step], exact: Node) -> list[Step]:
    """The steps; one that finds all entries at once must agree with the node."""
    return [
        dataclasses.replace(step, value=exact) if step.rule == "entry by entry" else step
        for step in steps
    ]


def _stated(
    names: Naming, results: list[Equation], known: Sequence[Node], conventions: Conventions
) -> list[Equation]:
    """The results with the nodes that they must agree with; transposed in denominator layout."""
    turn = names.reader.algebra.transpose
    stated: list[Equation] = []
    for one, node in zip(results, known, strict=True):
        if conventions.transposed and not isinstance(one.right, (Array, Verbatim)):
            turned = transpose(node) if node.ndim == 2 else node
            stated.append(dataclasses.replace(one, right=turn(one.right), value=turned))
        else:
            stated.append(dataclasses.replace(one, value=node))
    return stated
