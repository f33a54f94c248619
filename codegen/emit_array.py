"""Code for reading that runs on the arrays of any library: NumPy, PyTorch, JAX, CuPy.

The emitted function takes the namespace of its arguments (the Python array API standard, 2023.12,
through the package array-api-compat) and writes nothing in place: new values of variables are
returned beside the outputs. So it can be recorded, differentiated or compiled by its library.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from symgraph.codegen import array_runtime
from symgraph.codegen.contraction import form_of, grouping, matrix_product
from symgraph.codegen.job import Job
from symgraph.codegen.labels import comment
from symgraph.codegen.module_text import ROLES, Source, array_text, size_source, title_text
from symgraph.codegen.numpy_text import (
    ATOM,
    MATMUL,
    MUL,
    TESTS,
    Dialect,
    Text,
    Writing,
    axes_text,
    counted_slots,
    linalg_text,
    number_text,
    row_text,
    size_formula,
    tuple_text,
    wrapped,
)
from symgraph.codegen.read_moves import slice_text
from symgraph.codegen.runtime_text import text_of
from symgraph.codegen.schedule import Block, Loop
from symgraph.codegen.size_text import SizeText
from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Const, Fill, Iota, Random
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.ops.loop import Scan
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape
from symgraph.ops.rows import Lookup, Row, identity_row
from symgraph.scalar import NUMPY
from symgraph.shapes import product, shape_text

__all__ = ["emit_array"]

_LONG = 64  # an expression beyond so many characters gets a line of its own
_STANDARD = {name: name for name in NUMPY if name not in ("iverson", "logical_not")}


_DTYPES: dict[str, str] = {"real": "real", "integer": "xp.int64", "boolean": "xp.bool"}


def _extreme(name: str, parts: Sequence[str]) -> str:
    text = parts[0]
    for part in parts[1:]:
        text = f"xp.{name}({text}, {part})"
    return text


_ARRAYS = Dialect(
    "xp",
    _STANDARD,
    "xp.astype({0}, real)",
    "xp.where({0}, number({1}), {2})",
    "number({0})",
    _extreme,
    folds=True,
)


def emit_array(job: Job) -> Source:
    """The module that computes a block; its function returns the outputs' own structure, and with
    updates a pair of it and the tuple of new values, in the order of the updates."""
    return _Writer(job).emit()


class _Writer:
    def __init__(self, job: Job) -> None:
        self.block, self.args, self.outputs = job.block, job.args, job.outputs
        self.updates, self.labels, self.options = job.updates, job.labels, job.options
        names = {symbol: f"n{k + 1}" for k, symbol in enumerate(job.options.symbols)}
        self.sizes = SizeText(names)
        self.writing = Writing({job.options.name}, _ARRAYS)
        self.runtime: set[str] = set()  # functions of `array_runtime`
        self.numbers: set[str] = set()  # functions of `numpy_runtime`
        self.constants: list[str] = []
        self.lines: list[str] = []
        self.env: dict[Node, Text] = {}
        self.uses = job.block.uses
        self.depth = 1
        self.counts: dict[str, int] = {}

    def name(self, prefix: str) -> str:
        """A fresh identifier."""
        self.counts[prefix] = self.counts.get(prefix, 0) + 1
        return f"{prefix}{self.counts[prefix]}"

    def say(self, text: str, note: str = "") -> None:
        """A line of the function."""
        self.lines.append("    " * self.depth + text + (f"  # {comment(note)}" if note else ""))

    # --- the whole ----------------------------------------------------------------------------

    def emit(self) -> Source:
        """The text and how it is called."""
        given = [self.name(ROLES[variable.role]) for variable in self.args]
        self.env.update((v, Text(name)) for v, name in zip(self.args, given, strict=True))
        self._steps(self.block)
        results = [self._named(self._array(node), node) for node in self.outputs]
        result = re.sub(r"y\[(\d+)\]", lambda found: results[int(found[1])], self.options.result)
        if self.updates:
            new = [self._array(node) for node in self.updates.values()]
            result = f"{result}, ({', '.join(new)},)"
        self.say(f"return {result}")
        stored = tuple(k for k, variable in enumerate(self.args) if variable in self.updates)
        return Source(self._module(given), tuple(given), self.options.symbols, stored)

    def _module(self, given: Sequence[str]) -> str:
        body = "\n".join(self.lines) + "\n"
        helpers = "\n".join(self.writing.helpers.values())
        head = [f"    xp = array_namespace({', '.join(given)})"] if given else []
        used = body + helpers
        if re.search(r"\b(real|number)\b", used):
            head.append(f"    real = {self._real(given)}")
        if re.search(r"\b(here|number)\b", used):
            head.append(f"    here = device({given[0]})")
        for k, symbol in enumerate(self.options.symbols):
            if re.search(rf"\bn{k + 1}\b", body):
                source = size_source(symbol, given, self.args)
                head.append(f"    n{k + 1} = {source}  # {symbol.name}")
        if "number(" in used:
            head += [
                "",
                "    def number(x):",
                "        return xp.asarray(x, dtype=real, device=here)",
                "",
            ]
        if helpers:
            head += ["", textwrap.indent(helpers, "    ")]
        parts = [f'"""{title_text(self.options, given, self.args)}"""', ""]
        parts += ["from __future__ import annotations", "", "import math"]
        parts += ["import base64"] if any("base64" in line for line in self.constants) else []
        parts += ["from collections.abc import Callable, Sequence", "from typing import Any", ""]
        parts += ["import numpy as np", "from array_api_compat import array_namespace, device"]
        kinds = "is_cupy_array, is_jax_array, is_numpy_array, is_torch_array"
        if "scatter" in self.runtime:
            parts.append(f"from array_api_compat import {kinds}")
        text = text_of(self.runtime, array_runtime) + text_of(self.numbers)
        parts += [text.strip("\n"), ""] if text else [""]
        parts += self.constants
        parts += ["", f"def {self.options.name}({', '.join(given)}):", *head]
        return "\n".join(parts).replace("\n\n\n\n", "\n\n\n") + "\n" + body

    def _real(self, given: Sequence[str]) -> str:
        """The type of reals: that of the first real argument."""
        for name, variable in zip(given, self.args, strict=True):
            if variable.kind == "real":
                return f"{name}.dtype"
        return f"xp.{self.options.real}"

    # --- one node -----------------------------------------------------------------------------

    def _steps(self, block: Block) -> None:
        around, self.uses = self.uses, block.uses
        for node in block.steps:
            if node in self.env or node.is_projection:
                continue
            if isinstance(node, Scan):
                self._loop(node, block.loops[node])
                continue
            text = self._expression(node)
            name = self.labels.name(node)
            inline = name is None and self.uses[node] == 1 and len(text.text) <= _LONG
            if not inline and node.args:
                text = Text(self._named(text.text, node))
            self.env[node] = text
        self.uses = around

    def _named(self, text: str, node: Node) -> str:
        """A name for an expression; the expression itself where it is one."""
        if re.fullmatch(r"\w+", text):
            return text
        identifier = self.name("h")
        name = self.labels.name(node)
        shape = shape_text(node.shape)
        self.say(f"{identifier} = {text}", f"{name}, {shape}" if name else shape)
        return identifier

    def _expression(self, node: Node) -> Text:
        if isinstance(node, Fill):
            return self._fill(node)
        if isinstance(node, Map):
            return self._map(node)
        made: Text = _WRITERS[type(node)](self, node)
        return made

    def _dtype(self, node: Node) -> str:
        return _DTYPES[node.kind]

    def _filled(self, node: Node, dtype: str) -> str:
        """An array of one number."""
        shape = self.sizes.shape(node.shape)
        return f"xp.full({shape}, {self.env[node].text}, dtype={dtype}, device=here)"

    def _array(self, node: Node) -> str:
        """A value that must be an array of its full shape."""
        if not isinstance(node, Fill):
            return self.env[node].text
        return self._filled(node, self._dtype(node))

    def _operand(self, node: Node, tight: int = ATOM) -> str:
        text = self._array(node)
        return text if isinstance(node, Fill) else wrapped(Text(text, self.env[node].tight), tight)

    def _as(self, node: Node, kind: str) -> str:
        """A value as one of a kind."""
        text = self._array(node)
        if node.kind == kind:
            return text
        return f"xp.astype({text}, {'real' if kind == 'real' else 'xp.int64'})"

    def _fill(self, node: Fill) -> Text:
        value: Any = node.value
        if not isinstance(value, (int, float)) and value.free_symbols:
            text = size_formula(value, self.sizes)
            if "divide(" in text.text:
                self.numbers.add("divide")
            return text
        if node.kind == "boolean":
            return Text(str(bool(value)))
        return number_text(int(value) if node.kind == "integer" else float(value), "math")

    def _map(self, node: Map) -> Text:
        """The template on operands of one kind: libraries need not mix them."""
        kinds = {arg.kind for arg in node.args} | {node.kind}
        numbers = counted_slots(node.template.expr, TESTS)
        common = "real" if "real" in kinds else "integer"
        operands = []
        for k, arg in enumerate(node.args):
            text = self.env[arg]
            if not isinstance(arg, Fill) and arg.kind != common and k in numbers:
                text = Text(self._as(arg, common))
            operands.append(text)
        if all(isinstance(arg, Fill) for arg in node.args):
            operands = [Text(self._filled(arg, _DTYPES[common])) for arg in node.args]
        made = self.writing.body(node.template.expr, operands)
        return Text(f"xp.astype({made.text}, xp.int64)") if node.kind == "integer" else made

    # --- families -----------------------------------------------------------------------------

    def leaf(self, node: Node) -> Text:
        """Constants and ranges."""
        if isinstance(node, Iota):
            count = self.sizes.dim(node.shape[0])
            return Text(f"xp.arange({count}, dtype=xp.int64, device=here)")
        assert isinstance(node, Const), node
        name = self.name("C")
        self.constants.append(f"{name} = {array_text(node.array)}")
        return Text(f"xp.asarray({name}, dtype={self._dtype(node)}, device=here)")

    def einsum(self, node: Node) -> Text:
        """Views and sums by name, products as matrix products."""
        assert isinstance(node, Einsum)
        form, source, out = form_of(node), node.ins[0], node.out
        if form == "product":
            return self._product(node)
        if form == "sum":
            lost = [axis for axis, i in enumerate(source) if i not in out]
            kind = "real" if node.args[0].kind == "real" else "integer"
            axes = "" if len(lost) == len(source) else f", axis={axes_text(lost)}"
            return Text(f"xp.sum({self._as(node.args[0], kind)}{axes})")
        if form == "embed":
            rows: list[Row] = [identity_row(source.index(i)) for i in out]
            return self._moved("scatter", node, rows)
        if len(set(source)) != len(source):
            return self._moved("gather", node, [identity_row(out.index(i)) for i in source])
        return Text(self._turned(self._array(node.args[0]), source, out, node))

    def _turned(self, x: str, source: Sequence[int], out: Sequence[int], node: Einsum) -> str:
        """Axes exchanged, and repeated along new ones."""
        x = _permuted(x, [source.index(i) for i in out if i in source])
        if len(source) == len(out):
            return x
        ones = self.sizes.shape([node.sizes()[i] if i in source else 1 for i in out])
        x = f"xp.reshape({x}, {ones})"
        full = self.sizes.shape(node.shape)
        return x if ones == full else f"xp.broadcast_to({x}, {full})"

    def _product(self, node: Einsum) -> Text:
        """A pair as (lead, m, k) @ (lead, k, n); plain matrices and vectors without detour."""
        (left, right), (a, b) = node.ins, node.args
        kind = "real" if node.kind == "real" else "integer"
        factors = matrix_product(node) if a.kind == b.kind == kind else None
        if factors is not None:
            texts = [self._operand(x, MUL + 1) + (".T" if turned else "") for x, turned in factors]
            return Text(" @ ".join(texts), MATMUL)
        plan, sizes = grouping(left, right, node.out), node.sizes()
        if plan.swapped:
            (left, right), (a, b) = (right, left), (b, a)
        parts = []
        for x, indices, rows, columns in ((a, left, plan.m, plan.k), (b, right, plan.k, plan.n)):
            lead = [i for i in plan.lead if i in indices]
            turned = _permuted(
                self._as(x, kind), [indices.index(i) for i in (*lead, *rows, *columns)]
            )
            shape = [sizes[i] if i in indices else 1 for i in plan.lead]
            flat = [
                _text_product(self.sizes, [sizes[i] for i in group]) for group in (rows, columns)
            ]
            inner = ", ".join([*map(self.sizes.dim, shape), *flat])
            parts.append(f"xp.reshape({turned}, ({inner}))")
        whole = self.sizes.shape([sizes[i] for i in plan.out])
        text = f"xp.reshape({parts[0]} @ {parts[1]}, {whole})"
        return Text(_permuted(text, [plan.out.index(i) for i in node.out]))

    def reduce(self, node: Node) -> Text:
        """Maximum, its position, log-sum-exp, product."""
        assert isinstance(node, Reduce)
        source, rank = node.args[0], node.args[0].ndim
        axes = tuple_text(node.axes)
        if node.operation == "logsumexp":
            self.runtime.add("logsumexp")
            return Text(f"logsumexp(xp, {self._as(source, 'real')}, axis={axes})")
        if node.operation == "max" and source.kind == "boolean":
            return Text(f"xp.any({self._array(source)}, axis={axes})")
        if node.operation != "argmax":
            x = self._as(source, "integer") if source.kind == "boolean" else self._array(source)
            return Text(f"xp.{node.operation}({x}, axis={axes})")
        kept = [axis for axis in range(rank) if axis not in node.axes]
        x = _permuted(self._as(source, "real"), [*kept, *node.axes])
        sizes = ", ".join([*(self.sizes.dim(source.shape[axis]) for axis in kept), "-1"])
        if len(node.axes) > 1:
            x = f"xp.reshape({x}, ({sizes},))"
        return Text(f"xp.astype(xp.argmax({x}, axis=-1), xp.int64)")

    def reshape(self, node: Node) -> Text:
        """The same entries under another shape."""
        return Text(f"xp.reshape({self._array(node.args[0])}, {self.sizes.shape(node.shape)})")

    def concat(self, node: Node) -> Text:
        """Operands joined along an axis."""
        assert isinstance(node, Concat)
        parts = ", ".join(self._as(arg, node.kind) for arg in node.args)
        return Text(f"xp.concat([{parts}], axis={node.axis})")

    def pull(self, node: Node) -> Text:
        """Slices in the language's own words, everything else by `gather`."""
        assert isinstance(node, Pull)
        spots = [self._slice(k, row, node) for k, row in enumerate(node.rows)]
        known = [spot for spot in spots if spot is not None]
        if node.ndim == len(spots) == len(known):
            return Text(f"{self._operand(node.args[0])}[{', '.join(known)}]")
        return self._moved("gather", node, node.rows)

    def _slice(self, axis: int, row: Row, node: Pull) -> str | None:
        if isinstance(row, Lookup) or len(row.steps) != 1 or row.steps[0][1] < 1:
            return None  # torch has no slices that go back
        return slice_text(row, node.shape, node.args[0].shape[axis], axis, self.sizes)

    def push(self, node: Node) -> Text:
        """Entries added to their places."""
        assert isinstance(node, Push)
        return self._moved("scatter", node, node.rows)

    def _moved(self, function: str, node: Node, rows: Sequence[Row]) -> Text:
        self.runtime.add(function)
        kind = "integer" if function == "scatter" and node.kind != "real" else node.kind
        source = self._as(node.args[0], kind)
        written = ", ".join(row_text(row, self.sizes) for row in rows)
        lookups = [row.operand for row in rows if isinstance(row, Lookup)]
        parts = [source, self.sizes.shape(node.shape), f"[{written}]"]
        parts += [self._as(node.args[k], "integer") for k in lookups]
        return Text(f"{function}(xp, {', '.join(parts)})")

    def random(self, node: Node) -> Text:
        """Random values by counter, computed by NumPy."""
        distribution, stream, shape = node.params
        call = f"random_{distribution}"
        self.numbers.add(call)
        key, *first = [f"int({self.env[arg].text})" for arg in node.args]
        width = f"np.{self.options.real}" if node.kind == "real" else "np.int64"
        given = [key, str(stream), self.sizes.shape(shape), width, *first]
        made = f"{call}({', '.join(given)})"
        return Text(f"xp.asarray({made}, dtype={self._dtype(node)}, device=here)")

    def linalg(self, node: Node) -> Text:
        """Inverse, determinant, solution."""
        return linalg_text(node, [self._as(arg, "real") for arg in node.args], "xp")

    # --- loops --------------------------------------------------------------------------------

    def _loop(self, node: Scan, loop: Loop) -> None:
        body, operand, outer = node.body, node.operand_of(), self.env
        time, length = self.name("t"), self.sizes.dim(node.length)
        inner: dict[Node, Text] = {place: outer[operand[place]] for place in body.constants}
        sequences = [(p, self._named(self._array(operand[p]), operand[p])) for p in body.sequences]
        for place in body.states:
            name = self.name("s")
            self.say(f"{name} = {self._as(operand[place], place.kind)}", f"{place.params[0]}")
            inner[place] = Text(name)
        lists = {one: self.name("r") for one in loop.traces}
        for name in lists.values():
            self.say(f"{name} = []")
        turn = f"reversed(range({length}))" if node.backwards else f"range({length})"
        self.say(f"for {time} in {turn}:")
        self.env, self.depth = inner, self.depth + 1
        for place, source in sequences:
            inner[place] = Text(self.name("x"))
            self.say(f"{inner[place].text} = {source}[{time}, ...]")
        self._steps(loop.block)
        for one, name in lists.items():
            self.say(f"{name}.append({self._array(one)})")
        moved = [
            (inner[s].text, self._as(n, s.kind))
            for s, n in zip(body.states, body.nexts, strict=True)
        ]
        left, right = [", ".join(part) for part in zip(*moved, strict=True)] if moved else ("", "")
        self.say(f"{left} = {right}" if moved else "pass")
        self.env, self.depth = outer, self.depth - 1
        for one, projection in loop.traces.items():
            outer[projection] = Text(self._stacked(lists[one], projection, node.backwards))
        for number, projection in loop.finals.items():
            outer[projection] = inner[body.states[number]]
        outer[node] = Text("")

    def _stacked(self, rows: str, projection: Node, backwards: bool) -> str:
        """What was recorded as one array, which may have no rows."""
        shape, turn = self.sizes.shape(projection.shape), "[::-1]" if backwards else ""
        none = f"xp.zeros({shape}, dtype={self._dtype(projection)}, device=here)"
        self.say(f"{rows} = xp.stack({rows}{turn}, axis=0) if {rows} else {none}",
                 shape_text(projection.shape))  # fmt: skip
        return rows


def _permuted(x: str, order: Sequence[int]) -> str:
    return x if list(order) == sorted(order) else f"xp.permute_dims({x}, {tuple_text(order)})"


def _text_product(sizes: SizeText, dims: Sequence[Any]) -> str:
    return sizes.dim(product(dims))


_WRITERS: dict[type[Node], Any] = {
    Iota: _Writer.leaf, Const: _Writer.leaf, Einsum: _Writer.einsum, Reduce: _Writer.reduce,
    Reshape: _Writer.reshape, Concat: _Writer.concat, Pull: _Writer.pull, Push: _Writer.push,
    Random: _Writer.random, Inv: _Writer.linalg, Det: _Writer.linalg, LogDet: _Writer.linalg,
    Solve: _Writer.linalg,
}  # fmt: skip
