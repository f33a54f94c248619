"""NumPy code for reading: one plain function, a line for each value that is named or used twice.

No memory plan and no tricks: `h1 = np.tanh(x1 @ p1 + p2)  # h, (N, 128)`. Pointwise functions that
NumPy lacks become small functions above.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from symgraph.codegen.contraction import Factor, form_of, matrix_product
from symgraph.codegen.job import Job
from symgraph.codegen.labels import comment
from symgraph.codegen.module_text import ROLES, Source, array_text, size_source, title_text
from symgraph.codegen.numpy_text import (
    ATOM,
    MATMUL,
    MUL,
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
from symgraph.codegen.read_moves import added_zeros_text, slice_text, subscript, windows_text
from symgraph.codegen.runtime_text import text_of
from symgraph.codegen.schedule import Block, Loop
from symgraph.codegen.size_text import SizeText
from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Const, Fill, Iota, Random, Var
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.ops.loop import Scan
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape
from symgraph.ops.rows import Affine, Lookup
from symgraph.shapes import Dim, shape_text

__all__ = ["emit_read"]

_LONG = 64  # an expression beyond so many characters gets a line of its own
_DTYPES = {"integer": "np.int64", "boolean": "np.bool_"}


def emit_read(job: Job) -> Source:
    """The module that computes a block; its function returns the outputs' own structure."""
    return _Reader(job).emit()


