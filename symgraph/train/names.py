"""Names that a user mistyped: the error and the nearest names that exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from symgraph.errors import UnknownNameError

__all__ = ["unknown_name"]


def unknown_name(where: str, what: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that is none of those known, with the nearest one.

    >>> print(unknown_name("fit", "an input", "lable", ["image", "label"]))
    fit: 'lable' is not an input; did you mean 'label'? There are: 'image', 'label'.
    """
    names = list(known)
    folded = {known_name.casefold(): known_name for known_name in names}
    near = difflib.get_close_matches(str(name).casefold(), folded, n=1)
    guess = f"; did you mean {folded[near[0]]!r}?" if near else "."
    there = f" There are: {', '.join(map(repr, names))}." if names else " There is none."
    return UnknownNameError(f"{where}: {name!r} is not {what}{guess}{there}")
