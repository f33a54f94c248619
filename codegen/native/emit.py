"""C source from a graph of basic operations.

The program is a row of units: loop nests, products, copies, loops over time. They are cut into
functions of moderate length, since compilers take more than linear time for long ones; what one
unit hands to another lies in the arena. Identifiers come from roles and numbers; names of the user
stand in comments, where they are inert.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sympy

from symgraph.codegen.emit_numpy import ROLES, Options
from symgraph.codegen.labels import Labels, comment
from symgraph.codegen.native.contractions import (
    delayed_products,
    emit_contraction,
    emit_spread_product,
)
from symgraph.codegen.native.csizes import CSizes
from symgraph.codegen.native.layout import batch_axes, memory_order
from symgraph.codegen.native.maps import emit_maps
from symgraph.codegen.native.mathtext import needed
from symgraph.codegen.native.memory import Buffer
from symgraph.codegen.native.moves import (
    emit_concat,
    emit_pull,
    emit_push,
    emit_reshape,
    join_operands,
)
from symgraph.codegen.native.writer import CWriter, Line, Site
from symgraph.codegen.schedule import Block, Section
from symgraph.codegen.strided import whole
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Var
from symgraph.ops.map import Map
from symgraph.ops.move import Concat, Pull, Push, Reshape
from symgraph.shapes import shape_text

__all__ = ["NativeSource", "emit_native"]

_PREFIX: dict[Section, str] = {"forward": "h", "backward": "d", "update": "u"}
_CHUNK = 160  # lines in one function
_NAME = re.compile(r"\b[a-z]+[0-9]+\b")


_MOVES: dict[type[Node], Callable[[CWriter, Node, str], None]] = {
    Concat: emit_concat, Pull: emit_pull, Push: emit_push, Reshape: emit_reshape,
}  # fmt: skip


@dataclass(frozen=True)
class NativeSource:
    """Emitted C, and how it is called.

    `sizes` are the symbols that `n` holds, in order; `stored` the numbers of the arguments that are
    updated in place; site k + 1 is `sites[k]`; `buffers` counts the offsets that `plan` writes.
    """

    text: str
    name: str
    sizes: tuple[sympy.Symbol, ...]
    stored: tuple[int, ...]
    sites: tuple[Site, ...]
    buffers: int


def emit_native(
    block: Block,
    args: Sequence[Var],
    outputs: Sequence[Node],
    updates: Mapping[Node, Node],
    labels: Labels,
    options: Options,
) -> NativeSource:
    """The C file that computes a block from its arguments."""
    return _Emitter(block, args, outputs, updates, labels, options).emit()


class _Emitter:
    def __init__(
        self,
        block: Block,
        args: Sequence[Var],
        outputs: Sequence[Node],
        updates: Mapping[Node, Node],
        labels: Labels,
        options: Options,
    ) -> None:
        self.block, self.args, self.labels, self.options = block, args, labels, options
        self.outputs, self.updates = outputs, updates
        self.symbols = options.symbols
        names = {symbol: f"n{k + 1}" for k, symbol in enumerate(self.symbols)}
        real = "float" if options.real == "float32" else "double"
        self.w = CWriter(real, CSizes(names))
        self.delayed: set[Node] = set()  # products that are added into the places of a Push
        self.given: dict[str, str] = {}  # how arguments, outputs and sizes are declared

    # --- the whole ----------------------------------------------------------------------------

    def emit(self) -> NativeSource:
        """The text and how it is called."""
        w = self.w
        w.block = self.block
        for k, symbol in enumerate(self.symbols):
            self.given[w.sizes.names[symbol]] = f"const i64 n{k + 1} = f->n[{k}];"
        self._arguments()
        self.run(self.block)
        self._results()
        buffers = w.memory.settled()
        stored = tuple(k for k, variable in enumerate(self.args) if variable in self.updates)
        text = self._file(buffers)
        return NativeSource(
            text, self.options.name, self.symbols, stored, tuple(w.sites), len(buffers)
        )

    def _arguments(self) -> None:
        w = self.w
        for k, variable in enumerate(self.args):
            name = w.name(ROLES[variable.role])
            const = "" if variable in self.updates else "const "
            kind = w.ctype(variable.kind)
            self.given[name] = f"{const}{kind} *const {name} = f->a[{k}];"
            w.env[variable] = whole(name, variable.shape, variable.kind)
            self.labels.written[variable] = variable.name

    def run(self, block: Block) -> None:
        """The units of a block: neighbouring Maps of one shape together, all else alone."""
        w = self.w
        w.order.update(
            {node: memory_order(node.ndim, a) for node, a in batch_axes(block.steps).items()}
        )
        join_operands(w, block.steps, block.uses)
        self.delayed |= delayed_products(block.steps, block.uses)
        for group in _units(block.steps):
            section = block.sections.get(group[0])
            w.prefix = _PREFIX[section] if section is not None else w.prefix
            node = group[0]
            if type(node) is Map:
                emit_maps(w, group, self.labels)
            elif node not in self.delayed:
                self._single(node)

    def _single(self, node: Node) -> None:
        """A node that is no Map."""
        w, note = self.w, self.labels.note(node, self.w.env)
        if isinstance(node, Push) and node.args[0] in self.delayed:
            if emit_spread_product(w, node, note):
                return
            self._single(node.args[0])
        if isinstance(node, Einsum) and emit_contraction(w, node, note):
            return
        if type(node) in _MOVES:
            _MOVES[type(node)](w, node, note)

    # --- the end ------------------------------------------------------------------------------

    def _results(self) -> None:
        """Outputs into their arrays, then new values into those of their variables."""
        w = self.w
        for k, node in enumerate(self.outputs):
            value = w.value(node)
            name = w.name("y")
            kind = node.kind
            self.given[name] = f"{w.ctype(kind)} *const {name} = f->a[{len(self.args) + k}];"
            with w.unit():
                w.copy(value, whole(name, node.shape, kind))
        for variable, node in self.updates.items():
            with w.unit():
                w.copy(w.value(node), w.env[variable])

    # --- text ---------------------------------------------------------------------------------

    def _file(self, buffers: Sequence[Buffer]) -> str:
        w, name = self.w, self.options.name
        places = {buffer.name: k for k, buffer in enumerate(buffers)}
        functions = [self._function(k, lines, places) for k, lines in enumerate(_chunks(w.lines))]
        calls = [f"    if ((site = {name}_{k + 1}(f))) return site;" for k in range(len(functions))]
        run = [f"i64 {name}_run(const sg_frame *f)", "{", "    i64 site = 0;", *calls]
        parts = [
            f"/* {self._title()} */",
            prelude(w.functions, w.real),
            "\n".join(w.constants),
            *functions,
            self._plan(buffers),
            "\n".join([*run, "    return site;", "}"]),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _title(self) -> str:
        arguments = ", ".join(
            f"{next(iter(_NAME.findall(self.w.env[v].text)), '')}: {v.name}{shape_text(v.shape)}"
            for v in self.args
        )
        return comment(f"{self.options.name}: {arguments}").replace("*/", "* /")

    def _function(self, number: int, lines: Sequence[Line], places: Mapping[str, int]) -> str:
        """Lines as a function, with what they mention declared before."""
        mentioned = dict.fromkeys(name for line in lines for name in _NAME.findall(line.text))
        declared: list[str] = []
        sizes = {name: None for name in self.given if name in mentioned}
        for name in mentioned:
            if name in places:
                kind = self.w.ctype(self.w.memory.buffers[name].storage)
                at = f"(void *)(f->w + f->o[{places[name]}])"
                declared.append(f"{kind} *const {name} = {at};")
        head = f"static i64 {self.options.name}_{number + 1}(const sg_frame *f)"
        given = [self.given[name] for name in sizes]
        symbols = [self.given[f"n{k + 1}"] for k in range(len(self.symbols))]
        unused = [f"(void)n{k + 1};" for k in range(len(self.symbols))]
        given = [line for line in given if line not in symbols]
        body = [f"    {line}" for line in [*symbols, *unused, *given, *declared]]
        for line in lines:
            note = f"  /* {_inert(line.note)} */" if line.note else ""
            body.append(f"{'    ' * line.depth}{line.text}{note}")
        return "\n".join([head, "{", *body, "    return 0;", "}"])

    def _plan(self, buffers: Sequence[Buffer]) -> str:
        """The function that places the buffers for given sizes."""
        w, name = self.w, self.options.name
        head = f"i64 {name}_plan(const i64 *n, i64 *o)"
        if not buffers:
            return f"{head}\n{{\n    (void)n; (void)o;\n    return 0;\n}}"
        symbols = [f"    const i64 n{k + 1} = n[{k}];" for k in range(len(self.symbols))]
        symbols += [f"    (void)n{k + 1};" for k in range(len(self.symbols))]
        bytes_ = [
            f"        sg_bytes({w.size(b.size)}, sizeof({w.ctype(b.storage)})),  /* {b.name} */"
            for b in buffers
        ]
        firsts = ", ".join(str(b.first) for b in buffers)
        lasts = ", ".join(str(b.last) for b in buffers)
        lines = [
            head, "{", *symbols, "    (void)n;",
            f"    static const int first[] = {{{firsts}}};",
            f"    static const int last[] = {{{lasts}}};",
            "    const i64 bytes[] = {", *bytes_, "    };",
            f"    return sg_place({len(buffers)}, first, last, bytes, o);", "}",
        ]  # fmt: skip
        return "\n".join([data("plan.h").rstrip(), "", *lines])


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


def _inert(note: str) -> str:
    """A note that cannot end its comment."""
    return note.replace("*/", "* /").replace("/*", "/ *").replace("\\", "\\\\")


def _chunks(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines cut between units at the outermost level."""
    found: list[list[Line]] = []
    unit = -1
    for line in lines:
        fresh = line.depth == 1 and line.unit != unit and not line.text.startswith("}")
        if not found or (fresh and len(found[-1]) >= _CHUNK):
            found.append([])
        found[-1].append(line)
        unit = line.unit
    return found


def prelude(functions: set[str], real: str) -> str:
    """Types, the table of routines, and the functions that are used."""
    parts = [data("table.h").rstrip(), _INDEPENDENT, needed(sorted(functions), real)]
    return "\n\n".join(part for part in parts if part)


_INDEPENDENT = """\
#if defined(__clang__)
#define SG_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define SG_INDEPENDENT _Pragma("GCC ivdep")
#endif
#define sg_bytes(count, each) (((i64)(count) * (i64)(each) + 63) / 64 * 64)"""


@lru_cache(maxsize=16)
def data(name: str) -> str:
    """The text of a file of the runtime."""
    return (Path(__file__).parent / "data" / name).read_text(encoding="utf-8")
