"""The columns of a timeline: which times are shown, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import sympy

from symgraph.draw.recurrent.moment import Cell
from symgraph.draw.recurrent.unrolled import Net
from symgraph.errors import DrawError
from symgraph.notation.sequences import Moment
from symgraph.shapes import bind_dim, dim_symbols

__all__ = ["Block", "Column", "Steps", "blocks_of", "count_of"]

#: How many times there are: so many of each loop, or by the sizes of the sequences.
Steps = int | Mapping[sympy.Symbol, int] | None


class Column(NamedTuple):
    """A time and its place in the picture, None for the times that dots stand for."""

    at: float
    moment: Moment | None


class Block(NamedTuple):
    """The loops of one length, one column a time."""

    letter: str
    cells: tuple[Cell, ...]
    columns: tuple[Column, ...]


def blocks_of(net: Net, steps: Steps, most: int, pitch: float = 1.0) -> list[Block]:
    """The columns of all loops; a loop that starts where another ends stands behind it.

    Raises DrawError when `most` leaves no room for the first and the last time.
    """
    if most < 3:
        raise DrawError(f"draw: most={most}; write 3 or more.")
    blocks: list[Block] = []
    at = 0.0
    for letter in dict.fromkeys(cell.letter for cell in _in_order(net)):
        columns: list[Column] = []
        for moment in _moments(net, letter, steps, most):
            columns.append(Column(at, moment))
            at += pitch
        cells = tuple(cell for cell in net.cells if cell.letter == letter)
        blocks.append(Block(letter, cells, tuple(columns)))
        at += 0.5 * pitch
    return blocks


def _in_order(net: Net) -> list[Cell]:
    """The cells, those that another one starts from before it."""
    found: list[Cell] = []
    for cell in net.cells:
        origins = {net.origin(before) for before, _ in cell.states}
        place = len(found)
        for k, other in enumerate(found):
            starts = {net.origin(before) for before, _ in other.states}
            if {after for _, after in cell.states} & starts:
                place = min(place, k)
        found.insert(place if None in origins else len(found), cell)
    return found


def count_of(net: Net, letter: str, steps: Steps) -> int | None:
    """How many times the loops of a letter have, None where that is open."""
    length = net.step.length(letter)
    if isinstance(length, int):
        return length
    if isinstance(steps, Mapping):
        return bind_dim(length, steps) if dim_symbols([length]) <= set(steps) else None
    return steps


def _moments(net: Net, letter: str, steps: Steps, most: int) -> list[Moment | None]:
    count = count_of(net, letter, steps)
    if count is None:
        last = net.step.forward.last[letter]
        return [Moment("", 1), Moment("", 2), None, last]
    if count <= most:
        return [Moment("", k) for k in range(1, count + 1)]
    return [Moment("", 1), Moment("", 2), None, Moment("", count)]
