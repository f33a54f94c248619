"""Deriving a gradient step by step.

One reverse sweep; every step is one edge of it. `before` is the edge's vector-Jacobian product with
a name for the derivative that arrives, `after` the same product with its formula. Derivatives by
the inputs of a layer's nonlinearity get the name δ, as in every text on backpropagation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import sympy

from symgraph.abstract import smooth_instances
from symgraph.build.abstract import abstracted
from symgraph.build.coerce import as_node
from symgraph.errors import GradientError, UnknownNameError, UnsupportedError
from symgraph.explain.derivation import Derivation, Equation, Note
from symgraph.explain.given import given_values
from symgraph.explain.idioms import with_idioms
from symgraph.explain.index_form import IndexForm, check_letters, without_turns
from symgraph.explain.loops import Recurrence, names_of, recurrence
from symgraph.explain.matrix_derivatives import Conventions, hessian_derivation, jacobian_derivation
from symgraph.explain.naming import MOST_EDGES, Naming
from symgraph.explain.numerator import in_numerator_layout
from symgraph.explain.rules import Language
from symgraph.explain.steps import Steps
from symgraph.explain.verify import Proof
from symgraph.facts import Fact, Facts, as_facts, facts_about, is_symmetric
from symgraph.grad import by_symmetric, grad
from symgraph.node import Node
from symgraph.notation.forward import Forward
from symgraph.notation.indexed import Entry, stays_inside
from symgraph.notation.orientation import Layout
from symgraph.notation.sequences import Timed
from symgraph.notation.spelling import Indicators, Products, Signs, Spelling
from symgraph.notation.tree import Number, walk
from symgraph.ops.leaves import fill
from symgraph.ops.sweep import reverse
from symgraph.shapes import shape_text
from symgraph.walks import topological

__all__ = ["derive"]

#: How often the names are chosen anew: without one name another formula may become long.
MOST_ROUNDS = 4


def derive(
    expr: Any,
    wrt: Any,
    *,
    lang: Language = "en",
    layout: Literal["gradient", "numerator", "denominator"] = "gradient",
    vectors: Layout | None = None,
    delta_sign: Literal[1, -1] = 1,
    product: Products = "⊙",
    indicator: Indicators = "1[·]",
    derivative: Signs | None = None,
    abstract: Mapping[str, Any] | None = None,
    assume: Facts = None,
    adjoints: Mapping[Any, str] | None = None,
    order: Literal[1, 2] = 1,
    through_time: bool = False,
    form: Literal["matrix", "index"] = "matrix",
    letters: Mapping[Any, str] | None = None,
) -> Derivation:
    """The gradient of a scalar by a node, or by several, step by step; of an array the Jacobian.

    `wrt`: a node, its name, a SymPy symbol, or a list of these. `layout`: with "gradient" (which
    is "denominator", too) a derivative has the shape of its variable, with "numerator" that of the
    transposed one, so that dL/dx is a row for a column x. `vectors`: "column" or "row" for
    all vectors; by default each is what the user's own products make of it. `delta_sign`: 1 for
    δ = ∂L/∂net, -1 for δ = -∂L/∂net. `product`: the sign of entrywise products, "⊙", "∘", "*" or
    "×". `indicator`: "1[·]", "1{·}", "𝟙[·]", "𝟙{·}", "[·]", "I(·)" or "I[·]". `derivative`: "d" or
    "∂" in dL/dW; by default d in text and ∂ in LaTeX. `abstract`: {"f": "tanh"}
    writes f and f' for tanh and its derivative. `assume`: facts that may be used beside those in
    force, such as `sg.sum(t) == 1`, a list of these, or {sg.sum(t): 1}; see `sg.assume`.
    `adjoints`: names for derivatives by values, such as {"u": "e"} for e = ∂L/∂u.
    `order`: with 2 the Hessian of a scalar; `wrt` may then be two nodes, for ∂²L/∂u∂vᵀ.
    `form`: with "index" every line is between entries, net_j^(1) = Σ_m w_jm^(1) x_m, the number of
    a layer (W1) or a time (s_t) above; `letters` then chooses indices: {"x": "m", "net1": "j"}.
    A Jacobian has a row for each entry of `expr`, with layout="denominator" a column.
    `through_time`: of a recurrence also the Jacobian of one step, the recursion of δ as an ordered
    product of these, and what each time gives to the derivative by a shared parameter.
    `lang`: the language of names and reasons, "en" or "zh".
    In a sum or in an entrywise product a row or a column beside a matrix stands for all its rows or
    columns, as in X W + b.
    Raises UnknownNameError for a name that does not occur, GradientError for an expression that is
    not real, UnsupportedError for an option that is not offered.

    >>> import symgraph as sg
    >>> w, x, y = sg.parameter("w", 2), sg.input("x", 2), sg.input("y")
    >>> margin = sg.let("margin", (w @ x) * y)
    >>> loss = sg.let("loss", sg.maximum(1 - margin, 0))
    >>> print(sg.derive(loss, w).result)
    dloss/dw = -1[margin < 1] x y
    """
    _check_options(
        lang=lang, layout=layout, vectors=vectors, delta_sign=delta_sign, order=order, form=form
    )
    spelling = Spelling(product, indicator, derivative, subscripts=form == "index")
    root = as_node(expr, "derive")
    sources = [_source(one, root) for one in (wrt if isinstance(wrt, (list, tuple)) else [wrt])]
    inside = {one: name for one, name in (adjoints or {}).items() if _is_inside(one, root)}
    called = {_source(one, root): x for one, x in (adjoints or {}).items() if one not in inside}
    wished = {_source(one, root): letter for one, letter in (letters or {}).items()}
    check_letters(wished)
    wanted = (root, *sources, *called, *wished)
    short = with_idioms(root, wanted)
    found, functions = abstracted([short.get(one, one) for one in wanted], abstract or {})
    images = {one: found[short.get(one, one)] for one in wanted}
    conventions = Conventions(
        vectors, as_facts(assume), lang, layout == "denominator", form == "index"
    )
    with smooth_instances():
        if root.ndim or order == 2:
            made = _matrices(images[root], [images[one] for one in sources], order, conventions)
        else:
            work = _named(
                images[root],
                [images[one] for one in sources],
                (vectors, delta_sign),
                conventions.facts,
                {images[one]: name for one, name in called.items()} | inside,
                through_time,
                {images[one]: letter for one, letter in wished.items()},
                form,
            )
            made = _written(work, lang, form)
    if layout == "numerator" and not root.ndim and order == 1:
        made = in_numerator_layout(made)
    notes = [Note("abstract", (("function", f), ("meaning", g))) for f, g in functions.items()]
    notes += [*_conventions(made, delta_sign), *_beyond(made), *made.notes]
    made = dataclasses.replace(made, notes=tuple(notes), nodes=(root, *sources))
    return made.spelled(spelling)


def _written(work: _Derive | Recurrence, lang: Language, form: str) -> Derivation:
    """The derivation in one form; recurrences have no other than matrices."""
    if isinstance(work, _Derive):
        return work.derivation(lang, form)
    if form == "index":
        raise UnsupportedError(
            "derive: form='index' is not offered for a recurrence. Leave it out, or write down the "
            "steps one by one (sg.unroll)."
        )
    return work.derivation(lang)


def _beyond(derivation: Derivation) -> Iterator[Note]:
    """That an entry outside of its array is 0, where a line has one."""
    for one in derivation.equations():
        for part in walk(one.right):
            if isinstance(part, Entry) and not stays_inside(part):
                yield Note("outside", (("entry", part),))
                return


def _conventions(derivation: Derivation, delta_sign: Literal[1, -1]) -> Iterator[Note]:
    """The convention for δ, where one has a name and it is not the usual one."""
    named = [step for step in derivation.steps if step.name is not None]
    letters = {one.span.letter for one in derivation.equations() if one.span is not None}
    general = [
        one for one in named if isinstance(one.name, Timed) and one.name.at.letter in letters
    ]
    if delta_sign == -1 and named:
        yield Note("delta sign", (("delta", (general or named)[0].target),))


def _matrices(
    root: Node, sources: Sequence[Node], order: int, conventions: Conventions
) -> Derivation:
    """A Jacobian, or the second derivative by one node or by two."""
    if order == 1:
        return jacobian_derivation(root, sources, conventions)
    if root.ndim or len(sources) > 2:
        what = (
            f"an array of shape {shape_text(root.shape)}" if root.ndim else f"{len(sources)} nodes"
        )
        raise GradientError(
            f"derive: order=2 is for a scalar and one node, or two of them; this is {what}. "
            "Sum the array up, or derive for each pair."
        )
    return hessian_derivation(root, sources[0], sources[-1], conventions)


def _named(
    root: Node,
    sources: Sequence[Node],
    conventions: tuple[Layout | None, Literal[1, -1]],
    given: Sequence[Fact],
    called: Mapping[Any, str],
    through_time: bool,
    letters: Mapping[Node, str],
    form: str,
) -> _Derive | Recurrence:
    """The derivation with names for what is worth one; `conventions`: vectors and sign of δ."""
    gradients = [
        by_symmetric(gradient) if _only_by(given, source) else gradient
        for source, gradient in zip(sources, grad(root, sources), strict=True)
    ]
    facts = list(dict.fromkeys([*given, *facts_about([root])]))
    options = (*conventions, facts, through_time)
    inside = {one: name for one, name in called.items() if isinstance(one, str)}
    if len(inside) == len(called):
        looped = recurrence(root, sources, gradients, *options, inside)
        if looped is not None:
            return looped
    if inside:
        raise UnsupportedError(
            f"derive: adjoints names {', '.join(map(repr, inside))} within a loop, and this loop "
            "is not written with one general time. Leave adjoints= out."
        )
    names = (root, sources, *conventions, facts, called)

    def naming(plain: set[Node]) -> Naming:
        forward = Forward([root], conventions[0], letters, in_parts=form == "matrix")
        return Naming(*names, plain, forward)

    work = _Derive(naming(set()), gradients)
    plain: set[Node] = set()
    for _ in range(MOST_ROUNDS):
        more = work.needless() - plain
        if not more:
            break
        plain |= more
        work = _Derive(naming(plain), gradients)
    return work


def _only_by(given: Sequence[Fact], source: Node) -> bool:
    """Whether a source is symmetric by the facts of this one derivation, which grad knows not."""
    return is_symmetric(source, given) and not is_symmetric(source, facts_about([source]))


_OPTIONS: dict[str, tuple[Any, ...]] = {
    "lang": ("en", "zh"),
    "layout": ("gradient", "numerator", "denominator"),
    "vectors": ("column", "row", None),
    "delta_sign": (1, -1),
    "order": (1, 2),
    "form": ("matrix", "index"),
}


def _check_options(**given: Any) -> None:
    for option, value in given.items():
        if value not in _OPTIONS[option]:
            listed = ", ".join(map(repr, _OPTIONS[option]))
            raise UnsupportedError(
                f"derive: {option}={value!r} is not offered; write one of {listed}."
            )


def _is_inside(one: Any, root: Node) -> bool:
    """Whether a name is that of a value within a loop."""
    order = topological([root])
    outside = {*Forward([root]).names.values()}
    return isinstance(one, str) and one not in outside and one in names_of(order)


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
    """One derivation in the making: the sweep and the results with one choice of names."""

    def __init__(self, naming: Naming, gradients: Sequence[Node]) -> None:
        self._names = naming
        self._gradients = gradients
        seed = fill(1, (), "real")
        self._found = reverse({naming.root: seed}, set(naming.sources), naming.rename)
        self._results: list[Equation] = []
        for source, gradient in zip(naming.sources, gradients, strict=True):
            ct = self._found.cotangent.get(source)
            formula = Number(0) if ct is None else naming.fitted(ct, source)
            self._results.append(Equation(naming.derivative_by(source), formula, value=gradient))

    def needless(self) -> set[Node]:
        """Values that are better left without a name."""
        if len(self._found.contribution) > MOST_EDGES:
            return set()
        return self._names.needless([one.right for one in self._results])

    def derivation(self, lang: Language, form: str = "matrix") -> Derivation:
        """Write down every edge, check every formula."""
        names = self._names
        small = len(self._found.contribution) <= MOST_EDGES
        steps = Steps(names).of(self._found) if small else []
        for k, source in enumerate(names.sources):
            if is_symmetric(source, names.facts):
                before, formula = names.by_symmetric(self._results[k].right)
                gradient = self._gradients[k]
                steps.append(Steps(names).symmetric(source, gradient, before, formula))
                self._results[k] = Equation(self._results[k].left, formula, value=gradient)
        given, defined = given_values(names), [Equation(*x) for x in names.reader.definitions]
        if form == "index":
            indexed = IndexForm(names.reader.axes, names.reader.algebra, names.literal.algebra)
            given = [indexed.equation(one, literal=True) for one in given]
            defined = [indexed.equation(one) for one in defined]
            steps = without_turns(steps)
            made = [indexed.step(one) for one in steps]
            for old, new in zip(steps, made, strict=True):
                names.called_by_entries(old.target, new.target)
            steps = made
            self._results = [indexed.equation(one) for one in self._results]
        return Derivation(
            root=names.root_name,
            wrt=tuple(names.reference(source) for source in names.sources),
            given=tuple(given),
            assumed=tuple(names.assumed),
            steps=tuple(steps),
            names=tuple(defined),
            results=tuple(self._results),
            lang=lang,
            proof=Proof(names, self._found, self._gradients),
        )
