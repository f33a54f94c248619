"""All rows of the table, in its order."""

from __future__ import annotations

from identities import further, learning, vectors
from identities.row import Row

__all__ = ["ROWS"]

ROWS: tuple[Row, ...] = (*vectors.ROWS, *learning.ROWS, *further.ROWS)
