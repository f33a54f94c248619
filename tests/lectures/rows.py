"""What the lectures' rows print: every row that asks for a derivation, as data.

A row names a builder of `symgraph.zoo`, what to differentiate by, and the lines of the result as
the lecture writes them. `text` and `latex` are the names and the results, a line each, in their
order; `given` are the definitions above them.
"""

from __future__ import annotations

from lectures.basics import BASICS
from lectures.indexed import INDEXED
from lectures.networks import NETWORKS
from lectures.row import Row
from lectures.sequences import SEQUENCES

__all__ = ["ROWS", "Row"]

ROWS: tuple[Row, ...] = (*BASICS, *NETWORKS, *SEQUENCES, *INDEXED)
