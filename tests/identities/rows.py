"""All rows of the table, in its order."""

from __future__ import annotations

from identities import further, learning, vectors
from identities.row import Row

__all__ = ["PLANNED", "ROWS"]

#: Rows that are not printed as they should be yet.
PLANNED: tuple[int, ...] = ()

ROWS: tuple[Row, ...] = tuple(
    row for row in (*vectors.ROWS, *learning.ROWS, *further.ROWS) if row.number not in PLANNED
)
