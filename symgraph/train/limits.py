"""Numbers that a user gives, and the range that each must lie in."""

from __future__ import annotations

import math
import numbers
from typing import Any

from symgraph.errors import KindError, RangeError

__all__ = ["check_limit", "check_number"]


def check_number(value: Any, where: str, low: float, top: float) -> None:
    """Raise KindError for what is no number, RangeError for one outside [low, top)."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise KindError(f"{where} is {value!r}, and it must be a number.")
    if not (low <= float(value) < top):
        raise RangeError(
            f"{where} is {value!r}, and it must lie in [{low:g}, {top:g})."
            if top < math.inf
            else f"{where} is {value!r}, and it must be at least {low:g} and finite."
        )


def check_limit(limit: Any, name: str) -> None:
    """Raise RangeError for a limit of gradients that is not positive."""
    check_number(limit, name, 0.0, math.inf)
    if limit == 0:
        raise RangeError(f"{name} is 0, and no gradient would be left; give a positive limit.")
