"""A register machine for programs of numbers, for when there is no time to compile.

The machine is one C kernel, built once per machine like all others: it reads instructions of five
numbers (operation, result, three operands) from its first argument and keeps values in registers,
its second one. Truth values are 0 and 1, whole numbers reals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.codegen.native.csizes import CSizes
from symgraph.codegen.native.emit import prelude
from symgraph.codegen.native.operations import expression
from symgraph.codegen.native.scalars import Instructions
from symgraph.codegen.native.source import NativeSource
from symgraph.codegen.native.writer import CWriter
from symgraph.node import Kind, Node

__all__ = ["Assembly", "assemble", "machine"]

_OPERANDS = {
    1: "negative square sqrt exp log sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh "
    "abs floor ceil expm1 log1p iverson logical_not whole_erf whole_erfc",
    2: "add subtract multiply divide power atan2 less less_equal greater greater_equal equal "
    "not_equal logical_and logical_or maximum minimum remainder floor_divide tanh_of",
    3: "where",
}
_ARITY = {name: count for count, names in _OPERANDS.items() for name in names.split()}
_TRUTHS = frozenset("logical_not logical_and logical_or".split())
#: Operations that the machine has besides: reading arguments, writing results, the end.
_MOVES = ("read_real", "read_integer", "read_boolean", "write_real", "write_integer",
          "write_boolean", "stop")  # fmt: skip
_NUMBERS = {name: k for k, name in enumerate((*_ARITY, *_MOVES))}
#: Operations whose whole results come of truth values and constants, and so are small.
_SMALL = frozenset("iverson add subtract multiply negative abs where maximum minimum".split())
_LARGEST = 2**53  # whole numbers up to here are reals


@dataclass
class Assembly:
    """Instructions, the registers before the first of them, and both as text."""

    code: NDArray[np.int32]
    registers: NDArray[Any]
    text: str

    def memory(self) -> list[NDArray[Any]]:
        """The arrays that a workspace gives the machine."""
        return [self.code, self.registers.copy()]


@cache
def machine(real: str) -> NativeSource:
    """The kernel, for float or double."""
    w = CWriter(real, CSizes({}))
    cases = [_case(w, name, count) for name, count in _ARITY.items()]
    for kind in ("real", "integer", "boolean"):
        entry = {"real": real, "integer": "i64", "boolean": "u8"}[kind]
        cases.append(f"read_{kind}: D = (({entry} *)f->a[p[2]])[p[3]]; NEXT")
    for kind in ("real", "integer", "boolean"):
        entry = {"real": real, "integer": "i64", "boolean": "u8"}[kind]
        cases.append(f"write_{kind}: (({entry} *)f->a[p[1]])[p[3]] = ({entry})A; NEXT")
    labels = ", ".join(f"&&{_label(name)}" for name in _NUMBERS)
    body = "\n    ".join(cases)
    text = f"""/* machine: runs instructions of five numbers */

{prelude(w.functions, real, inline=False)}

#define D r[p[1]]
#define A r[p[2]]
#define B r[p[3]]
#define C r[p[4]]
#define NEXT p += 5; goto *go[*p];

i64 machine_plan(const i64 *n, i64 *o)
{{
    (void)n; (void)o;
    return 0;
}}

