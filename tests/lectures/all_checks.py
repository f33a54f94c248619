"""All checks of all rows: importing this fills the list."""

from __future__ import annotations

from importlib import import_module

from lectures.checks import Check, checks_of
from lectures.table import LECTURES

__all__ = ["ALL"]

# Each of them adds its own.
for _module in (
    "compiled",
    "derivations",
    "drawings",
    "numbers_of_counts",
    "numbers_of_features",
    "numbers_of_gates",
    "numbers_of_networks",
    "numbers_of_sequences",
    "numbers_of_training",
    "numbers_of_units",
    "structure",
    "structure_drawn",
    "structure_printed",
):
    import_module(f"lectures.{_module}")

ALL: tuple[Check, ...] = tuple(one for row in LECTURES.values() for one in checks_of(row))
