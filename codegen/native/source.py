"""Emitted C: the text, and all that the Python side needs to know in order to call it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy

from symgraph.shapes import Shape

if TYPE_CHECKING:
    from symgraph.codegen.native.memory import Buffer
    from symgraph.codegen.native.writer import Line

__all__ = ["NativeSource", "Site"]


@dataclass(frozen=True)
class Site:
    """A place that may refuse to go on, and what it says then.

    `text` may contain {0} to {3}, the numbers that the place left in `detail`; {place}, an index
    as a tuple; {word}: nan, inf or -inf for detail[1] = 0, 1, 2.
    """

    error: str  # the name of a class of symgraph.errors
    text: str
    shape: Shape | None = None  # {place} is the index of entry detail[0] of such an array


@dataclass(frozen=True)
class NativeSource:
    """Emitted C, and how it is called.

    `sizes` are the symbols that `n` holds, in order; `stored` the numbers of the arguments that are
    updated in place; site k + 1 is `sites[k]`; `buffers` counts the offsets that `plan` writes;
    `lines` and `memory` are what the functions hold and which buffers they have, for reports.
    """

    text: str
    name: str
    sizes: tuple[sympy.Symbol, ...]
    stored: tuple[int, ...]
    sites: tuple[Site, ...]
    buffers: int
    lines: tuple[Line, ...] = ()
    memory: tuple[Buffer, ...] = ()
    divided: bool = False  # among threads
