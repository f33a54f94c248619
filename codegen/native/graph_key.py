"""A key of everything that the text of a native program depends on.

Two programs with one key are emitted alike, byte for byte: the graph with all names, the options,
the files that emit, the versions of what they use. When and in which order the nodes were made is
no part of it, as no text depends on that. What is written here is injective: every part says what
it is and where it ends. Parts of an unknown kind give no key, and then nothing is remembered.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from sympy.core.function import AppliedUndef
from sympy.core.singleton import Singleton

from symgraph.abstract import Abstract
from symgraph.began import BEGAN
from symgraph.codegen.passes import everything
from symgraph.codegen.recipe import Recipe
from symgraph.node import Node
from symgraph.ops.body import Body
from symgraph.ops.leaves import LiteralArray, Var
from symgraph.ops.rows import Affine, Lookup
from symgraph.scalar import Pointwise
from symgraph.template import Template

__all__ = ["FOLDERS", "graph_key"]

#: The folders of the package whose files take part in lowering and emission.
FOLDERS = (
    "", "build", "codegen", "codegen/native", "codegen/native/data", "codegen/shift", "formula",
    "lift", "notation", "ops",
)  # fmt: skip
_ROOT = Path(__file__).parent.parent.parent
_CLOCK = 10**9  # by which clocks of files may be behind, in nanoseconds
_FRESH = "fresh"  # the number that tells local variables of one process from each other


class _UnknownError(Exception):
    """A part whose whole content is not known here."""


def graph_key(recipe: Recipe) -> str | None:
    """64 hexadecimal digits; None for a graph with parts that have no exact spelling.

    >>> import symgraph as sg
    >>> x = sg.input("x", 3)
    >>> f, g, h = (sg.compile([x], c * x)._recipe for c in (2.0, 2.0, 3.0))
    >>> graph_key(f) == graph_key(g), graph_key(f) == graph_key(h)
    (True, False)
    """
    emitter = _emitter()
    if emitter is None:
        return None
    try:
        text = _Spelling(recipe).text()
    except _UnknownError:
        return None
    return hashlib.sha256(f"{emitter}{text}".encode(errors="surrogatepass")).hexdigest()


# --- the emitter ----------------------------------------------------------------------------------


@functools.cache
def _emitter() -> str | None:
    """The files that emit and the versions of what they use; None where files cannot be read.

    A file counts by what its system knows of it, the time of its last change included, which
    nobody can set. Where times are not kept, as in packed images, all contents are read. Files
    that were changed after they may have been loaded say nothing about the code that runs.
    """
    versions = [sys.version, sympy.__version__, np.__version__]
    facts: list[Any]
    try:
        states = {path: path.stat() for path in _files()}
        if Path(__file__) not in states:
            return None
        if max(state.st_ctime_ns for state in states.values()) > BEGAN - _CLOCK:
            return None
        if any(state.st_ctime_ns % 1_000_000 for state in states.values()):
            facts = [
                (str(path), s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)
                for path, s in states.items()
            ]
        else:
            facts = [(str(path), hashlib.sha256(path.read_bytes()).digest()) for path in states]
    except OSError:
        return None
    return hashlib.sha256(repr((versions, facts)).encode()).hexdigest()


def _files() -> Iterator[Path]:
    for name in FOLDERS:
        for path in sorted((_ROOT / name).iterdir()):
            if path.suffix in (".py", ".c", ".h"):
                yield path


# --- the graph ------------------------------------------------------------------------------------


class _Spelling:
    """The text of one recipe; nodes are written as their places in a walk from its roots.

    The order of creation would not do: nodes that something else still holds were made before.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        kept = [*recipe.roots, *recipe.stored, *recipe.stored.values(), *recipe.variables]
        self.order = everything(kept)
        inside = [one for node in self.order if node.is_loop for one in node.params[0].locals]
        self.order = everything([*kept, *inside])  # with locals that are never read
        self.place = {node: k for k, node in enumerate(self.order)}
        self.functions: dict[str, type[Pointwise]] = {}  # by title
        self._shapes: dict[Any, str] = {}

    def text(self) -> str:
        """All of it."""
        recipe = self.recipe
        parts = [self._node(node) for node in self.order]
        given = (tuple(recipe.variables), tuple(recipe.roots), tuple(recipe.stored.items()))
        parts += [self.spell(part) for part in given]
        for field in dataclasses.fields(recipe.options):
            parts.append(f"{field.name}{self.spell(getattr(recipe.options, field.name))}")
        return "\n".join([*parts, *self._functions()])

    def _node(self, node: Node) -> str:
        kind = type(node)
        if Node.registry.get(kind.__name__) is not kind or not _is_ours(kind):
            raise _UnknownError
        shape = self._shapes.get(node.shape)
        if shape is None:
            shape = self._shapes[node.shape] = self.spell(node.shape)
        args = ",".join([str(self.place[arg]) for arg in node.args])
        params = node.params
        if kind is Var:
            options = tuple(item for item in params[4] if item[0] != _FRESH)
            params = (*params[:4], options)
        return f"{kind.__name__} {node.kind}{shape}[{args}]{self.spell(params)}"

    def spell(self, part: Any) -> str:
        """A parameter, whose type is exactly one of those known."""
        spell = _PARTS.get(type(part))
        if spell is not None:
            return spell(self, part)
        if isinstance(part, Node):
            return f"@{self.place[part]};"
        if isinstance(part, sympy.Basic):
            return self._expression(part)
        if isinstance(part, np.dtype):
            return _text(part.str)
        raise _UnknownError

    def _expression(self, expr: Any) -> str:
        text, used = _spelled(expr)
        return self._using(text, used)

    def template(self, body: Template) -> str:
        """The body of a Map, which stays in memory with its text."""
        found = _templates.get(body)
        if found is None:
            found = _templates[body] = _spelled(body.expr)
        return f"t{body.arity}{self._using(*found)}"

    def _using(self, text: str, used: tuple[type[Pointwise], ...]) -> str:
        for function in used:
            if self.functions.setdefault(function.title, function) is not function:
                raise _UnknownError  # two functions of one name
        return text

    def _functions(self) -> Iterator[str]:
        """What the pointwise functions mean, and those that they are made from."""
        done: set[str] = set()
        while len(done) < len(self.functions):
            for title in sorted(self.functions.keys() - done):
                done.add(title)
                yield self._function(self.functions[title])

    def _function(self, function: type[Pointwise]) -> str:
        source, writer = function.by_output, function.writer
        shown: list[Any] = [function.title, function.arity, function.result, function.latex_title]
        shown += [function.meaning, function.lowering, *function.partials]
        if source is not None:
            shown += [source[0](*sympy.symbols(f"_:{function.arity}")), source[1]]
        shown.append(None if writer is None else _writer(writer))
        return self.spell(tuple(shown))


