"""Which values of a graph are drawn, alone or together in one box, and what connects them.

A sketch is the graph between `sg.graph`, where every value is a vertex, and the view, where LaTeX
and roles are settled. Choosing modules, hiding and copying are steps from sketch to sketch.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from symgraph.graph import Graph
from symgraph.node import Node
from symgraph.vertices import Edge, Vertex

__all__ = ["Kind", "Link", "Place", "Sketch", "cones", "gathered", "key_of", "sketch_of"]

#: "vertex" is one value; "chip" a shared parameter at one of its uses; "module" a part of the
#: graph in one box; "affine" one written as a formula, "softmax" one by its name; "gap" what
#: is left out of a row; "entry" what one time reads of a sequence, drawn as if it were an input.
Kind = Literal["vertex", "chip", "module", "affine", "softmax", "gap", "entry"]


@dataclass(frozen=True, slots=True)
class Place:
    """Something to draw: a value, or several in one box, of which `vertex` is the result.

    `members` are all values in it, operands before users. `blocks` are the results of the alike
    parts that a folded row stands for; where it is `parallel` they stand side by side.
    """

    id: str
    vertex: Vertex
    members: tuple[Vertex, ...]
    kind: Kind = "vertex"
    blocks: tuple[Vertex, ...] = ()
    parallel: bool = False

    @property
    def is_leaf(self) -> bool:
        """Whether it is a variable or a constant."""
        return self.kind in ("vertex", "chip") and not self.vertex.node.args

    @property
    def is_box(self) -> bool:
        """Whether it holds several values and is drawn as a box."""
        return len(self.members) > 1 and self.kind not in ("affine", "softmax")


@dataclass(frozen=True, slots=True)
class Link:
    """What a place (`head`) uses of another one (`tail`): `source`, along these edges."""

    tail: str
    head: str
    operand: int
    source: Vertex
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Sketch:
    """Places, operands before users, and the links between them."""

    places: tuple[Place, ...]
    links: tuple[Link, ...]

    def place(self, id: str) -> Place:
        """The place with an id."""
        return next(place for place in self.places if place.id == id)

    def users(self) -> dict[str, list[Link]]:
        """The links by the place that is used."""
        found: dict[str, list[Link]] = {place.id: [] for place in self.places}
        for link in self.links:
            found[link.tail].append(link)
        return found

    def operands(self) -> dict[str, list[Link]]:
        """The links by the place that uses, in the order of its operands."""
        found: dict[str, list[Link]] = {place.id: [] for place in self.places}
        for link in self.links:
            found[link.head].append(link)
        return found

    def without(self, ids: Iterable[str]) -> Sketch:
        """Fewer places; their links go too."""
        gone = set(ids)
        return Sketch(
            tuple(place for place in self.places if place.id not in gone),
            tuple(x for x in self.links if x.tail not in gone and x.head not in gone),
        )

    def redrawn(self, change: Mapping[str, Place]) -> Sketch:
        """Some places replaced by others of the same id."""
        places = tuple(change.get(place.id, place) for place in self.places)
        return replace(self, places=places)


def key_of(edge: Edge) -> tuple[Node, int]:
    """What an edge of the graph has in common with its copy in the tree."""
    return (edge.head.node, edge.operand)


def sketch_of(graph: Graph) -> Sketch:
    """Every vertex and every edge of a graph."""
    return Sketch(
        tuple(Place(vertex.id, vertex, (vertex,)) for vertex in graph.nodes),
        tuple(
            Link(edge.tail.id, edge.head.id, edge.operand, edge.tail, (edge,))
            for edge in graph.edges
        ),
    )


def cones(sketch: Sketch, heads: Iterable[str], stays: Callable[[Place], bool]) -> dict[str, str]:
    """For places that are used by one head alone, directly or through others: that head.

    A head belongs to itself. What `stays` never belongs to another place. As only the heads are
    used from outside, boxes around such parts are never connected in a circle.
    """
    chosen = set(heads)
    users = sketch.users()
    owner: dict[str, str] = {}
    for place in reversed(sketch.places):
        if place.id in chosen:
            owner[place.id] = place.id
            continue
        above = {owner.get(link.head) for link in users[place.id]}
        only = above.pop() if len(above) == 1 else None
        if only is not None and not stays(place):
            owner[place.id] = only
    return owner


def gathered(
    sketch: Sketch, owner: Mapping[str, str], kinds: Mapping[str, Kind] | None = None
) -> Sketch:
    """The sketch with the places of one owner in one box; an owner alone with itself stays as is.

    The box stands where its last member stood and has the id of the owner. `kinds`: what a box is
    where that is no module.
    """
    inside: dict[str, list[Place]] = {}
    for place in sketch.places:
        if place.id in owner:
            inside.setdefault(owner[place.id], []).append(place)
    boxes: dict[str, Place] = {}
    for head, places in inside.items():
        top = next(place for place in places if place.id == head)
        if len(places) > 1:
            members = tuple(vertex for place in places for vertex in place.members)
            kind: Kind = (kinds or {}).get(head, "module")
            boxes[head] = replace(top, members=members, kind=kind)
        else:
            boxes[head] = top
    last = {head: places[-1].id for head, places in inside.items()}
    kept: list[Place] = []
    for place in sketch.places:
        head_of = owner.get(place.id)
        if head_of is None:
            kept.append(place)
        elif last[head_of] == place.id:
            kept.append(boxes[head_of])
    return Sketch(tuple(kept), _merged(sketch.links, owner))


def _merged(links: Sequence[Link], owner: Mapping[str, str]) -> tuple[Link, ...]:
    """The links between boxes; what one box uses several times of a value is one link.

    Operands that stay apart keep their number; into a box they count in the order of its members.
    """
    boxed = {id for id, head in owner.items() if id != head} | {
        head for id, head in owner.items() if id != head
    }
    found: dict[Hashable, Link] = {}
    arrived: dict[str, int] = {}
    for link in links:
        tail, head = owner.get(link.tail, link.tail), owner.get(link.head, link.head)
        if tail == head:
            continue
        if head not in boxed:
            found[head, link.operand, link.source.id] = replace(link, tail=tail, head=head)
            continue
        key = (head, link.source.id)
        before = found.get(key)
        if before is None:
            number = arrived.get(head, 0)
            arrived[head] = number + 1
            found[key] = replace(link, tail=tail, head=head, operand=number)
        else:
            found[key] = replace(before, edges=before.edges + link.edges)
    return tuple(found.values())
