"""Paths with the products of the derivatives along them, and the line that closes their sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answering
from symgraph.errors import KindError
from symgraph.expanded.ranges import Range, product_of, slope_range
from symgraph.notation.tree import Derivative, Formula
from symgraph.notation.write import write
from symgraph.printing import Style
from symgraph.rounding import shown

if TYPE_CHECKING:
    from symgraph.vertices import Edge, Vertex

__all__ = ["Path", "Paths"]

Array = NDArray[Any]
Language = Literal["en", "zh"]

#: Of a longer way only the beginning and the end are written.
LONG = 16
_DOT: dict[Style, str] = {"text": " * ", "unicode": " · ", "latex": r" \cdot "}
_ARROW: dict[Style, str] = {"text": " -> ", "unicode": " → ", "latex": r" \to "}
_GAP: dict[Style, str] = {"text": "...", "unicode": "…", "latex": r"\dots"}

_WORDS: dict[Language, dict[str, str]] = {
    "en": {"more": "{n} further path{s}", "together": "{more}, together {r}", "sum": "sum"},
    "zh": {"more": "还有 {n} 条路径", "together": "{more}，合计 {r}", "sum": "总和"},
}


class Path(NamedTuple):
    """A way from the root down to a leaf and what it contributes to the gradient.

    `value` is the product of the derivatives on the way, `factors` these derivatives as numbers;
    both only with values, and the factors only where all on the way are numbers. `formula` is what
    the way contributes where arrays lie on it.
    """

    edges: tuple[Edge, ...]
    value: Array | None
    factors: tuple[float, ...] | None = None
    formula: Formula | None = None

    @property
    def vertices(self) -> tuple[Vertex, ...]:
        """The root, what lies between, the leaf."""
        return (self.edges[0].head, *(edge.tail for edge in self.edges)) if self.edges else ()

    def derivatives(self, style: Style = "unicode") -> str:
        """The derivatives on the way by their names, not multiplied: ∂out/∂mid · ∂mid/∂in."""
        names = [_partial(head.reference, tail.reference, style) for head, tail in self._links]
        return _DOT[style].join(names)

    @property
    def _links(self) -> list[tuple[Vertex, Vertex]]:
        """Neighbours on the way; a loop is no value, and its result depends on its operands."""
        found: list[tuple[Vertex, Vertex]] = []
        result: Vertex | None = None
        for edge in self.edges:
            head = result or edge.head
            if edge.tail.node.is_loop:
                result = head
            else:
                found.append((head, edge.tail))
                result = None
        return found

    @property
    def ranges(self) -> tuple[Range | None, ...]:
        """Between which bounds each derivative lies, whatever the values are; None if anywhere."""
        return tuple(slope_range(edge.head.node) for edge in self.edges)

    def label(self, style: Style = "unicode", ranges: bool = False) -> str:
        """The derivatives on the way as formulas, not multiplied.

        `ranges`: in LaTeX with the range of each below it, where it has one.
        """
        several = len(self.edges) > 1
        written: list[str] = []
        for edge, bounds in zip(self.edges, self.ranges, strict=True):
            formula = edge.formula
            text = _GAP[style] if formula is None else write(formula, style, as_factor=several)
            if ranges and bounds is not None and style == "latex":
                text = rf"\underbrace{{{text}}}_{{{bounds.text()}}}"
            written.append(text)
        return _DOT[style].join(written)

    def written(self, style: Style = "unicode", digits: int = 10, ranges: bool = False) -> str:
        """The way and its product: by names, by formulas, and with values in numbers.

        `ranges` tells below between which bounds the factors and their product lie. In LaTeX the &
        of an alignment stands after the way.
        """
        return (
            f"{self._way(style)}{_colon(style)}{' = '.join(self.products(style, digits, ranges))}"
        )

    def products(
        self, style: Style = "unicode", digits: int = 10, ranges: bool = False
    ) -> tuple[str, ...]:
        """The product by names, by formulas where they can be written, and with values in numbers.

        The last one is then the number that the way contributes.
        """
        return tuple(dict.fromkeys(self._products(style, digits, ranges)))

    def bounds(self, style: Style = "unicode") -> str:
        """The ranges of the derivatives, and that of their product; empty where one has none."""
        known = [one for one in self.ranges if one is not None]
        if not known or len(known) < len(self.edges):
            return ""
        factors = _DOT[style].join(one.text() for one in known)
        sign = {"text": "in", "unicode": "∈", "latex": r"\in"}[style]
        return f"{sign} {factors} = {product_of(known).text()}"

    def sides(self, style: Style, ranges: bool = False) -> list[str]:
        """What is written of a product without values: by names, by formulas or as one."""
        if len(self.edges) > LONG:
            return []
        found = [self.derivatives(style)]
        if all(edge.placeholder is None for edge in self.edges):
            found.append(self.label(style, ranges))
        elif self.formula is not None:
            found.append(write(self.formula, style))
        return found

    def _products(self, style: Style, digits: int, ranges: bool) -> Iterator[str]:
        if len(self.edges) <= LONG:
            yield from self.sides(style, ranges)
            if self.factors is not None and len(self.factors) > 1:
                yield _DOT[style].join(_factor(x, digits, style) for x in self.factors)
        else:
            ends = [self._links[0], self._links[-1]]
            names = [_partial(head.reference, tail.reference, style) for head, tail in ends]
            yield _DOT[style].join([names[0], _GAP[style], names[1]])
        if self.value is not None:
            yield shown(self.value, digits, style)

    def _way(self, style: Style) -> str:
        values = tuple(vertex for vertex in self.vertices if not vertex.node.is_loop)
        labels = [vertex.label(style) for vertex in _ends(values, LONG + 1)]
        if len(values) > LONG + 1:
            labels.insert(len(labels) // 2, _GAP[style])
        return _ARROW[style].join(labels)

    def __str__(self) -> str:
        return self._way("unicode")


def _ends(items: tuple[Any, ...], most: int) -> tuple[Any, ...]:
    """All, or of too many the first three and the last three."""
    return items if len(items) <= most else (*items[:3], *items[-3:])


def _colon(style: Style) -> str:
    return r" &: \quad " if style == "latex" else ": "


def _partial(of: Formula, by: Formula, style: Style) -> str:
    """One derivative on the way, of a value by its operand."""
    if style == "latex":
        return write(Derivative(of, by), style)
    return f"∂{write(of, style, as_factor=True)}/∂{write(by, style, as_factor=True)}"


def _whole(of: Formula, by: Formula, style: Style) -> str:
    """The derivative by all ways together, which a partial one is not."""
    if style != "latex":
        return write(Derivative(of, by), style)
    return _partial(of, by, style).replace(r"\partial", r"\mathrm{d}")


def _factor(value: float, digits: int, style: Style) -> str:
    text = shown(value, digits, style)
    return f"({text})" if text.startswith("-") else text


@answering
@dataclass(frozen=True)
class Paths:
    """The largest paths from a root to a leaf, the number of all, and what the others add up to.

    `ordered` tells that no path that is not shown is larger than one that is.
    """

    root: Formula
    leaf: Formula
    shown: tuple[Path, ...]
    count: int
    gradient: Array | None
    remainder: Array | None
    ordered: bool = True
    lang: Language = "en"

    def __post_init__(self) -> None:
        if self.lang not in _WORDS:
            raise KindError(f"paths: lang is {self.lang!r}; write 'en' or 'zh'.")

    def __iter__(self) -> Iterator[Path]:
        return iter(self.shown)

    def __len__(self) -> int:
        return len(self.shown)

    @property
    def further(self) -> int:
        """How many paths are not shown."""
        return self.count - len(self.shown)

    def __str__(self) -> str:
        return self.unicode()

    def text(self, digits: int = 10, ranges: bool = False) -> str:
        """One line a path with ASCII operators; `ranges` as in `latex`."""
        return "\n".join(self._lines("text", digits, ranges))

    def unicode(self, digits: int = 10, ranges: bool = False) -> str:
        """One line a path in Unicode; `ranges` as in `latex`."""
        return "\n".join(self._lines("unicode", digits, ranges))

    def latex(self, digits: int = 10, ranges: bool = False) -> str:
        """One align* environment (amsmath) with a line a path.

        `ranges` tells between which bounds the factors lie whatever the values are, as the slope of
        a sigmoid in (0, 0.25], and so their product.
        """
        body = " \\\\\n".join(f"  {line}" for line in self._lines("latex", digits, ranges))
        return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"

    def _repr_latex_(self) -> str:
        return self.latex()

    def _lines(self, style: Style, digits: int, ranges: bool) -> Iterator[str]:
        words = _WORDS[self.lang]
        for path in self.shown:
            empty = f"{write(self.root, style)}{_colon(style)}1"
            yield path.written(style, digits, ranges) if path.edges else empty
            bounds = path.bounds(style) if ranges else ""
            if bounds:
                yield rf"& \quad {bounds}" if style == "latex" else f"   {bounds}"
        if self.further or not self.count:
            more = words["more"].format(n=self.further, s="" if self.further == 1 else "s")
            if self.remainder is not None:
                number = shown(self.remainder, digits, style)
                number = rf"}}{number}\text{{" if style == "latex" else number
                more = words["together"].format(more=more, r=number)
            yield rf"& \text{{{more}}}".replace(r"\text{}", "") if style == "latex" else more
        if self.gradient is not None:
            name = _whole(self.root, self.leaf, style)
            total = shown(self.gradient, digits, style)
            if style == "latex":
                yield rf"\text{{{words['sum']}}} &= {name} = {total}"
            else:
                yield f"{words['sum']} = {name} = {total}"

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        return {
            "root": write(self.root, "unicode"),
            "leaf": write(self.leaf, "unicode"),
            "paths": [
                {
                    "vertices": [vertex.label() for vertex in path.vertices],
                    "derivatives": path.derivatives(),
                    "formulas": path.label(),
                    "latex": path.label("latex"),
                    "factors": None if path.factors is None else list(path.factors),
                    "value": _plain(path.value),
                }
                for path in self.shown
            ],
            "count": self.count,
            "further": self.further,
            "remainder": _plain(self.remainder),
            "gradient": _plain(self.gradient),
        }


def _plain(value: Array | None) -> Any:
    return None if value is None else np.asarray(value).tolist()
