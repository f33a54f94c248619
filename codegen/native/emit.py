"""C source from a graph of basic operations.

The program is a row of units: loop nests, products, copies, loops over time. They are cut into
functions of moderate length, since compilers take more than linear time for long ones; what one
unit hands to another lies in the arena. Identifiers come from roles and numbers; names of the user
stand in comments, where they are inert.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from symgraph.codegen.contraction import form_of
from symgraph.codegen.job import Job
from symgraph.codegen.labels import comment
from symgraph.codegen.module_text import ROLES
from symgraph.codegen.native.alike import Shared, share
from symgraph.codegen.native.contractions import (
    delayed_products,
    emit_contraction,
    emit_spread_product,
)
from symgraph.codegen.native.csizes import CSizes
from symgraph.codegen.native.few import emit_few_products, emit_few_spread
from symgraph.codegen.native.gathers import emit_gathered_sum, gathered_sums
from symgraph.codegen.native.groups import arranged, overwritten, short_exponentials
from symgraph.codegen.native.layout import memory_orders
from symgraph.codegen.native.library import emit_linalg, emit_random
from symgraph.codegen.native.loops import deliver, emit_loop
from symgraph.codegen.native.maps import emit_maps
from symgraph.codegen.native.mathtext import needed
from symgraph.codegen.native.memory import Buffer
from symgraph.codegen.native.moves import (
    emit_concat,
    emit_pull,
    emit_push,
    emit_reshape,
    join_operands,
    turn,
)
from symgraph.codegen.native.parts import MACROS, divide, may_pay
from symgraph.codegen.native.pooling import Pooling, emit_unpooled, emit_window, find_pooling
from symgraph.codegen.native.products import emit_product
from symgraph.codegen.native.rank_one import emit_rank_one, rank_one
from symgraph.codegen.native.rows import emit_row_updates, find_row_updates
from symgraph.codegen.native.source import NativeSource, Site
from symgraph.codegen.native.sums import emit_embedding, emit_reduce, emit_sum, emit_view
from symgraph.codegen.native.translation import weight
from symgraph.codegen.native.writer import CWriter, Line
from symgraph.codegen.schedule import Block, Section
from symgraph.codegen.strided import Value, entry, row_major, whole
from symgraph.node import Kind, Node
from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Random
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape
from symgraph.shapes import Dim, shape_text

__all__ = ["emit_native"]

_PREFIX: dict[Section, str] = {"forward": "h", "backward": "d", "update": "u"}
_KINDS: dict[str, Kind] = {"f": "real", "i": "integer", "b": "boolean"}
_SMALL, _LINE = 64, 64  # entries of a variable of a function, bytes of a line of the cache
_CHUNK = 250  # statements in one function, a loop being worth several
_NAME = re.compile(r"\b[a-z]+[0-9]+\b")
_APART = "__attribute__((noinline))"


def emit_native(job: Job) -> NativeSource:
    """The C file that computes a block from its arguments."""
    return _Emitter(job).emit()


class _Emitter:
    def __init__(self, job: Job) -> None:
        self.block, self.args, self.outputs = job.block, job.args, job.outputs
        self.updates, self.labels, self.options = job.updates, job.labels, job.options
        self.symbols = job.options.symbols
        names = {symbol: f"n{k + 1}" for k, symbol in enumerate(self.symbols)}
        real = "float" if job.options.real == "float32" else "double"
        self.w = CWriter(real, CSizes(names), threads=job.options.threads)
        self.delayed: set[Node] = set()  # products that are added into the places of a Push
        self.pooling = Pooling()
        self.gathered: dict[Node, Pull] = {}  # sums of looked-up rows
        self.rank_one: dict[Node, Dim] = {}  # products, and how many terms they sum
        self.apart: set[Node] = set()  # what job.updates rows alone, at the end
        self.delivered: set[Node] = set()  # copied to where they belong
        self.overwritten: frozenset[Node] = frozenset()
        self.given: dict[str, str] = {}  # how arguments, job.outputs and sizes are declared

    # --- the whole ----------------------------------------------------------------------------

    def emit(self) -> NativeSource:
        """The text and how it is called."""
        w = self.w
        w.block = self.block
        self.given_sizes = [f"const i64 n{k + 1} = f->n[{k}];" for k in range(len(self.symbols))]
        self._arguments()
        self._places()
        kept = {} if self.options.check_finite else self.updates
        rows = find_row_updates(self.block, self.outputs, kept)
        self.apart = {node for update in rows for node in update.steps}
        if len(set(self.block.sections.values())) > 1:
            w.heading("forward")
        self.run(self.block)
        if rows:
            self._section("update")
        emit_row_updates(w, rows, self.labels)
        self._results()
        lines = tuple(w.lines)  # of the whole, before it is divided
        w.memory.join()
        threads, samples = self.options.threads, self.options.samples
        if threads > 1 or may_pay(w, samples):
            given = [*(w.env[variable] for variable in self.args), *self.places]
            storages = {value.text: value.storage for value in given}
            stored_to = [w.env[v].text for v in self.updates]
            divide(w, storages, stored_to, threads, samples)
        text, buffers = self._file()
        stored = tuple(k for k, variable in enumerate(self.args) if variable in self.updates)
        return NativeSource(
            text, self.options.name, self.symbols, stored, tuple(w.sites), len(buffers),
            lines, tuple(buffers), self.options.threads > 1,
        )  # fmt: skip

    def _arguments(self) -> None:
        w = self.w
        for k, variable in enumerate(self.args):
            name = w.name(ROLES[variable.role])
            const = "" if variable in self.updates else "const "
            kind = w.ctype(variable.kind)
            self.given[name] = f"{const}{kind} *const {name} = f->a[{k}];"
            w.env[variable] = whole(name, variable.shape, variable.kind)

    def run(self, block: Block) -> None:
        """The units of a block: neighbouring Maps of one shape together, all else alone."""
        w = self.w
        w.order.update(memory_orders(block.steps))
        if block is self.block:
            self._keep_orders()
        join_operands(w, block.steps, block.uses)
        around = self.delayed, self.pooling, self.gathered
        sums = self.gathered = gathered_sums(block.steps, block.uses)
        self.delayed = delayed_products(block.steps, block.uses) | set(sums.values())
        self.pooling = find_pooling(block.steps, block.uses)
        away = self.pooling.delayed | self.apart
        handled = {*away, *self.delayed, *self.pooling.made, *self.pooling.handed}
        handled |= set(self.pooling.scaled)
        alone = handled | short_exponentials(block.steps, w.real)
        groups = arranged(block, alone, w.order)
        if block is self.block and not self.options.check_finite:
            self._overwrite(groups, away | self.delayed)
        if block is self.block and self.options.threads == 1 and not self.options.samples:
            self.rank_one = rank_one(block, groups, w.order)
        for group in groups:
            if block is self.block:
                self._section(block.sections.get(group[0]))
            node = group[0]
            if node in away or node in self.delayed:
                continue
            if node in self.pooling.scaled:
                emit_unpooled(w, node, self.pooling, self.labels)
            elif any(type(one) is Map for one in group):
                emit_maps(w, group, self.labels, self.overwritten)
            elif node.is_loop:
                emit_loop(w, node, self.run)
            elif not node.is_projection:
                self._single(node)
            self.delivered.update(node for node in group if deliver(w, node))
        self.delayed, self.pooling, self.gathered = around

    def _keep_orders(self) -> None:
        """Outputs that lie in memory in another order than their arrays are turned at the end.

        A loop that reads along one axis and writes along another takes longer than both.
        """
        w = self.w
        for node, place in zip(self.outputs, self.places, strict=True):
            turned = type(node) is Map and node in w.order and place.storage == "real"
            if turned and w.destination.get(node) == place:
                del w.destination[node]

    def _section(self, section: Section | None) -> None:
        """A heading where a part of the program begins; bodies of loops have none."""
        if section is None or _PREFIX[section] == self.w.prefix:
            return
        self.w.prefix = _PREFIX[section]
        self.w.heading(section)

    def _overwrite(self, groups: Sequence[Sequence[Node]], away: Collection[Node]) -> None:
        """New values right into the arrays of their variables, where nothing else reads those."""
        for variable in overwritten(self.block, groups, self.outputs, self.updates, away):
            self.w.destination[self.updates[variable]] = self.w.env[variable]
        self.overwritten = frozenset(self.updates.values())

    def _single(self, node: Node) -> None:
        """A node that is neither a Map nor a loop."""
        w, note = self.w, self.labels.note(node, self.w.env)
        if node in self.pooling.made:
            return
        if node in self.pooling.handed:
            emit_unpooled(w, node, self.pooling, self.labels)
            return
        if node in self.gathered:
            if emit_gathered_sum(w, node, self.gathered[node], note):
                return
            self._single(node.args[0])
        reduces = isinstance(node, Reduce) or (isinstance(node, Einsum) and form_of(node) == "sum")
        if reduces and emit_window(w, node, self.pooling, note):
            return
        few = self.pooling.few
        if isinstance(node, Push) and node.args[0] in self.delayed:
            if emit_few_spread(w, node, few, note) or emit_spread_product(w, node, note):
                return
            self._single(node.args[0])
        if node in self.rank_one:
            emit_rank_one(w, node, self.rank_one[node], note)
            return
        if isinstance(node, Einsum) and (
            emit_few_products(w, node, few, note) or emit_contraction(w, node, note)
        ):
            return
        emit = _FORMS[form_of(node)] if type(node) is Einsum else _FAMILIES[type(node)]
        emit(w, node, note)

    # --- the end ------------------------------------------------------------------------------

    def _places(self) -> None:
        """Outputs are computed right in their arrays, the first of several alike."""
        w = self.w
        self.places: list[Value] = []
        for k, (node, dtype) in enumerate(
            zip(self.outputs, self.options.output_dtypes, strict=True)
        ):
            name, kind = w.name("y"), _KINDS[dtype.kind]
            self.given[name] = f"{w.ctype(kind)} *const {name} = f->a[{len(self.args) + k}];"
            self.places.append(whole(name, node.shape, kind))
            if node not in w.destination and node.args and not node.is_loop:
                w.destination[node] = self.places[-1]

    def _results(self) -> None:
        """What was not computed where it belongs, then new values into their variables."""
        w = self.w
        titles = self.options.output_names
        for node, place in zip(self.outputs, self.places, strict=True):
            value = w.value(node)
            is_there = node in self.delivered and w.destination.get(node) == place
            if value != place and not is_there:
                with w.unit():
                    turn(w, value, place, tuple(range(len(place.shape))))
        if self.options.check_finite:
            for node, title in zip(self.outputs, titles, strict=True):
                self._demand_finite(node, f"output {title}")
            for variable, node in self.updates.items():
                self._demand_finite(node, f"the new value of {variable.params[0]}")
        for variable, value in self._news():
            with w.unit():
                w.copy(value, w.env[variable], variable.params[0])

    def _news(self) -> list[tuple[Node, Value]]:
        """New values of variables, copied first where they lie in those of others."""
        w = self.w
        stored = {w.env[variable].text for variable in self.updates}
        found: list[tuple[Node, Value]] = []
        for variable, node in self.updates.items():
            value = w.value(node)
            if value == w.env[variable]:
                continue
            if value.text in stored:
                value = w.copied(value)
            found.append((variable, value))
        return found

    def _demand_finite(self, node: Node, title: str) -> None:
        """Leave where an entry is NaN or infinite."""
        w, value = self.w, self.w.value(node)
        if value.storage != "real":
            return
        site = Site(
            "NonFiniteError",
            f"{escaped(title)} is {{word}} at position {{place}}. Look at the data, lower the "
            "learning rate, or compile without check_finite=True.",
            node.shape,
        )
        with w.unit(), w.indices(node.shape, independent=False) as names:
            own = list(zip(names, value.strides or (0,) * len(names), strict=True))
            here = entry(value, w.position(own))
            flat = w.position(list(zip(names, row_major(node.shape), strict=True))) or "0"
            word = f"{here} != {here} ? 0 : {here} > 0 ? 1 : 2"
            w.refuse(f"{here} - {here} != 0", site, [flat, word])

    # --- text ---------------------------------------------------------------------------------

    def _file(self) -> tuple[str, list[Buffer]]:
        """The text, and the buffers of the arena."""
        w, name = self.w, self.options.name
        small = self._small()
        if len(small) == len(w.memory.buffers) and _work(w.lines) <= _CHUNK:
            shared, chunks = list[Shared](), [list(w.lines)]
        else:
            lines, shared = share(w.lines, name, self._types())
            chunks = _chunks(lines)
        local = _known_once(small, chunks)
        buffers = [each for each in w.memory.settled() if not local.issuperset(each.names)]
        places = {name: k for k, buffer in enumerate(buffers) for name in buffer.names}
        known = {name: line.removesuffix(";") for name, line in self.given.items()}
        known |= {
            name: self._declared(name, None if name in local else places[name])
            for name in {*places, *local}
        }
        functions = [self._shared(each) for each in shared]
        functions += [self._function(k, lines, known) for k, lines in enumerate(chunks)]
        calls = [f"    if ((site = {name}_{k + 1}(f))) return site;" for k in range(len(chunks))]
        run = [f"i64 {name}_run(const sg_frame *f)", "{", "    i64 site = 0;"]
        if w.demands:
            run += self._sizes()
            run += [f"    if ({condition}) return {site};" for condition, site in w.demands]
        run += calls
        parts = [
            f"/* {self._title()} */",
            prelude(w.functions, w.real),
            MACROS if self.options.threads > 1 else "",
            "\n".join(w.constants),
            *functions,
            self._plan(buffers),
            "\n".join([*run, "    return site;", "}"]),
        ]
        return "\n\n".join(part for part in parts if part) + "\n", buffers

    def _small(self) -> set[str]:
        """Values that may be variables of a function; threads share what lies in the arena."""
        return {
            name
            for name, buffer in self.w.memory.buffers.items()
            if isinstance(buffer.size, int) and 0 < buffer.size <= _SMALL
            if self.options.threads == 1
        }

    def _declared(self, name: str, place: int | None) -> str:
        """How a buffer is declared: in a place of the arena, or as a variable where it has none."""
        buffer = self.w.memory.buffers[name]
        kind = self.w.ctype(buffer.storage)
        if place is None:
            lanes = "" if buffer.size == 1 else f" __attribute__((aligned({_LINE})))"
            return f"{kind} {name}[{buffer.size}]{lanes}"
        return f"{kind} *const {name} = (void *)(f->w + f->o[{place}])"

    def _title(self) -> str:
        arguments = ", ".join(
            f"{next(iter(_NAME.findall(self.w.env[v].text)), '')}: {v.name}{shape_text(v.shape)}"
            for v in self.args
        )
        return comment(f"{self.options.name}: {arguments}").replace("*/", "* /")

    def _function(self, number: int, lines: Sequence[Line], known: Mapping[str, str]) -> str:
        """Lines as a function; every array is declared before the block that mentions it first.

        Pointers that live through a long function keep compilers busy.
        """
        known = dict(known)
        body: list[Line] = []
        if any(line.text.startswith("if ((site = ") for line in lines):
            body.append(Line("i64 site = 0;", 1, -1))
        for block in _blocks(lines):
            mentioned = dict.fromkeys(name for line in block for name in line.parts[1::2])
            declared = [known.pop(name) for name in mentioned if name in known]
            body += [*(Line(f"{text};", 1, -1) for text in declared), *block]
        head = f"static i64 {self.options.name}_{number + 1}(const sg_frame *f)"
        return self._defined(head, body, ["    return 0;"])

    def _shared(self, shared: Shared) -> str:
        """A function for several units, which may not be made part of those that call it."""
        kind, end = ("i64", ["    return 0;"]) if shared.refuses else ("void", [])
        return self._defined(f"static {_APART} {kind} {shared.head}", shared.lines, end)

    def _defined(self, head: str, lines: Sequence[Line], end: Sequence[str]) -> str:
        """A function with the sizes and the share of this thread at hand."""
        body = self._sizes()
        if self.options.threads > 1:
            body.append("    const i64 part = f->part, parts = f->parts;")
        for line in lines:
            note = f"  /* {_inert(line.note)} */" if line.note else ""
            body.append(f"{'    ' * line.depth}{line.text}{note}")
        return "\n".join([head, "{", *body, *end, "}"])

    def _types(self) -> dict[str, str]:
        """The types of entries of all arrays, `const` in front of what is only read."""
        w = self.w
        types = {name: w.ctype(buffer.storage) for name, buffer in w.memory.buffers.items()}
        types |= {name: text.split(" *", 1)[0] for name, text in self.given.items()}
        for text in w.constants:
            kind, name = text.removeprefix("static ").split("[", 1)[0].rsplit(" ", 1)
            types[name] = kind
        return types

    def _sizes(self) -> list[str]:
        """The symbolic sizes, all of them: buffers may need any."""
        unused = [f"(void)n{k + 1};" for k in range(len(self.symbols))]
        return [f"    {line}" for line in (*self.given_sizes, *unused)]

    def _plan(self, buffers: Sequence[Buffer]) -> str:
        """The function that places the buffers for given sizes."""
        w, name = self.w, self.options.name
        head = f"i64 {name}_plan(const i64 *n, i64 *o)"
        if not buffers:
            return f"{head}\n{{\n    (void)n; (void)o;\n    return 0;\n}}"
        symbols = [f"    const i64 n{k + 1} = n[{k}];" for k in range(len(self.symbols))]
        symbols += [f"    (void)n{k + 1};" for k in range(len(self.symbols))]
        sizes: dict[str, list[Buffer]] = {}
        for buffer in buffers:
            size = f"sg_bytes({w.size(buffer.size)}, sizeof({w.ctype(buffer.storage)}))"
            sizes.setdefault(size, []).append(buffer)
        place = {buffer.name: k for k, same in enumerate(sizes.values()) for buffer in same}
        bytes_ = [
            f"        {size},  /* {', '.join(name for buffer in same for name in buffer.names)} */"
            for size, same in sizes.items()
        ]
        firsts = ", ".join(str(b.first) for b in buffers)
        lasts = ", ".join(str(b.last) for b in buffers)
        places = ", ".join(str(place[b.name]) for b in buffers)
        lines = [
            f"SG_ONCE {head}", "{", *symbols, "    (void)n;",
            f"    static const int first[] = {{{firsts}}};",
            f"    static const int last[] = {{{lasts}}};",
            f"    static const int size[] = {{{places}}};  /* which of these: */",
            "    const i64 bytes[] = {", *bytes_, "    };",
            f"    return sg_place({len(buffers)}, first, last, size, bytes, o);", "}",
        ]  # fmt: skip
        return "\n".join([data("plan.h").rstrip(), "", *lines])


Emit = Callable[[CWriter, Node, str], None]
_FORMS: dict[str, Emit] = {
    "view": emit_view, "sum": emit_sum, "embed": emit_embedding, "product": emit_product,
}  # fmt: skip
_FAMILIES: dict[type[Node], Emit] = {
    Concat: emit_concat, Pull: emit_pull, Push: emit_push, Reshape: emit_reshape,
    Reduce: emit_reduce, Random: emit_random,
    Inv: emit_linalg, Det: emit_linalg, LogDet: emit_linalg, Solve: emit_linalg,
}  # fmt: skip


def escaped(title: str) -> str:
    """A title in the text of a site."""
    return title.replace("{", "{{").replace("}", "}}")


def _inert(note: str) -> str:
    """A note that cannot end its comment."""
    return note.replace("*/", "* /").replace("/*", "/ *").replace("\\", "\\\\")


def _chunks(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines cut between units at the outermost level, into an even number of like parts."""
    work = [weight(line.text) for line in lines]
    number = 2 * math.ceil(sum(work) / _CHUNK / 2) if sum(work) > _CHUNK / 2 else 1
    found: list[list[Line]] = []
    total, unit, done = sum(work), -1, 0
    for line, each in zip(lines, work, strict=True):
        fresh = line.depth == 1 and line.unit != unit and not line.text.startswith("}")
        if not found or (fresh and done * number >= total * len(found)):
            found.append([])
        found[-1].append(line)
        unit, done = line.unit, done + each
    return found


