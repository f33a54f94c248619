"""Straight-line C: one statement a number, cut into functions of moderate length.

Compilers take more than linear time for long functions, and their code becomes slower; what one
function hands to another lies in a vector of memory, whose places are used again. A program that
fits into one function needs no such memory.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from symgraph.codegen.module_text import ROLES
from symgraph.codegen.native.operations import expression, known_logarithm
from symgraph.codegen.native.scalars import Instructions
from symgraph.codegen.native.writer import CWriter
from symgraph.ops.leaves import Var

__all__ = ["LINES", "PAIRS", "PARTS", "StraightWriter", "named"]

LINES = 150  # stores in one function
_CHUNK = 150  # statements in one function of many
_WHOLE = 600  # statements of a program that is one function
_CHUNKED = 1.5  # a tail shorter than half a chunk joins the chunk before

#: Functions of one operand that are cheap together: the partner, and the function that returns the
#: first and writes the second.
PAIRS: dict[str, tuple[str, str]] = {
    "sin": ("cos", "sin_cos"), "cos": ("sin", "sin_cos"),
}  # fmt: skip
#: An array where an entry of it, or the address of one, is written; no longer name ends like one.
_ARRAY = re.compile(r"([a-z]\d*+)(?:\[| \+ )")
#: Of a program, in their order; a comment says where each begins.
PARTS: tuple[str, ...] = ("forward", "backward", "update")
_FIRST = {"sin"}


class StraightWriter:
    """Writes functions that compute some values of a program after others.

    `place[k]` says where value k can be read: an entry of an argument, of memory, or a number.
    """

    def __init__(
        self, code: Instructions, args: Sequence[Var], w: CWriter, name: str,
        note: Callable[[int], str] | None,
    ) -> None:  # fmt: skip
        self.code, self.w, self.name, self.note = code, w, name, note
        self.functions: list[str] = []
        self.sections: Mapping[Any, str] = {}  # of PARTS, by node, where there are several
        self._later = PARTS  # the parts that have not begun
        self.data: list[str] = []  # tables of constants
        self.late: list[tuple[str, str]] = []  # (place, target) of results to be copied at the end
        self.place: list[str | None] = [None] * len(code.ops)
        self.arguments = named(args)
        real = w.ctype("real")
        #: How arrays are declared, by their names.
        self.declarations = {
            "m": f"{real} *const restrict m = ({real} *)(f->w + f->o[0]);",
            "k": "i64 *const restrict k = (i64 *)(f->w + f->o[1]);",
        }
        self.results: dict[int, list[str]] = {}  # where a value is to be written as it is computed
        self.reals = self.wholes = 0  # memory in use, in numbers
        self._free: dict[bool, list[int]] = {True: [], False: []}
        self._partner = _partners(code)
        self._forms: dict[Hashable, str] = {}  # by operation, where all is real
        self._is_real = {"real"}.issuperset(code.storages)
        self._numbers = {k: w.number(n, code.storages[k]) for k, n in code.numbers.items()}
        for k, number in self._numbers.items():
            self.place[k] = number
        for k, (argument, position) in code.entries.items():
            self.place[k] = f"{self.arguments[argument]}[{position}]"

    def room(self, count: int, real: bool = True) -> int:
        """Fresh memory for so many numbers; where it begins."""
        if real:
            self.reals += count
            return self.reals - count
        self.wholes += count
        return self.wholes - count

    # --- functions ----------------------------------------------------------------------------

    def whole(self, values: Sequence[int], stores: Sequence[tuple[int, str]]) -> bool:
        """One function that computes these values and then stores some; False: they are too many.

        All that is stored was read or computed before the first store.
        """
        if not 0 < len(values) + len(stores) <= _WHOLE:
            return False
        self._function(0, values, {}, stores)
        return True

    def run(self, values: Sequence[int], kept: Iterable[int]) -> None:
        """Functions that compute these values in their order; `kept` are read after all of them."""
        chunks = [values[at : at + _CHUNK] for at in range(0, len(values), _CHUNK)]
        if len(chunks) > 1 and len(chunks[-1]) < _CHUNK * (_CHUNKED - 1):
            chunks[-2:] = [[*chunks[-2], *chunks[-1]]]
        last = self._last_uses(chunks, kept)
        for number, chunk in enumerate(chunks):
            self._function(number, chunk, last)

    def _last_uses(self, chunks: Sequence[Sequence[int]], kept: Iterable[int]) -> dict[int, int]:
        """The last chunk that reads each value, where that is not the one that computes it."""
        born: dict[int, int] = {}
        last: dict[int, int] = {}
        operands = self.code.operands
        for number, chunk in enumerate(chunks):
            born.update(dict.fromkeys(chunk, number))
            for k in self._partner.keys() & chunk:
                born.setdefault(self._partner[k], number)
            for operand in itertools.chain.from_iterable(map(operands.__getitem__, chunk)):
                if born.get(operand, number) != number:
                    last[operand] = number
        last.update((k, len(chunks)) for k in kept if k in born)
        return last

    def _function(
        self, number: int, chunk: Sequence[int], last: dict[int, int],
        stores: Sequence[tuple[int, str]] = (),
    ) -> None:  # fmt: skip
        """One function; what later ones read is written to memory."""
        code, place, partners, note = self.code, self.place, self._partner, self.note
        ops, operands_of, results = code.ops, code.operands, self.results
        nodes, section_of = code.nodes, self.sections.get
        local = dict(self._numbers)
        lines: list[str] = []
        inside: list[int] = []
        outside: list[int] = []  # what is read from memory and from arguments, in this order
        arrays: list[str] = []  # that the lines mention

        def read(k: int) -> str:
            text = place[k]
            assert text is not None
            outside.append(k)
            arrays.append(text[: text.index("[")])
            prefix = "a" if ops[k] == "input" else "v"
            found = local[k] = f"{prefix}{k}"
            lines.append(f"const {self.w.ctype(code.storages[k])} {found} = {text};")
            return found

        def write(target: str, name: str) -> None:
            arrays.append(target[: target.index("[")])
            lines.append(f"{target} = {name};")

        def written(k: int) -> None:
            for target in results.get(k, ()):
                write(target, local[k])
            if k in last:
                inside.append(k)

        for k in chunk:
            operands = operands_of[k]
            if k in local or place[k] is not None:
                outside += operands
                continue
            section = section_of(nodes[k])
            if section in self._later:
                self._later = PARTS[PARTS.index(section) + 1 :]
                lines.append(f"/* --- {section} */")
            names = [local.get(a) or read(a) for a in operands]
            if k in partners:
                partner = partners[k]
                if place[partner] is None and partner not in local:
                    lines.extend(self._both(k, partner, names[0], local))
                    written(k)
                    written(partner)
                    continue
            name = local[k] = f"v{k}"
            line = self._form(k).format(*names, name)
            lines.append(line if note is None else line + note(k))
            if k in results or k in last:
                written(k)
        for k in inside:
            text = place[k] = self._kept(k)
            write(text, local[k])
        self._release(outside, number, last)
        stored = [(target, local.get(k) or read(k)) for k, target in stores]
        for target, name in stored:
            write(target, name)
        self.add(lines, dict.fromkeys(arrays))

    def _form(self, k: int) -> str:
        """The statement that computes value k; its operands are left open, and its name."""
        code, w = self.code, self.w
        op, operands, storage = code.ops[k], code.operands[k], code.storages[k]
        if op == "power" and operands[0] in code.numbers and storage == "real":
            logarithm = known_logarithm(w, code.numbers[operands[0]])
            if logarithm is not None:
                text = f"{w.function('power_of')}({{1}}, {', '.join(logarithm)})"
                return f"const {w.ctype(storage)} {{2}} = {text};"
        key = op if self._is_real else (op, storage, *[code.storages[a] for a in operands])
        found = self._forms.get(key)
        if found is None:
            places = [f"{{{at}}}" for at in range(len(operands) + 1)]
            kinds = [code.storages[a] for a in operands]
            text = expression(w, op, places[:-1], kinds, storage)
            found = self._forms[key] = f"const {w.ctype(storage)} {places[-1]} = {text};"
        return found

    def _both(self, k: int, partner: int, operand: str, local: dict[int, str]) -> list[str]:
        """Two functions of one operand in one call."""
        op, kind = self.code.ops[k], self.w.ctype("real")
        first, second = (k, partner) if op in _FIRST else (partner, k)
        local[first], local[second] = f"v{first}", f"v{second}"
        call = f"{self.w.function(PAIRS[op][1])}({operand}, &v{second})"
        return [f"{kind} v{second};", f"const {kind} v{first} = {call};"]

    def _kept(self, k: int) -> str:
        """Memory for a value, used before or fresh."""
        real = self.code.storages[k] == "real"
        free = self._free[real]
        at = free.pop() if free else self.room(1, real)
        return f"{'m' if real else 'k'}[{at}]"

    def _release(self, outside: Iterable[int], number: int, last: dict[int, int]) -> None:
        """Give the memory back that this chunk was the last to read."""
        for operand in dict.fromkeys(outside):
            text = self.place[operand]
            if last.get(operand) == number and text is not None:
                self._free[text[0] == "m"].append(int(text[2:-1]))

    def copy(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Functions that write entries of arrays, each given with the entry or number it gets."""
        for at in range(0, len(pairs), LINES):
            part = pairs[at : at + LINES]
            entries = itertools.chain.from_iterable(part)
            arrays = dict.fromkeys([entry.partition("[")[0] for entry in entries])
            self.add([f"{target} = {text};" for target, text in part], arrays)

    def add(self, lines: Sequence[str], arrays: Iterable[str] | None = None) -> None:
        """A function with this body, which may mention arguments, results and memory.

        `arrays` are those that it mentions, in their order; they are searched for where they are
        not given.
        """
        head = f"static void {self.name}_{len(self.functions) + 1}(const sg_frame *f)"
        found = _mentioned(lines) if arrays is None else arrays
        declared = filter(None, map(self.declarations.get, found))
        body = "\n    ".join([*declared, *lines])
        self.functions.append(f"{head}\n{{\n    {body}\n}}")


def _mentioned(lines: Sequence[str]) -> dict[str, None]:
    """Arrays that lines without comments mention, all of them by entries or in pointers."""
    return dict.fromkeys(_ARRAY.findall("\n".join(lines)))


def named(args: Sequence[Var]) -> list[str]:
    """Identifiers of arguments by their roles: x1, x2, p1, ..."""
    counts: dict[str, int] = {}
    found: list[str] = []
    for variable in args:
        prefix = ROLES[variable.role]
        counts[prefix] = counts.get(prefix, 0) + 1
        found.append(f"{prefix}{counts[prefix]}")
    return found


def _partners(code: Instructions) -> dict[int, int]:
    """For values of functions that are cheap together, the other one."""
    seen: dict[tuple[str, int], int] = {}
    found: dict[int, int] = {}
    if PAIRS.keys().isdisjoint(code.ops):
        return found
    for k, op in enumerate(code.ops):
        if op in PAIRS:
            seen[op, code.operands[k][0]] = k
            other = seen.get((PAIRS[op][0], code.operands[k][0]))
            if other is not None:
                found[k], found[other] = other, k
    return found
