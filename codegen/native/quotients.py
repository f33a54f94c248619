"""Quotients of programs of numbers: a divisor that many share is divided by once.

Processors finish one division in the time of ten products. Terms of a sum with one divisor are
added up first, a/d - b/d = (a - b)/d, and what is left is multiplied by 1/d, by 1/b twice where d
is the square of a root b or of another divisor b. The reciprocal of a divisor below all normal
numbers would be infinite: such a divisor is taken 2**200 times, and the quotient too, which changes
no digit. Roots are never so small, and the squares of such divisors are 0.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from symgraph.codegen.native.scalars import Instructions

__all__ = ["share_divisors"]

_SUMS = ("add", "subtract", "negative")


class _Range(NamedTuple):
    """What divisors are taken times `scale`: those below `least`."""

    least: float
    scale: float


_RANGES = {"double": _Range(2.0**-1000, 2.0**200), "float": _Range(2.0**-120, 2.0**60)}


def share_divisors(code: Instructions, real: str) -> Instructions:
    """The same values with fewer divisions; the code itself when no divisor is shared."""
    divisors = [code.operands[k][1] for k in range(len(code.ops)) if _divides(code, k)]
    divisors = [d for d in divisors if code.ops[d] != "number"]
    known = set(divisors)
    bases = {d: _base(code, d, known) for d in known}
    count = Counter(bases[d] for d in divisors)
    shared = {d for d in divisors if count[bases[d]] > 1}
    return _Rewriter(code, shared, _RANGES[real]).code if shared else code


def _divides(code: Instructions, k: int) -> bool:
    """Whether value k is a quotient by a real number."""
    return code.ops[k] == "divide" and code.storages[code.operands[k][1]] == "real"


def _root(code: Instructions, d: int, divisors: Collection[int]) -> int | None:
    """The square root or divisor that value d is the square of."""
    op, operands = code.ops[d], code.operands[d]
    is_square = op == "square" or (op == "multiply" and operands[0] == operands[1])
    if not is_square or not (operands[0] in divisors or code.ops[operands[0]] == "sqrt"):
        return None
    return operands[0]


def _base(code: Instructions, d: int, divisors: Collection[int]) -> int:
    """What d is the square of, or the square of the square, and so on."""
    root = _root(code, d, divisors)
    while root is not None:
        d, root = root, _root(code, root, divisors)
    return d


class _Rewriter:
    """Goes through the old code once; `new[k]` is the number of old value k."""

    def __init__(self, old: Instructions, shared: set[int], reach: _Range) -> None:
        self.old, self.shared, self.reach = old, shared, reach
        self.code = Instructions()
        self.numbers: dict[float, int] = {}
        self.factors: dict[int, tuple[int, ...]] = {}  # by old divisors: their product is 1/d
        self.singles: dict[int, int] = {}  # that product
        self.new = [-1] * len(old.ops)
        self.reads = Counter(itertools.chain.from_iterable(old.operands))
        self.reads.update(dict.fromkeys(old.roots, 2))
        self.inner = self._inner()
        for k in range(len(old.ops)):
            if k not in self.inner:
                self._value(k)
        self.code.outputs = [[self.new[k] for k in entries] for entries in old.outputs]
        self.code.updates = [[self.new[k] for k in entries] for entries in old.updates]

    def _is_sum(self, k: int) -> bool:
        return self.old.ops[k] in _SUMS and self.old.storages[k] == "real"

    def _inner(self) -> set[int]:
        """Sums and shared quotients that nothing but one sum reads."""
        old, found = self.old, set[int]()
        for k in range(len(old.ops)):
            if self._is_sum(k):
                for a in old.operands[k]:
                    parts = _divides(old, a) and old.operands[a][1] in self.shared
                    if self.reads[a] == 1 and (parts or self._is_sum(a)):
                        found.add(a)
        return found

    def _value(self, k: int) -> None:
        if self._is_sum(k) and any(a in self.inner for a in self.old.operands[k]):
            self._sum(k)
        elif self._is_shared(k):
            self.new[k] = self._quotient(self.new[self.old.operands[k][0]], k, k)
        else:
            self._copy(k)

    def _copy(self, k: int) -> None:
        old, code = self.old, self.code
        operands = tuple([self.new[a] for a in old.operands[k]])
        self.new[k] = code.add(old.ops[k], operands, old.storages[k], old.nodes[k])
        if k in old.numbers:
            code.numbers[self.new[k]] = old.numbers[k]
        if k in old.entries:
            code.entries[self.new[k]] = old.entries[k]

    def _sum(self, k: int) -> None:
        """A sum with all inside of it: terms with one divisor where the first of them stands."""
        terms, inside = self._terms(k)
        groups: dict[int, list[tuple[bool, int]]] = {}
        for minus, a in terms:
            if a in self.inner:
                groups.setdefault(self.old.operands[a][1], []).append((minus, a))
        if all(len(group) == 1 for group in groups.values()):
            for a in sorted(inside):
                if self._is_shared(a):
                    self.new[a] = self._quotient(self.new[self.old.operands[a][0]], a, a)
                else:
                    self._copy(a)
            self._copy(k)
            return
        added: list[tuple[bool, int]] = []
        for minus, a in terms:
            if a not in self.inner:
                added.append((minus, self.new[a]))
                continue
            group = groups.pop(self.old.operands[a][1], [])
            if group:
                tops = [(sign, self.new[self.old.operands[b][0]]) for sign, b in group]
                sign, top = self._added(tops)
                added.append((sign, self._quotient(top, a, None)))
        sign, total = self._added(added)
        self.new[k] = self._real("negative", total) if sign else total
        self.code.nodes[self.new[k]] = self.old.nodes[k]

    def _terms(self, k: int) -> tuple[list[tuple[bool, int]], list[int]]:
        """The terms from left to right, each with whether it is taken away, and what is inside."""
        terms: list[tuple[bool, int]] = []
        inside: list[int] = []
        todo = [(False, k)]
        while todo:
            minus, a = todo.pop()
            if a != k and a in self.inner:
                inside.append(a)
            if a == k or (a in self.inner and self._is_sum(a)):
                op, operands = self.old.ops[a], self.old.operands[a]
                signs = [minus ^ (op == "negative"), minus ^ (op == "subtract")]
                todo += reversed(list(zip(signs, operands, strict=False)))
            else:
                terms.append((minus, a))
        return terms, inside

    def _added(self, terms: Sequence[tuple[bool, int]]) -> tuple[bool, int]:
        """A sum of new values and whether it is to be taken away.

        Neighbours are added first, then these sums: each has to wait for few others.
        """
        signed = list(terms)
        while len(signed) > 1:
            pairs = [signed[k : k + 2] for k in range(0, len(signed), 2)]
            signed = [self._pair(*pair) if len(pair) > 1 else pair[0] for pair in pairs]
        return signed[0]

    def _pair(self, first: tuple[bool, int], second: tuple[bool, int]) -> tuple[bool, int]:
        """The sum of two terms, taken away where both are."""
        (minus, a), (other, b) = first, second
        if minus == other:
            return minus, self._real("add", a, b)
        return False, self._real("subtract", *((b, a) if minus else (a, b)))

    # --- divisions ----------------------------------------------------------------------------

    def _is_shared(self, k: int) -> bool:
        return _divides(self.old, k) and self.old.operands[k][1] in self.shared

    def _quotient(self, top: int, k: int, noted: int | None) -> int:
        """`top` by the divisor of old value k; the node of `noted` goes with it."""
        for factor in self._reciprocal(self.old.operands[k][1]):
            top = self._real("multiply", top, factor)
        if noted is not None:
            self.code.nodes[top] = self.old.nodes[noted]
        return top

    def _reciprocal(self, d: int) -> tuple[int, ...]:
        """Factors that multiply with anything to its quotient by old value d."""
        squares: list[int] = []
        while d not in self.factors:
            inner = _root(self.old, d, self.shared)
            if inner is None:
                self.factors[d] = self._made(d)
                break
            squares.append(d)
            d = inner
        for square in reversed(squares):
            self.factors[square] = (self._single(d),) * 2
            d = square
        return self.factors[d]

    def _single(self, d: int) -> int:
        """The reciprocal of d in one number, infinite where d has no square."""
        if d not in self.singles:
            first, *others = self.factors[d]
            for factor in others:
                first = self._real("multiply", first, factor)
            self.singles[d] = first
        return self.singles[d]

    def _made(self, d: int) -> tuple[int, ...]:
        is_root, one, d = self.old.ops[d] == "sqrt", self._number(1.0), self.new[d]
        if is_root:
            return (self._real("divide", one, d),)
        operands = (self._real("abs", d), self._number(self.reach.least))
        is_small = self.code.add("less", operands, "boolean", None)
        scale = self._real("where", is_small, self._number(self.reach.scale), one)
        return self._real("divide", one, self._real("multiply", d, scale)), scale

    def _number(self, value: float) -> int:
        if value not in self.numbers:
            self.numbers[value] = self.code.add("number", (), "real", None)
            self.code.numbers[self.numbers[value]] = value
        return self.numbers[value]

    def _real(self, op: str, *operands: int) -> int:
        return self.code.add(op, operands, "real", None)
