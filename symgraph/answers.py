"""Calls that Python itself refuses, since a value is missing, surplus or misspelt: a typed answer.

A call that is right passes through; what is said of a wrong one is looked up only then.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, TypeVar

from symgraph.errors import KindError

__all__ = ["answer_calls", "answering", "takes"]

_Thing = TypeVar("_Thing", bound=Callable[..., Any])


def answering(thing: _Thing) -> _Thing:
    """Have a function, or the methods of a class, answer calls that it cannot take by KindError.

    The error says how to call it. Signatures and help stay as they are.
    """
    if isinstance(thing, FunctionType):
        return _answering(thing.__name__, thing)  # type: ignore[return-value]
    for name, member in list(vars(thing).items()):
        if isinstance(member, FunctionType) and (name == "__init__" or not name.startswith("_")):
            where = thing.__name__ if name == "__init__" else name
            setattr(thing, name, _answering(where, member))
    return thing


def answer_calls(module: dict[str, Any], names: Iterable[str]) -> None:
    """The same for the functions that a module defines; it is given by its globals()."""
    for name in names:
        one = module[name]
        if isinstance(one, FunctionType) and one.__module__ == module["__name__"]:
            module[name] = answering(one)


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function of the user can be called with so many values.

    >>> takes(print, 2), takes(lambda one: one, 2)
    (True, False)
    """
    import inspect  # as long to import as all of this package

    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # of some functions in C nothing is known
        return True
    return True


def _answering(where: str, function: FunctionType) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except TypeError as error:
            if isinstance(error, KindError) or _is_from_within(function, error):
                raise
            said = str(error).partition("() ")[2]
        raise KindError(f"{where}: the call {_how(function, said, options)}")

    return call


def _is_from_within(function: FunctionType, error: TypeError) -> bool:
    """Whether a function was called at all; decorators may stand before it."""
    inner: Any = function
    while hasattr(inner, "__wrapped__"):
        inner = inner.__wrapped__
    trace = error.__traceback__.tb_next if error.__traceback__ else None
    if trace is not None and not str(error).startswith(f"{inner.__qualname__}() "):
        return True
    while trace is not None and trace.tb_frame.f_code is not inner.__code__:
        trace = trace.tb_next
    return trace is not None


def _how(function: FunctionType, said: str, options: Iterable[str]) -> str:
    """What Python said of a call, the nearest name to one that there is not, and how to call it."""
    import inspect  # as long to import as all of this package, and rarely needed
    from difflib import get_close_matches

    known = {
        name: one
        for name, one in inspect.signature(function).parameters.items()
        if name != "self" and one.kind is not one.VAR_KEYWORD and one.annotation != "Never"
    }
    kinds = inspect.Parameter
    marks = {kinds.KEYWORD_ONLY.name: "{}=", kinds.VAR_POSITIONAL.name: "*{}"}
    written = {name: marks.get(one.kind.name, "{}").format(name) for name, one in known.items()}
    needed = [
        written[name]
        for name, one in known.items()
        if one.default is one.empty and one.kind is not one.VAR_POSITIONAL
    ]
    others = [text for text in written.values() if text not in needed]
    near = [
        guess
        for name in options
        if name not in known
        for guess in get_close_matches(name.casefold(), known, n=1)
    ]
    guessed = f"; did you mean {near[0]!r}?" if near else "."
    said = said.replace("missing", "is missing", 1) if said.startswith("missing") else said
    given = f"with {', '.join(needed)}" if needed else "without values"
    also = f"; there can be {', '.join(others)}." if others else "."
    return f"{said}{guessed} Call it {given}{also}"
