"""Loops written out for a picture: a group of vertices for every time, a long middle left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symgraph.build.unroll import Times, unrolled_with_times
from symgraph.draw.graphs.sketch import Kind, Place, Sketch, gathered
from symgraph.errors import DrawError
from symgraph.evaluate import bind_values
from symgraph.node import Node
from symgraph.ops import Pull
from symgraph.ops.let import bare

__all__ = ["Epoch", "elided", "epochs_of", "with_entries", "written_out"]

#: Of a longer loop the middle is left out: 1, 2, ..., T.
MOST_TIMES = 4


@dataclass(frozen=True, slots=True)
class Epoch:
    """One time of one loop, counted from 1, of so many; or the times `first` to `last`."""

    loop: int
    first: int
    last: int
    length: int

    @property
    def is_elided(self) -> bool:
        """Whether it lies in the middle that is left out."""
        return self.length > MOST_TIMES and 2 < self.first < self.length

    @property
    def id(self) -> str:
        """A name that is the same in every run."""
        return f"t{self.loop}_{self.first}"


def written_out(
    roots: Sequence[Node], steps: Any, values: Mapping[Any, Any] | None
) -> tuple[list[Node], list[Times]]:
    """The roots without loops, and what belongs to which time of which loop.

    `steps`: how many, a dict of these by name, or True for as many as the values have.
    """
    if steps is not True:
        return unrolled_with_times(roots, steps)
    if values is None:
        raise DrawError("draw: steps=True takes their number from the values. Give values or T.")
    _, dims = bind_values(roots, values)
    return unrolled_with_times(roots, {str(symbol): size for symbol, size in dims.items()} or None)


def epochs_of(sketch: Sketch, loops: Sequence[Times]) -> dict[str, Epoch]:
    """For each place that belongs to one time: which.

    What only one time uses belongs to it too, inputs excepted.
    """
    found: dict[Node, Epoch] = {}
    for loop, times in enumerate(loops):
        for t, nodes in enumerate(times, 1):
            epoch = Epoch(loop, t, t, len(times))
            found.update((bare(node), epoch) for node in nodes)
    users = sketch.users()
    epochs: dict[str, Epoch] = {}
    for place in reversed(sketch.places):
        epoch_of = found.get(place.vertex.node)
        if epoch_of is None:
            above = {epochs.get(link.head) for link in users[place.id]}
            epoch_of = above.pop() if len(above) == 1 else None
            if place.vertex.role in ("data", "state"):
                epoch_of = None
        if epoch_of is not None:
            epochs[place.id] = epoch_of
    return epochs


def elided(sketch: Sketch, epochs: Mapping[str, Epoch]) -> tuple[Sketch, dict[str, Epoch]]:
    """The middle of long loops as one place each, and the times that these stand for."""
    owner: dict[str, str] = {}
    middle: dict[int, str] = {}
    for place in reversed(sketch.places):
        epoch = epochs.get(place.id)
        if epoch is None or not epoch.is_elided:
            continue
        owner[place.id] = middle.setdefault(epoch.loop, place.id)
    kinds: dict[str, Kind] = dict.fromkeys(owner.values(), "gap")
    gaps = {id: replace(epochs[id], first=3, last=epochs[id].length - 1) for id in kinds}
    return _in_order(gathered(sketch, owner, kinds)), gaps


def with_entries(sketch: Sketch, epochs: Mapping[str, Epoch]) -> Sketch:
    """What a time reads of a sequence as an input of its own; the sequence is then not drawn."""
    operands, users = sketch.operands(), sketch.users()
    places = {place.id: place for place in sketch.places}
    entries: dict[str, Place] = {}
    for place in sketch.places:
        links = operands[place.id]
        if not isinstance(place.vertex.node, Pull) or place.id not in epochs or len(links) != 1:
            continue
        if place.vertex.name and places[links[0].tail].vertex.role in ("data", "state"):
            entries[place.id] = replace(place, kind="entry")
    whole = {
        id for id, links in users.items()
        if links and places[id].is_leaf and all(link.head in entries for link in links)
    }  # fmt: skip
    kept = tuple(link for link in sketch.links if link.head not in entries)
    return Sketch(sketch.redrawn(entries).places, kept).without(whole)


def _in_order(sketch: Sketch) -> Sketch:
    """Operands before users again: a box with several results may be used before it is whole."""
    waiting = {place.id: 0 for place in sketch.places}
    for link in sketch.links:
        waiting[link.head] += 1
    users = sketch.users()
    ready = [place for place in reversed(sketch.places) if not waiting[place.id]]
    places = {place.id: place for place in sketch.places}
    order: list[Place] = []
    while ready:
        place = ready.pop()
        order.append(place)
        for link in reversed(users[place.id]):
            waiting[link.head] -= 1
            if not waiting[link.head]:
                ready.append(places[link.head])
    return Sketch(tuple(order), sketch.links)
