"""Recurrences of a text as loops."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from symgraph.build import contract, indexing
from symgraph.build.loops import recurrence
from symgraph.errors import ShapeError, UnknownNameError
from symgraph.formula.names import key_of
from symgraph.formula.scope import Scope
from symgraph.formula.times import Loop, at_time, base_of, earlier
from symgraph.formula.tree import Part, Reference, SumOver, walk
from symgraph.formula.value import Value
from symgraph.node import Node
from symgraph.shapes import as_dim

__all__ = ["run"]

#: What is summed over the times is called by the first of these that is free.
_SUMMED = ("E", "e", "ℓ")


def run(read: Callable[[Part], Value], scope: Scope, loop: Loop, later: Iterable[Part]) -> None:
    """Makes the loop; its last values and its sums over time, which `later` names, get values."""
    letter, last = loop.letter, as_dim(int(loop.last) if loop.last.isdigit() else loop.last)
    formulas = {base_of(one.name or "", letter) or "": one.formula for one in loop.statements}
    sums = [
        one for part in later for one in walk(part)
        if isinstance(one, SumOver) and one.letter == letter
    ]  # fmt: skip
    summed = {one: _name_of(one, letter, formulas) for one in sums}
    parts = [*formulas.values(), *(one.x for one in sums)]
    names = {one.name for part in parts for one in walk(part) if isinstance(one, Reference)}
    keys = set(map(key_of, names))
    states = [name for name in formulas if key_of(earlier(name, letter)) in keys]
    sequences = [
        base for name in sorted(names) if (base := base_of(name, letter)) and base not in formulas
    ]
    equations = formulas | {name: one.x for one, name in summed.items() if name not in formulas}

    def equation(formula: Part, now: Any, before: Any) -> Node:
        at: dict[str, Callable[[], Node]] = {}
        for name in (*equations, *sequences):
            at[key_of(at_time(name, letter))] = partial(now.__getitem__, name)
        for name in states:
            at[key_of(earlier(name, letter))] = partial(before.__getitem__, name)
        with scope.at(at):
            return read(formula).node

    loose = [f"{name}_0" for name in states if not scope.is_known(f"{name}_0")]
    try:
        result = recurrence(
            {name: partial(equation, formula) for name, formula in equations.items()},
            {name: scope.find(f"{name}_0") for name in states},
            {name: scope.sequence(name, letter, last) for name in sequences},
            length=last,
        )
    except ShapeError as error:
        if not loose:
            raise
        raise ShapeError(
            f"{loose[0]!r}, the value at the start, has no shape and is a number. Declare it, as "
            f"in --shape {loose[0]}=n. ({str(error).partition(chr(10))[0]})"
        ) from error
    for name in formulas:
        value = result.final[name] if name in states else indexing.getitem(result.outputs[name], -1)
        scope.ended(at_time(name, letter), f"{name}_{loop.last}", value)
    for one, name in summed.items():
        scope.sums[one] = contract.sum(result.outputs[name], axis=0)


def _name_of(one: SumOver, letter: str, formulas: Iterable[str]) -> str:
    """What is summed under its own name, or a new one for it."""
    own = base_of(one.x.name, letter) if isinstance(one.x, Reference) else None
    if own is not None and own in formulas:
        return own
    for name in _SUMMED:
        if name not in formulas:
            return name
    raise UnknownNameError(
        "formula: the sum over time has no free name. Name what is summed on a line of its own."
    )
