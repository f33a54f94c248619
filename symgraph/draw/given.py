"""What users hand to the commands that draw, checked before anything is computed."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from symgraph.draw.view import Language
from symgraph.errors import DrawError, KindError, RangeError

__all__ = ["check_options", "check_rate", "check_values", "check_wording", "names_in"]


def check_values(values: Any, where: str, option: str = "values") -> None:
    """Raise KindError for values that are no dictionary."""
    if values is not None and not isinstance(values, Mapping):
        raise KindError(
            f"{where}: {option}={values!r} says not what has them. "
            "Write a dict of names, for example {'x': 2.0}."
        )


def check_wording(title: Any, language: Any, where: str) -> None:
    """Raise DrawError for a title that is no text, and for a language that there is not."""
    if not isinstance(title, str):
        raise DrawError(f"{where}: title={title!r} is no text. Write it in quotes.")
    if language not in get_args(Language):
        known = " or ".join(map(repr, get_args(Language)))
        raise DrawError(f"{where}: language={language!r}; write {known}.")


def check_rate(rate: Any, where: str) -> None:
    """Raise RangeError for a step downhill that goes nowhere."""
    is_number = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    if not is_number or not math.isfinite(rate) or rate <= 0:
        raise RangeError(f"{where}: rate={rate!r}; give a positive number.")


def check_options(
    make: Callable[..., Any], options: Mapping[str, Any], others: Collection[str], where: str
) -> None:
    """Raise DrawError for an option that a function does not have; `others` are taken before."""
    known = [
        parameter.name
        for parameter in inspect.signature(make).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    for option in options:
        if option not in known:
            near = get_close_matches(option, [*known, *others], 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known)}."
            raise DrawError(f"{where} has no option {option!r}. {hint}")


def names_in(option: str, given: Any) -> list[Any]:
    """One name or several, as a list. Raises DrawError for what is neither."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable):
        raise DrawError(f"draw: {option}={given!r}; write a name, or a list of names.")
    return list(given)
