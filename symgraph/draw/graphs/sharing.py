"""Shared parameters: drawn once or at every use, the same parameter in the same colour."""

from __future__ import annotations

from dataclasses import replace

from symgraph.draw.graphs.sketch import Link, Place, Sketch
from symgraph.node import Node

__all__ = ["chipped", "hues_of"]


def hues_of(sketch: Sketch) -> dict[Node, int]:
    """A colour for every parameter that is used more than once, in the order of their use."""
    uses: dict[Node, int] = {}
    places = {place.id: place for place in sketch.places}
    for link in sketch.links:
        place = places[link.tail]
        if place.is_leaf and place.vertex.role == "parameter":
            uses[place.vertex.node] = uses.get(place.vertex.node, 0) + 1
    shared = [node for node, count in uses.items() if count > 1]
    return {node: hue for hue, node in enumerate(shared)}


def chipped(sketch: Sketch) -> Sketch:
    """Every shared parameter at each of its uses."""
    shared = hues_of(sketch)
    chips: dict[str, list[Place]] = {}
    links: list[Link] = []
    leaves = {place.id: place for place in sketch.places if place.vertex.node in shared}
    for link in sketch.links:
        if link.tail in leaves:
            made = chips.setdefault(link.tail, [])
            id = f"{link.tail}_{len(made)}" if made else link.tail
            made.append(replace(leaves[link.tail], id=id, kind="chip"))
            link = replace(link, tail=id)
        links.append(link)
    places = [one for place in sketch.places for one in chips.get(place.id, [place])]
    return Sketch(tuple(places), tuple(links))
