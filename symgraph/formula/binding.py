"""Which operand of a call is which parameter of the function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from symgraph.formula.signatures import Signature
from symgraph.formula.source import Source
from symgraph.formula.tree import Call, Listing, Part

__all__ = ["Binding", "bound"]


class Binding(NamedTuple):
    """The parts of a call: those of a list of operands, and all others by their names."""

    listed: tuple[Part, ...]
    named: dict[str, Part]


def bound(signature: Signature, call: Call, source: Source) -> Binding:
    """The operands and options of a call by name.

    Raises FormulaError for too many, unknown, doubled and missing ones.
    """
    names = list(signature.roles)
    args: Sequence[Part] = call.args
    listed: tuple[Part, ...] = ()
    takes_list = bool(names) and signature.roles[names[0]] == "operands"
    if takes_list:
        first = args[0] if args else None
        listed = first.items if isinstance(first, Listing) else tuple(args)
        args, names = args[1:] if isinstance(first, Listing) else (), names[1:]
    usage = f"It is written {signature.usage}."
    if len(args) > len(names):
        raise source.error(f"{signature.name} with {len(call.args)} operands.", call.span, usage)
    named = dict(zip(names, args, strict=False))
    for name, x in call.options:
        if name not in signature.roles:
            raise source.error(f"{signature.name} has no option {name!r}.", x.span, usage)
        if name in named or (takes_list and name not in names):
            raise source.error(f"{signature.name} is given {name!r} twice.", x.span, usage)
        named[name] = x
    for name in names[: signature.required - takes_list]:
        if name not in named:
            raise source.error(f"{signature.name} without {name!r}.", call.span, usage)
    return Binding(listed, named)
