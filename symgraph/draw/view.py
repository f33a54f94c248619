"""What to draw, before anything is measured or placed; free of SymPy and of every engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from symgraph.errors import DrawError

__all__ = ["Direction", "Language", "Role", "View", "ViewEdge", "ViewNode"]

Role = Literal["op", "root", "parameter", "data", "constant", "gate", "module"]
Direction = Literal["BT", "LR"]
Language = Literal["en", "zh"]

_ROLES = frozenset(("op", "root", "parameter", "data", "constant", "gate", "module"))


@dataclass(frozen=True, slots=True)
class ViewNode:
    """One node to draw.

    `label`, `forward` and `backward` are LaTeX (math mode); a plain number is LaTeX as it stands.
    `alt` is what a screen reader says. `id` may be any string: it never reaches a file as markup.
    """

    id: str
    label: str
    role: Role = "op"
    alt: str = ""
    forward: str | None = None
    backward: str | None = None


@dataclass(frozen=True, slots=True)
class ViewEdge:
    """One edge from an operand (`tail`) to the node that uses it (`head`).

    `operand` is the position among the arguments of the head. `label` is the local derivative
    (LaTeX) and `value` its number. A `dead` edge carries no derivative.
    """

    tail: str
    head: str
    operand: int
    label: str | None = None
    value: str | None = None
    dead: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """Everything to show: nodes, edges, title, direction of flow, and what the legend says.

    Direction "BT" puts leaves at the bottom and the root on top, "LR" leaves left and the root
    right. With `prefixes` values read `f = 0.5` and `g = -1`, so that nothing rests on colour.

    >>> view = View(
    ...     nodes=(ViewNode("x", "x", "data"), ViewNode("s", r"\\sigma", "root")),
    ...     edges=(ViewEdge("x", "s", 0, r"\\sigma(x)(1-\\sigma(x))"),),
    ... )
    >>> view.operands("s")
    ('x',)
    """

    nodes: tuple[ViewNode, ...]
    edges: tuple[ViewEdge, ...]
    title: str = ""
    direction: Direction = "BT"
    legend: bool = True
    language: Language = "en"
    prefixes: bool = False

    def __post_init__(self) -> None:
        """Raises DrawError when two nodes share an id or an edge names a node that is not there."""
        if self.direction not in ("BT", "LR"):
            raise DrawError(f"direction is {self.direction!r}; write 'BT' or 'LR'.")
        if self.language not in ("en", "zh"):
            raise DrawError(f"language is {self.language!r}; write 'en' or 'zh'.")
        ids = [node.id for node in self.nodes]
        known = set(ids)
        if len(known) != len(ids):
            raise DrawError(f"two nodes of the view have the id {_first_repeated(ids)!r}.")
        for node in self.nodes:
            if node.role not in _ROLES:
                roles = ", ".join(sorted(_ROLES))
                raise DrawError(f"node {node.id!r}: role is {node.role!r}, not one of {roles}.")
        for edge in self.edges:
            missing = edge.tail if edge.tail not in known else edge.head
            if missing not in known:
                raise DrawError(
                    f"edge {edge.tail!r} -> {edge.head!r}: the view has no node {missing!r}."
                )

    def operands(self, id: str) -> tuple[str, ...]:
        """The ids of the operands of a node, in the order of its arguments."""
        found = sorted((edge.operand, edge.tail) for edge in self.edges if edge.head == id)
        return tuple(tail for _, tail in found)


def _first_repeated(ids: Iterable[str]) -> str:
    seen: set[str] = set()
    for id in ids:
        if id in seen:
            return id
        seen.add(id)
    raise AssertionError("no id is repeated")
