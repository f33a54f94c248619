"""A derivation as data: what is given, the steps with their rules, the results."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symgraph.answers import answering
from symgraph.expanded.products import Paths
from symgraph.expanded.table import Table
from symgraph.explain import pages
from symgraph.explain.reasons import in_language
from symgraph.explain.rules import Language, Spoken, note, sentence, title
from symgraph.graph import graph
from symgraph.node import Node
from symgraph.notation.entrywise import in_entries
from symgraph.notation.mathml import mathml
from symgraph.notation.ranges import with_ranges
from symgraph.notation.sequences import Span
from symgraph.notation.spelling import (
    Indicators,
    Products,
    Signs,
    Spelling,
    told_apart,
    written_small,
)
from symgraph.notation.tree import Formula, Name, walk
from symgraph.notation.write import write
from symgraph.notation.write_time import span_text
from symgraph.printing import Style
from symgraph.shapes import dim_symbols
from symgraph.walks import topological

__all__ = ["Derivation", "Equation", "Note", "Step"]

Proof = Callable[["Derivation"], "Sequence[tuple[Equation | Step, str]]"]

_USUAL = Spelling()


def _worded(
    words: Sequence[tuple[str, Formula | str]], show: Callable[[Formula, bool], str]
) -> Mapping[str, Spoken | str]:
    """The words of a sentence; a formula can stand there as it is or as a factor."""
    return {
        key: one if isinstance(one, str) else Spoken(show(one, False), show(one, True))
        for key, one in words
    }


@dataclass(frozen=True)
class Equation:
    """left = right, and how it is spelled.

    `span` are the times for which an equation between entries of sequences is written down; without
    it such an equation holds at all times. `value` is the node that the left
    side stands for, where its name alone does not tell.
    """

    left: Formula
    right: Formula
    span: Span | None = None
    spelling: Spelling = field(default=_USUAL, kw_only=True, compare=False)
    value: Node | None = field(default=None, kw_only=True, compare=False, repr=False)

    def text(self) -> str:
        """In ASCII operators."""
        return self.written("text")

    def unicode(self) -> str:
        """In Unicode."""
        return self.written("unicode")

    def latex(self) -> str:
        """In LaTeX, for any mathematics environment."""
        return self.written("latex")

    def markdown(self) -> str:
        """LaTeX between double dollar signs."""
        return pages.markdown_block(self.latex())

    def html(self) -> str:
        """A `math` element (MathML)."""
        return mathml(self.latex(), block=True)

    def written(self, style: Style, sign: str = "=") -> str:
        """In one style."""
        left, right = (write(side, style, spelling=self.spelling) for side in self.sides)
        return f"{left} {sign} {right}{self.times(style)}"

    def times(self, style: Style) -> str:
        """The times for which it holds, behind the equation."""
        return "" if self.span is None else span_text(self.span, style)

    @property
    def sides(self) -> tuple[Formula, Formula]:
        """What stands left and right of the sign; with indices where the right side has them."""
        left, right = in_entries([self.left, self.right])
        return left, right

    @property
    def stated(self) -> Formula:
        """What the line is about."""
        return self.left

    def spelled(self, spelling: Spelling) -> Equation:
        """The same in another spelling."""
        return dataclasses.replace(self, spelling=spelling)

    def to_dict(self) -> dict[str, str]:
        """Plain data for JSON."""
        return {"text": self.text(), "unicode": self.unicode(), "latex": self.latex()}

    def __str__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        latex = self.latex()
        return {"text/plain": self.unicode(), "text/latex": rf"$\displaystyle {latex}$"}

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"


@dataclass(frozen=True)
class Note:
    """A remark on the whole derivation, by its key in `rules.NOTES`."""

    key: str
    words: tuple[tuple[str, Formula | str], ...]
    spelling: Spelling = field(default=_USUAL, kw_only=True, compare=False)

    def sentence(self, lang: Language = "en", style: Style = "unicode") -> str:
        """The remark as a sentence."""
        return note(self.key, lang, _worded(self.words, pages.inline(style, self.spelling)))

    def written(self, lang: Language, show: Callable[[Formula, bool], str]) -> str:
        """The remark with its formulas shown in another way."""
        return note(self.key, lang, _worded(self.words, show))


@dataclass(frozen=True)
class Step:
    """One application of a rule.

    `target` is the derivative that is found (with a minus where δ = -∂L/∂net is wanted), `before`
    the rule applied to derivatives that are known by then, `after` the same with their formulas put
    in. `name` is the short name (a δ) under which the result goes on, if it has one. `through` is
    the value by which this contribution arrives when it is one of several, which a later step adds
    up. `value` is the node of the target, where it is not the whole derivative.
    """

    rule: str
    target: Formula
    before: Formula
    after: Formula
    name: Name | None
    through: Formula | None
    words: tuple[tuple[str, Formula | str], ...]
    spelling: Spelling = field(default=_USUAL, kw_only=True, compare=False)
    value: Node | None = field(default=None, kw_only=True, compare=False, repr=False)

    def title(self, lang: Language = "en") -> str:
        """The name of the rule."""
        return title(self.rule, lang)

    def reason(self, lang: Language = "en", style: Style = "unicode") -> str:
        """Why the step is right, in one sentence; in LaTeX its formulas stand between dollars."""
        return self.spoken(lang, pages.inline(style, self.spelling))

    def spoken(self, lang: Language, show: Callable[[Formula, bool], str]) -> str:
        """The reason with its formulas shown in another way.

        `show` is given a formula and whether it stands as a factor there.
        """
        return sentence(self.rule, lang, _worded(self.words, show))

    def written(self, style: Style) -> str:
        """The step as a line."""
        return self.line(style)

    def line(self, style: Style = "text", sign: str = "=", lang: Language = "en") -> str:
        """The step as a chain of equations."""
        head, *rest = self.chain(style, lang)
        return f"{head} {sign} " + " = ".join(rest)

    def chain(self, style: Style, lang: Language = "en") -> list[str]:
        """What is equal, from the name or the derivative to its formula."""
        count = 1 if self.name is None else 2
        sides = self.sides
        *front, target = (write(f, style, spelling=self.spelling) for f in sides[:count])
        if self.through is not None:
            through = write(self.through, style, spelling=self.spelling)
            share = _SHARE_IN_LATEX if style == "latex" else _SHARE[lang]
            target = share.format(target, through)
        right = (write(f, style, spelling=self.spelling) for f in sides[count:])
        return [*front, target, *right]

    @property
    def stated(self) -> Formula:
        """What the line is about."""
        return self.target

    @property
    def sides(self) -> list[Formula]:
        """All that is equal; with indices where the right side has them."""
        named = [] if self.name is None else [self.name]
        right = [self.after] if self.before == self.after else [self.before, self.after]
        return in_entries([*named, self.target, *right])

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """All formulas of the step."""
        others = [f for f in (self.name, self.through) if f is not None]
        words = [f for _, f in self.words if isinstance(f, Formula)]
        return (self.target, self.before, self.after, *others, *words)

    def to_dict(self, lang: Language = "en") -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rule": self.rule,
            "title": self.title(lang),
            "reason": self.reason(lang),
            "line": {"unicode": self.line("unicode", lang=lang), "latex": self.line("latex")},
            "target": self._forms(self.target),
            "before": self._forms(self.before),
            "after": self._forms(self.after),
            "name": None if self.name is None else self._forms(self.name),
            "through": None if self.through is None else self._forms(self.through),
        }

    def _forms(self, formula: Formula) -> dict[str, str]:
        styles: tuple[Style, ...] = ("text", "unicode", "latex")
        return {style: write(formula, style, spelling=self.spelling) for style in styles}


_SHARE: dict[Language, str] = {"en": "{} through {}", "zh": "{}（经 {}）"}
_SHARE_IN_LATEX = r"\left. {} \right|_{{{}}}"


@answering
@dataclass(frozen=True)
class Derivation:
    """The derivative of one value by others: what is given, the steps, the results.

    `given` defines the named values, `names` the short names (δ, t) in the results. Every line was
    read back from what is printed, in all three styles, and held against the values of the graph at
    random points; `unverified` lists the lines for which that was not possible, each with the
    reason. `notes` are remarks on conventions.
    In Jupyter it is shown as Markdown with formulas, which also stays readable in a notebook that
    is not trusted.
    """

    root: Formula
    wrt: tuple[Formula, ...]
    given: tuple[Equation, ...]
    assumed: tuple[Equation, ...]
    steps: tuple[Step, ...]
    names: tuple[Equation, ...]
    results: tuple[Equation, ...]
    lang: Language = "en"
    notes: tuple[Note, ...] = ()
    unverified: tuple[tuple[Equation | Step, str], ...] = ()
    proof: Proof = field(kw_only=True, compare=False, repr=False)
    spelling: Spelling = field(default=_USUAL, kw_only=True, compare=False)
    #: The root and what it is differentiated by.
    nodes: tuple[Node, ...] = field(default=(), kw_only=True, compare=False, repr=False)

    @property
    def verified(self) -> bool:
        """Whether every line was read back and found to be true."""
        return not self.unverified

    @property
    def result(self) -> Equation:
        """The derivative; of several the first."""
        return self.results[0]

    # --- expanded on request ------------------------------------------------------------------

    def paths(
        self, values: Mapping[Any, Any] | None = None, limit: int = 50, wrt: Any = None
    ) -> Paths:
        """The derivative as a sum over paths, each with its product unmultiplied.

        `wrt` says by which variable where there are several; see `Graph.paths`.

        >>> import symgraph as sg
        >>> mid = sg.let("mid", sg.sin(sg.input("in")))
        >>> derivation = sg.derive(sg.let("out", sg.exp(mid)), "in")
        >>> print(derivation.paths())
        out → mid → in: ∂out/∂mid · ∂mid/∂in = out · cos(in)
        """
        root, first, *_ = self.nodes
        return graph(root).paths(root, first if wrt is None else wrt, values, limit, self.lang)

    def table(self, values: Mapping[Any, Any], digits: int = 6, **options: Any) -> Table:
        """Forward and backward values in the order of evaluation; see `Graph.table`."""
        return graph(self.nodes[0]).table(values, digits, **options)

    def with_style(
        self,
        *,
        lang: Language | None = None,
        product: Products | None = None,
        indicator: Indicators | None = None,
        derivative: Signs | None = None,
    ) -> Derivation:
        """The same derivation in another language or with other signs; nothing is derived again.

        `product`: the sign of entrywise products, "⊙", "∘", "*" or "×". `indicator`: "1[·]",
        "1{·}", "𝟙[·]", "𝟙{·}", "[·]", "I(·)" or "I[·]". `derivative`: "d" or "∂" in dL/dW.
        Raises UnsupportedError for any other value.

        >>> import symgraph as sg
        >>> x, w = sg.input("x", 3), sg.parameter("w", 3)
        >>> derivation = sg.derive(sg.let("L", sg.sum(sg.let("h", sg.tanh(w * x)))), w)
        >>> print(derivation.with_style(product="∘", derivative="∂").result.unicode())
        ∂L/∂w = (1 − h²) ∘ x
        """
        changes = {"product": product, "indicator": indicator, "derivative": derivative}
        kept: dict[str, Any] = {key: one for key, one in changes.items() if one is not None}
        spelled = self.spelled(dataclasses.replace(self.spelling, **kept))
        return spelled if lang is None else dataclasses.replace(spelled, lang=lang)

    def spelled(self, spelling: Spelling) -> Derivation:
        """The same in another spelling, all names told apart."""
        names = {one.name for f in self.formulas() for one in walk(f) if isinstance(one, Name)}
        matrices = {
            one.name
            for f in self.formulas()
            for one in walk(f)
            if isinstance(one, Name) and one.kind == "matrix"
        }
        spelling = dataclasses.replace(
            spelling,
            literal=told_apart(names),
            lowered=written_small(matrices, names),
            identity="I" not in names and not self._has_size("I"),
        )

        def all_of(equations: Sequence[Equation]) -> tuple[Equation, ...]:
            return tuple(one.spelled(spelling) for one in equations)

        changed = dataclasses.replace(
            self,
            given=all_of(self.given),
            assumed=all_of(self.assumed),
            steps=tuple(dataclasses.replace(one, spelling=spelling) for one in self.steps),
            names=all_of(self.names),
            results=all_of(self.results),
            notes=tuple(dataclasses.replace(one, spelling=spelling) for one in self.notes),
            spelling=spelling,
        )
        return dataclasses.replace(changed, unverified=tuple(self.proof(changed)))

    def _has_size(self, name: str) -> bool:
        """Whether a size has this name."""
        shapes = dict.fromkeys(node.shape for node in topological(self.nodes))
        return any(symbol.name == name for shape in shapes for symbol in dim_symbols(shape))

    def lines(self) -> Iterator[Equation | Step]:
        """Every line that states something, in the order in which they depend on each other."""
        yield from (*self.given, *self.assumed, *self.names)
        yield from self.steps
        yield from self.results

    def equations(self) -> Iterator[Equation]:
        """Everything that is stated outside of the steps."""
        yield from (*self.given, *self.assumed, *self.names, *self.results)

    def formulas(self) -> Iterator[Formula]:
        """Everything that is written."""
        yield from (self.root, *self.wrt)
        for one in self.equations():
            yield from (one.left, one.right)
        for step in self.steps:
            yield from step.formulas

    # --- pages ------------------------------------------------------------------------------

    def __str__(self) -> str:
        return pages.lines(self, "text")

    def text(self) -> str:
        """All of it with ASCII operators."""
        return pages.lines(self, "text")

    def unicode(self) -> str:
        """All of it in Unicode."""
        return pages.lines(self, "unicode")

    def latex(self, *, ranges: bool = False) -> str:
        """One `align*` environment: what is given, the steps with their rules, the result.

        It needs the package amsmath; with Chinese names or `lang="zh"` also ctex, and XeLaTeX. The
        indicators "𝟙[·]" and "𝟙{·}" need unicode-math. A long derivation may break over pages.
        """
        return pages.latex(self.with_ranges() if ranges else self)

    def with_ranges(self) -> Derivation:
        """With braces in LaTeX, Markdown and HTML that say which values σ', tanh', 1[...] take."""
        defined = {one.left: one.right for one in self.given}

        def noted(equation: Equation) -> Equation:
            return dataclasses.replace(equation, right=with_ranges(equation.right, defined))

        steps = [
            dataclasses.replace(
                step,
                before=with_ranges(step.before, defined),
                after=with_ranges(step.after, defined),
            )
            for step in self.steps
        ]
        return dataclasses.replace(
            self,
            steps=tuple(steps),
            names=tuple(map(noted, self.names)),
            results=tuple(map(noted, self.results)),
        )

    def markdown(self) -> str:
        """Headings, formulas between dollar signs, the reasons as sentences."""
        return pages.markdown(self)

    def html(self) -> str:
        """A `section` for any page: MathML, no script, no style sheet, all names escaped."""
        return pages.html(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        # No HTML: Jupyter would prefer it, and strips its MathML where a notebook is not trusted.
        return {
            "text/plain": self.unicode(),
            "text/markdown": self.markdown(),
            "text/latex": self.latex(),
        }

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_latex_(self) -> str:
        return self.latex()

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON, formulas in text, Unicode and LaTeX."""
        return {
            "root": write(self.root, "unicode", spelling=self.spelling),
            "wrt": [write(one, "unicode", spelling=self.spelling) for one in self.wrt],
            "given": [one.to_dict() for one in (*self.given, *self.assumed)],
            "steps": [step.to_dict(self.lang) for step in self.steps],
            "names": [one.to_dict() for one in self.names],
            "results": [one.to_dict() for one in self.results],
            "notes": [one.sentence(self.lang) for one in self.notes],
            "verified": self.verified,
            "unverified": [
                {"line": line.written("unicode"), "reason": in_language(reason, self.lang)}
                for line, reason in self.unverified
            ],
            "lang": self.lang,
        }
