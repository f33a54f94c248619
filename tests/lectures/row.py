"""One derivation of a row of the lectures, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Row"]


@dataclass(frozen=True)
class Row:
    """One derivation of a row of the lectures; a row may have several.

    `of`: the named value that is differentiated, by default the loss. `build`: options of the
    builder, `options`: of `sg.derive`.
    """

    identity: str
    kind: str
    priority: str
    builder: str
    wrt: str
    text: str
    latex: str
    given: str = ""
    of: str | None = None
    build: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
