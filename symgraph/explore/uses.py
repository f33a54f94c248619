"""Where a value is used on the way to a loss, and what each use gives to its gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from symgraph.answers import answering
from symgraph.build.coerce import as_node
from symgraph.errors import KindError, RangeError
from symgraph.explain.derivation import Equation
from symgraph.explore.use_search import Search, Use, as_count
from symgraph.graph import graph
from symgraph.notation.tree import Derivative, Formula
from symgraph.notation.write import write
from symgraph.printing import Style
from symgraph.rounding import shown
from symgraph.shapes import Dim

__all__ = ["Uses", "use_counts", "uses"]

Array = NDArray[Any]
Language = Literal["en", "zh"]

_WORDS: dict[Language, dict[str, str]] = {
    "en": {"head": "{leaf} is used {n} on the way to {root}.", "once": "once", "times": "{n} times",
           "further": "{n} further use{s}, together {r}", "sum": "sum", "with": "with"},
    "zh": {"head": "{leaf} 在通往 {root} 的路上用了 {n}。", "once": "1 次", "times": "{n} 次",
           "further": "还有 {n} 次，合计 {r}", "sum": "总和", "with": "其中"},
}  # fmt: skip


@answering
@dataclass(frozen=True)
class Uses:
    """Where a value is used on the way to a root; the shares add up to the gradient."""

    root: Formula
    leaf: Formula
    uses: tuple[Use, ...]
    names: tuple[Equation, ...]
    gradient: Array | None
    limit: int
    lang: Language = "en"

    def __iter__(self) -> Iterator[Use]:
        return iter(self.uses)

    @property
    def count(self) -> Dim:
        """How often the value is used: a number, or an expression in open lengths such as T."""
        return as_count(sum(use.count for use in self.uses))

    def __str__(self) -> str:
        return self.unicode()

    def text(self, digits: int = 6) -> str:
        """One line a use with ASCII operators."""
        return "\n".join(self._lines("text", digits))

    def unicode(self, digits: int = 6) -> str:
        """One line a use in Unicode."""
        return "\n".join(self._lines("unicode", digits))

    def latex(self) -> str:
        """The gradient as the sum of its shares, and what the names in them mean."""
        whole = Equation(self._whole, self._whole).latex().split(" = ")[0]
        shares = [
            r"\dots" if use.formula is None else _summed(use, write(use.formula, "latex"))
            for use in self.uses
        ]
        lines = [f"{whole} &= {' + '.join(shares) or '0'}"]
        lines += [equation.written("latex", "&=") for equation in self.names]
        body = " \\\\\n".join(f"  {line}" for line in lines)
        return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"

    @property
    def _whole(self) -> Formula:
        return Derivative(self.root, self.leaf)

    def _lines(self, style: Style, digits: int) -> Iterator[str]:
        words = _WORDS[self.lang]
        times = words["once"] if self.count == 1 else words["times"].format(n=self.count)
        leaf, root = write(self.leaf, style), write(self.root, style)
        yield words["head"].format(leaf=leaf, root=root, n=times)
        shown_total, rows = 0, 0
        left: Any = self.gradient
        for number, use in enumerate(self.uses, 1):
            if number > self.limit:
                break
            share = "" if use.formula is None else f": {write(use.formula, style)}"
            if use.value is None or use.over_time:
                yield f"{number}. {use.place(style)}{share}"
            else:
                yield f"{number}. {use.place(style)}{share} = {shown(use.value, digits, style)}"
                left = left - use.value
                shown_total += 1
            if use.value is not None and use.over_time:
                for t, one in enumerate(use.value[: max(0, self.limit - rows)], 1):
                    yield f"   t = {t}: {shown(one, digits, style)}"
                    left, rows, shown_total = left - one, rows + 1, shown_total + 1
        yield from self._rest(style, digits, shown_total, left)

    def _rest(self, style: Style, digits: int, told: int, left: Any) -> Iterator[str]:
        """What is not listed, the meaning of names, the sum."""
        words = _WORDS[self.lang]
        if self.gradient is not None:
            all_of = sum(
                len(u.value) if u.over_time else 1 for u in self.uses if u.value is not None
            )
            if all_of > told:
                more = {"n": all_of - told, "s": "" if all_of - told == 1 else "s"}
                yield words["further"].format(**more, r=shown(left, digits, style))
        elif len(self.uses) > self.limit:
            n = len(self.uses) - self.limit
            yield words["further"].format(n=n, s="" if n == 1 else "s", r="…")
        for equation in self.names:
            yield f"   {words['with']} {equation.written(style)}"
        if self.gradient is not None:
            total = shown(self.gradient, digits, style)
            yield f"{words['sum']} = {write(self._whole, style)} = {total}"

    def _repr_latex_(self) -> str:
        return self.latex()

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        return {
            "root": write(self.root, "unicode"),
            "leaf": write(self.leaf, "unicode"),
            "count": str(self.count),
            "uses": [
                {
                    "place": use.place(),
                    "share": None if use.formula is None else write(use.formula, "unicode"),
                    "count": str(use.count),
                    "value": None if use.value is None else use.value.tolist(),
                }
                for use in self.uses
            ],
            "gradient": None if self.gradient is None else self.gradient.tolist(),
        }


def _summed(use: Use, formula: str) -> str:
    return rf"\sum_{{t}} {formula}" if use.over_time else formula


def uses(
    expr: Any,
    of: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    limit: int = 50,
    lang: Language = "en",
) -> Uses:
    """Where a value is used on the way to a scalar, and what each use gives to the gradient.

    `of`: a node or a name: a weight that several layers share, a matrix of a recurrent network, any
    value that is used more than once. Inside of a loop a use counts once a step, and as often as a
    derivative can come back from there: not at the first step where that multiplies an initial
    state of zeros, and once where only the last step leads on. With `values` each use has its share
    in numbers, those in loops one a step, and the shares add up to the gradient.
    Raises UnknownNameError for what does not occur, GradientError for no real scalar.

    >>> import symgraph as sg
    >>> x, W, y = sg.input("x", 2), sg.parameter("W", (2, 2)), sg.input("y", 2)
    >>> h = sg.let("h1", sg.tanh(sg.let("net1", W @ x)))
    >>> out = sg.let("h2", sg.tanh(sg.let("net2", W @ h)))
    >>> print(sg.uses(sg.let("L", sg.squared_norm(out - y) / 2), W))
    W is used 2 times on the way to L.
    1. net₁: δ₁ xᵀ
    2. net₂: δ₂ h₁ᵀ
       with δ₂ = (h₂ − y) ⊙ (1 − h₂²)
       with δ₁ = Wᵀ δ₂ ⊙ (1 − h₁²)
    """
    if lang not in _WORDS:
        raise KindError(f"uses: lang is {lang!r}; write 'en' or 'zh'.")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise RangeError(f"uses: limit={limit!r}; give the number of uses to list, 0 or more.")
    root = as_node(expr, "uses")
    search = Search(root, graph(root).vertex(of).node)
    found = search.uses(values)
    naming = search.naming
    names = tuple(search.definitions(found))
    leaf = naming.reference(search.source)
    return Uses(naming.root_name, leaf, tuple(found), names, search.gradient(values), limit, lang)


def use_counts(expr: Any, of: Sequence[Any] | None = None) -> dict[str, Dim]:
    """How often each parameter is used on the way to a scalar; `of` names other values.

    >>> import symgraph as sg
    >>> x, w = sg.input("x"), sg.parameter("w")
    >>> sg.use_counts(w * sg.tanh(w * x))
    {'w': 2}
    """
    root = as_node(expr, "use_counts")
    drawn = graph(root)
    if of is None:
        chosen = [vertex for vertex in drawn.vertices if vertex.role == "parameter"]
    else:
        chosen = [drawn.vertex(one) for one in of]
    return {vertex.name or vertex.label(): Search(root, vertex.node).count() for vertex in chosen}