#: The texts of templates, which are never collected either.
_templates: dict[Template, tuple[str, tuple[type[Pointwise], ...]]] = {}


def _writer(writer: Any) -> tuple[Any, ...]:
    """How a function is printed; only ours are known by their place in a file."""
    if not _is_ours(writer):
        raise _UnknownError
    held = tuple(cell.cell_contents for cell in writer.__closure__ or ())
    return writer.__module__, writer.__qualname__, writer.__code__.co_firstlineno, held


def _is_ours(thing: Any) -> bool:
    return str(thing.__module__).startswith("symgraph.")


def _text(value: str) -> str:
    return f"s{len(value)}:{value}"


def _array(_: _Spelling, value: LiteralArray) -> str:
    dtype, shape, content = value.key
    return f"a{dtype}{shape}{hashlib.sha256(content).hexdigest()}"


def _tuple(spelling: _Spelling, value: Any) -> str:
    return f"{type(value).__name__}({''.join(map(spelling.spell, value))})"


_PARTS: Mapping[type, Callable[[_Spelling, Any], str]] = {
    type(None): lambda _, value: "n",
    bool: lambda _, value: f"b{value:d}",
    int: lambda _, value: f"i{value};",
    float: lambda _, value: f"f{value.hex()};",
    str: lambda _, value: _text(value),
    tuple: _tuple, Affine: _tuple, Lookup: _tuple, Body: _tuple,
    Template: _Spelling.template, LiteralArray: _array,
}  # fmt: skip


# --- SymPy ----------------------------------------------------------------------------------------


def _spelled(expr: Any) -> tuple[str, tuple[type[Pointwise], ...]]:
    """A formula, its parts in the order they have, and the functions of this package in it."""
    parts: list[str] = []
    used: dict[type[Pointwise], None] = {}
    stack = [expr]
    while stack:
        now = stack.pop()
        kind = type(now)
        if issubclass(kind, Pointwise):
            if issubclass(kind, Abstract):
                raise _UnknownError  # what it stands for may change
            used[kind] = None
            parts.append(f"P{_text(kind.title)}{len(now.args)};")
        elif not now.args:
            parts.append(_atom(now))
        elif isinstance(now, (Node, AppliedUndef)) or not kind.__module__.startswith("sympy."):
            raise _UnknownError
        else:
            parts.append(f"O{kind.__module__}.{kind.__name__} {len(now.args)};")
        stack.extend(reversed(now.args))
    return "".join(parts), tuple(used)


def _atom(atom: Any) -> str:
    kind = type(atom)
    if kind is sympy.Symbol:
        return _symbol(atom)
    if isinstance(atom, sympy.Rational):
        return f"R{int(atom.p)}/{int(atom.q)};"
    if kind is sympy.Float:
        return f"F{','.join(str(int(part)) for part in atom._mpf_)},{int(atom._prec)};"
    if isinstance(kind, Singleton):
        return f"S{kind.__module__}.{kind.__name__};"
    raise _UnknownError


@functools.lru_cache(maxsize=1024)
def _symbol(symbol: sympy.Symbol) -> str:
    known = sorted(symbol.assumptions0.items())
    return f"Y{_text(symbol.name)}{known}"
