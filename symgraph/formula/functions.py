"""The functions that a formula may call: those of the public modules that take and give arrays.

What a function may be given is read off its signature: operands are formulas, options are numbers,
sizes and truth values. A function that takes text, functions or other objects is left out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from symgraph.build import (
    activations,
    arithmetic,
    conditions,
    contract,
    conv,
    declare,
    elementary,
    gammas,
    indexing,
    linear_algebra,
    losses,
    making,
    norm,
    reductions,
    series,
    shaping,
    special,
)
from symgraph.formula.signatures import Signature

__all__ = ["Function", "functions"]

_POINTWISE = (activations, arithmetic, conditions, elementary, special)
_MODULES = (
    *_POINTWISE, contract, linear_algebra, reductions, losses, making, shaping, series, indexing,
    norm, conv,
)  # fmt: skip

# Of the module that declares names, what takes an array and gives one. The other gamma functions
# are called like Greek letters, which a formula needs.
_OTHERS = ((declare, "stop_gradient"), (gammas, "loggamma"), (gammas, "digamma"))

# What the parameters of these names hold, whatever type they are annotated with.
_SIZES = frozenset("shape width start stop".split())
_OPERAND, _OPERANDS = "Any", "Sequence[Any]"
_WORDS = ("str", "Kind", "Callable", "tuple[Node", "Axis | str")


class Function(NamedTuple):
    """A function, its parameters, and whether it acts entry by entry."""

    call: Callable[..., Any]
    signature: Signature
    pointwise: bool


@cache
def functions() -> dict[str, Function]:
    """All functions by name.

    >>> functions()["softmax"].signature.usage, "einsum" in functions()
    ('softmax(x, axis=...)', False)
    """
    found: dict[str, Function] = {}
    named = [(module, name) for module in _MODULES for name in module.__all__]
    for module, name in (*named, *_OTHERS):
        if name == "getitem":  # written x[...]
            continue
        call = getattr(module, name)
        signature = _signature(name, call)
        if signature is not None:
            found[name] = Function(call, signature, module in (*_POINTWISE, gammas))
    return found


def _signature(name: str, call: Callable[..., Any]) -> Signature | None:
    signature = inspect.signature(call)
    if signature.return_annotation != "Node":
        return None
    roles: dict[str, str] = {}
    required = 0
    for parameter in signature.parameters.values():
        role = _role(parameter)
        is_required = parameter.default is parameter.empty
        if role is None and is_required:
            return None
        if role is not None:
            roles[parameter.name] = role
            required += is_required
    return Signature(name, roles, required)


def _role(parameter: inspect.Parameter) -> str | None:
    """operand, operands or option; None for what a formula cannot say."""
    written = str(parameter.annotation)
    if parameter.kind is parameter.VAR_POSITIONAL or any(word in written for word in _WORDS):
        return None
    if written == _OPERANDS:
        return "operands"
    return "operand" if written == _OPERAND and parameter.name not in _SIZES else "option"
