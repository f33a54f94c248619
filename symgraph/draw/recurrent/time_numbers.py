"""The numbers of a timeline: forward and backward values of what has a name and a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy

from symgraph.build.unroll import unroll
from symgraph.draw.recurrent.unrolled import Net
from symgraph.evaluate import bind_values, evaluate_above
from symgraph.graph import Graph, graph
from symgraph.node import Node
from symgraph.notation.moments import Previous
from symgraph.notation.sequences import Moment
from symgraph.ops import Const, Fill, Map, Var
from symgraph.ops.leaves import fill
from symgraph.ops.let import bare
from symgraph.rounding import number_latex

__all__ = ["Numbers", "numbers_of", "sizes_of"]

_Key = tuple[str, int]
# A longer vector is not written out.
_SHOWN = 4


@dataclass(frozen=True)
class Numbers:
    """Forward and backward values as they are written, by name and time (0: without a time).

    `slopes` are the derivatives of what is computed entry by entry of one value, `dead` those that
    are zero in every entry.
    """

    forward: Mapping[_Key, str] = field(default_factory=dict)
    backward: Mapping[_Key, str] = field(default_factory=dict)
    slopes: Mapping[_Key, str] = field(default_factory=dict)
    dead: frozenset[_Key] = frozenset()

    def of(self, name: str, moment: Moment | None) -> tuple[str | None, str | None]:
        """What stands beside a vector at a time, nothing for times without a number."""
        if moment is None or moment.letter:
            return None, None
        key = (name, moment.offset)
        return self.forward.get(key), self.backward.get(key)

    def slope(self, name: str, moment: Moment | None) -> tuple[str | None, bool]:
        """The derivative of an entrywise function, and whether it lets nothing through."""
        if moment is None or moment.letter:
            return None, False
        key = (name, moment.offset)
        return self.slopes.get(key), key in self.dead

    def of_start(self, before: Node) -> tuple[str | None, str | None]:
        """What stands beside the value that a loop starts from."""
        assert isinstance(before, Previous)
        start = before.args[0]
        while start.args:
            start = start.args[0]
        name = start.name if isinstance(start, Var) else ""
        return self.forward.get((name, 0)), self.backward.get((name, 0))


def sizes_of(root: Node, values: Mapping[Any, Any] | None) -> dict[sympy.Symbol, int] | None:
    """How many times the given sequences have: loops of different lengths have numbers apart."""
    if values is None:
        return None
    return bind_values([root], _by_name(values))[1] or None


def _by_name(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Values by names: the variables of a loop written out are others."""
    return {str(getattr(key, "name", key)): value for key, value in values.items()}


def numbers_of(root: Node, values: Mapping[Any, Any] | None, net: Net, digits: int) -> Numbers:
    """All values, by writing out the loops."""
    if values is None:
        return Numbers()
    by_name = _by_name(values)
    sizes = {str(symbol): size for symbol, size in (sizes_of(root, values) or {}).items()}
    plain = unroll(root, sizes or None)
    labelled = graph(plain)
    found = labelled.values(by_name)
    forward: dict[_Key, str] = {}
    backward: dict[_Key, str] = {}
    stacked = {net.title(place): entry for place, entry in net.step.moments.entries.items()}
    for vertex in labelled.vertices:
        for table, given in ((forward, found.forward), (backward, found.backward)):
            if vertex.name is not None and vertex in given:
                _enter(table, vertex.name, np.asarray(given[vertex]), digits)
    for title, entry in stacked.items():
        if isinstance(entry.stacked, Var) and entry.stacked.name in by_name:
            rows = np.moveaxis(np.asarray(by_name[entry.stacked.name]), entry.axis, 0)
            for k, row in enumerate(rows, 1):
                forward[title, k] = shown_number(row, digits)
    slopes = _slopes(labelled, by_name)
    dead = frozenset(key for key, value in slopes.items() if not np.any(value))
    written = {key: shown_number(value, digits) for key, value in slopes.items()}
    return Numbers(forward, backward, written, dead)


def _slopes(labelled: Graph, values: Mapping[str, Any]) -> dict[_Key, Any]:
    """The derivative of each function of one value, entry by entry."""
    wanted: dict[_Key, Node] = {}
    for vertex in labelled.vertices:
        node = bare(vertex.node)
        stem, _, number = (vertex.name or "").rpartition("_")
        if not isinstance(node, Map) or not (stem and number.isdigit()):
            continue
        places = [k for k, arg in enumerate(node.args) if not isinstance(bare(arg), (Fill, Const))]
        pulled = None
        if len(places) == 1:
            pulled = node.vjp(fill(1, node.shape, "real"), places[0])
        if pulled is not None:
            wanted[stem, int(number)] = pulled
    roots = labelled.roots
    known, dims = bind_values([*roots, *wanted.values()], values)
    found = evaluate_above(list(wanted.values()), known, dims)
    return {key: np.asarray(found[node]) for key, node in wanted.items()}


def _enter(table: dict[_Key, str], name: str, value: Any, digits: int) -> None:
    """s_3 is s at time 3; what is stacked has its rows as times; the rest has no time."""
    stem, _, number = name.rpartition("_")
    if stem and number.isdigit():
        table[stem, int(number)] = shown_number(value, digits)
        return
    table[name, 0] = shown_number(value, digits)
    for k, row in enumerate(value if value.ndim > 1 else (), 1):
        table.setdefault((name, k), shown_number(row, digits))


def shown_number(value: Any, digits: int) -> str:
    """A number (a vector of one is one), a short vector, else the sizes."""
    array = np.asarray(value)
    if array.size == 1:
        return number_latex(float(array.reshape(())), digits)
    if array.ndim == 1 and array.size <= _SHOWN:
        return "(" + r",\; ".join(number_latex(float(x), digits) for x in array) + ")"
    return r" \times ".join(map(str, array.shape))
