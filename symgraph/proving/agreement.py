"""Whether two values that a line gives are the same, and what is said where they differ."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph import readback
from symgraph.notation.tree import Sort
from symgraph.printing import Style
from symgraph.readback.tree import Chain, Number, Over, Terms, Tree, walk

__all__ = ["SORTS", "STYLES", "UNREADABLE", "agree", "both", "entries_of", "message"]

STYLES: tuple[Style, ...] = ("text", "unicode", "latex")
UNREADABLE = "it has no form that can be read back"
#: What the reader of formulas calls how a value lies.
SORTS: dict[Sort, readback.Sort] = {
    "scalar": "number", "column": "column", "row": "row", "matrix": "matrix", "tensor": "tensor"
}  # fmt: skip
#: Relative to the largest entry; and what rounding may leave of a zero.
TOLERANCE, ROUNDING = 1e-7, 1e-9


def agree(reference: Any, shown: Any, tree: Tree, lenient: bool) -> bool:
    """Whether two values are the same; a plain number stands for an array of it.

    `lenient`: a column may stand for a row, as of a matrix with a single row nobody can tell.
    """
    if isinstance(reference, readback.Open) and isinstance(shown, readback.Open):
        if reference is shown:
            return True
        reference, shown = (readback.tried(one) for one in (reference, shown))
    if isinstance(reference, readback.Open):
        reference, shown = shown, reference
    if isinstance(shown, readback.Open):
        shown = readback.sized(shown, reference)
    if not isinstance(shown, readback.Value):
        return False
    exact, given = (np.asarray(one.array, dtype=float) for one in (reference, shown))
    if given.ndim == 0 and _is_number(tree):
        given = np.broadcast_to(given, exact.shape)
    if lenient and exact.ndim == 2 and exact.shape == given.shape[::-1] and 1 in exact.shape:
        given = given.reshape(exact.shape)
    if exact.shape != given.shape and not exact.size == given.size == 1:
        return reference.sort == shown.sort == "number" and _is_equal(exact, given)
    return _is_equal(exact.reshape(given.shape), given)


def _is_number(tree: Tree) -> bool:
    """Whether nothing but numbers is written, as in -1 or (1/4) · 2."""
    return all(isinstance(one, (Number, Terms, Chain, Over)) for one in walk(tree))


def _is_equal(exact: NDArray[Any], given: NDArray[Any]) -> bool:
    """Equal up to rounding; what is not finite says nothing."""
    try:
        exact, given = np.broadcast_arrays(exact, given)
    except ValueError:
        return False
    if not np.all(np.isfinite(exact)) or not np.all(np.isfinite(given)):
        raise readback.Undetermined("its value is not finite")
    size = np.max(np.abs(exact), initial=0)
    return bool(np.all(np.abs(given - exact) <= TOLERANCE * size + ROUNDING))


def both(reference: Any, shown: Any) -> str:
    one, other = (
        np.array2string(np.ravel(x.array)[:4], precision=6) if isinstance(x, readback.Value) else x
        for x in (reference, shown)
    )
    return f"at a random point one side is {one}, the other {other}"


def message(written: str, why: str, task: str = "derive") -> str:
    return (
        f"{task}: the line {written!r} is not true: {why}. This is a mistake in symgraph; "
        "nothing was printed."
    )


_NUMBERED = re.compile(r"([^\W\d_]+)_?\{?(\d+|[₀-₉]+)\}?('*)")
_TIMED = re.compile(r"([^\W\d_]+)_\{?([^{}_]+)\}?")
_RAISED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def entries_of(name: str, small: Collection[str]) -> str:
    """The name that the entries of an array have, their indices left out.

    The number of a layer or the time stands above them; those of a name in `small` are small.

    >>> entries_of("W1", {"W1"}), entries_of("s_{t-1}", ()), entries_of("W^(2)", {"W^(2)"})
    ('w^(1)', 's^{t-1}', 'w^(2)')
    """
    if found := _NUMBERED.fullmatch(name):
        stem, above = found[1], f"^({found[2].translate(_RAISED)}){found[3]}"
    elif found := _TIMED.fullmatch(name):
        stem, above = found[1], f"^{{{found[2]}}}"
    else:
        stem, hat, rest = name.partition("^")
        above = hat + rest
    return (stem.lower() if name in small else stem) + above
