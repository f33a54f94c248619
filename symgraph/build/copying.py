"""Nodes from a pickle: the flat program of a graph carried out again.

It stands on this floor so that unpickling in a new process also loads what gives nodes their
operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symgraph.node import Node
from symgraph.operators import operators

__all__ = ["replay"]


def replay(steps: Sequence[tuple[type[Node], tuple[Any, ...], tuple[int, ...]]]) -> Node:
    """The node that the last step makes; each step is class, parameters, and operands by step."""
    made: list[Node] = []
    for cls, params, operands in steps:
        made.append(cls.rebuild(params, tuple(made[i] for i in operands)))
    return made[-1]


operators["replay"] = replay
