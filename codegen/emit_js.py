"""JavaScript from a labelled graph: values, derivatives, and what edges hand on.

The script stands on nothing but the language. It computes in float64 by the same passes and the
same schedule as the NumPy target, in stages: the values, the backward values, the labels of edges,
and for each edge from an array the map that takes a derivative along it. All memory is made once
for given sizes. Identifiers come from numbers; names occur in one table of quoted text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import sympy

from symgraph.codegen.js_loops import emit_loop
from symgraph.codegen.js_maps import emit_maps
from symgraph.codegen.js_moves import emit_concat, emit_pull, emit_push, emit_reshape
from symgraph.codegen.js_sums import emit_einsum, emit_reduce
from symgraph.codegen.js_text import JsSizes, json_text
from symgraph.codegen.js_writer import JsWriter
from symgraph.codegen.lowering import lower_all
from symgraph.codegen.schedule import Block, schedule
from symgraph.codegen.strided import Value
from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops.leaves import Random, Var
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.ops.map import Map
from symgraph.shapes import product

__all__ = ["Handing", "Wanted", "emit_js", "runtime"]


@dataclass(frozen=True)
class Handing:
    """What edges hand on of a derivative that arrives: results as formulas of a variable."""

    arriving: Node
    results: tuple[Node, ...]


@dataclass
class Wanted:
    """What a script computes; None where there is nothing to compute."""

    values: list[Node | None]
    cotangents: list[Node | None] = field(default_factory=list)
    partials: list[Node | None] = field(default_factory=list)
    handings: list[Handing] = field(default_factory=list)


def emit_js(variables: Sequence[Var], wanted: Wanted, facts: Mapping[str, Any]) -> str:
    """The script as an expression whose value is the program; `facts` go into it as JSON."""
    return _Emitter(variables, wanted).emit(facts)


_CHUNK = 200  # lines in one function, so that engines compile it early
_LINALG: dict[type[Node], str] = {Inv: "invert", Det: "determinants", LogDet: "logDeterminants"}


class _Emitter:
    def __init__(self, variables: Sequence[Var], wanted: Wanted) -> None:
        self.variables, self.wanted = variables, wanted
        self.symbols: dict[sympy.Symbol, tuple[int, int]] = {}
        for k, variable in enumerate(variables):
            for axis, dim in enumerate(variable.shape):
                if not isinstance(dim, int) and dim.is_Symbol:
                    self.symbols.setdefault(dim, (k, axis))
        names = {symbol: f"n{k + 1}" for k, symbol in enumerate(self.symbols)}
        self.w = JsWriter(JsSizes(names))
        self.done: set[Node] = set()
        self.functions: list[str] = []
        self.places: dict[Node, str] = {}

    # --- the whole ----------------------------------------------------------------------------

    def emit(self, facts: Mapping[str, Any]) -> str:
        """The text."""
        wanted = self.wanted
        groups: list[Sequence[Node | None]] = [
            wanted.values,
            wanted.cotangents,
            wanted.partials,
            *(handing.results for handing in wanted.handings),
        ]
        lowered, _ = lower_all(
            [node for group in groups for node in group if node is not None], loops=True
        )
        given = iter(lowered)
        roots = [[None if node is None else next(given) for node in group] for group in groups]
        self.block = self.w.block = schedule(lowered)
        self.rank = {node: k for k, node in enumerate(self.block.steps)}
        tables = {
            "inputs": [self._room(variable) for variable in self.variables],
            "arriving": [self._room(handing.arriving) for handing in wanted.handings],
        }
        calls: dict[str, list[str]] = {}
        for k, title in enumerate(("values", "cotangents", "partials")):
            calls[title], tables[title] = self._computed(roots[k])
        calls["common"], handed = self._handings(roots[3:])
        tables["handed"] = [_list(found) for _, found in handed]
        told = {**facts, "sizes": list(self.symbols.values())}
        return self._text(told, calls, [calls_of for calls_of, _ in handed], tables)

    def _room(self, variable: Node) -> str:
        """Memory for a variable."""
        if variable not in self.places:
            value = self.w.env[variable] = self.w.room(variable.shape, variable.kind)
            self.done.add(variable)
            self.places[variable] = _memory(value)
        return self.places[variable]

    # --- stages -------------------------------------------------------------------------------

    def _computed(self, roots: Sequence[Node | None]) -> tuple[list[str], list[str]]:
        """The calls that compute some roots after what is done, and where the roots lie."""
        steps = self._needed([root for root in roots if root is not None])
        calls = self._run(steps)
        self.done.update(steps)
        places = ["null" if root is None else self._place(root) for root in roots]
        return [*calls, *self._flush()], places

    def _handings(
        self, groups: Sequence[Sequence[Node | None]]
    ) -> tuple[list[str], list[tuple[list[str], list[str]]]]:
        """The calls for what edges have in common, then for each its own and its results."""
        bound = {handing.arriving for handing in self.wanted.handings}
        for node in self.block.steps:
            if any(arg in bound for arg in node.args):
                bound.add(node)
        roots = [root for group in groups for root in group if root is not None]
        free = [node for node in self._needed(roots) if node not in bound]
        common = self._run(free) + self._flush()
        self.done.update(free)
        found: list[tuple[list[str], list[str]]] = []
        for group in groups:
            asked = [root for root in group if root is not None]
            steps = self._needed(asked)
            alone = {*steps, *(root for root in asked if root not in self.places)}
            calls = self._run(steps)
            places = [self._place(root) for root in asked]
            found.append((calls + self._flush(), places))
            for node in alone:  # another edge computes them anew, for itself
                self.w.env.pop(node, None)
                self.places.pop(node, None)
        return common, found

    def _needed(self, roots: Sequence[Node]) -> list[Node]:
        """What must be computed for some roots and is not yet, in order."""
        found: set[Node] = set()
        stack = list(roots)
        while stack:
            node = stack.pop()
            if node not in found and node not in self.done:
                found.add(node)
                stack.extend(node.args)
        return sorted(found, key=self.rank.__getitem__)

    def _place(self, node: Node) -> str:
        """Memory that holds the value of a node and nothing else."""
        found = self.places.get(node)
        if found is None:
            value = self.w.value(node)
            if not _is_own(value):
                copy = self.w.room(node.shape, value.storage)
                self.w.copy(value, copy)
                value = copy
            found = self.places[node] = _memory(value)
        return found

    # --- functions ----------------------------------------------------------------------------

    def _run(self, steps: Sequence[Node]) -> list[str]:
        """The calls of functions that compute steps; the last lines wait in the writer."""
        calls: list[str] = []
        for unit in _units(steps):
            self._emit(unit)
            if len(self.w.lines) > _CHUNK:
                calls += self._flush()
        return calls

    def _flush(self) -> list[str]:
        """The call of a function that is made of the lines up to here."""
        lines, self.w.lines = self.w.lines, []
        if not lines:
            return []
        name = self.w.name("f")
        self.functions += [f"function {name}() {{", *lines, "}"]
        return [f"{name}();"]

    def _emit(self, unit: Sequence[Node]) -> None:
        w, node = self.w, unit[0]
        if type(node) is Map:
            emit_maps(w, unit)
        elif node.is_loop:
            emit_loop(w, node, self._body)
        elif node.is_projection:
            return
        elif isinstance(node, (Inv, Det, LogDet, Solve)):
            self._linalg(node)
        elif isinstance(node, Random):
            self._random(node)
        else:
            emitter = _FAMILIES.get(type(node).__name__)
            if emitter is None:
                raise UnsupportedError(
                    f"JavaScript: {type(node).__name__} has no counterpart there. "
                    "Write the value by other operations."
                )
            emitter(w, node)

    def _body(self, block: Block) -> None:
        for unit in _units(block.steps):
            self._emit(unit)

    # --- operations that the runtime carries out ----------------------------------------------

    def _linalg(self, node: Node) -> None:
        w = self.w
        values = [w.plain(w.value(arg)) for arg in node.args]
        shape = node.args[0].shape
        out = w.array(node.shape or (1,), "real")
        sizes = [w.size(product(shape[:-2])), w.size(shape[-1])]
        if isinstance(node, Solve):
            sizes.append("1" if node.is_vector else w.size(node.shape[-1]))
        name = _LINALG.get(type(node), "solve")
        w.say(f"{name}({', '.join([out.text, *(value.text for value in values), *sizes])});")
        w.env[node] = out if node.shape else w.view(out, (), ())

    def _random(self, node: Node) -> None:
        w = self.w
        distribution, stream, shape = node.params
        out = w.array(shape or (1,), node.kind)
        low, high = stream & 0xFFFFFFFF, stream >> 32
        key, *first = [w.value(arg).text for arg in node.args]
        given = [out.text, key, str(low), str(high), *first]
        w.say(f"{distribution}({', '.join(given)});")
        w.env[node] = out if shape else w.view(out, (), ())

    # --- text ---------------------------------------------------------------------------------

    def _text(
        self,
        facts: Mapping[str, Any],
        calls: Mapping[str, list[str]],
        handings: Sequence[list[str]],
        tables: Mapping[str, list[str]],
    ) -> str:
        w = self.w
        sizes = list(w.sizes.names.values())
        shapes = {
            "inputs": [variable.shape for variable in self.variables],
            "vertices": [node.shape if node is not None else () for node in self.wanted.values],
        }
        lines = ["(function () {", '"use strict";', "", runtime(), ""]
        lines.append(f"const s = new Float64Array({w.slots});")
        lines += [f"let {name};" for name in (*sizes, *w.memory)]
        lines += w.constants
        lines += ["", *self.functions, "", "return program({", "numbers: s,"]
        lines.append(f"facts: {json_text(facts)},")
        lines.append(f"sized(given) {{ [{', '.join(sizes)}] = given; }},")
        lines += ["layout() {", *(f"  {line}" for line in w.layout), "},"]
        lines += _method("shapes", {k: [w.sizes.shape(s) for s in v] for k, v in shapes.items()})
        lines += _method("tables", tables)
        for title, names in calls.items():
            lines.append(f"{title}() {{ {' '.join(names)} }},")
        lines.append("handings: [")
        lines += [f"  () => {{ {' '.join(names)} }}," for names in handings]
        lines += ["],", "});", "})()"]
        return "\n".join(lines)


_FAMILIES: dict[str, Callable[[JsWriter, Node], None]] = {
    "Concat": emit_concat, "Einsum": emit_einsum, "Pull": emit_pull, "Push": emit_push,
    "Reduce": emit_reduce, "Reshape": emit_reshape,
}  # fmt: skip


def _units(steps: Sequence[Node]) -> list[list[Node]]:
    """Neighbouring basic operations of one shape together, everything else alone."""
    found: list[list[Node]] = []
    for node in steps:
        if not node.args:
            continue
        last = found[-1][-1] if found else None
        if type(node) is Map and type(last) is Map and last.shape == node.shape:
            found[-1].append(node)
        else:
            found.append([node])
    return found


def _is_own(value: Value) -> bool:
    return value.is_whole if value.shape else value.text.startswith("s[")


def _memory(value: Value) -> str:
    """The memory of an array by name, that of a number by its place in `s`."""
    return value.text if value.shape else value.text[2:-1]


def _list(parts: Sequence[str]) -> str:
    return f"[{', '.join(parts)}]"


def _method(title: str, tables: Mapping[str, list[str]]) -> list[str]:
    """A method that returns tables."""
    rows = [f"  {name}: {_list(entries)}," for name, entries in tables.items()]
    return [f"{title}() {{ return {{", *rows, "}; },"]


@lru_cache(maxsize=1)
def runtime() -> str:
    """What scripts call: the files runtime*.js."""
    folder = Path(__file__).parent
    names = ("runtime.js", "runtime_paths.js", "runtime_program.js")
    return "\n\n".join((folder / name).read_text(encoding="utf-8").strip() for name in names)
