"""NumPy source from a graph of basic operations.

The emitted module is made for reading: one operation a line, the user's name, the formula and the
shape beside it. Identifiers come from roles and numbers; names appear in comments and in one
quoted table, where they are inert.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symgraph.codegen.job import Job
from symgraph.codegen.labels import comment
from symgraph.codegen.module_text import ROLES, Source, array_text, title_text
from symgraph.codegen.numpy_joins import emit_concat, emit_reshape, joins_of, place_in_concat
from symgraph.codegen.numpy_layout import chunks, height, indented, laid_out, linked, wrapped
from symgraph.codegen.numpy_loops import LoopEmitter
from symgraph.codegen.numpy_maps import emit_map
from symgraph.codegen.numpy_moves import emit_pull, emit_push
from symgraph.codegen.numpy_places import Places
from symgraph.codegen.numpy_sums import emit_einsum, emit_reduce
from symgraph.codegen.numpy_turned import Fixed
from symgraph.codegen.numpy_writer import Line, Value, Writer, identity
from symgraph.codegen.runtime_text import text_of
from symgraph.codegen.schedule import Section
from symgraph.codegen.size_text import SizeText
from symgraph.node import Node
from symgraph.ops.leaves import Const, Fill, Iota, Random, Var
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.shapes import Dim

__all__ = ["emit"]

_PREFIX: dict[Section, str] = {"forward": "h", "backward": "d", "update": "u"}


def emit(job: Job, needed: Sequence[Dim] = ()) -> Source:
    """The module that computes a block from its arguments; it refuses negative sizes `needed`."""
    return _Emitter(job, needed).emit()


_LINALG = {Inv: "np.linalg.inv", Det: "np.linalg.det", LogDet: "np.linalg.slogdet"}


class _Emitter:
    def __init__(self, job: Job, needed: Sequence[Dim]) -> None:
        self.needed = needed
        self.block, self.args, self.outputs = job.block, job.args, job.outputs
        self.updates, self.labels, self.options = job.updates, job.labels, job.options
        self.place: dict[Node, int] = {variable: k for k, variable in enumerate(job.args)}
        self.symbols = job.options.symbols
        names = {symbol: f"n{k + 1}" for k, symbol in enumerate(self.symbols)}
        self.w = Writer(job.options.real, SizeText(names))
        self.arg_names: list[str] = []
        self.returned: list[str] = []

    # --- the whole ----------------------------------------------------------------------------

    def emit(self) -> Source:
        """The text and how it is called."""
        w = self.w
        w.block = self.block
        self.joins = joins_of(self.block.steps, self.block.uses)
        self._arguments()
        self.places = Places(w, self.updates, self._array, self.options.check_finite)
        first = self.places.first
        for node in self.block.steps[:first]:
            self._section(node)
            self._node(node)
        if first < len(self.block.steps):
            self._return()
        for node in self.block.steps[first:]:
            self._section(node)
            self._node(node)
        self._check_finite()
        if first == len(self.block.steps):
            self._return()
        self._store()
        text = self._module()
        stored = tuple(self.place[v] for v in self.updates if isinstance(v, Var))
        places = [tuple(self.place[v] for v in group) for group in self.places.groups]
        return Source(text, tuple(self.arg_names), self.symbols, stored, tuple(places))

    def _arguments(self) -> None:
        w = self.w
        for variable in self.args:
            name = w.name(ROLES[variable.role])
            self.arg_names.append(name)
            array = Value(
                name, variable.shape, variable.kind, "array", w.attach, identity(variable.shape)
            )
            if variable not in self.block.uses:
                continue
            if variable.shape == ():
                number = w.name(f"{name}_n")
                w.prologue.append(Line(f"{number} = {name}.item()", comment(variable.name)))
                array = w.number(number, (), variable.kind)
            w.define(variable, array)

    def _section(self, node: Node) -> None:
        section = self.block.sections.get(node, "forward")
        prefix = _PREFIX[section]
        if prefix != self.w.prefix and node.args:
            self.w.prefix = prefix
            self.w.lines.append(Line(f"# --- {section}"))

    # --- one node -----------------------------------------------------------------------------

    def _node(self, node: Node) -> None:
        w = self.w
        if node in w.env:
            if node.is_projection:
                self._deliver(node)
            return
        if not node.args:
            w.define(node, self._leaf(node))
            return
        if node.is_loop:
            self._loop(node)
            return
        if self.places.join(node):
            return
        place_in_concat(w, node, self.joins)
        note = self.labels.note(node, w.env)
        if type(node) is Random:
            self._random(node, note)
        elif isinstance(node, (Inv, Det, LogDet, Solve)):
            self._linalg(node, note)
        else:
            _FAMILIES[type(node).__name__](w, node, note)
        self._deliver(node)
        w.release(node)

    def _deliver(self, node: Node) -> None:
        """Copy a value that could not be computed where it was asked for."""
        w = self.w
        told = w.destination.get(node)
        if told is None or w.env[node].text == told.text:
            return
        w.say(f"{told.text}[...] = {w.env[node].text}")

    def _leaf(self, node: Node) -> Value:
        w = self.w
        if isinstance(node, Fill):
            text = self._number(node)
            return w.number(text, node.shape, node.kind, literal=not text.startswith("k"))
        name = w.name("k")
        if isinstance(node, Iota):
            w.workspace.lines.append(f"{name} = np.arange({w.size(node.shape[0])}, dtype=np.int64)")
        else:
            assert isinstance(node, Const), node
            constant = w.name("C")
            w.constants.append(f"{constant} = {array_text(node.array)}")
            w.workspace.lines.append(f"{name} = {constant}.astype({w.dtypes[node.kind]})")
        return Value(name, node.shape, node.kind, "array", w.workspace, identity(node.shape))

    def _number(self, node: Fill) -> str:
        value: Any = node.value
        if not isinstance(value, (int, float)) and value.free_symbols:
            name = self.w.name("k")
            if "divide(" in (text := self.w.sizes.real(value)):
                self.w.call("divide")
            self.w.workspace.lines.append(f"{name} = {text}")
            return name
        if node.kind == "boolean":
            return str(bool(value))
        number = int(value) if node.kind == "integer" else float(value)
        if isinstance(number, float) and not np.isfinite(number):
            return {"inf": "np.inf", "-inf": "-np.inf"}.get(str(number), "np.nan")
        return f"({number!r})" if number < 0 else repr(number)

    def _random(self, node: Node, note: str) -> None:
        w = self.w
        distribution, stream, shape = node.params
        key, *first = [w.value(arg).text for arg in node.args]
        dtype = w.dtypes["integer" if distribution == "bits" else "real"]
        call = w.call(f"random_{distribution}")
        if shape == ():
            name = w.name(w.prefix)
            given = ", ".join([key, str(stream), "()", dtype, *first])
            w.say(f"{name} = {call}({given}).item()", note)
            w.define(node, w.number(name, (), node.kind))
            return
        out = w.destination.get(node) or w.allocate(node.shape, node.kind)
        given = ", ".join([key, str(stream), w.shape(shape), dtype, *first])
        w.say(f"{out.text}[...] = {call}({given})", note)
        w.define(node, out)

    def _linalg(self, node: Node, note: str) -> None:
        w = self.w
        values = [w.array(w.value(arg), "real").text for arg in node.args]
        if isinstance(node, Solve):
            right = f"{values[1]}[..., None]" if node.is_vector else values[1]
            text = f"np.linalg.solve({values[0]}, {right})"
            text += "[..., 0]" if node.is_vector else ""
        else:
            text = f"{_LINALG[type(node)]}({values[0]})"
            text += "[1]" if isinstance(node, LogDet) else ""
        if node.shape == ():
            name = w.name(w.prefix)
            w.say(f"{name} = float({text})", note)
            w.define(node, w.number(name, (), "real"))
            return
        out = w.destination.get(node) or w.allocate(node.shape, "real")
        w.say(f"{out.text}[...] = {text}", note)
        w.define(node, out)

    # --- loops --------------------------------------------------------------------------------

    def _loop(self, node: Node) -> None:
        w = self.w
        loop = w.block.loops[node]
        emitter = LoopEmitter(w, loop)
        emitter.prepare()
        saved = (w.env, w.block, w.destination, w.items, w.fixed)
        joins, self.joins = self.joins, joins_of(loop.block.steps, loop.block.uses)
        w.items, w.fixed = {}, Fixed(loop)
        w.env, w.block, w.destination = emitter.inner, loop.block, emitter.destination
        w.depth += 1
        with w.collected() as lines:
            for inner in loop.block.steps:
                self._node(inner)
            emitter.ends()
        before = w.fixed.lines
        w.env, w.block, w.destination, w.items, w.fixed = saved
        self.joins = joins
        w.depth -= 1
        w.lines += before
        emitter.finish(lines)
        w.env[node] = w.number("", (), "real")
        for projection, value in emitter.results.items():
            w.define(projection, value)
        w.release(node)

    # --- the end ------------------------------------------------------------------------------

    def _array(self, variable: Node) -> Value:
        """The array of an argument."""
        known = self.w.env.get(variable)
        if known is not None and known.form == "array":
            return known
        name, order = self.arg_names[self.place[variable]], identity(variable.shape)
        return Value(name, variable.shape, variable.kind, "array", self.w.attach, order)

    def _check_finite(self) -> None:
        if not self.options.check_finite:
            return
        for node, name in zip(self.outputs, self.options.output_names, strict=True):
            self._check(node, f"output {name}")
        for variable, node in self.updates.items():
            self._check(node, f"the new value of {variable.params[0]}")

    def _return(self) -> None:
        dtypes = [f"np.{dtype.name}" for dtype in self.options.output_dtypes]
        dtypes = ["np.bool_" if dtype == "np.bool" else dtype for dtype in dtypes]
        self.returned = [
            self._returned(node, dtype) for node, dtype in zip(self.outputs, dtypes, strict=True)
        ]

    def _store(self) -> None:
        """New values into the arrays of their variables, after all have been computed."""
        w = self.w
        lines: list[Line] = []
        viewed = self.block.viewed(self.updates)
        for variable, node in self.updates.items():
            value = w.value(node)
            if value.form == "array" and viewed.get(node, frozenset()) - {variable}:
                copy = w.allocate(node.shape, value.storage)
                w.say(f"{copy.text}[...] = {value.text}")
                value = copy
            target = self.arg_names[self.place[variable]]
            told = w.destination.get(node)
            if value.text != target and (told is None or told.text != target):
                lines.append(Line(f"{target}[...] = {value.text}", comment(variable.params[0])))
        lines += self.places.leaving
        if lines and w.prefix != "u":
            w.lines.append(Line("# --- update"))
        w.lines += lines

    def _check(self, node: Node, name: str) -> None:
        value = self.w.value(node)
        if value.storage == "real":
            self.w.say(f"{self.w.call('check_finite')}({value.text}, {name!a})")

    def _returned(self, node: Node, dtype: str) -> str:
        """An output as something fresh that belongs to the caller."""
        w, value = self.w, self.w.value(node)
        if value.form == "number":
            if value.shape == ():
                return f"{dtype}({value.text})"
            return f"np.full({w.shape(value.shape)}, {value.text}, {dtype})"
        name = w.name("y")
        w.say(f"{name} = np.array({value.text}, {dtype})")
        return name

    # --- text ---------------------------------------------------------------------------------

    def _module(self) -> str:
        w = self.w
        title = title_text(self.options, self.arg_names, self.args)
        lines = [f'"""{title}"""', "", "from __future__ import annotations", ""]
        runtime = text_of([*w.runtime, "slots", "as_input"])
        if "math." in runtime or "math." in "".join(line.text for line in w.lines):
            lines.append("import math")
        lines += ["from collections.abc import Callable, Sequence", "from typing import Any", ""]
        lines += ["import numpy as np"]
        if any("base64" in line for line in w.constants):
            lines.insert(4, "import base64")
        if w.ufuncs:
            lines += ["", *(f"np_{name} = np.{name}" for name in sorted(w.ufuncs))]
        body = "\n".join(lines) + "\n" + runtime
        if w.constants:
            body += "\n" + "\n".join(w.constants) + "\n"
        sizes = ", ".join(f"n{k + 1}" for k in range(len(self.symbols)))
        body += f"\n\ndef workspace({sizes}):\n"
        body += '    """Memory for given sizes, and `attach(arrays)`, which gives `run()`."""\n'
        body += indented(self._workspace_lines(), 1)
        body += f"\n    def attach({', '.join(self.arg_names)}):\n"
        body += indented(w.attach.lines, 2)
        if w.attach.lines:
            body += "\n"
        body += self._steps()
        body += "        return run\n\n    return attach\n"
        return body + self._function()

    def _function(self) -> str:
        """The function of a module that stands alone."""
        names, name = self.arg_names, self.options.name
        stored = [names[self.place[v]] for v in self.updates]
        lines = ["", "", "_waiting = {}", "", "", f"def {name}({', '.join(names)}):"]
        lines.append('    """Arguments and sizes as in the table at the top."""')
        if stored:
            lines.append(f"    given = ({', '.join(stored)},)")
        for text, variable in zip(names, self.args, strict=True):
            shape = ", ".join(str(d) if isinstance(d, int) else "None" for d in variable.shape)
            shape = f"({shape},)" if len(variable.shape) == 1 else f"({shape})"
            dtype = self.w.dtypes[variable.kind]
            lines.append(f'    {text} = as_input({text}, {dtype}, {shape}, "{text}")')
        lines += [f"    sizes = ({self._size_sources()})"]
        lines += self._shape_checks()
        lines += [
            "    waiting = _waiting.setdefault(sizes, [])",
            "    attach = waiting.pop() if waiting else workspace(*sizes)",
            "    try:",
            '        with np.errstate(all="ignore"):',
            f"            y = attach({', '.join(names)})()",
            "    finally:",
            "        waiting.append(attach)",
        ]
        for k, text in enumerate(stored):
            lines += [f"    if {text} is not given[{k}]:", f"        given[{k}][...] = {text}"]
        lines.append(f"    return {self.options.result}")
        return "\n".join(lines) + "\n"

    def _size_sources(self) -> str:
        texts: list[str] = []
        for symbol in self.symbols:
            for text, variable in zip(self.arg_names, self.args, strict=True):
                if symbol in variable.shape:
                    texts.append(f"{text}.shape[{variable.shape.index(symbol)}],")
                    break
        return " ".join(texts)

    def _shape_checks(self) -> list[str]:
        sizes = [f"n{k + 1}" for k in range(len(self.symbols))]
        lines = [f"    {', '.join(sizes)}, = sizes"] if sizes else []
        for text, variable in zip(self.arg_names, self.args, strict=True):
            if any(not isinstance(dim, int) for dim in variable.shape):
                shape = self.w.shape(variable.shape)
                message = f'f"{text} has shape {{{text}.shape}}, not {{{shape}}}."'
                lines.append(f"    if {text}.shape != {shape}:")
                lines.append(f"        raise ShapeError({message})")
        if self.needed:
            texts = [self.w.size(dim) for dim in self.needed]
            rows = ", ".join(f'("{text}", {text})' for text in texts)
            message = 'f"size {text} comes out as {size}; it must be 0 or more."'
            lines.append(f"    for text, size in ({rows},):")
            lines += ["        if size < 0:", f"            raise ShapeError({message})"]
        return lines

    def _workspace_lines(self) -> list[str]:
        w = self.w
        lines = list(w.checks)
        for storage, slots in w.arena.slots.items():
            sizes = [_largest([w.size(size) for size in slot]) for slot in slots]
            lines += wrapped(f"{storage} = slots([", sizes, f"], {w.dtypes[storage]})", 1)
        return lines + w.workspace.lines

    def _steps(self) -> str:
        """`step` and, for long programs, the parts that it calls."""
        w, name = self.w, "run"
        lines = [*w.prologue, *w.lines]
        result = f"return ({', '.join(self.returned)}{',' if len(self.returned) == 1 else ''})"
        if sum(height(line) for line in lines) <= self.options.chunk:
            body = f"        def {name}():\n"
            return body + laid_out([*lines, Line(result)], 3) + "\n"
        parts = chunks(lines, self.options.chunk)
        texts, carried = linked(parts, self.returned)
        calls = [Line(f"part_{k + 1}()") for k in range(len(texts) - 1)]
        tail = [*calls, Line(f"return part_{len(texts)}()")]
        texts[-1].append(Line(result))
        body = ""
        if carried:
            body += f"        carry = [None] * {carried}\n\n"
        for k, part in enumerate(texts):
            body += f"        def part_{k + 1}():\n" + laid_out(part, 3) + "\n"
        return body + f"        def {name}():\n" + laid_out(tail, 3) + "\n"


_FAMILIES: dict[str, Any] = {
    "Map": emit_map, "Einsum": emit_einsum, "Reduce": emit_reduce, "Pull": emit_pull,
    "Push": emit_push, "Reshape": emit_reshape, "Concat": emit_concat,
}  # fmt: skip


def _largest(texts: Sequence[str]) -> str:
    if all(text.isdigit() for text in texts):
        return str(max(map(int, texts)))
    return texts[0] if len(texts) == 1 else f"max({', '.join(texts)})"
