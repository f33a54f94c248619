"""What a derivation takes for granted: the definitions of the values that have a name."""

from __future__ import annotations

from symgraph.explain.derivation import Equation
from symgraph.explain.naming import Naming
from symgraph.notation.blocks import Division
from symgraph.notation.sequences import Side
from symgraph.ops import Let

__all__ = ["given_values"]


def _in_parts(names: Naming, division: Division) -> Equation:
    """W = [W_h, W_x], [W_h; W_x] for parts on one another."""
    whole, *parts = (names.literal.read(one) for one in (division.whole, *division.parts))
    if division.axis == 0:
        return Equation(whole, Side(tuple(parts), "matrix", stacked=True))
    return Equation(whole, names.literal.algebra.beside(parts))


def given_values(names: Naming) -> list[Equation]:
    """The definitions of named values, in the order of evaluation."""
    named = {node: name for name, node in names.auxiliary}
    lets = set(names.forward.lets)
    order = names.forward.order
    divided = sorted(names.forward.divided, key=lambda one: order.index(one.whole))
    lines = [_in_parts(names, one) for one in divided]
    for node in order:
        name = names.forward.name(node) if isinstance(node, Let) and node in lets else None
        name = name or named.get(node)
        if name is not None:
            meaning = names.literal.joined(node) or names.literal.meaning(node)
            if name.sort in ("column", "row") and meaning.sort in ("column", "row"):
                meaning = names.literal.algebra.turned(meaning, name.sort)
            if meaning != name:  # a constant with a name is no more than that
                lines.append(Equation(name, meaning))
    if names.forward.name(names.root) is None:
        meaning = names.literal.joined(names.root) or names.literal.meaning(names.root)
        lines.append(Equation(names.root_name, meaning))
    return lines