def _work(lines: Sequence[Line]) -> int:
    """How much there is to compile in lines."""
    return sum(weight(line.text) for line in lines)


def _known_once(names: set[str], chunks: Sequence[Sequence[Line]]) -> set[str]:
    """Those of the names that one function alone knows, and calls nothing with.

    As its own variables compilers keep them in registers, where loops hand them on at once. What is
    written to an arena in one width and read in another has to come back from the cache.
    """
    users: dict[str, set[int]] = {}
    for k, lines in enumerate(chunks):
        for line in lines:
            user = -1 if "(f, " in line.text or "f->lib->" in line.text else k
            for name in names.intersection(line.parts[1::2]):
                users.setdefault(name, set()).add(user)
    return {name for name, own in users.items() if len(own) == 1 and -1 not in own}


def _blocks(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines cut where something may be declared for all that follows."""
    found: list[list[Line]] = []
    before = ""
    for line in lines:
        if line.depth > 1 or line.text.startswith("}") or before.startswith("SG_"):
            found[-1].append(line)
        else:
            found.append([line])
        before = line.text
    return found


def prelude(functions: set[str], real: str, inline: bool = True) -> str:
    """Types, the table of routines, and the functions that are used."""
    text = needed(sorted(functions), real, inline)
    parts = [data("table.h").rstrip(), _INDEPENDENT, text.rstrip()]
    return "\n\n".join(part for part in parts if part)


_INDEPENDENT = """\
/* What compilers may assume of the loop behind it. */
#define SG_PRAGMA(...) _Pragma(#__VA_ARGS__)
#define SG_INDEPENDENT SG_PRAGMA(omp simd)
#define SG_REDUCES(...) SG_PRAGMA(omp simd __VA_ARGS__)
#define SG_SUM(s) SG_PRAGMA(omp simd reduction(+:s))
#define SG_PRODUCT(s) SG_PRAGMA(omp simd reduction(*:s))
#define SG_LARGEST(s) SG_PRAGMA(omp simd reduction(max:s))
#define SG_LEAST(s) SG_PRAGMA(omp simd reduction(min:s))
#define SG_LARGEST_OR_NAN(s, bad) SG_PRAGMA(omp simd reduction(max:s) reduction(|:bad))

#define sg_bytes(count, each) (((i64)(count) * (i64)(each) + 63) / 64 * 64)"""


@lru_cache(maxsize=16)
def data(name: str) -> str:
    """The text of a file of the runtime."""
    return (Path(__file__).parent / "data" / name).read_text(encoding="utf-8")
