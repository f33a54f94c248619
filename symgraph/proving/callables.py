"""The functions in printed lines that no reader knows: the user's own, and abstract ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symgraph.abstract import abstract, concrete, smooth, spelled
from symgraph.notation.tree import Apply, Call, Formula, walk
from symgraph.printing import Style
from symgraph.readback.functions import FUNCTIONS
from symgraph.scalar import functions, slot
from symgraph.template import template

__all__ = ["callables"]

_STYLES: tuple[Style, ...] = ("text", "unicode")


def callables(formulas: Sequence[Formula], seed: int) -> dict[str, Callable[..., Any]]:
    """Functions that the reader does not know by itself, such as the user's own, by name."""
    found: dict[str, Callable[..., Any]] = {}
    used = {part: None for formula in formulas for part in walk(formula)}
    for one in used:
        if isinstance(one, Call) and one.head in functions and one.head not in {*FUNCTIONS, *found}:
            arity = len(one.args)
            found[one.head] = _computed(functions[one.head](*map(slot, range(arity))), arity)
        elif isinstance(one, Apply):
            arity = len(one.args)
            call = abstract(one.function, one.orders)(*map(slot, range(arity)))
            body = concrete(call, {one.function: smooth(one.function, arity, seed)})
            for style in _STYLES:
                found[spelled(one.function, one.orders, style)] = _computed(body, arity)
    return found


def _computed(body: Any, arity: int) -> Callable[..., Any]:
    made = template(body, arity)
    return lambda *xs: made.evaluate(xs)
