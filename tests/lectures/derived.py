"""One derivation of a row of the lectures, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Derived"]


@dataclass(frozen=True)
class Derived:
    """One derivation of a row of the lectures; a row may have several.

    It names a builder of `symgraph.zoo`, what to differentiate by, and the lines of the result as
    the lecture writes them. `text` and `latex` are the names and the results, a line each, in their
    order; `given` are the definitions above them.
    `of`: the named value that is differentiated, by default the loss. `build`: options of the
    builder, `options`: of `sg.derive`.
    """

    identity: str
    builder: str
    wrt: str
    text: str
    latex: str = ""
    given: str = ""
    of: str | None = None
    build: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
