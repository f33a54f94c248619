"""Who computes which entries when a unit of a program is divided among threads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from symgraph.codegen.native.accesses import Access, Axis, UnitCode, indices
from symgraph.codegen.native.positions import ONE, Polynomial

__all__ = [
    "ALONE", "ANY", "CHECKED", "OWN", "Division", "Owner", "Share", "State", "Touch", "clashes",
    "is_size", "may_divide", "owner_of", "span",
]  # fmt: skip


class Share(NamedTuple):
    """Who owns an entry: of `size` indices with a stride the share of each thread, from `first`."""

    size: Polynomial
    stride: Polynomial
    first: Polynomial


class _Kind(NamedTuple):
    name: str


#: The first thread computes it; every thread may touch every entry; each has entries of its own;
#: each has tested its own.
Owner = Share | _Kind
ALONE, ANY, OWN, CHECKED = (_Kind(name) for name in ("alone", "any", "own", "checked"))


class Touch(NamedTuple):
    """What happens to an array, by whom, and between which entries if that is known."""

    array: str
    writes: bool
    owner: Owner
    span: tuple[int, int] | None = None


State = dict[str, set[Touch]]


class Division(NamedTuple):
    """An axis is cut into pieces of `size` things, of which each has `each` entries."""

    axis: Axis
    size: Polynomial
    each: Polynomial


@dataclass(frozen=True)
class Ranges:
    """The sizes of everything that runs from 0 within a unit."""

    code: UnitCode
    others: Mapping[str, Polynomial]  # loops over time, and positions that were tested

    @property
    def sizes(self) -> dict[str, Polynomial]:
        """By name."""
        return {**self.others, **self.code.bounds, **self.code.sizes()}


def clashes(touches: Iterable[Touch], state: Mapping[str, Iterable[Touch]]) -> bool:
    """Whether a thread would touch what another one has written, or write what another read."""
    return any(_clash(touch, other) for touch in touches for other in state.get(touch.array, ()))


def _clash(a: Touch, b: Touch) -> bool:
    """Whether one thread may touch what another one writes."""
    if not (a.writes or b.writes) or (a.owner == b.owner and a.owner != ANY):
        return False
    apart = a.span and b.span and (a.span[1] < b.span[0] or b.span[1] < a.span[0])
    return not apart


def is_size(names: Sequence[str]) -> bool:
    """Whether these are sizes of arguments."""
    return all(re.fullmatch(r"n\d+", name) for name in names)


def may_divide(code: UnitCode, axis: Axis) -> bool:
    """Whether all that is written is written inside of an axis, and nothing else is changed."""
    if axis.place == 2:
        return False  # the sums of a product
    inside = range(axis.line, axis.last + 1)
    if any(line not in inside for line in code.stores):
        return False
    own = {name for name, line in code.declared if line in inside}
    if any(line in inside and name not in own for name, line in code.assigned):
        return False
    return is_free(code, axis)


def is_free(code: UnitCode, axis: Axis) -> bool:
    """Whether no size depends on the index of an axis."""
    return axis.name not in {
        name for other in code.axes for name in indices(other.size, code.atoms)
    }


def owner_of(ranges: Ranges, access: Access, division: Division) -> Owner:
    """Whose entries these are when an axis is divided."""
    code, axis = ranges.code, division.axis
    if access.at is None or axis.name not in access.loops:
        return ANY
    parts = access.at.by(axis.name)
    if parts is None or not parts[0].terms:
        return ANY
    if any(axis.name in code.atoms.get(name, ()) for name in access.at.names):
        return ANY
    factor, rest = parts
    stride = factor * division.each
    whole = stride * division.size
    sizes = ranges.sizes
    reach, first = factor * (division.each - ONE), Polynomial({})
    for names, count in rest.terms.items():
        term = Polynomial({names: count})
        if term.over(whole) is not None:
            continue
        running = [name for name in names if name in sizes]
        if count < 0 or len(running) > 1 or any("(" in name for name in names):
            return ANY
        if not running:
            if is_size(names):
                first += term
                continue
            return ANY
        by = term.by(running[0])
        assert by is not None
        reach += by[0] * (sizes[running[0]] - ONE)
    if (stride - reach - first).is_positive():
        return Share(division.size, stride, Polynomial({}))
    if (stride - reach).is_positive():
        return Share(division.size, stride, first)
    return ANY


def span(ranges: Ranges, access: Access) -> tuple[int, int] | None:
    """The first and the last entry, if they are numbers."""
    if access.at is None:
        return None
    sizes = ranges.sizes
    low = high = 0
    for names, count in access.at.terms.items():
        top = Polynomial({(): count})
        for name in names:
            if name not in sizes:
                return None
            top *= sizes[name] - ONE
        if top.number is None or count < 0:
            return None
        low += count if not names else 0
        high += top.number
    return low, high
