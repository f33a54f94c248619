"""Which derivatives are called δ, and with which mark: δ₁ by net₁, δ_A by net_A."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from symgraph.explain.node_kinds import is_function, is_net, is_nonlinear
from symgraph.node import Node
from symgraph.notation.forward import Forward
from symgraph.ops import Einsum, Map
from symgraph.ops.let import bare, is_naming

__all__ = ["LOWERED", "net_inputs", "spellings", "ways"]

LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

Users = Mapping[Node, Sequence[Node]]


def net_inputs(
    forward: Forward, among: Collection[Node], active: Collection[Node], users: Users
) -> list[Node]:
    """Of some values those that a nonlinearity is applied to, layers and single units."""
    found: list[Node] = []
    for node in forward.order:
        if bare(node) is not node or node not in among:
            continue
        is_unit = node.ndim == 0 and _is_unit(node, forward, active, users)
        if is_unit or (node.ndim and _is_layer(node, forward, users)):
            found.append(node)
    return found


def _is_layer(node: Node, forward: Forward, users: Users) -> bool:
    """Whether a product of arrays has a name, or a nonlinearity is applied to it."""
    named = forward.name(node) is not None
    return is_net(node) and (named or any(map(is_nonlinear, users.get(node, []))))


def _is_unit(node: Node, forward: Forward, active: Collection[Node], users: Users) -> bool:
    """Whether a number is the net input of a single unit, which only a function is applied to.

    One without a name of its own counts when its derivative would be written several times.
    """
    adds = isinstance(node, Einsum) or (
        isinstance(node, Map) and (node.template.expr.is_Add or node.template.expr.is_Mul)
    )
    functions = [one for one in users.get(node, []) if not is_naming(one)]
    if not adds or not functions or not all(map(is_function, functions)):
        return False
    return forward.name(node) is not None or ways(node, active) > 1


def ways(node: Node, active: Collection[Node]) -> int:
    """To how many operands a derivative goes on."""
    return sum(arg in active for arg in node.args)


def spellings(names: Sequence[str]) -> list[str]:
    """What the derivatives by values of these names are called; "" is a value without one.

    >>> spellings(["net"]), spellings(["net₁", "net₂"]), spellings(["net_A", "net_λ"])
    (['δ'], ['δ₁', 'δ₂'], ['δ_A', 'δ_λ'])
    """
    if len(names) == 1:
        return ["δ"]
    marks = [_mark(name) for name in names]
    stems = {name.removesuffix(mark) for name, mark in zip(names, marks, strict=True)}
    mixed = "" in names or ("" in marks and len(stems) > 1)
    if mixed or len(set(marks)) < len(marks):
        marks = [str(k) for k in range(1, len(names) + 1)]
    return ["δ" + (mark.translate(LOWERED) if mark.isdecimal() else mark) for mark in marks]


def _mark(name: str) -> str:
    """What tells the name from others of its kind: 1 of net₁, _A of net_A, ^(1) of net^(1)."""
    for sign in "^_":
        if sign in name.strip(sign):
            return name[name.index(sign, 1) :]
    plain = name.translate(_RAISED)
    return plain[len(plain.rstrip("0123456789")) :]
