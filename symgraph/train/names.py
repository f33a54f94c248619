"""Names that a user mistyped: the error and the nearest names that exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from symgraph.errors import UnknownNameError

__all__ = ["check_same_names", "unknown_name"]


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


def check_same_names(where: str, given: Iterable[str], wanted: Iterable[str]) -> None:
    """Raise UnknownNameError unless a file holds what a model has, and nothing else."""
    held, known = list(given), list(wanted)
    for name in held:
        if name not in known:
            raise unknown_name(where, "a parameter or state", name, known)
    for name in known:
        if name not in held:
            raise UnknownNameError(
                f"{where} has no {name!r}; it holds {', '.join(map(repr, held)) or 'nothing'}. "
                "Load it into the model it was saved from."
            )
