"""What a node is in a drawing: its role, and one sign or word for what computes it."""

from __future__ import annotations

from typing import Any, Literal

import sympy

from symgraph.node import Node
from symgraph.ops import (
    Concat,
    Const,
    Einsum,
    Fill,
    Final,
    Iota,
    Let,
    Map,
    Pull,
    Push,
    Random,
    Reduce,
    Reshape,
    Scan,
    Trace,
    Var,
)
from symgraph.scalar import slot
from symgraph.template import function_name

__all__ = ["Role", "role_of", "sign_of"]

Role = Literal["root", "op", "parameter", "data", "state", "constant", "loop"]


def role_of(node: Node) -> Role:
    if isinstance(node, Var):
        roles: dict[str, Role] = {"parameter": "parameter", "state": "state"}
        return roles.get(node.role, "data")
    if isinstance(node, (Fill, Const, Iota)):
        return "constant"
    return "loop" if isinstance(node, Scan) else "op"


_SIGNS: dict[Any, str] = {
    slot(0) + slot(1): "+", slot(0) - slot(1): "−", slot(0) * slot(1): "·",
    slot(0) / slot(1): "/", -slot(0): "−", slot(0) ** 2: "( )²", sympy.sqrt(slot(0)): "√",
}  # fmt: skip
_WORDS = {
    "sigmoid": "σ", "maximum": "max", "minimum": "min", "less": "<", "less_equal": "≤",
    "greater": ">", "greater_equal": "≥", "equal": "=", "not_equal": "≠", "iverson": "1[ ]",
    "logical_and": "∧", "logical_or": "∨", "logical_not": "¬",
    "Pow": "^", "Add": "+", "Mul": "·",
}  # fmt: skip


def sign_of(node: Node) -> str:
    """What computes a value, as one sign or word."""
    if isinstance(node, Map):
        expr = node.template.expr
        word = function_name(expr)
        return _SIGNS.get(expr) or _WORDS.get(word, word)
    if isinstance(node, Einsum):
        if len(node.args) > 1:
            return "·"
        source, out = set(node.ins[0]), set(node.out)
        return "Σ" if source - out else "ᵀ" if source == out else "repeat"
    if isinstance(node, Reduce):
        return node.operation
    if isinstance(node, Let):
        return "stop"
    words: dict[type[Node], str] = {
        Pull: "[ ]", Push: "scatter", Reshape: "reshape", Concat: "[ , ]", Scan: "scan",
        Trace: "trace", Final: "last", Random: "random",
    }  # fmt: skip
    return words.get(type(node), "" if not node.args else type(node).__name__.lower())
