"""What is declared of the names in a formula: shapes, kinds and promises.

Sizes stay words and numbers here: a text is read before anything that computes is imported.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from symgraph.errors import FormulaError, NameClashError, UnknownNameError
from symgraph.formula.names import IDENTIFIER, key_of, nearest, read_shape, split_item
from symgraph.formula.parse import Parser
from symgraph.formula.source import Source
from symgraph.formula.times import Range, base_of, earlier
from symgraph.formula.tokens import tokens_of
from symgraph.formula.tree import Call, Part, Reference, walk
from symgraph.printing import unicode_name

__all__ = ["Declarations", "Shapes"]

Shapes: TypeAlias = Mapping[str, Any] | str | Sequence[str] | None
#: What a line that declares names begins with, and what it says of them.
_DECLARING: dict[str, dict[str, Any]] = {
    "shape": {}, "input": {}, "parameter": {"role": "parameter"}, "integer": {"kind": "integer"},
    "boolean": {"kind": "boolean"}, "symmetric": {"symmetric": True},
    "positive": {"positive": True}, "positive_definite": {"positive_definite": True},
}  # fmt: skip
_FUNCTION, _ASSUME = "function", "assume"
_BEHIND_NAME = re.compile(r"(?:_\{[^{}\n]+\}|\([^()\n]+\)|\^\([^()\n]+\)|⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾|['′″])*")
_NAMING = r"(?:^|[\n;])[^\S\n]*(?:let[^\S\n]+)?([^\s=;#][^=\n;#]*?)[^\S\n]*=(?!=)"
LONGEST_NAME = 60


class Declarations:
    """What is known of names before a formula is read."""

    def __init__(self, title: str, text: str) -> None:
        self.title = title
        self.facts: dict[str, dict[str, Any]] = {}
        self.spelling: dict[str, str] = {}
        self.abstract: set[str] = set()
        self.spare: set[str] = set()
        self.given = _let_names(text)
        self.later = {key_of(name) for name in self.given}
        self.times: list[Range] = []

    def __contains__(self, name: str) -> bool:
        return key_of(name) in self.facts

    def shapes(self, shapes: Shapes) -> None:
        """Shapes by name; of a mapping not all names need to occur, it may serve more formulas."""
        for name, shape in _items(shapes):
            self.declare(name, shape=_shape(shape, name))
            if isinstance(shapes, Mapping):
                self.spare.add(key_of(name))

    def promise(self, names: Iterable[str], **facts: Any) -> None:
        """A fact of several variables; a derivative by a value that a line names is fine."""
        for name in names:
            if key_of(_checked_name(name)) not in self.later:
                self.declare(name, **facts)

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

    def sizes(self) -> dict[str, str]:
        """The names of sizes by key."""
        names: dict[str, str] = {}
        for facts in self.facts.values():
            for size in facts.get("shape", ()):
                for one in [size] if isinstance(size, str) else getattr(size, "free_symbols", ()):
                    names[key_of(str(one))] = str(one)
        for one in self.times:
            if not one.last.isdigit():
                names.setdefault(key_of(one.last), one.last)
        return names

    def keys(self) -> set[str]:
        """The keys of all names that a formula may use without being told more."""
        return {*self.facts, *self.sizes()}

    def parser(self, source: Source, named: Iterable[str] = ()) -> Parser:
        """A reader of a text with these names, and those that lines before have given."""
        primed = [f"{name}{quotes}" for name in self.abstract for quotes in ("'", "''", "'''")]
        letters = {one.letter for one in self.times}
        before = [
            earlier(base_of(name, letter) or name, letter)
            for letter in letters
            for name in self.given
        ]
        names = (*self.spelling.values(), *self.given, *before)
        printed = [one for name in names for one in _printed(name)]
        tokens = tokens_of(source, [*printed, *primed])
        spelled = [*(self.spelling[key] for key in self.facts), *self.given]
        parser = Parser(source, tokens, {*self.keys(), *named}, self.abstract, spelled)
        parser.letters = frozenset(letters)
        parser.turns = "T" not in self.later and bool(
            self.facts.get("T", {"shape": 1}).get("shape")
        )
        return parser

    def parameters(self) -> tuple[str, ...]:
        """The variables that are parameters."""
        return tuple(
            self.spelling[key] for key, f in self.facts.items() if f.get("role") == "parameter"
        )

    def lines(self, source: Source) -> tuple[Source, list[Source]]:
        """Lines that declare names, taken out of the text; the claims among them."""
        claims: list[Source] = []
        kept: list[str] = []
        for line in source.text.split("\n"):
            words = line.partition("#")[0].split()
            plain = len(words) > 1 and words[1][0] not in "=+-*/^@·⊙.,)<>" and words[0] not in self
            if plain and words[0] == _ASSUME:
                claims.append(Source(line.partition("#")[0].strip()[len(_ASSUME) :], "assume"))
            elif plain and words[0] == _FUNCTION:
                self.call_abstract(words[1:])
            elif plain and words[0] in _DECLARING:
                for item in re.sub(r"\s*([=,×])\s*", r"\1", " ".join(words[1:])).split():
                    name, sizes = split_item(item)
                    facts = dict(_DECLARING[words[0]])
                    if sizes or "=" in item:
                        facts["shape"] = _shape(sizes, name)
                    self.declare(name, **facts)
            else:
                kept.append(line)
                continue
            kept.append("")
        return Source("\n".join(kept), source.title), claims

    def check_use(self, parts: Iterable[Part], otherwise: Collection[str] = ()) -> None:
        """Raises UnknownNameError for a declared name that does not occur in these formulas.

        `otherwise`: the keys of names that are used in other words.
        A spare one may be missing, unless it looks like a slip for one without a declaration.
        """
        called: set[str] = set()
        spelled = {key_of(name): name for name in self.given}
        for part in parts:
            for one in walk(part):
                if isinstance(one, Reference):
                    spelled.setdefault(key_of(one.name), one.name)
                elif isinstance(one, Call):
                    called.add(one.function.rstrip("'"))
        others = [self.spelling.get(key, spelled[key]) for key in sorted(spelled)]
        known = self.keys() | self.later
        untold = [name for key, name in spelled.items() if key not in known]
        unused = [
            self.spelling[key]
            for key in self.facts
            if key not in spelled
            and key not in otherwise
            and (key not in self.spare or nearest(self.spelling[key], untold))
        ]
        for name in (*unused, *sorted(self.abstract - called)):
            told = ", ".join(others) or "none"
            raise UnknownNameError(
                f"{self.title}: {name!r} does not occur in the formula. Its names are {told}. "
                f"{nearest(name, others)}".strip()
            )


def _printed(name: str) -> tuple[str, ...]:
    """A name as it may have been typed and as derivations print it: W^(1) and W⁽¹⁾."""
    shown = unicode_name(name)
    return name, shown, shown.replace("-", "−")


def _items(shapes: Shapes) -> list[tuple[str, Any]]:
    if isinstance(shapes, str):
        shapes = shapes.split()
    if isinstance(shapes, Mapping):
        return list(shapes.items())
    return [split_item(item) for item in shapes or ()]


def _shape(shape: Any, name: Any) -> tuple[Any, ...]:
    """A shape of words and numbers; only what is neither needs SymPy."""
    if isinstance(shape, str):
        return read_shape(shape, str(name))
    sizes = (shape,) if isinstance(shape, int) else shape
    if isinstance(sizes, (tuple, list)) and all(map(_is_plain, sizes)):
        return tuple(sizes)
    from symgraph.shapes import as_shape

    made = as_shape(shape, f"shape of {name!r}")
    return tuple(
        size if isinstance(size, int) or not size.is_Symbol else str(size) for size in made
    )


def _is_plain(size: Any) -> bool:
    if isinstance(size, str):
        return size.isidentifier()
    return isinstance(size, int) and not isinstance(size, bool) and size >= 0


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
