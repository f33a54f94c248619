"""What to draw, before anything is measured or placed; free of SymPy and of every engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from symgraph.errors import DrawError

__all__ = [
    "Direction",
    "Form",
    "GroupRole",
    "Language",
    "LegendEntry",
    "Role",
    "Route",
    "View",
    "ViewEdge",
    "ViewGroup",
    "ViewNode",
]

#: What a node is; the theme paints each. "gate" is a learned layer, "pointwise" an entrywise
#: operation of a cell, "input", "output" and "state" the vectors of a recurrent net, "unit" one
#: neuron, "cell" one entry of a drawn matrix, "frozen" what is not trained, "off" a unit
#: that passes nothing on.
Role = Literal[
    "op", "root", "parameter", "data", "constant", "gate", "pointwise", "module",
    "input", "output", "state", "unit", "cell", "frozen", "off",
]  # fmt: skip
#: The outline of a node; a node that names none has the one of its role.
Form = Literal["disc", "pill", "box", "bare"]
#: How an edge runs on a grid: straight, one corner (first sideways or first upright), an arc, back
#: to its own node, or as a tap: off the line before the next node there, and into the head from
#: above or below, beside what leads up from its middle.
Route = Literal["straight", "sideways", "upright", "arc", "loop", "tap"]
GroupRole = Literal["module", "time", "frame", "layer"]
Direction = Literal["BT", "LR"]
Language = Literal["en", "zh"]

_ROLES: frozenset[str] = frozenset(get_args(Role))


@dataclass(frozen=True, slots=True)
class ViewNode:
    """One node to draw.

    `label`, `forward` and `backward` are LaTeX (math mode); a plain number is LaTeX as it stands.
    `alt` is what a screen reader says. `id` may be any string: it never reaches a file as markup.
    `form` and `size` (least width and height, pixels) override what the role gives, `hue` is the
    number of a colour that things which belong together share, a `crossed` node is crossed out, a
    `dashed` one is small with a dashed rim (one of several places of the same thing), and `caption`
    is a small LaTeX line below. Of `sheets` there are several one behind the other, as of feature
    maps. `at` is the place (column, row) on a grid, rows counted upwards; a view whose nodes all
    have one is laid out by the grid engine. `first` is the step of a deck from which on the node
    is seen. A `taper` between 0 and 1 makes a box narrower, by this part, where the flow leaves it,
    one below 0 where it comes in.
    """

    id: str
    label: str
    role: Role = "op"
    alt: str = ""
    forward: str | None = None
    backward: str | None = None
    form: Form | None = None
    size: tuple[float, float] | None = None
    hue: int | None = None
    crossed: bool = False
    caption: str = ""
    at: tuple[float, float] | None = None
    dashed: bool = False
    sheets: int = 1
    first: int = 0
    taper: float = 0.0


@dataclass(frozen=True, slots=True)
class ViewEdge:
    """One edge from an operand (`tail`) to the node that uses it (`head`).

    `operand` is the position among the arguments of the head. `label` is the local derivative
    (LaTeX) and `value` its number. A `dead` edge carries no derivative. A `highlight` edge lies on
    a path that is pointed at. `arrow=False` is a line without direction; `hue` as of a node;
    `ink` paints the label as text and not as a derivative. `route` counts on a grid only. `alt` is
    the whole formula (LaTeX) where the label abbreviates it. `first` is the step of a deck from
    which on the edge is seen; a highlight is seen in this step only, if there are several.
    """

    tail: str
    head: str
    operand: int
    label: str | None = None
    value: str | None = None
    dead: bool = False
    highlight: bool = False
    dashed: bool = False
    arrow: bool = True
    hue: int | None = None
    ink: bool = False
    route: Route = "straight"
    alt: str = ""
    first: int = 0


@dataclass(frozen=True, slots=True)
class ViewGroup:
    """A box around nodes: a module, a step of time, a frame; `label` is LaTeX.

    A "layer" has no box, only its label in the middle above its nodes.
    `members` are the ids of its nodes, those of the groups inside it not repeated; `parent` is the
    id of the group around it, which stands before it. `repeat` is how many alike
    blocks the box stands for.
    """

    id: str
    label: str
    members: tuple[str, ...]
    role: GroupRole = "module"
    parent: str | None = None
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One line of a legend: a sample of a role of nodes, or of an edge, and what it means (LaTeX).

    `sample` is a role, or "vector", "join", "copy", "undirected", "highlight", "dead",
    "chip", "bullet" (the sign in labels), or "hue3".
    """

    sample: str
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """Everything to show: nodes, edges, title, direction of flow, and what the legend says.

    Direction "BT" puts leaves at the bottom and the root on top, "LR" leaves left and the root
    right. With `prefixes` values read `f = 0.5` and `g = -1`, so that nothing rests on colour.
    `entries` are further lines of the legend, before those for values and derivatives; `notes` are
    lines of LaTeX between the picture and its legend.

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
    groups: tuple[ViewGroup, ...] = ()
    entries: tuple[LegendEntry, ...] = ()
    notes: tuple[str, ...] = ()

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
        self._check_groups(known)
        for edge in self.edges:
            missing = edge.tail if edge.tail not in known else edge.head
            if missing not in known:
                raise DrawError(
                    f"edge {edge.tail!r} -> {edge.head!r}: the view has no node {missing!r}."
                )

    def _check_groups(self, known: set[str]) -> None:
        seen: set[str] = set()
        owner: dict[str, str] = {}
        for group in self.groups:
            if group.id in seen:
                raise DrawError(f"two groups of the view have the id {group.id!r}.")
            if group.parent is not None and group.parent not in seen:
                raise DrawError(f"group {group.id!r}: {group.parent!r} must stand before it.")
            seen.add(group.id)
            for member in group.members:
                if member not in known:
                    raise DrawError(f"group {group.id!r}: the view has no node {member!r}.")
                if member in owner:
                    raise DrawError(
                        f"node {member!r} is in the groups {owner[member]!r} and {group.id!r}; "
                        "write it into the inner one only."
                    )
                owner[member] = group.id
        holding = {group.id for group in self.groups if group.members}
        for group in reversed(self.groups):
            if group.id not in holding:
                raise DrawError(f"group {group.id!r} has no nodes; leave it out.")
            if group.parent is not None:
                holding.add(group.parent)

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
