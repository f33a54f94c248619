"""Small parts of a graph that are drawn as one vertex, or not at all."""

from __future__ import annotations

from dataclasses import replace

from symgraph.draw.graphs.sketch import Kind, Link, Place, Sketch, gathered
from symgraph.ops import Concat, Einsum, Final, Reshape, Trace

__all__ = ["affine_folded", "entries_joined", "loops_folded", "softmax_folded", "without_constants"]


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


#: Operations of which a constant is a coefficient, an exponent: part of what is done.
_SCALING = frozenset(["·", "/", "^"])


def without_constants(sketch: Sketch, *, all_of_them: bool) -> Sketch:
    """Without the numbers that only scale, as in 2 x, x/2 and x³; or without any constant.

    The operations show the constants that they lost; one of nothing but constants keeps them.
    """
    places = {place.id: place for place in sketch.places}

    def is_constant(link: Link) -> bool:
        place = places[link.tail]
        return place.is_leaf and place.vertex.role == "constant"

    gone: list[Link] = []
    for head, links in sketch.operands().items():
        vertex, found = places[head].vertex, [link for link in links if is_constant(link)]
        if all_of_them:
            gone += found
        elif vertex.op in _SCALING and len(places[head].members) == 1 < len(links):
            gone += [x for x in found if len(found) == 1 and not x.source.shape]
    kept = set(sketch.links).difference(gone)
    used = {link.tail for link in kept}
    unused = {link.tail for link in gone} - used
    return Sketch(
        tuple(place for place in sketch.places if place.id not in unused),
        tuple(link for link in sketch.links if link in kept),
    )


def entries_joined(sketch: Sketch) -> Sketch:
    """Numbers that are joined to a vector, without the vectors of one entry on the way."""
    users, operands = sketch.users(), sketch.operands()
    places = {place.id: place for place in sketch.places}
    inner: dict[str, Link] = {}
    for place in sketch.places:
        vertex = place.vertex
        if vertex.op != "reshape" or vertex.shape != (1,) or vertex.name is not None:
            continue
        (link,) = operands[place.id]
        joins = all(isinstance(places[x.head].vertex.node, Concat) for x in users[place.id])
        if joins and users[place.id] and not link.source.shape:
            inner[place.id] = link
    links = tuple(
        replace(link, tail=inner[link.tail].tail, source=inner[link.tail].source,
                edges=link.edges + inner[link.tail].edges)
        if link.tail in inner else link
        for link in sketch.links if link.head not in inner
    )  # fmt: skip
    return Sketch(tuple(place for place in sketch.places if place.id not in inner), links)


def softmax_folded(sketch: Sketch) -> Sketch:
    """Every exp(z - log Σ exp z) as one vertex, if nothing else uses its parts."""
    users, operands = sketch.users(), sketch.operands()
    places = {place.id: place for place in sketch.places}
    owner: dict[str, str] = {}

    def inner(id: str, op: str) -> bool:
        """Whether a place without a name does this, for one user alone."""
        vertex = places[id].vertex
        return vertex.op == op and vertex.name is None and len(users[id]) == 1

    for place in sketch.places:
        if place.vertex.op != "exp" or not inner(operands[place.id][0].tail, "−"):
            continue
        difference = operands[place.id][0].tail
        of, *rest = (link.tail for link in operands[difference])
        parts = [difference, *rest]
        while any(inner(parts[-1], op) for op in ("reshape", "repeat")):
            parts.append(operands[parts[-1]][0].tail)
        if inner(parts[-1], "logsumexp") and operands[parts[-1]][0].tail == of:
            owner |= dict.fromkeys([*parts, place.id], place.id)
    kinds: dict[str, Kind] = dict.fromkeys(owner.values(), "softmax")
    return gathered(sketch, owner, kinds)


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
