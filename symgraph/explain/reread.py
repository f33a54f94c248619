"""The printed lines of a recurrence read back, and held against the formulas behind them.

`replay` holds the formulas against the gradients; here the text, the Unicode and the LaTeX of every
line are read as strings and evaluated at every time, with the values that were found there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph import readback
from symgraph.errors import ProofError, SymgraphError
from symgraph.explain.derivation import Derivation, Equation, Step
from symgraph.notation.numeric import value
from symgraph.notation.sequences import Entries, Series, Timed
from symgraph.notation.tree import Apply, Derivative, Formula, Name, walk
from symgraph.notation.write import write
from symgraph.printing import Style

__all__ = ["reread"]

Array = NDArray[Any]
Dims = Mapping[sympy.Symbol, int]
STYLES: tuple[Style, ...] = ("text", "unicode", "latex")
TOLERANCE = 1e-7
#: At more times than these a line is read only at the first ones and the last ones.
MOST_TIMES = 4


def reread(
    derivation: Derivation, known: Mapping[str, Any], dims: Dims
) -> list[tuple[Equation | Step, str]]:
    """The lines that cannot be read back, each with the reason.

    `known` has the values of all names, as `replay.carried_out` found them.
    Raises ProofError for a line that says something else than its formula.
    """
    names = _names(derivation, known, dims)
    unread: list[tuple[Equation | Step, str]] = []
    for line in derivation.lines():
        if isinstance(line, Equation) and any(isinstance(one, Entries) for one in line.sides):
            continue  # it tells what the entries of an array are called
        if any(isinstance(part, Apply) for one in _stated(line) for part in walk(one)):
            continue  # an abstract function has its values in the formulas alone
        exact: dict[Any, Any] = {}
        for style in STYLES:
            reason = _reason(line, style, names, exact, known, dims)
            if reason is not None:
                unread.append((line, reason))
                break
    return unread


def _stated(line: Equation | Step) -> tuple[Formula, ...]:
    return (line.after,) if isinstance(line, Step) else line.sides


def _names(derivation: Derivation, known: Mapping[str, Any], dims: Dims) -> readback.Names:
    """The values of the names in the lines, laid as columns, rows or matrices."""
    values: dict[str, Any] = {str(size): float(n) for size, n in dims.items()}
    for formula in derivation.formulas():
        for one in walk(formula):
            if not isinstance(one, Name) or one.name in values:
                continue
            found = known.get(one.name)
            sort: Any = "number" if one.kind == "scalar" else one.kind
            if isinstance(found, Series):
                times = sorted(found.entries)
                rows = np.broadcast_arrays(*(_laid(found.entries[t], one.kind) for t in times))
                values[one.name] = readback.Sequence(np.stack(rows), sort, times[0])
            elif found is not None and not isinstance(found, range):
                values[one.name] = readback.Given(_laid(found, one.kind), sort)
    ranges = {
        name: (one[0], one[-1])
        for name, one in known.items()
        if isinstance(one, range) and not name.startswith("Σ_")
    }
    for name, one in known.items():
        if isinstance(one, int) and not isinstance(one, bool):
            values.setdefault(name, float(one))
    return readback.Names(values, {}, ranges)


def _laid(array: Any, kind: str) -> Array:
    given = np.asarray(array, dtype=float)
    if kind in ("column", "row"):
        return given.ravel()
    return given.reshape(()) if kind == "scalar" and given.size == 1 else given


def _reason(
    line: Equation | Step,
    style: Style,
    names: readback.Names,
    exact: dict[Any, Any],
    known: Mapping[str, Any],
    dims: Dims,
) -> str | None:
    """Why a line cannot be read in a style; None where it says what its formulas say.

    `exact` keeps the values of the formulas from style to style.
    """
    try:
        for formula, tree in _sides(line, style, names):
            for times in _times(line, formula, known):
                key = (formula, *times.items())
                if key not in exact:
                    exact[key] = value(formula, {**known, **times}, dims)
                _compare(exact[key], readback.meaning(tree, names, times), line, style)
    except (readback.ReadError, readback.MeaningError, readback.Undetermined) as error:
        return str(error)
    except ProofError:
        raise
    except (SymgraphError, ValueError, TypeError) as error:
        return f"a formula has no value of its own: {error}"
    return None


def _sides(
    line: Equation | Step, style: Style, names: readback.Names
) -> Iterator[tuple[Formula, Any]]:
    """The formulas of a line with what was read of them; a derivative on the left is a name."""
    if isinstance(line, Equation) and not isinstance(line.left, Derivative):
        trees = readback.read(line.written(style), style, names).sides
        yield from zip(line.sides, trees, strict=True)
        return
    last = line.after if isinstance(line, Step) else line.right
    written = write(last, style, spelling=line.spelling)
    yield last, readback.read(written, style, names).sides[0]


def _times(
    line: Equation | Step, formula: Formula, known: Mapping[str, Any]
) -> Iterator[dict[str, int]]:
    """The times at which a side is evaluated."""
    span = line.span if isinstance(line, Equation) else None
    if span is not None:
        first, last = (
            (int(known[time.letter]) if time.letter else 0) + time.offset
            for time in (span.first, span.last)
        )
        every = list(range(min(first, last), max(first, last) + 1))
        letter = span.letter
    else:
        letters = {one.at.letter for one in walk(formula) if isinstance(one, Timed)}
        free = [one for one in letters if isinstance(known.get(one), range)]
        if len(free) != 1:
            yield {}
            return
        letter, every = free[0], list(known[free[0]])
        if isinstance(line, Step):
            every = every[1:-1]  # a step speaks of a time with a time before and after it
    if len(every) > MOST_TIMES:
        every = [*every[: MOST_TIMES // 2], *every[-MOST_TIMES // 2 :]]
    for time in every:
        yield {letter: time}


def _compare(exact: Any, read: Any, line: Equation | Step, style: Style) -> None:
    wanted = np.asarray(exact, dtype=float)
    if isinstance(read, readback.Open):
        shape = (1, 1) if wanted.ndim < 2 else wanted.shape
        read = read.sized(shape[0], shape[1])
    shown = np.asarray(read.array, dtype=float)
    if shown.size == wanted.size:
        shown = shown.reshape(wanted.shape)
    fits = 1 in (shown.size, wanted.size) or shown.shape == wanted.shape
    scale = 1 + np.max(np.abs(wanted), initial=0)
    if not fits or not np.all(np.abs(shown - wanted) <= TOLERANCE * scale):
        written = line.line(style) if isinstance(line, Step) else line.written(style)
        raise ProofError(
            f"derive: the line {written!r} reads as another value than its formula. "
            "Report it; until then use the gradient itself."
        )
