"""C for programs of numbers: isomorphic parts as loops, the rest statement by statement."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from symgraph.codegen.job import Job
from symgraph.codegen.labels import comment
from symgraph.codegen.native.csizes import CSizes
from symgraph.codegen.native.emit import prelude
from symgraph.codegen.native.isomorphic import Rolled, find_groups
from symgraph.codegen.native.mathtext import FUNCTIONS
from symgraph.codegen.native.quotients import share_divisors
from symgraph.codegen.native.rolled import write_rolled
from symgraph.codegen.native.scalars import LEAVES, Instructions, read_scalars
from symgraph.codegen.native.source import NativeSource
from symgraph.codegen.native.straight import StraightWriter
from symgraph.codegen.native.writer import CWriter
from symgraph.node import Node

__all__ = ["emit_scalars"]

_TITLED = 100  # arguments: no comment shows more
_NOTED = 2000  # steps: longer programs are not read line by line
_INLINED = 24  # calls of functions: more would make the code long instead of fast
_LONG = 20_000  # statements in a row that compilers need seconds for
_A_SECOND = 6000  # of them that a compiler gets done
_ROLLED = 200  # operations: shorter programs are not searched for isomorphic parts

_log = logging.getLogger("symgraph")

#: Numbers that were put side by side into vectors would have to be taken apart again.
_SINGLE = """#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize")
#endif"""

#: Loops over members have hundreds of statements in a row, more than a processor looks ahead: what
#: does not depend on each other must stand side by side.
_MIXED = """#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("schedule-insns", "sched-pressure")
#endif"""
_MIXED_END = """#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif"""


def emit_scalars(job: Job) -> NativeSource | None:
    """The C file of a graph whose values are numbers; None for any other graph."""
    if job.options.check_finite or job.options.symbols or job.block.loops:
        return None
    code = read_scalars(job.block.steps, job.args, job.outputs, list(job.updates.values()))
    if code is None:
        return None
    rolled = _rolled(code)
    real = "float" if job.options.real == "float32" else "double"
    program = _Program(code if rolled else share_divisors(code, real), job, real, rolled)
    return program.emit()


