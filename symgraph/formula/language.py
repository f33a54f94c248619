"""`sg.formula`: a formula typed as text, as a node.

The text is cut into tokens, the tokens are ordered by a grammar that has no other forms than those
of `symgraph.formula.tree`, and the tree is built from a table of functions. No part of the text
ever reaches an interpreter. What builds nodes is imported when the whole text has been read, so
that what is no formula is refused at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from symgraph.errors import FormulaError, KindError
from symgraph.formula.declared import Declarations, Shapes
from symgraph.formula.source import Source, Span
from symgraph.formula.times import Loop, looped, ranges, used_in
from symgraph.formula.tree import Block, Part, Statement

if TYPE_CHECKING:
    from symgraph.node import Kind, Node

__all__ = ["Reading", "formula", "read_formula"]


def formula(
    text: str,
    shapes: Shapes = None,
    *,
    parameters: Iterable[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    symmetric: Iterable[str] = (),
    positive: Iterable[str] = (),
    positive_definite: Iterable[str] = (),
    functions: Iterable[str] = (),
) -> Node:
    """The node that a text says; nothing in it is executed.

    `shapes`: by name, as in {"X": ("N", "p"), "w": "p"} or "X=N,p w=p"; every other name is a
    number, and the names of sizes stand for them. A mapping may hold more names than occur.
    `parameters` are variables that training changes, the other ones are inputs. `kinds`: "integer"
    or "boolean" by name. `symmetric`, `positive`, `positive_definite`: promises about variables.
    `functions`: names of functions that stay abstract, as with `sg.function`.

    Products     | `W x`, `W @ x`; `a·b`, `aᵀ b` numbers; `a bᵀ` a matrix; `a ⊙ b`, `a * b` entries
    Transpose    | `Xᵀ`, `X^T`, `X.T`; inverse `X⁻¹`, `X^-1`; both `X⁻ᵀ`
    Powers       | `x²`, `x^2`, `x**2`; `X^2` of a matrix is X X; `X**2`, `X .^ 2` the entries
    Norms        | `‖x‖`, `||x||`, `‖x‖²`, `‖x‖₁`, `‖X‖_F`; `|x|` is abs(x)
    Sums         | `sum(x)`, `Σ(x)`, `sum(X, axis=0)`; `Σ x y` sums the whole term behind it
    Ones, units  | `X 𝟏` and `𝟏ᵀ X` add up rows and columns (also `ones`); `X + λ I`
    Conditions   | `1[margin < 1]`, `where(x > 0, a, b)`, `< <= ≥ == ≠`, `and or not`, `∧ ∨ ¬`
    Entries      | `x[0]`, `X[:, 1:3]`, `[a, b]` joins numbers, vectors, matrices side by side
    Functions    | all pointwise ones, sums, norms, losses by their public names; σ, ln, tr too
    Several lines| `let h = tanh(W1 x + b1)`, ended by a new line or `;`; the last one is the result
    Recurrences  | `let s_t = tanh(U x_t + W s_{t-1}), t = 1..T`; then `s_T` and sums `Σ_t`
    Declarations | `input x=n`, `parameter W=m,n`, `integer y=N`, `symmetric A=n,n`, `positive s`
    Comments     | from `#` to the end of the line

    A vector has one axis and stands as a column where a product asks for it. What textbooks read in
    two ways, such as `a/b c` or `tanh W x`, is refused. In a product without sign between two
    vectors under Σ the entries are meant, as in Σ y log p. A prime is part of a declared name.
    Raises FormulaError with line and column for everything else, ShapeError and other errors of the
    functions with the same place.

    >>> import symgraph as sg
    >>> loss = sg.formula("max(1 - (W·φ)*y, 0)", {"W": "d", "φ": "d"}, parameters=["W"])
    >>> print(loss)
    max(1 - W @ φ*y, 0)
    >>> net = sg.formula('''
    ...     let h = tanh(W1 x + b1)      # the hidden layer
    ...     let ŷ = W2 h + b2
    ...     ½ ‖ŷ − y‖²
    ... ''', "x=n W1=m,n b1=m W2=k,m b2=k y=k")
    >>> print(sg.derive(net, "W2").result.unicode())
    dL/dW₂ = (ŷ − y) hᵀ
    """
    reading = read_formula(
        text, shapes, parameters=parameters, kinds=kinds, symmetric=symmetric, positive=positive,
        positive_definite=positive_definite, functions=functions,
    )  # fmt: skip
    if reading.claims:
        raise FormulaError(
            "formula: assume lines belong into files for the command line. "
            "In Python write sg.derive(..., assume=...)."
        )
    return reading.node


class Reading(NamedTuple):
    """What a text holds: the result, what it assumes, and the variables it calls parameters."""

    node: Node
    claims: tuple[Node, ...]
    parameters: tuple[str, ...]


def read_formula(
    text: str,
    shapes: Shapes = None,
    *,
    parameters: Iterable[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    symmetric: Iterable[str] = (),
    positive: Iterable[str] = (),
    positive_definite: Iterable[str] = (),
    functions: Iterable[str] = (),
    claims: Iterable[str] = (),
    title: str = "formula",
) -> Reading:
    """As `formula`, with claims such as "sum(t) = 1" read under the same names."""
    if not isinstance(text, str):
        raise KindError(f"formula: {type(text).__name__} is not text.")
    names = Declarations(title, text)
    names.shapes(shapes)
    for name, kind in (kinds or {}).items():
        names.declare(name, kind=kind)
    names.promise(parameters, role="parameter")
    names.promise(symmetric, symmetric=True)
    names.promise(positive, positive=True)
    names.promise(positive_definite, positive_definite=True)
    names.call_abstract(functions)
    source, assumed = names.lines(Source(text, title))
    source, names.times = ranges(source)
    sources = [*assumed, *(Source(one, "assume") for one in claims)]
    block, read = _trees(source, sources, names)
    formulas = [one.formula for one in block.statements]
    steps = looped(block, names.times, source)
    used = [used_in(one, formulas) for one in steps if isinstance(one, Loop)]
    names.check_use([*formulas, *read], set().union(*used))
    return _built(source, steps, list(zip(sources, read, strict=True)), names)


def _trees(
    source: Source, claims: Iterable[Source], names: Declarations
) -> tuple[Block, list[Part]]:
    """The text and the claims as trees."""
    told = source
    try:
        block = names.parser(source).block()
        read = []
        for told in claims:
            read.append(names.parser(told, names.later).claim())
    except RecursionError:
        raise _too_deep(told) from None
    return block, read


def _built(
    source: Source,
    steps: list[Statement | Loop],
    claims: list[tuple[Source, Part]],
    names: Declarations,
) -> Reading:
    """The trees as nodes."""
    from symgraph.formula.build import Builder
    from symgraph.formula.scope import Scope

    scope, told = Scope(names), source
    try:
        node = Builder(source, scope).result(steps)
        made = []
        for told, claim in claims:
            made.append(Builder(told, scope).read(claim).node)
    except RecursionError:
        raise _too_deep(told) from None
    return Reading(node, tuple(made), names.parameters())


def _too_deep(source: Source) -> FormulaError:
    return source.error(
        "too many parts inside one another.", Span(0, 1), "Name parts in let lines."
    )
