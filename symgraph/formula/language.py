"""`sg.formula`: a formula typed as text, as a node.

The text is cut into tokens, the tokens are ordered by a grammar that has no other forms than those
of `symgraph.formula.tree`, and the tree is built from a table of functions. No part of the text
ever reaches an interpreter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import sympy

from symgraph.abstract import abstract
from symgraph.build.abstract import function
from symgraph.build.arithmetic import apply
from symgraph.build.coerce import as_node
from symgraph.build.declare import input, let, parameter
from symgraph.errors import FormulaError, KindError, NameClashError, UnknownNameError
from symgraph.formula.build import Builder
from symgraph.formula.names import IDENTIFIER, key_of, nearest, read_shape, split_item
from symgraph.formula.parse import Parser
from symgraph.formula.source import Source, Span
from symgraph.formula.tokens import tokens_of
from symgraph.node import Kind, Node
from symgraph.ops.leaves import fill
from symgraph.scalar import slot
from symgraph.shapes import Shape, as_shape, dim_symbols

__all__ = ["Reading", "formula", "read_formula"]

Shapes: TypeAlias = Mapping[str, Any] | str | Sequence[str] | None
#: What a line that declares names begins with, and what it says of them.
_DECLARING: dict[str, dict[str, Any]] = {
    "shape": {}, "input": {}, "parameter": {"role": "parameter"}, "integer": {"kind": "integer"},
    "boolean": {"kind": "boolean"}, "symmetric": {"symmetric": True},
    "positive": {"positive": True}, "positive_definite": {"positive_definite": True},
}  # fmt: skip
_FUNCTION, _ASSUME = "function", "assume"
_BEHIND_NAME = re.compile(r"(?:_\{[^{}\n]+\}|\([^()\n]+\)|\^\([^()\n]+\)|['′″])*")
_NAMING = r"(?:^|[\n;])[^\S\n]*(?:let[^\S\n]+)?([^\s=;#][^=\n;#]*?)[^\S\n]*=(?!=)"
LONGEST_NAME = 60


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
    Conditions   | `1[margin < 1]`, `where(x > 0, a, b)`, `< <= ≥ == ≠`, `and or not`, `∧ ∨ ¬`
    Entries      | `x[0]`, `X[:, 1:3]`, `[a, b]` joins numbers or vectors
    Functions    | all pointwise ones, sums, norms, losses by their public names; σ, ln, tr too
    Several lines| `let h = tanh(W1 x + b1)`, ended by a new line or `;`; the last one is the result
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
    names = _Names(title)
    lets = {key_of(name) for name in _let_names(text)}
    for name, shape in _items(shapes):
        names.declare(name, shape=_shape(shape, name))
        if isinstance(shapes, Mapping):  # one mapping may serve several formulas
            names.spare.add(key_of(name))
    for name, kind in (kinds or {}).items():
        names.declare(name, kind=kind)
    for listed, fact in (
        (parameters, {"role": "parameter"}), (symmetric, {"symmetric": True}),
        (positive, {"positive": True}), (positive_definite, {"positive_definite": True}),
    ):  # fmt: skip
        for name in listed:
            if key_of(_checked_name(name)) not in lets:  # a derivative by a named value is fine
                names.declare(name, **fact)
    names.call_abstract(functions)
    source, assumed = _declarations(Source(text, title), names)
    names.to_come = lets
    node = _block(source, names)
    sources = [*assumed, *(Source(one, "assume") for one in claims)]
    read = tuple(_claim(one, names) for one in sources)
    names.check_use()
    return Reading(node, read, names.parameters())


def _block(source: Source, names: _Names) -> Node:
    composites = [*names.composites(), *_let_names(source.text)]
    parser = names.parser(source, composites)
    return _built(source, lambda: Builder(source, names).block(parser.block()))


def _claim(source: Source, names: _Names) -> Node:
    parser = names.parser(source, names.composites())
    return _built(source, lambda: Builder(source, names).read(parser.claim()).node)


def _built(source: Source, make: Callable[[], Node]) -> Node:
    try:
        return make()
    except RecursionError:
        raise source.error(
            "too many parts inside one another.", Span(0, 1), "Name parts in let lines."
        ) from None


def _items(shapes: Shapes) -> list[tuple[str, Any]]:
    if isinstance(shapes, str):
        shapes = shapes.split()
    if isinstance(shapes, Mapping):
        return list(shapes.items())
    return [split_item(item) for item in shapes or ()]


def _shape(shape: Any, name: Any) -> Shape:
    if isinstance(shape, str):
        return read_shape(shape, str(name))
    return as_shape(shape, f"shape of {name!r}")


def _checked_name(name: Any) -> str:
    """A name that can be declared.

    Raises FormulaError for what could be a formula itself.
    """
    end = IDENTIFIER.end(name, 0) if isinstance(name, str) else 0
    well = end and _BEHIND_NAME.fullmatch(name, end) and name.isprintable()
    if not well or len(name) > LONGEST_NAME or name in ("and", "or", "not", "let"):
        raise FormulaError(
            f"name {str(name)[:LONGEST_NAME]!r}: no formula can use it. A name is a word such as "
            "x, W1, φ or 损失, also with a prime or an argument: W', φ(x)."
        )
    return str(name)


def _let_names(text: str) -> list[str]:
    """The names that lines give to values, also such as φ(x)."""
    found = re.findall(_NAMING, text)
    names: list[str] = []
    for name in found:
        end = IDENTIFIER.end(name, 0)
        if end and _BEHIND_NAME.fullmatch(name, end) and len(name) <= LONGEST_NAME:
            names.append(name)
    return names


def _declarations(source: Source, names: _Names) -> tuple[Source, list[Source]]:
    """Lines that declare names, taken out of the text; the claims among them."""
    claims: list[Source] = []
    kept: list[str] = []
    for line in source.text.split("\n"):
        words = line.partition("#")[0].split()
        plain = len(words) > 1 and words[1][0] not in "=+-*/^@·⊙.,)<>" and words[0] not in names
        if plain and words[0] == _ASSUME:
            claims.append(Source(line.partition("#")[0].strip()[len(_ASSUME) :], "assume"))
        elif plain and words[0] == _FUNCTION:
            names.call_abstract(words[1:])
        elif plain and words[0] in _DECLARING:
            for item in re.sub(r"\s*([=,×])\s*", r"\1", " ".join(words[1:])).split():
                name, sizes = split_item(item)
                facts = dict(_DECLARING[words[0]])
                if sizes or "=" in item:
                    facts["shape"] = _shape(sizes, name)
                names.declare(name, **facts)
        else:
            kept.append(line)
            continue
        kept.append("")
    return Source("\n".join(kept), source.title), claims


class _Names:
    """What is declared, and the variables made so far."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.facts: dict[str, dict[str, Any]] = {}
        self.spelling: dict[str, str] = {}
        self.values: dict[str, Node] = {}
        self.named: set[str] = set()
        self.used: set[str] = set()
        self.abstract: set[str] = set()
        self.arities: dict[str, int] = {}
        self.to_come: set[str] = set()
        self.spare: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return key_of(name) in self.facts

    def declare(self, name: str, **facts: Any) -> None:
        """State something of a name.

        Raises NameClashError for two spellings or two shapes of one name.
        """
        key = key_of(_checked_name(name))
        other = self.spelling.setdefault(key, name)
        known = self.facts.setdefault(key, {})
        if other != name and "shape" in known and "shape" in facts:
            raise NameClashError(
                f"names {other!r} and {name!r} are spellings of one name. Declare one of them."
            )
        for fact, value in facts.items():
            if known.setdefault(fact, value) != value:
                raise NameClashError(
                    f"{name!r} is declared with {fact} {known[fact]} and with {value}. Keep one."
                )

    def call_abstract(self, functions: Iterable[str]) -> None:
        """Functions without a formula."""
        for name in functions:
            if IDENTIFIER.end(_checked_name(name), 0) != len(name):
                raise FormulaError(f"function {name!r}: write a word such as f or φ.")
            self.abstract.add(name)

    def keys(self) -> set[str]:
        """The keys of all names that a formula may use without being told more."""
        return {*self.facts, *self._sizes(), *self.named}

    def parser(self, source: Source, composites: Iterable[str]) -> Parser:
        """A reader of a text with these names."""
        tokens = tokens_of(source, composites)
        declared = [self.spelling[key] for key in self.facts] + _let_names(source.text)
        return Parser(source, tokens, self.keys(), self.abstract, declared)

    def composites(self) -> list[str]:
        """The declared names, and the derivatives of abstract functions."""
        primed = [f"{name}{quotes}" for name in self.abstract for quotes in ("'", "''", "'''")]
        return [*self.spelling.values(), *primed]

    def parameters(self) -> tuple[str, ...]:
        """The variables that are parameters."""
        return tuple(
            self.spelling[key] for key, f in self.facts.items() if f.get("role") == "parameter"
        )

    def _sizes(self) -> dict[str, sympy.Symbol]:
        shapes = [dim_symbols(facts.get("shape", ())) for facts in self.facts.values()]
        return {key_of(str(symbol)): symbol for symbols in shapes for symbol in symbols}

    def find(self, name: str) -> Node:
        """The value of a name: declared, given in a line, a size, π, or a number not declared."""
        key = key_of(name)
        self.used.add(key)
        if key not in self.values:
            self.values[key] = self._made(name, key)
        return self.values[key]

    def _made(self, name: str, key: str) -> Node:
        if key in self.to_come and key not in self.facts:
            raise UnknownNameError(f"{name!r} gets its value only in a later line. Move that up.")
        size = self._sizes().get(key)
        if key not in self.facts and size is not None:
            return fill(size)
        if key not in self.facts and key == "π":
            return as_node(sympy.pi)
        facts = dict(self.facts.get(key, {}))
        spelled = self.spelling.setdefault(key, name)
        shape, role = facts.pop("shape", ()), facts.pop("role", "input")
        if role == "parameter":
            if facts.pop("kind", "real") != "real":
                raise KindError(f"{name!r} is no real number, so that no derivative by it exists.")
            return parameter(spelled, shape, **facts)
        return input(spelled, shape, **facts)

    def define(self, name: str, value: Node) -> Node:
        """A value of the formula under its name."""
        key = key_of(name)
        self.named.add(key)
        self.to_come.discard(key)
        self.used.add(key)
        self.values[key] = let(name, value)
        return self.values[key]

    def function(self, name: str) -> Callable[..., Node] | None:
        """A function of the user's own, which stays abstract, or a derivative f' of one."""
        base = name.rstrip("'")
        if base not in self.abstract:
            return None
        return partial(self._applied, base, len(name) - len(base))

    def _applied(self, name: str, primes: int, *xs: Node) -> Node:
        arity = self.arities.setdefault(name, len(xs))
        if primes and arity == 1 == len(xs):
            return apply(abstract(name, (primes,))(slot(0)), *xs)
        if primes:
            raise FormulaError(f"function {name!r}: only a function of one operand has primes.")
        return function(name, arity)(*xs)

    def check_use(self) -> None:
        """Raises UnknownNameError for a declared name that does not occur.

        A spare one may be missing, unless it looks like a slip for one without a declaration.
        """
        others = [self.spelling.get(key, key) for key in sorted(self.used)]
        untold = [self.spelling.get(key, key) for key in self.used if key not in self.keys()]
        unused = [
            self.spelling[key]
            for key in self.facts
            if key not in self.used
            and (key not in self.spare or nearest(self.spelling[key], untold))
        ]
        for name in (*unused, *(self.abstract - set(self.arities))):
            known = ", ".join(others) or "none"
            raise UnknownNameError(
                f"{self.title}: {name!r} does not occur in the formula. Its names are {known}. "
                f"{nearest(name, others)}".strip()
            )
