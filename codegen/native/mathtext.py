"""The functions on numbers that emitted C may call, each with what it needs itself."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["needed"]


def needed(names: Sequence[str], real: str) -> str:
    """The text of these functions for reals of a type, `float` or `double`."""
    return ""
