"""Right, readable, wrong or error: what a row scores, and why."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

import symgraph as sg
from identities.row import Problem, Row, arrays_of
from symgraph.notation.numeric import value
from symgraph.notation.tree import Plain, Verbatim, walk
from symgraph.ops import Let
from symgraph.walks import topological, variables

__all__ = ["READABLE", "Printed", "Score", "agree", "closed_form", "expected_length", "printed",
           "printed_value", "score"]  # fmt: skip

#: A printed result may be this many times as long as the expected text.
READABLE = 1.5
TOLERANCE = 1e-7


class Printed(NamedTuple):
    """A printed result, its own definitions, and how many symbols count."""

    result: str
    definitions: tuple[str, ...]
    length: int
    has_form: bool


class Score(NamedTuple):
    """One word for a row, what was printed, how often the expected length, and the time it took.

    The text, the length and the time are those of the first shape.
    """

    word: str
    text: str
    ratio: float
    seconds: float


def _symbols(text: str) -> int:
    """The length in code points without blanks."""
    return len(re.sub(r"\s", "", text))


def expected_length(row: Row) -> int:
    """The length of the expected formula, without the definitions of names behind it."""
    return _symbols(re.split(r", (?=\S+=)|, means", row.expected)[0])


def _user_names(problem: Problem) -> set[str]:
    return {n.let_name or "" for n in topological([problem.expr]) if isinstance(n, Let)}


def printed(row: Row, problem: Problem, derivation: Any) -> Printed:
    """What is printed for a row.

    The definition of a name counts unless the user gave the name or the row itself has it. One
    that the result does not need tells what the loss is, as the definition of the loss does.
    """
    free = _user_names(problem) | set(row.names)
    own = {one.left: one for one in (*derivation.given, *derivation.names)}
    needed, stack = set(), [derivation.result.right]
    while stack:
        for part in walk(stack.pop()):
            if part in own and part not in needed and part != derivation.root:
                needed.add(part)
                stack.append(own[part].right)
    lines = [
        own[one].unicode() for one in own if one in needed and getattr(one, "name", "") not in free
    ]
    result = derivation.result.unicode().split(" = ", 1)[1]
    odd = any(isinstance(part, (Plain, Verbatim)) for part in walk(derivation.result.right))
    length = _symbols(result) + sum(_symbols(line) - 1 for line in lines)
    return Printed(result, tuple(lines), length, not odd)


def closed_form(row: Row, arrays: dict[str, Any]) -> Any:
    """The expected gradient in numbers."""
    with np.errstate(all="ignore"):
        return np.asarray(row.closed(SimpleNamespace(**arrays)), dtype=float)


def printed_value(problem: Problem, derivation: Any, arrays: dict[str, Any]) -> Any:
    """What the printed result and its definitions say, in numbers."""
    names = dict(arrays)
    leaves = {leaf: arrays[leaf.params[0]] for leaf in variables([problem.expr])}
    for node in topological([problem.expr]):
        if isinstance(node, Let) and node.let_name:
            names[node.let_name] = sg.evaluate(
                node, {k: x for k, x in leaves.items() if k in set(variables([node]))}
            )
    for one in (*derivation.given, *derivation.names):
        name = one.left.name
        if name not in names:
            names[name] = value(one.right, names, {})
    return value(derivation.result.right, names, {})


def agree(found: Any, exact: Any) -> bool:
    """Whether two values are equal; a column or row of NumPy may be a vector."""
    found, exact = np.asarray(found, dtype=float), np.asarray(exact, dtype=float)
    if found.size == exact.size:
        found = found.reshape(exact.shape)
    try:
        found = np.broadcast_to(found, exact.shape)
    except ValueError:
        return False
    return bool(np.allclose(found, exact, rtol=TOLERANCE, atol=TOLERANCE))


def score(row: Row) -> Score:
    """Readable, right only, wrong, or an error, over all shapes of a row."""
    text, ratio, seconds = "", 0.0, 0.0
    for k, shape in enumerate(row.shapes):
        started = time.perf_counter()
        try:
            problem = row.problem(shape)
            derivation = problem.derivation
            shown = printed(row, problem, derivation)
            if k == 0:
                seconds = time.perf_counter() - started
            arrays = arrays_of(row, problem, seed=k)
            found = printed_value(problem, derivation, arrays)
        except Exception as error:
            return Score("error", f"{type(error).__name__}: {error}", 0.0, seconds)
        if k == 0:
            text = "; ".join((shown.result, *shown.definitions))
            ratio = shown.length / expected_length(row) if shown.has_form else np.inf
        if not agree(found, closed_form(row, arrays)):
            return Score("wrong", f"{text} at {shape}: {shown.result}", ratio, seconds)
    return Score("readable" if ratio <= READABLE else "right", text, ratio, seconds)
