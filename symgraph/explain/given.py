"""What a derivation takes for granted: the definitions of the values that have a name."""

from __future__ import annotations

from symgraph.explain.derivation import Equation
from symgraph.explain.naming import Naming
from symgraph.ops import Let

__all__ = ["given_values"]


def given_values(names: Naming) -> list[Equation]:
    """The definitions of named values, in the order of evaluation."""
    named = {node: name for name, node in names.auxiliary}
    lets = set(names.forward.lets)
    lines: list[Equation] = []
    for node in names.forward.order:
        name = names.forward.name(node) if isinstance(node, Let) and node in lets else None
        name = name or named.get(node)
        if name is not None:
            meaning = names.literal.meaning(node)
            if name.sort in ("column", "row") and meaning.sort in ("column", "row"):
                meaning = names.literal.algebra.turned(meaning, name.sort)
            lines.append(Equation(name, meaning))
    if names.forward.name(names.root) is None:
        lines.append(Equation(names.root_name, names.literal.meaning(names.root)))
    return lines
