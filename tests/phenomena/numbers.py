"""The stored numbers of the lectures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["NUMBERS"]

_PLACE = Path(__file__).parents[1] / "lectures" / "lecture_numbers.json"
NUMBERS: dict[str, Any] = json.loads(_PLACE.read_text("utf-8"))