i64 machine_run(const sg_frame *f)
{{
    static const void *const go[] = {{{labels}}};
    const int *p = f->a[0];
    {real} *const r = f->a[1];
    goto *go[*p];
    {body}
    stop: return 0;
}}
"""
    return NativeSource(text, "machine", (), (), (), 0)


def _label(name: str) -> str:
    return name if name in _MOVES else f"do_{name}"


def _case(w: CWriter, name: str, count: int) -> str:
    """One operation on registers, all of which hold reals."""
    operands = ["A", "B", "C"][:count]
    if name in _TRUTHS:
        operands = [f"({operand} != 0)" for operand in operands]
    kinds: list[Kind] = ["boolean" if name in _TRUTHS else "real"] * count
    return f"{_label(name)}: D = {expression(w, name, operands, kinds, 'real')}; NEXT"


def assemble(
    code: Instructions, real: str, args: Sequence[Node], outputs: Sequence[Node],
    updated: Sequence[int],
) -> Assembly | None:  # fmt: skip
    """The instructions of a program; None where whole numbers may be too large for reals.

    `updated` are the numbers of the arguments that get new values.
    """
    return _Assembler(code, real, args, outputs, updated).run()


@dataclass
class _Assembler:
    code: Instructions
    real: str
    args: Sequence[Node]
    outputs: Sequence[Node]
    updated: Sequence[int]
    words: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    register: dict[int, int] = field(default_factory=dict)
    values: list[float] = field(default_factory=list)
    free: list[int] = field(default_factory=list)

    def run(self) -> Assembly | None:
        """Everything: constants, instructions, results."""
        code = self.code
        if not self._fits():
            return None
        last = self._last_reads()
        for k, value in code.numbers.items():
            self.register[k] = len(self.values)
            self.values.append(float(value))
        for k, op in enumerate(code.ops):
            if op == "number" or k not in last:
                continue
            if op == "input":
                argument, position = code.entries[k]
                op, places = f"read_{code.storages[k]}", [2 + argument, position]
                text = f"argument {argument + 1}[{position}]"
            else:
                operands = code.operands[k]
                places = [self.register[a] for a in operands]
                text = f"{op}({', '.join(f'r{place}' for place in places)})"
                for a in dict.fromkeys(operands):
                    if last[a] == k and code.ops[a] != "number":
                        self.free.append(self.register[a])
            target = self.register[k] = self._fresh()
            self.words += [_NUMBERS[op], target, *places, *[0] * (3 - len(places))]
            self.lines.append(f"r{target} = {text}")
        self._results()
        self.words += [_NUMBERS["stop"], 0, 0, 0, 0]
        dtype = np.float32 if self.real == "float" else np.float64
        return Assembly(
            np.array(self.words, np.int32), np.array([*self.values, 0.0], dtype),
            "\n".join([*self.lines, ""]),
        )  # fmt: skip

    def _fits(self) -> bool:
        """Whether whole numbers come of truth values and small constants only."""
        code = self.code
        for k, (op, kind) in enumerate(zip(code.ops, code.storages, strict=True)):
            if op == "number":
                is_exact = kind != "integer" or abs(code.numbers[k]) <= _LARGEST
            else:
                is_exact = kind != "integer" or op in _SMALL
            if not is_exact or (op not in _ARITY and op not in ("input", "number")):
                return False
        return True

    def _last_reads(self) -> dict[int, int]:
        """The last value that reads each; results are read at the end."""
        code = self.code
        last: dict[int, int] = dict.fromkeys(code.roots, len(code.ops))
        for k in range(len(code.ops) - 1, -1, -1):
            if k in last:
                for a in code.operands[k]:
                    last.setdefault(a, k)
        return last

    def _fresh(self) -> int:
        if self.free:
            return self.free.pop()
        self.values.append(0.0)
        return len(self.values) - 1

    def _results(self) -> None:
        count = len(self.args)
        pairs = [
            (2 + count + k, node, entries)
            for k, (node, entries) in enumerate(zip(self.outputs, self.code.outputs, strict=True))
        ]
        pairs += [
            (2 + k, self.args[k], entries)
            for k, entries in zip(self.updated, self.code.updates, strict=True)
        ]
        for array, node, entries in pairs:
            for at, k in enumerate(entries):
                op = _NUMBERS[f"write_{node.kind}"]
                self.words += [op, array, self.register[k], at, 0]
                what = (
                    f"output {array - 1 - count}" if array >= 2 + count else f"argument {array - 1}"
                )
                self.lines.append(f"{what}[{at}] = r{self.register[k]}")
