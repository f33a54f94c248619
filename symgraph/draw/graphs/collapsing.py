"""How much of a graph is drawn: what is folded, hidden, left out, copied or put into one box."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from symgraph.build.unroll import Times
from symgraph.draw.given import names_in
from symgraph.draw.graphs.folding import (
    affine_folded,
    entries_joined,
    loops_folded,
    softmax_folded,
    without_constants,
)
from symgraph.draw.graphs.modules import branches_folded, by_names, in_slices, repeats_folded
from symgraph.draw.graphs.sharing import chipped
from symgraph.draw.graphs.sketch import Kind, Sketch, gathered, sketch_of
from symgraph.draw.graphs.times import Epoch, elided, epochs_of, with_entries
from symgraph.draw.view import Language, ViewGroup
from symgraph.errors import DrawError, UnknownNameError
from symgraph.graph import Graph
from symgraph.printing import latex_name

__all__ = ["Arrangement", "Constants", "Wanted", "arranged"]

#: More places than this are collapsed without being asked; more than that are refused.
READABLE = 200
LIMIT = 10_000
#: So many boxes for what neither names nor repeats make small.
SLICES = 16

_WORDS: dict[Language, str] = {
    "en": "{n} values are drawn as {m} nodes; collapse='none' draws every value.",
    "zh": "{n} 个值画成 {m} 个节点；collapse='none' 画出全部。",
}


#: Which constants are drawn: "operands" are those that do not only scale.
Constants = Literal["all", "operands", "none"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for; `kept` are leaves that go into no box."""

    collapse: Any = "auto"
    expand: Any = ()
    chips: bool = False
    constants: Constants = "operands"
    fold: str | None = None
    kept: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The sketch that is drawn, its frames, and for what is left out of a loop its times."""

    sketch: Sketch
    groups: tuple[ViewGroup, ...]
    gaps: Mapping[str, Epoch]
    notes: tuple[str, ...] = ()


def arranged(
    graph: Graph, times: Sequence[Times], wanted: Wanted, language: Language
) -> Arrangement:
    """What of a graph is drawn.

    Raises DrawError for more than can be drawn, UnknownNameError for a name that there is not.
    """
    sketch = loops_folded(sketch_of(graph))
    if wanted.fold is not None:
        sketch = softmax_folded(entries_joined(sketch))
    if wanted.fold == "affine":
        sketch = affine_folded(sketch)
    if wanted.constants != "all":
        sketch = without_constants(sketch, all_of_them=wanted.constants == "none")
    epochs = epochs_of(sketch, times)
    sketch, gaps = elided(with_entries(sketch, epochs), epochs)
    sketch, framed, notes = _collapsed(sketch, wanted, language)
    if wanted.chips:
        sketch = chipped(sketch)
    if len(sketch.places) > LIMIT:
        raise DrawError(
            f"draw: {len(sketch.places)} vertices are more than can be shown ({LIMIT}). "
            "Leave collapse away, or draw a part of the expression."
        )
    epochs = {id: x for id, x in epochs_of(sketch, times).items() if not x.is_elided}
    groups = (*_frames(sketch, framed), *_epochs(sketch, epochs))
    return Arrangement(sketch, groups, gaps, notes)


def _collapsed(
    sketch: Sketch, wanted: Wanted, language: Language
) -> tuple[Sketch, dict[str, str], tuple[str, ...]]:
    """The sketch with its boxes; for what stands in a frame its head; a note."""
    named = [
        place.vertex.name
        for place in sketch.places
        if place.vertex.name is not None and place.vertex.node.args
    ]
    expand = _names("expand", wanted.expand, named)
    collapse = wanted.collapse
    if collapse is None or (isinstance(collapse, str) and collapse == "none"):
        chosen: set[str] = set()
        repeats = branches = False
    elif isinstance(collapse, str) and collapse == "auto":
        if not expand:
            return _automatic(sketch, named, wanted, language)
        chosen, repeats, branches = set(named), False, False
    else:
        words = names_in("collapse", collapse)
        # A value may well be called "names"; then it is meant.
        repeats = "repeats" in words and "repeats" not in named
        branches = "branches" in words and "branches" not in named
        every = "names" in words and "names" not in named
        listed = [
            word for word in words
            if not (word == "repeats" and repeats) and not (word == "names" and every)
            and not (word == "branches" and branches)
        ]  # fmt: skip
        chosen = set(named) if every else set(_names("collapse", listed, named))
    made, framed = _boxed(sketch, chosen - set(expand), expand, wanted.kept)
    if branches:
        made = branches_folded(made, wanted.kept)
    return (repeats_folded(made, wanted.kept) if repeats else made), framed, ()


def _names(option: str, given: Any, named: Sequence[str]) -> list[str]:
    """The names that an option lists, checked."""
    if given == "all" and "all" not in named:
        return list(named)
    names = names_in(option, given)
    for name in names:
        if name not in named:
            near = get_close_matches(str(name), named, 1, 0.5)
            hint = "No value has a name; sg.let gives names."
            if named:
                hint = f"The names are {', '.join(list(dict.fromkeys(named))[:12])}."
            if near:
                hint = f"Did you mean {near[0]!r}?"
            raise UnknownNameError(f"draw: {option}: no value is called {str(name)!r}. {hint}")
    return names


def _boxed(
    sketch: Sketch, collapsed: Collection[str], expand: Collection[str], kept: Collection[str]
) -> tuple[Sketch, dict[str, str]]:
    """Named values in boxes, or open in a frame: the sketch, and the head of what is framed."""
    owner = by_names(sketch, {*collapsed, *expand}, kept)
    names = {place.id: place.vertex.name for place in sketch.places}
    framed = {id: head for id, head in owner.items() if names[head] in expand}
    merged = {id: head for id, head in owner.items() if id not in framed}
    kinds: dict[str, Kind] = dict.fromkeys(merged.values(), "module")
    return gathered(sketch, merged, kinds), framed


def _automatic(
    sketch: Sketch, named: Sequence[str], wanted: Wanted, language: Language
) -> tuple[Sketch, dict[str, str], tuple[str, ...]]:
    """Everything where that can be read, else as little collapsed as makes it readable."""
    if len(sketch.places) <= READABLE:
        return sketch, {}, ()
    best = sketch
    for made in _attempts(sketch, named, wanted.kept):
        best = min(best, made, key=lambda one: len(one.places))
        if len(best.places) <= READABLE:
            break
    note = _WORDS[language].format(n=_spaced(len(sketch.places)), m=len(best.places))
    return best, {}, (rf"\text{{{note}}}",)


def _attempts(sketch: Sketch, named: Sequence[str], kept: Collection[str]) -> Iterator[Sketch]:
    """Ways to make a graph smaller, the gentlest first."""
    yield repeats_folded(sketch, kept)
    if named:
        modules = _boxed(sketch, set(named), (), kept)[0]
        yield modules
        yield repeats_folded(modules, kept)
    yield in_slices(sketch, SLICES)


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _frames(sketch: Sketch, framed: Mapping[str, str]) -> Iterator[ViewGroup]:
    """The frames around what was expanded; a chip goes with the only place that uses it."""
    inside = dict(framed)
    places = {place.id: place for place in sketch.places}
    for link in sketch.links:
        if places[link.tail].kind == "chip" and link.head in framed:
            inside[link.tail] = framed[link.head]
    members: dict[str, list[str]] = {}
    for place in sketch.places:
        if place.id in inside:
            members.setdefault(inside[place.id], []).append(place.id)
    for head, ids in members.items():
        name = places[head].vertex.name
        yield ViewGroup(f"module {head}", latex_name(name or ""), tuple(ids))


def _epochs(sketch: Sketch, epochs: Mapping[str, Epoch]) -> Iterator[ViewGroup]:
    """The frames of the times; those of a second loop come after those of the first."""
    members: dict[Epoch, list[str]] = {}
    for place in sketch.places:
        if place.id in epochs:
            members.setdefault(epochs[place.id], []).append(place.id)
    for epoch in sorted(members, key=lambda one: (one.loop, one.first)):
        ids = tuple(members[epoch])
        yield ViewGroup(epoch.id, f"t = {epoch.first}", ids, "time")
