"""Small parts of a graph that are drawn as one vertex, or not at all."""

from __future__ import annotations

from symgraph.draw.sketch import Kind, Link, Place, Sketch, gathered
from symgraph.ops import Einsum, Final, Reshape, Trace

__all__ = ["affine_folded", "loops_folded", "without_constants"]


def loops_folded(sketch: Sketch) -> Sketch:
    """A loop of which one result is used, drawn as that result."""
    users = sketch.users()
    places = {place.id: place for place in sketch.places}
    owner: dict[str, str] = {}
    for place in sketch.places:
        if not place.vertex.node.is_loop:
            continue
        results = {link.head for link in users[place.id]}
        if len(results) == 1 and isinstance(places[min(results)].vertex.node, (Final, Trace)):
            owner[place.id] = owner[min(results)] = min(results)
    return gathered(sketch, owner)


def without_constants(sketch: Sketch) -> Sketch:
    """Only what can change; the operations show their constants."""
    return sketch.without(
        place.id
        for place in sketch.places
        if place.is_leaf and place.vertex.role == "constant"
    )  # fmt: skip


def affine_folded(sketch: Sketch) -> Sketch:
    """Every W x + b and every W x, with parameters W and b, as one vertex."""
    users, operands = sketch.users(), sketch.operands()
    places = {place.id: place for place in sketch.places}
    owner: dict[str, str] = {}

    def used_once(id: str) -> bool:
        return len(users[id]) == 1

    for place in sketch.places:
        if place.vertex.op == "·" and _is_linear(operands[place.id], places):
            owner |= {x.tail: place.id for x in operands[place.id] if _weight(x, places)}
            owner[place.id] = place.id
    for place in sketch.places:
        links = operands[place.id]
        if place.vertex.op != "+" or len(links) != 2:
            continue
        product = [x.tail for x in links if owner.get(x.tail) == x.tail and used_once(x.tail)]
        bias = [chain for x in links if (chain := _bias(x.tail, places, operands))]
        if len(product) == 1 and len(bias) == 1 and all(map(used_once, bias[0][:-1])):
            owner |= {id: place.id for id, head in owner.items() if head == product[0]}
            owner |= dict.fromkeys([*bias[0], place.id], place.id)
    shared = {id for id in owner if not _used_inside(id, users, owner)}
    for id in shared:
        if places[id].is_leaf:
            del owner[id]
    kinds: dict[str, Kind] = dict.fromkeys(owner.values(), "affine")
    return gathered(sketch, owner, kinds)


def _used_inside(id: str, users: dict[str, list[Link]], owner: dict[str, str]) -> bool:
    """Whether a place is used in the box that it belongs to, and nowhere else."""
    return all(owner.get(link.head) == owner[id] for link in users[id])


def _is_linear(links: list[Link], places: dict[str, Place]) -> bool:
    return len(links) == 2 and sum(_weight(link, places) for link in links) == 1


def _weight(link: Link, places: dict[str, Place]) -> bool:
    place = places[link.tail]
    return place.is_leaf and place.vertex.role == "parameter"


def _bias(id: str, places: dict[str, Place], operands: dict[str, list[Link]]) -> list[str]:
    """A parameter and what only repeats or reshapes it; nothing for any other value."""
    chain = [id]
    while isinstance(places[id].vertex.node, (Einsum, Reshape)) and len(operands[id]) == 1:
        id = operands[id][0].tail
        chain.append(id)
    place = places[id]
    return chain if place.is_leaf and place.vertex.role == "parameter" else []