class _Texts(dict[Node, Text]):
    """What stands for each node; `known` answers at once whether a text does."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[str] = set()

    def __setitem__(self, node: Node, text: Text) -> None:
        super().__setitem__(node, text)
        self.known.add(text.text)


class _Reader:
    def __init__(self, job: Job) -> None:
        self.block, self.args, self.outputs = job.block, job.args, job.outputs
        self.updates, self.labels, self.options = job.updates, job.labels, job.options
        self.place: dict[Node, int] = {variable: k for k, variable in enumerate(job.args)}
        names = {symbol: f"n{k + 1}" for k, symbol in enumerate(job.options.symbols)}
        self.sizes = SizeText(names)
        self.writing = Writing({job.options.name})
        self.runtime: set[str] = set()
        self.constants: list[str] = []
        self.lines: list[str] = []
        self.env = _Texts()
        self.loose: dict[Node, Text] = {}  # broadcasts before they are spread
        self.block_of = job.block
        self.views: set[Node] = set()
        self.depth = 1
        self.counts: dict[str, int] = {}

    def name(self, prefix: str) -> str:
        """A fresh identifier."""
        number = self.counts[prefix] = self.counts.get(prefix, 0) + 1
        return f"{prefix}{number}"

    def say(self, text: str, note: str = "") -> None:
        """A line of the function."""
        line = "    " * self.depth + text
        self.lines.append(f"{line}  # {comment(note)}" if note else line)

    # --- the whole ----------------------------------------------------------------------------

    def emit(self) -> Source:
        """The text and how it is called."""
        arg_names = [self.name(ROLES[variable.role]) for variable in self.args]
        for name, variable in zip(arg_names, self.args, strict=True):
            self.env[variable] = Text(name)
        self.views = set(self.block.viewed(self.args))
        for node in self.block.steps:
            self._node(node, self.block)
        named = zip(self.outputs, self.options.output_names, strict=True)
        results = [self._named_result(node, path) for node, path in named]
        new = [self._fresh(node) for node in self.updates.values()]
        for variable, value in zip(self.updates, new, strict=True):
            name = arg_names[self.place[variable]]
            self.say(f"{name}[...] = {value}", variable.params[0])
        result = re.sub(r"y\[(\d+)\]", lambda found: results[int(found[1])], self.options.result)
        self.say(f"return {result}")
        text = self._module(arg_names)
        stored = tuple(self.place[v] for v in self.updates if isinstance(v, Var))
        return Source(text, tuple(arg_names), self.options.symbols, stored)

    def _module(self, arg_names: Sequence[str]) -> str:
        body = "\n".join(self.lines) + "\n"
        sizes = ""
        for k, symbol in enumerate(self.options.symbols):
            if re.search(rf"\bn{k + 1}\b", body):
                source = size_source(symbol, arg_names, self.args)
                sizes += f"    n{k + 1} = {source}  # {symbol.name}\n"
        helpers = "".join(f"\n\n{text}" for text in self.writing.helpers.values())
        runtime = text_of(self.runtime)
        head = f'"""{title_text(self.options, arg_names, self.args)}"""\n\n'
        if runtime:
            head += "from __future__ import annotations\n\nimport math\n"
            head += "from collections.abc import Callable, Sequence\nfrom typing import Any\n\n"
        if any("base64" in line for line in self.constants):
            head += "import base64\n\n"
        head += "import numpy as np\n" + runtime
        if self.constants:
            head += "\n" + "\n".join(self.constants) + "\n"
        return f"{head}{helpers}\n\ndef {self.options.name}({', '.join(arg_names)}):\n{sizes}{body}"

    def _named_result(self, node: Node, path: str) -> str:
        """An output, on a line of its own when it is more than a name."""
        text = self._result(node)
        if len(self.outputs) == 1 or re.fullmatch(r"\w+", text):
            return text
        name = self.name("y")
        self.say(f"{name} = {text}", f"{path}, {shape_text(node.shape)}")
        return name

    def _result(self, node: Node) -> str:
        """An output; an argument, or what may be a view of one, is copied."""
        value = self._array(node) if node.shape else self.env[node].text
        return f"np.array({value})" if node in self.views else value

    def _fresh(self, node: Node) -> str:
        """A new value under a name, so that no variable is changed before all are computed."""
        name = self.name("u")
        self.say(f"{name} = {self._result(node)}", self.labels.name(node) or "")
        return name

    # --- one node -----------------------------------------------------------------------------

    def _node(self, node: Node, block: Block) -> None:
        if node in self.env:
            return
        if isinstance(node, Scan):
            self._loop(node, block.loops[node])
            return
        if node.is_projection:
            return
        text = self._expression(node)
        name = self.labels.name(node)
        simple = not node.args or text.text in self.env.known
        short = len(text.text) <= _LONG or node in self.loose
        inline = name is None and block.uses[node] == 1 and short
        if simple or inline:
            self.env[node] = text
            return
        identifier = self.name("h")
        shape = shape_text(node.shape)
        self.say(f"{identifier} = {text.text}", f"{name}, {shape}" if name else shape)
        self.env[node] = Text(identifier)

    def _array(self, node: Node) -> str:
        """A value that must have its full shape."""
        text = self.env[node]
        if isinstance(node, Fill) and node.shape:
            return f"np.full({self.sizes.shape(node.shape)}, {text.text}, {self._dtype(node)})"
        return text.text

    def _dtype(self, node: Node) -> str:
        return _DTYPES.get(node.kind, f"np.{self.options.real}")

    def _counted(self, node: Node) -> str:
        """A value whose booleans count as 0 and 1."""
        return f"1 * {self._operand(node)}" if node.kind == "boolean" else self._array(node)

    def _operand(self, node: Node, tight: int = ATOM) -> str:
        text = self._array(node)
        tied = self.env[node].tight if text == self.env[node].text else ATOM
        return wrapped(Text(text, tied), tight)

    def _expression(self, node: Node) -> Text:
        if isinstance(node, Fill):
            return self._fill(node)
        if isinstance(node, Map):
            return self._map(node)
        found = _WRITERS.get(type(node))
        assert found is not None, node
        made: Text = found(self, node)
        return made

    def _fill(self, node: Fill) -> Text:
        value: Any = node.value
        if not isinstance(value, (int, float)):
            if value.free_symbols:
                text = size_formula(value, self.sizes)
                if "divide(" in text.text:
                    self.runtime.add("divide")
                return text
            return self.writing.body(value, [])
        if node.kind == "boolean":
            return Text(str(bool(value)))
        return number_text(float(value) if isinstance(value, float) else int(value), "np")

    def _map(self, node: Map) -> Text:
        operands = [self.env[arg] for arg in node.args]
        endless = _endless(node)
        if endless is not None:
            return number_text(endless, "np")
        for k, arg in enumerate(node.args):
            others = [other for j, other in enumerate(node.args) if j != k]
            if arg in self.loose and any(other.shape == node.shape for other in others):
                operands[k] = self.loose[arg]  # NumPy broadcasts on its own
        if all(isinstance(arg, Fill) for arg in node.args) and node.shape:
            operands[0] = Text(self._array(node.args[0]))
        counted = counted_slots(node.template.expr)
        for k, arg in enumerate(node.args):
            if arg.kind == "boolean" and k in counted:
                operands[k] = Text(f"1 * {wrapped(operands[k], MUL + 1)}", MUL)
        return self.writing.body(node.template.expr, operands)

    # --- families -----------------------------------------------------------------------------

    def leaf(self, node: Node) -> Text:
        """Constants and ranges."""
        if isinstance(node, Iota):
            return Text(f"np.arange({self.sizes.dim(node.shape[0])})")
        assert isinstance(node, Const), node
        name = self.name("C")
        self.constants.append(f"{name} = {array_text(node.array)}")
        return Text(name)

    def einsum(self, node: Node) -> Text:
        """Views, sums and products in NumPy's own words."""
        assert isinstance(node, Einsum)
        form = form_of(node)
        if form == "product":
            return self._product(node)
        x = self._operand(node.args[0])
        source, out = node.ins[0], node.out
        if form == "sum":
            lost = [axis for axis, i in enumerate(source) if i not in out]
            axes = "" if len(lost) == len(source) else f", axis={axes_text(lost)}"
            return Text(f"np.sum({self._array(node.args[0])}{axes})")
        if form == "embed":
            if source == (0,) and out == (0, 0):
                return Text(f"np.diag({x})")
            self.runtime.add("embedded")
            axes = tuple_text([source.index(i) for i in out])
            return Text(f"embedded({x}, {self.sizes.shape(node.shape)}, {axes})")
        return self._view(node, x)

    def _view(self, node: Einsum, x: str) -> Text:
        source, out = node.ins[0], node.out
        if len(set(source)) != len(source):
            return Text(f"np.einsum({_rule(node)!r}, {x})")
        kept = [source.index(i) for i in out if i in source]
        if kept != sorted(kept):
            x += ".T" if kept == list(range(len(kept)))[::-1] else f".transpose({axes_text(kept)})"
        new = [i not in source for i in out]
        if not any(new):
            return Text(x)
        spots = ", ".join("None" if one else ":" for one in new)
        if not isinstance(node.args[0], Fill) and node.args[0].shape:
            x = f"{x}[{spots}]"
        elif all(size == 1 for size in node.shape):
            return Text(f"np.reshape({x}, {self.sizes.shape(node.shape)})")
        if all(node.shape[axis] == 1 for axis, one in enumerate(new) if one):
            return Text(x)
        if self.block_of.uses[node] == 1 and len(x) <= _LONG:
            self.loose[node] = Text(x)
        return Text(f"np.broadcast_to({x}, {self.sizes.shape(node.shape)})")

    def _product(self, node: Einsum) -> Text:
        counts = any(arg.kind == "boolean" for arg in node.args)
        factors = None if counts else matrix_product(node)
        if factors is None:
            a, b = map(self._counted, node.args)
            return Text(f"np.einsum({_rule(node)!r}, {a}, {b})")
        first, second = factors
        chained = not first.turned and self.env[first.node].tight == MATMUL
        left = self._factor(first, MATMUL if chained else MUL + 1)
        return Text(f"{left} @ {self._factor(second, MUL + 1)}", MATMUL)

    def _factor(self, factor: Factor, tight: int) -> str:
        if factor.turned:
            return f"{self._operand(factor.node)}.T"
        return self._operand(factor.node, tight)

    def reduce(self, node: Node) -> Text:
        """Maximum, its position, log-sum-exp, product."""
        assert isinstance(node, Reduce)
        x, rank = self._array(node.args[0]), node.args[0].ndim
        axes = "None" if len(node.axes) == rank else axes_text(node.axes)
        if node.operation == "logsumexp":
            self.runtime.add("logsumexp")
            return Text(f"logsumexp({x}, axis={axes})")
        if node.operation != "argmax":
            return Text(f"np.{node.operation}({x}, axis={axes})")
        if len(node.axes) == 1 or len(node.axes) == rank:
            return Text(f"np.argmax({x}, axis={axes})")
        kept = [axis for axis in range(rank) if axis not in node.axes]
        if (order := [*kept, *node.axes]) != sorted(order):
            x = f"{self._operand(node.args[0])}.transpose({axes_text(order)})"
        sizes = "".join(f"{self.sizes.dim(node.args[0].shape[axis])}, " for axis in kept)
        return Text(f"np.argmax(np.reshape({x}, ({sizes}-1)), axis=-1)")

    def reshape(self, node: Node) -> Text:
        """The same entries under another shape."""
        if not node.args[0].shape:
            return Text(
                f"np.reshape({self.env[node.args[0]].text}, {self.sizes.shape(node.shape)})"
            )
        return Text(f"{self._operand(node.args[0])}.reshape({self.sizes.shape(node.shape)})")

    def concat(self, node: Node) -> Text:
        """Operands joined along an axis."""
        assert isinstance(node, Concat)
        parts = ", ".join(self._array(arg) for arg in node.args)
        return Text(f"np.concatenate([{parts}], axis={node.axis})")

    def pull(self, node: Node) -> Text:
        """Slices and rows in NumPy's own words, everything else by `gather`."""
        assert isinstance(node, Pull)
        windows = windows_text(node, self._operand(node.args[0]), self.sizes)
        if windows is not None:
            return Text(windows)
        spots = self._spots(node)
        if spots is not None:
            return Text(f"{self._operand(node.args[0])}[{subscript(spots)}]")
        return self._moved("gather", node)

    def push(self, node: Node) -> Text:
        """Entries added to their places."""
        assert isinstance(node, Push)
        if node.args[0].ndim == node.ndim:
            padded = added_zeros_text(node, self._counted(node.args[0]))
            if padded is not None:
                return Text(padded)
        return self._moved("scatter", node)

    def _spots(self, node: Pull) -> list[str] | None:
        """The subscripts of a slice or of a choice of rows, or None."""
        if node.ndim == 1 and all(
            row == Affine(0, ((0, 1),)) or (isinstance(row, Lookup) and row.axes == (0,))
            for row in node.rows
        ) and len(node.rows) > 1:  # fmt: skip
            every = f"np.arange({self.sizes.dim(node.shape[0])})"
            return [
                self._index(node, row, size) if isinstance(row, Lookup) else every
                for row, size in zip(node.rows, node.args[0].shape, strict=True)
            ]
        spots: list[str] = []
        at = 0
        for row, size in zip(node.rows, node.args[0].shape, strict=True):
            if isinstance(row, Lookup):
                if at or row.axes != tuple(range(len(row.axes))):
                    return None
                spots.append(self._index(node, row, size))
                at += len(row.axes)
                continue
            spot = slice_text(row, node.shape, size, at, self.sizes)
            if spot is None:
                return None
            spots.append(spot)
            at += len(row.steps)
        return spots if at == node.ndim and spots else None

    def _index(self, node: Pull, row: Lookup, size: Dim) -> str:
        """An array of indices, tested on a line before: NumPy would take negative ones."""
        source = node.args[row.operand]
        text = self._array(source)
        self.runtime.add("check_index")
        title = ascii(source.name if isinstance(source, Var) else "lookup")
        test = f"check_index(np.asarray({text}), {self.sizes.dim(size)}, {title})"
        if f"    {test}" not in self.lines:  # a test inside of a loop may never be reached
            self.say(test)
        return text

    def _moved(self, function: str, node: Pull | Push) -> Text:
        self.runtime.add(function)
        rows = ", ".join(row_text(row, self.sizes) for row in node.rows)
        rows = f"[{rows}]"
        lookups = [row.operand for row in node.rows if isinstance(row, Lookup)]
        source = self._counted if function == "scatter" else self._array
        parts = [source(node.args[0]), self.sizes.shape(node.shape), rows]
        parts += [self._array(node.args[k]) for k in lookups]
        if not node.args[0].shape:
            parts[0] = f"np.asarray({parts[0]})"
        return Text(f"{function}({', '.join(parts)})")

    def random(self, node: Node) -> Text:
        """Random values by counter."""
        distribution, stream, shape = node.params
        call = f"random_{distribution}"
        self.runtime.add(call)
        key, *first = [f"int({self.env[arg].text})" for arg in node.args]
        given = [key, str(stream), self.sizes.shape(shape), self._dtype(node), *first]
        return Text(f"{call}({', '.join(given)})")

    def linalg(self, node: Node) -> Text:
        """Inverse, determinant, solution."""
        return linalg_text(node, [self._array(arg) for arg in node.args], "np")

    # --- loops --------------------------------------------------------------------------------

    def _loop(self, node: Scan, loop: Loop) -> None:
        body = node.body
        operand = node.operand_of()
        outer = self.env
        inner = _Texts()
        for place in body.constants:
            inner[place] = outer[operand[place]]
        heads: list[tuple[str, str]] = []
        for place in body.sequences:
            name = self.name("t")
            inner[place] = Text(name)
            backwards = "[::-1]" if node.backwards else ""
            heads.append((name, f"{self._operand(operand[place])}{backwards}"))
        for place in body.states:
            name = self.name("s")
            self.say(f"{name} = {self._array(operand[place])}", f"{place.params[0]}")
            inner[place] = Text(name)
        lists = {one: self.name("r") for one in loop.traces}
        for name in lists.values():
            self.say(f"{name} = []")
        length = self.sizes.dim(node.length)
        names = ", ".join(name for name, _ in heads)
        sources = ", ".join(source for _, source in heads)
        if not heads:
            self.say(f"for _ in range({length}):")
        else:
            self.say(f"for {names} in {sources if len(heads) == 1 else f'zip({sources})'}:")
        around, self.block_of = self.block_of, loop.block
        self.env, self.depth = inner, self.depth + 1
        for one in loop.block.steps:
            self._node(one, loop.block)
        for one, name in lists.items():
            self.say(f"{name}.append({self._array(one)})")
        moved = [
            (inner[s].text, self._array(n)) for s, n in zip(body.states, body.nexts, strict=True)
        ]
        moved = [(name, text) for name, text in moved if name != text]
        if moved:
            left, right = zip(*moved, strict=True)
            self.say(f"{', '.join(left)} = {', '.join(right)}")
        elif not lists:
            self.say("pass")
        self.env, self.depth, self.block_of = outer, self.depth - 1, around
        for one, projection in loop.traces.items():
            name = lists[one]
            backwards = "[::-1]" if node.backwards else ""
            shape = self.sizes.shape(projection.shape)
            made = f"np.array({name}{backwards}, {self._dtype(projection)}).reshape({shape})"
            self.say(f"{name} = {made}", shape_text(projection.shape))
            self.env[projection] = Text(name)
        for number, projection in loop.finals.items():
            self.env[projection] = inner[body.states[number]]
        self.env[node] = Text("")


def _rule(node: Einsum) -> str:
    letters = "ijklmnopqrstuvwxyzabcdefgh"
    words = ["".join(letters[i % 26] for i in part) for part in (*node.ins, node.out)]
    return f"{','.join(words[:-1])}->{words[-1]}"


_WRITERS: dict[type[Node], Any] = {
    Iota: _Reader.leaf, Const: _Reader.leaf, Einsum: _Reader.einsum, Reduce: _Reader.reduce,
    Reshape: _Reader.reshape, Concat: _Reader.concat, Pull: _Reader.pull, Push: _Reader.push,
    Random: _Reader.random, Inv: _Reader.linalg, Det: _Reader.linalg, LogDet: _Reader.linalg,
    Solve: _Reader.linalg,
}  # fmt: skip


def _endless(node: Map) -> float | None:
    """An operation on plain numbers that is not finite, which Python refuses to carry out."""
    values = [arg.value if isinstance(arg, Fill) else None for arg in node.args]
    if node.shape or node.kind != "real" or not all(isinstance(v, (int, float)) for v in values):
        return None
    found = float(node.template.evaluate([np.float64(v) for v in values]))
    return None if math.isfinite(found) else found
