"""What stands on the edges: local derivatives as formulas, as numbers, or by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from symgraph.draw.graphs.local_values import LocalDerivatives, Numbers
from symgraph.draw.graphs.numbers import fits, value_latex
from symgraph.draw.graphs.sketch import Link, Place, Sketch
from symgraph.graph import Graph
from symgraph.node import Node
from symgraph.notation.tree import Apply, Derivative, Formula, Name, Number, Product, rewritten
from symgraph.notation.write import write
from symgraph.printing import latex_name
from symgraph.vertices import Vertex

__all__ = [
    "EdgeText",
    "Labels",
    "Written",
    "edge_texts",
    "is_number_name",
    "key_lines",
    "names_in",
    "rounded",
    "seen",
]

Labels = Literal["symbolic", "numeric", "both", "none"]
#: The derivative of an array as what multiplies on a path, or as the map of what arrives.
Written = Literal["factor", "map"]

#: Signs that are seen of a label at the most; of a box, whose derivative has a name, fewer.
LONGEST = 26
LONGEST_OF_BOX = 14
#: Of a few abbreviations the formulas stand below the picture, if these are not too long.
MOST_KEYS = 4
LONGEST_KEY = 90


@dataclass(slots=True)
class EdgeText:
    """The texts of one edge (LaTeX); `full` is the formula that `label` abbreviates.

    `by_steps`: that formula tells what one step of a loop hands on.
    """

    label: str | None = None
    value: str | None = None
    full: str = ""
    dead: bool = False
    names: set[str] = field(default_factory=set)
    by_steps: bool = False


#: A name that ends in a number, and letters to count with.
_COUNTED = re.compile(r"(.*?[^\d_])_?(\d+)")
_LETTERS = "klij"


def seen(latex: str) -> int:
    r"""About how many signs are seen of a formula in LaTeX.

    >>> seen(r"\mathbf{1}\left[\mathrm{margin} < 1\right]")
    11
    """
    text = re.sub(r"\\(left|right|mathrm|mathbf|mathsf|text|operatorname|big|Big)\b", "", latex)
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", _longer, text)
    text = re.sub(r"\\[,;:!]|\\(begin|end)\{\w+\}|\\(quad|,)", "", text)
    return len(re.sub(r"[{}^_\s]", "", re.sub(r"\\[A-Za-z]+", "x", text)))


def _longer(match: re.Match[str]) -> str:
    return max(match[1], match[2], key=len)


def edge_texts(
    sketch: Sketch,
    graph: Graph,
    numbers: Numbers | None,
    mode: Labels,
    digits: int,
    hide: Collection[str] = (),
    written: Written = "factor",
) -> list[EdgeText]:
    """The texts of all links, in order."""
    places = {place.id: place for place in sketch.places}
    heads = [places[link.head] for link in sketch.links]
    local = LocalDerivatives(graph)
    texts = [
        _symbolic(graph, local, head, link, mode, written, digits)
        for head, link in zip(heads, sketch.links, strict=True)
    ]
    if numbers is not None:
        _add_numbers(texts, sketch.links, heads, local, graph, numbers, mode, digits)
    for k, (head, link) in enumerate(zip(heads, sketch.links, strict=True)):
        if head.parallel or places[link.tail].parallel:
            texts[k] = _of_branches(graph, head, places[link.tail], link, mode)
    for text in texts:
        if text.value is not None and text.value == text.label:
            text.value = None
        if "ones" in hide and text.value is None and text.label in ("1", r"\bullet"):
            text.label = None
    return texts


def _symbolic(
    graph: Graph,
    local: LocalDerivatives,
    head: Place,
    link: Link,
    mode: Labels,
    written: Written,
    digits: int,
) -> EdgeText:
    """The formula of an edge, or where that is long the name of the derivative."""
    live = any(edge.live for edge in link.edges)
    box = head.is_box
    formula = local.formula(head, link)
    formula = None if formula is None else rounded(formula, digits)
    text = EdgeText(dead=formula is None and not live)
    if mode == "none" or (formula is None and not live):
        return text
    name = derivative_name(graph, head, link)
    if formula is not None:
        text.by_steps = any(edge.head.node.is_loop for edge in link.edges)
        if written == "factor" and head.vertex.shape and not text.by_steps:
            formula = graph.labels.as_factor(formula, head.vertex) or formula
        label = write(formula, "latex")
        most = LONGEST_OF_BOX if box else LONGEST
        if isinstance(formula, Apply) and len(formula.orders) > 1:
            # ∂₁g(x, y) says no more than ∂out/∂x, and that at greater length.
            text.names, text.label = names_in(name), write(name, "latex")
            return text
        # A long name of a variable makes its derivative as long.
        saves = 3 * seen(write(name, "latex")) < 2 * seen(label)
        if not text.by_steps and (seen(label) <= most or not saves):
            text.names = names_in(formula)
            text.label = None if _passes_on(link) else label
            return text
        text.full = label
    text.names = names_in(name)
    product = _over_blocks(graph, head, link)
    text.label = product or write(name, "latex")
    if product:
        text.full = ""
    return text


def _of_branches(graph: Graph, head: Place, tail: Place, link: Link, mode: Labels) -> EdgeText:
    """The derivative of one of several copies, or by it, where their names count them."""

    def called(place: Place, vertex: Vertex) -> str:
        if not place.parallel:
            return write(_called(graph, vertex), "latex") if vertex.name else ""
        found = [_COUNTED.fullmatch(block.name or "") for block in place.blocks]
        stems = {"" if match is None else match[1] for match in found}
        taken = {one.name for one in graph.vertices}
        letter = next((one for one in _LETTERS if one not in taken and one not in stems), "")
        alike = len(stems) == 1 and "" not in stems and letter
        return latex_name(f"{stems.pop()}_{letter}") if alike else ""

    above, by = called(head, head.vertex), called(tail, link.source)
    if mode == "none" or not above or not by:
        return EdgeText()
    return EdgeText(label=rf"\frac{{\partial {above}}}{{\partial {by}}}")


def _over_blocks(graph: Graph, head: Place, link: Link) -> str:
    """Of a row of alike blocks h_1, ..., h_N the product of ∂h_k/∂h_{k-1}, times that of the first.

    Empty for what also enters later blocks, and where the names do not count the blocks.
    """
    if len(head.blocks) < 2 or any(e.head.number > head.blocks[0].number for e in link.edges):
        return ""
    found = [_COUNTED.fullmatch(block.name or "") for block in head.blocks]
    counted = [(match[1], int(match[2])) for match in found if match is not None]
    (stem, first), *_ = counted or [("", 0)]
    if counted != [(stem, first + k) for k in range(len(head.blocks))]:
        return ""
    taken = {vertex.name for vertex in graph.vertices}
    letter = next((one for one in _LETTERS if one not in taken and one != stem), "")
    general, start = latex_name(f"{stem}_{letter}"), latex_name(head.blocks[0].name or "")
    index = f"_{{{letter}}}"
    if not letter or not general.endswith(index):
        return ""
    before = f"{general.removesuffix(index)}_{{{letter}-1}}"
    last = first + len(head.blocks) - 1
    source = write(_called(graph, link.source), "latex")
    return (
        rf"\prod_{{{letter}={first + 1}}}^{{{last}}} "
        rf"\frac{{\partial {general}}}{{\partial {before}}} \cdot "
        rf"\frac{{\partial {start}}}{{\partial {source}}}"
    )


def _passes_on(link: Link) -> bool:
    """Whether it leads from a loop to a result of the loop, which is the same value."""
    return link.source.node.is_loop


def derivative_name(graph: Graph, head: Place, link: Link) -> Derivative:
    """The derivative of a place by what it uses, by name."""
    return Derivative(_called(graph, head.vertex), _called(graph, link.source))


def _called(graph: Graph, vertex: Vertex) -> Formula:
    """A short name for a value; a loop is called by its first result."""
    if vertex.node.is_loop:
        users = graph.users(vertex)
        if users:
            vertex = users[0].head
    called = vertex.reference
    if not vertex.node.args or seen(write(called, "latex")) <= 8:
        return called
    return Name(vertex.numbered, graph.forward.sort(vertex.node))


def is_number_name(vertex: Vertex, names: Collection[str]) -> bool:
    """Whether labels call a value f3, by its number."""
    return vertex.name is None and vertex.numbered in names


def rounded(formula: Formula, digits: int) -> Formula:
    """A formula with its decimals rounded to so many digits."""

    def shorter(one: Formula) -> Formula | None:
        if isinstance(one, Number) and isinstance(one.value, float):
            return Number(_rounded(one.value, digits))
        if isinstance(one, Product) and isinstance(one.coefficient, float):
            return replace(
                one,
                coefficient=_rounded(one.coefficient, digits),
                factors=tuple(rounded(x, digits) for x in one.factors),
                over=tuple(rounded(x, digits) for x in one.over),
            )
        return None

    return rewritten(formula, shorter)


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def names_in(formula: Formula) -> set[str]:
    """All names that a formula mentions."""
    found: set[str] = set()
    stack: list[Formula] = [formula]
    while stack:
        one = stack.pop()
        if isinstance(one, Name):
            found.add(one.name)
        stack.extend(one.parts)
    return found


def _add_numbers(
    texts: list[EdgeText],
    links: tuple[Link, ...],
    heads: list[Place],
    local: LocalDerivatives,
    graph: Graph,
    numbers: Numbers,
    mode: Labels,
    digits: int,
) -> None:
    tasks: list[tuple[Node | None, Vertex, Vertex, Node | None]] = []
    for head, link in zip(heads, links, strict=True):
        derivative = local.node(head, link)
        bullet = graph.labels.bullet(head.vertex) if head.vertex.shape else None
        tasks.append((derivative, head.vertex, link.source, bullet))
    for text, head, (value, dead) in zip(texts, heads, numbers.jacobians(tasks), strict=True):
        text.dead = text.dead or dead or not numbers.arrives(head.vertex)
        if mode not in ("numeric", "both") or value is None:
            continue
        number = _number(value, head, digits)
        if number is None or (mode == "both" and text.label and not text.names):
            continue  # a number already
        if mode == "numeric":
            text.label, text.full = number, text.full or text.label or ""
        else:
            text.value = number


def _number(value: Any, head: Place, digits: int) -> str | None:
    """A derivative in numbers: of a number by anything, or a small Jacobian matrix."""
    if head.vertex.shape and not fits(value.shape):
        return None
    return value_latex(value, digits)


def key_lines(texts: list[EdgeText], mode: Labels) -> Iterator[str]:
    """What the abbreviations on the edges stand for, where it can be told in a few lines."""
    if mode == "numeric":
        return
    found: Mapping[str, str] = {
        text.label: text.full
        for text in texts
        if text.full and text.label is not None and not text.by_steps
    }
    short = {name: full for name, full in found.items() if seen(full) <= LONGEST_KEY}
    if len(short) <= MOST_KEYS:
        for name, full in short.items():
            yield f"{name} = {full}"
