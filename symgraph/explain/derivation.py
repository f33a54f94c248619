"""A derivation as data, and how it is written: text, Unicode, LaTeX, Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from symgraph.explain.rules import Language, sentence, title
from symgraph.notation.tree import Formula, Name
from symgraph.notation.write import write
from symgraph.printing import Style

__all__ = ["Derivation", "Equation", "Step"]


@dataclass(frozen=True)
class Equation:
    """left = right."""

    left: Formula
    right: Formula

    def text(self) -> str:
        """In ASCII operators."""
        return self.written("text")

    def unicode(self) -> str:
        """In Unicode."""
        return self.written("unicode")

    def latex(self) -> str:
        """In LaTeX."""
        return self.written("latex")

    def written(self, style: Style, sign: str = "=") -> str:
        """In one style."""
        return f"{write(self.left, style)} {sign} {write(self.right, style)}"

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True)
class Step:
    """One application of a rule.

    `target` is the derivative that is found (with a minus where δ = -∂L/∂net is wanted), `before`
    the rule applied to derivatives that are known by then, `after` the same with their formulas put
    in. `name` is the short name (a δ) under which the result goes on, if it has one. `through` is
    the value by which this contribution arrives when it is one of several, which a later step adds
    up.
    """

    rule: str
    target: Formula
    before: Formula
    after: Formula
    name: Name | None
    through: Formula | None
    words: tuple[tuple[str, Formula | str], ...]

    def title(self, lang: Language = "en") -> str:
        """The name of the rule."""
        return title(self.rule, lang)

    def reason(self, lang: Language = "en", style: Style = "unicode") -> str:
        """Why the step is right, in one sentence."""
        wrapped = "${}$" if style == "latex" else "{}"
        words = {
            key: one if isinstance(one, str) else wrapped.format(write(one, style))
            for key, one in self.words
        }
        return sentence(self.rule, lang, words)

    def line(self, style: Style = "text", sign: str = "=") -> str:
        """The step as a chain of equations."""
        target, before, after = (write(f, style) for f in (self.target, self.before, self.after))
        parts = [target] if self.name is None else [write(self.name, style), target]
        if self.through is not None:
            parts = [_SHARE[style].format(target, write(self.through, style))]
        shown = [*parts, before] if before == after else [*parts, before, after]
        head, *rest = shown
        return f"{head} {sign} " + " = ".join(rest)


_SHARE: dict[Style, str] = {
    "text": "{} through {}", "unicode": "{} through {}", "latex": r"\left. {} \right|_{{{}}}",
}  # fmt: skip

_HEADINGS: dict[Language, tuple[str, str, str, str]] = {
    "en": ("Derivative of {root} with respect to {wrt}", "Given", "Steps", "Result"),
    "zh": ("{root} 对 {wrt} 的导数", "已知", "推导", "结果"),
}


_UNVERIFIED: dict[Language, str] = {
    "en": "Not compared with the gradient at random values.",
    "zh": "未在随机值处与梯度核对。",
}


@dataclass(frozen=True)
class Derivation:
    """The derivative of one value by others: what is given, the steps, the results.

    `given` defines the named values, `names` the short names (δ, t) in the results. `verified`
    tells that every formula was compared with the gradient itself at random values.
    """

    root: Formula
    wrt: tuple[Formula, ...]
    given: tuple[Equation, ...]
    assumed: tuple[Equation, ...]
    steps: tuple[Step, ...]
    names: tuple[Equation, ...]
    results: tuple[Equation, ...]
    verified: bool
    lang: Language = "en"

    @property
    def result(self) -> Equation:
        """The derivative; of several the first."""
        return self.results[0]

    def __str__(self) -> str:
        return self._page("text")

    def text(self) -> str:
        """All of it with ASCII operators."""
        return self._page("text")

    def unicode(self) -> str:
        """All of it in Unicode."""
        return self._page("unicode")

    def _headings(self, style: Style, wrapped: str = "{}") -> tuple[str, str, str, str]:
        first, *others = _HEADINGS[self.lang]
        wrt = ", ".join(wrapped.format(write(one, style)) for one in self.wrt)
        whole = first.format(root=wrapped.format(write(self.root, style)), wrt=wrt)
        return whole, others[0], others[1], others[2]

    def _page(self, style: Style) -> str:
        whole, given, steps, result = self._headings(style)
        lines = [whole, "", given]
        lines += [f"  {one.written(style)}" for one in (*self.given, *self.assumed)]
        if self.steps:
            lines += ["", steps]
            for number, step in enumerate(self.steps, 1):
                lines.append(f"  {number}. {step.title(self.lang)}: {step.line(style)}")
                lines.append(f"     {step.reason(self.lang, style)}")
        lines += ["", result]
        lines += [f"  {one.written(style)}" for one in (*self.names, *self.results)]
        if not self.verified:
            lines += ["", _UNVERIFIED[self.lang]]
        return "\n".join(lines)

    def latex(self) -> str:
        """One align environment (amsmath): what is given, steps with their rules, the result."""
        lines = [one.written("latex", "&=") for one in (*self.given, *self.assumed)]
        for step in self.steps:
            lines.append(f"{step.line('latex', '&=')} && \\text{{{step.title(self.lang)}}}")
        lines += [one.written("latex", "&=") for one in (*self.names, *self.results)]
        body = " \\\\\n".join(f"  {line}" for line in lines)
        return f"\\begin{{align}}\n{body}\n\\end{{align}}"

    def markdown(self) -> str:
        """Headings, formulas between dollar signs, the reasons as sentences."""
        whole, given, steps, result = self._headings("latex", "${}$")
        lines = [f"## {whole}", "", f"**{given}**", ""]
        lines += [f"$$ {one.latex()} $$" for one in (*self.given, *self.assumed)]
        if self.steps:
            lines += ["", f"**{steps}**", ""]
            for number, step in enumerate(self.steps, 1):
                reason = step.reason(self.lang, "latex")
                lines += [f"{number}. *{step.title(self.lang)}.* {reason}", ""]
                lines += [f"   $$ {step.line('latex')} $$", ""]
        lines += [f"**{result}**", ""]
        lines += [f"$$ {one.latex()} $$" for one in (*self.names, *self.results)]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON, formulas in Unicode and LaTeX."""
        return {
            "root": write(self.root, "unicode"),
            "wrt": [write(one, "unicode") for one in self.wrt],
            "given": _both([*self.given, *self.assumed]),
            "steps": [_step(step, self.lang) for step in self.steps],
            "names": _both(self.names),
            "results": _both(self.results),
            "verified": self.verified,
        }


def _both(equations: Sequence[Equation]) -> list[dict[str, str]]:
    return [{"unicode": one.unicode(), "latex": one.latex()} for one in equations]


def _step(step: Step, lang: Language) -> dict[str, Any]:
    forms: Callable[[Formula], dict[str, str]] = _forms
    return {
        "rule": step.title(lang),
        "reason": step.reason(lang),
        "target": forms(step.target),
        "before": forms(step.before),
        "after": forms(step.after),
        "name": None if step.name is None else forms(step.name),
        "through": None if step.through is None else forms(step.through),
    }


def _forms(formula: Formula) -> dict[str, str]:
    return {"unicode": write(formula, "unicode"), "latex": write(formula, "latex")}