def _rolled(code: Instructions) -> Rolled | None:
    """The loops that compute at least half of the program, if there are such."""
    computed = len(code.ops) - code.ops.count("input") - code.ops.count("number")
    if computed < _ROLLED:
        return None
    return find_groups(code, (computed + 1) // 2)


class _Shown(NamedTuple):
    """A value in a comment."""

    text: str


class _Program:
    def __init__(self, code: Instructions, job: Job, real: str, rolled: Rolled | None) -> None:
        self.code, self.args, self.outputs, self.rolled = code, job.args, job.outputs, rolled
        self.updates, self.labels, self.options = job.updates, job.labels, job.options
        self.sections = job.block.sections
        self.w = CWriter(real, CSizes({}))
        note = self._note if len(code.ops) < _NOTED else None
        self.straight = StraightWriter(code, job.args, self.w, job.options.name, note)
        self._shown: dict[Node, _Shown] = {}
        self._declare()
        self._divide()

    def _divide(self) -> None:
        """To which part of the program each value belongs, where there are several."""
        code, sections = self.code, self.sections
        computed = np.flatnonzero(~code.among(LEAVES)).tolist()
        nodes = (code.nodes[k] for k in computed)
        first = next((sections[node] for node in nodes if node is not None), None)
        turned = (code.nodes[k] for k in reversed(computed))
        last = next((sections[node] for node in turned if node is not None), None)
        if first != last:  # they stand in the order of the parts
            self.straight.sections = sections

    def _note(self, k: int) -> str:
        """The comment beside value k."""
        node = self.code.nodes[k]
        if node is None:
            return ""
        self._shown[node] = _Shown(f"v{k}")
        text = self.labels.note(node, self._shown).removesuffix(", ()")
        return f"  /* {text.replace('*/', '* /').replace('/*', '/ *')} */" if text else ""

    def _declare(self) -> None:
        """Names of the arguments' and the results' arrays."""
        w, declarations, updates = self.w, self.straight.declarations, self.updates
        types: dict[str, str] = {kind: w.ctype(kind) for kind in ("real", "integer", "boolean")}
        for k, (name, node) in enumerate(zip(self.straight.arguments, self.args, strict=True)):
            const = "" if node in updates else "const "
            declarations[name] = f"{const}{types[node.kind]} *const {name} = f->a[{k}];"
        for k, node in enumerate(self.outputs, 1):
            place = len(self.args) + k - 1
            declarations[f"y{k}"] = f"{types[node.kind]} *const y{k} = f->a[{place}];"

    def emit(self) -> NativeSource:
        """The text and how it is called."""
        code, straight = self.code, self.straight
        later = self._results()
        if self.rolled is not None:
            write_rolled(straight, self.rolled)
            self._copy(later)
        else:
            computed = np.flatnonzero(~code.among(LEAVES)).tolist()
            if len(computed) > _LONG:
                _log.warning(
                    "sg.compile: %s is %d statements in C, which are about %d s of work for a "
                    "compiler, once; target='vm' runs real numbers at once, about half as fast",
                    self.options.name, len(computed), round(len(computed) / _A_SECOND),
                )  # fmt: skip
            if not straight.whole(computed, later):
                straight.run(computed, [k for k, _ in later])
                self._copy(later)
        options, stored = self.options, range(len(self.args))
        return NativeSource(
            self._file(), options.name, options.symbols,
            tuple(k for k in stored if self.args[k] in self.updates), (), 2,
        )  # fmt: skip

    def _results(self) -> list[tuple[int, str]]:
        """Where computed outputs go at once; what is copied at the end: (value, target)."""
        later: list[tuple[int, str]] = []
        place, results = self.straight.place, self.straight.results
        for number, entries in enumerate(self.code.outputs, 1):
            for at, k in enumerate(entries):
                if place[k] is None:
                    results.setdefault(k, []).append(f"y{number}[{at}]")
                else:
                    later.append((k, f"y{number}[{at}]"))
        places = dict(zip(self.args, self.straight.arguments, strict=True))
        for variable, entries in zip(self.updates, self.code.updates, strict=True):
            later += [(k, f"{places[variable]}[{at}]") for at, k in enumerate(entries)]
        return later

    def _copy(self, later: Sequence[tuple[int, str]]) -> None:
        """Read everything before anything is written: new values come of the old ones."""
        straight, place = self.straight, self.straight.place
        updated = {
            name for name, v in zip(straight.arguments, self.args, strict=True) if v in self.updates
        }
        moved: dict[int, str] = {}
        copied = [(target, text) for text, target in straight.late]
        for k, _ in later:
            text = place[k]
            if text is not None and text.split("[")[0] in updated and k not in moved:
                real = self.code.storages[k] == "real"
                moved[k] = f"{'m' if real else 'k'}[{straight.room(1, real)}]"
                copied.append((moved[k], text))
        copied += [(target, moved.get(k) or place[k] or "") for k, target in later]
        straight.copy(copied)

    # --- text ---------------------------------------------------------------------------------

    def _file(self) -> str:
        name, w, straight = self.options.name, self.w, self.straight
        calls = [f"    {name}_{k + 1}(f);" for k in range(len(straight.functions))]
        calls_of_functions = sum(
            many for op, many in Counter(self.code.ops).items() if op in FUNCTIONS
        )
        inline = self.rolled is not None or calls_of_functions <= _INLINED
        parts = [
            f"/* {comment(self._title())} */".replace("\\", "\\\\"),
            _MIXED if self.rolled is not None else "",
            prelude(w.functions, w.real, inline),
            *straight.data,
            "" if self.rolled is not None else _SINGLE,
            *straight.functions,
            _MIXED_END if self.rolled is not None else "",
            self._plan(),
            "\n".join([f"i64 {name}_run(const sg_frame *f)", "{", *calls, "    return 0;", "}"]),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _title(self) -> str:
        names = zip(self.straight.arguments[:_TITLED], self.args, strict=False)
        text = f"{self.options.name}: {', '.join(f'{short}: {v.name}' for short, v in names)}"
        return text.replace("*/", "* /").replace("/*", "/ *")

    def _plan(self) -> str:
        straight, real = self.straight, self.w.real
        return "\n".join([
            f"i64 {self.options.name}_plan(const i64 *n, i64 *o)", "{", "    (void)n;",
            "    o[0] = 0;", f"    o[1] = sg_bytes({straight.reals}, sizeof({real}));",
            f"    return o[1] + sg_bytes({straight.wholes}, 8);", "}",
        ])  # fmt: skip
