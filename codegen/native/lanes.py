"""Quotients by roots as products with reciprocals, a whole vector of them at a time.

Divisions and roots share one slow unit of a processor. Where it knows reciprocals to some bits, a
step of Newton's method on other units gives them all while the next roots are computed. A product
with a reciprocal has an error of at most 1.5 units in the last place, a quotient one of 0.5.

The method takes what lies far from the ends of the range of numbers, and 0 and infinity: sums of
roots do, which is what optimizers divide by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from symgraph.codegen.basic import op_of
from symgraph.codegen.native.latency import PLAIN
from symgraph.node import Node
from symgraph.ops.leaves import Fill
from symgraph.shapes import Dim

__all__ = ["Stages", "fills_vectors", "has_no_rest", "in_vector", "stages"]


class Stages(NamedTuple):
    """Operations of a loop before its quotients, their divisors, and all others."""

    early: list[Node]
    divisors: list[Node]
    late: list[Node]

    def read_by(self, node: Node) -> tuple[Node, ...]:
        """What an operation reads besides reciprocals."""
        return node._args[:1] if op_of(node) == "divide" else node._args


def stages(maps: Sequence[Node], real: str) -> Stages | None:
    """How operations on entries fall into stages; None where reciprocals would not help."""
    ops = {node: op_of(node) for node in maps}
    roots = list(ops.values()).count("sqrt")
    quotients = [node for node, op in ops.items() if op == "divide"]
    if not quotients or roots < len(quotients) or not _are_short(ops):
        return None
    late = set(quotients)
    for node in maps:
        if not late.isdisjoint(node._args):
            late.add(node)
    divisors = list(dict.fromkeys(node._args[1] for node in quotients))
    if any(d not in ops or d in late or _span(d, real) is None for d in divisors):
        return None
    early = [node for node in maps if node not in late]
    return Stages(early, divisors, [node for node in maps if node in late])


def _are_short(ops: dict[Node, str | None]) -> bool:
    """Whether all are operations on reals that take a few instructions, roots or quotients."""
    return all(
        (op in PLAIN or op in ("divide", "sqrt"))
        and node.kind == "real"
        and all(arg.kind == "real" or type(arg) is Fill for arg in node._args)
        for node, op in ops.items()
    )


def in_vector(real: str) -> int:
    """The numbers of a vector of 64 bytes, the longest there is."""
    return 16 if real == "float" else 8


def fills_vectors(size: Dim, real: str) -> bool:
    """Whether rows of a size may have a whole vector."""
    return not isinstance(size, int) or size >= in_vector(real)


def has_no_rest(size: Dim, real: str) -> bool:
    """Whether rows of a size are whole vectors."""
    return isinstance(size, int) and size % in_vector(real) == 0


def _span(node: Node, real: str) -> tuple[float, float] | None:
    """The least and the largest that a value can be besides 0, infinity and NaN.

    None for one that may be negative, or have no normal reciprocal.
    """
    limits = np.finfo(np.float32 if real == "float" else np.float64)
    found = _range_of(node, float(limits.smallest_subnormal), float(limits.max))
    smallest = float(limits.smallest_normal)
    far = found is not None and found[0] > 4 * smallest and found[1] < 1 / (4 * smallest)
    return found if far else None


def _range_of(node: Node, least: float, largest: float) -> tuple[float, float] | None:
    """The same for values between two limits, wherever their reciprocals lie."""
    if type(node) is Fill:
        known = isinstance(node.value, (int, float)) or not node.value.free_symbols
        value = float(node.value) if known else -1.0
        return (value, value) if 0 < value <= largest else None
    op = op_of(node)
    if op == "sqrt":
        return math.sqrt(least), math.sqrt(largest)
    if op not in ("add", "multiply", "maximum"):
        return None
    parts = [_range_of(arg, least, largest) for arg in node._args]
    if parts[0] is None or parts[1] is None:
        return None
    (low, high), (other_low, other_high) = parts[0], parts[1]
    if op == "multiply":
        return low * other_low, high * other_high
    return min(low, other_low), high + other_high
