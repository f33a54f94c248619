"""The deck as a scene: the picture laid out once, what is seen in which step, and the formulas.

The formulas of a step stand beside the picture or below it, whichever fills a slide better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symgraph.draw.scene import Glyphs, Item, Path, Scene
from symgraph.draw.slides.formulas import GAP, Row, block_of, columns_of, stacked, tall, wide, words
from symgraph.draw.slides.story import Step, Story
from symgraph.draw.theme import Paint, Theme
from symgraph.draw.typesetting.typeset import clean, default_typesetter
from symgraph.draw.view import View
from symgraph.draw.writers.texmath import has_cjk, plain, plain_text

__all__ = [
    "formula_item",
    "items_in_steps",
    "legend_steps",
    "note",
    "staged",
    "titles",
    "top_of",
]

#: Width by height of a slide.
_ASPECT = 16 / 9
#: Characters of a title that go before every heading.
_LONGEST_TITLE = 90
#: Around a node that a step is about.
_HALO, _HALO_WIDTH = 4.5, 5.0
_LEAST_COLUMN, _LEAST_BAND = 360.0, 900.0


def staged(scene: Scene, view: View, told: Story, title: str, theme: Theme) -> Scene:
    """The scene of a deck, from that of a picture with room for all that will stand in it."""
    items = items_in_steps(scene, view, told, theme)
    top = top_of(theme)
    beside = _beside(scene, told.steps, top)
    below = _below(scene, told.steps, top)
    texts = min((one for one in (beside, below) if one is not None), key=lambda one: one.height)
    margin, shift = theme.margin, (texts.width - texts.natural) / 2
    spread: list[Item] = [item.moved(shift + texts.picture[0], texts.picture[1]) for item in items]
    spread += titles(told.steps, title, (margin, texts.width - margin), theme)
    for step, number, formula, (x, y) in texts.placed:
        spread.append(formula_item(formula, (x + shift, y), (step, number), theme))
    return replace(
        scene,
        width=texts.width,
        height=texts.height,
        items=tuple(spread),
        title=clean(title) or told.steps[-1].heading,
        notes=tuple(map(note, told.steps)),
    )


def items_in_steps(scene: Scene, view: View, told: Story, theme: Theme) -> list[Item]:
    """The picture with its steps, and what points at the nodes and edges of each."""
    picture = list(_picture(scene, view, told, theme))
    # Frames lie below what points at the nodes in them.
    frames = [item for item in picture if item.layer == "group" and item.owner not in scene.names]
    below = {item.id for item in frames}
    others = (item for item in picture if item.id not in below)
    return [*frames, *_behind(scene, view, told, theme), *others]


def top_of(theme: Theme) -> float:
    """The height of the band that headings stand in."""
    return theme.title_size * 1.7


def formula_item(
    formula: Row, at: tuple[float, float], place: tuple[int, int], theme: Theme
) -> Item:
    """A formula with its baseline's left end at a point; `place` is its step and number there."""
    step, number = place
    name = f"formula{step}-{number}"
    glyphs = Glyphs(formula.box, *at)
    return Item(
        name, name, "caption", "formula", glyphs, Paint(theme.ink), "", formula.source, step, step
    )


def titles(
    steps: Sequence[Step], title: str, span: tuple[float, float], theme: Theme
) -> Iterator[Item]:
    """The heading of each step in the middle between two ends."""
    left, right = span
    for first, last, heading in _headings(steps, title, right - left, theme):
        x = (left + right - heading.box.width) / 2
        glyphs = Glyphs(heading.box, x, theme.margin + heading.box.height)
        yield Item(
            f"title{first}", "title", "title", "text", glyphs, Paint(theme.ink),
            "", heading.source, first, last,
        )  # fmt: skip


def note(step: Step) -> str:
    """What a speaker says."""
    said = "; ".join(plain(" ".join(line)) for line in step.lines)
    return clean(f"{step.heading}: {said}" if said else step.heading)


def _headings(
    steps: Sequence[Step], title: str, width: float, theme: Theme
) -> Iterator[tuple[int, int, Row]]:
    """The first and the last step of each heading, and the heading."""
    first = 0
    colon = "：" if has_cjk(steps[0].heading) else ": "
    said = clean(plain_text(title))
    short = said if len(said) <= _LONGEST_TITLE else f"{said[: _LONGEST_TITLE - 1]}…"
    before = f"{short}{colon}" if short else ""
    for number, step in enumerate(steps):
        if number + 1 < len(steps) and steps[number + 1].heading == step.heading:
            continue
        text = before + step.heading
        yield first, number, Row(words(text, width, theme.title_size), text)
        first = number + 1


# --- the picture ----------------------------------------------------------------------------------


def _behind(scene: Scene, view: View, told: Story, theme: Theme) -> Iterator[Item]:
    """What points at the nodes and edges of a step, below everything."""
    owners = {name: owner for owner, name in scene.names.items()}
    numbers = {(edge.head, edge.tail, edge.operand): k for k, edge in enumerate(view.edges)}
    paths = {item.owner: item.drawn for item in scene.items if item.layer == "edge"}
    paint = replace(theme.marker, width=_HALO_WIDTH)
    for number, step in enumerate(told.steps):
        # A view may draw a loop and its results as one node.
        for way in filter(numbers.__contains__, step.edges):
            owner = f"e{numbers[way]}"
            drawn = paths[owner]
            assert isinstance(drawn, Path)
            yield Item(
                f"{owner}-marker{number}", owner, "marker", "marker", Path(drawn.curve),
                theme.marker, first=number, last=number,
            )  # fmt: skip
        for id in filter(owners.__contains__, step.nodes):
            owner = owners[id]
            shape = scene.shape(owner).grown(_HALO)
            yield Item(
                f"{owner}-halo{number}", owner, "marker", "halo", shape, paint,
                first=number, last=number,
            )  # fmt: skip


def _picture(scene: Scene, view: View, told: Story, theme: Theme) -> Iterator[Item]:
    """The items of the picture with their steps; values one after the other at one place."""
    first_of = legend_steps(told) | {f"g{k}": step for k, step in told.groups.items()}
    first = _first_steps(view, told)
    for item in scene.items:
        if item.layer in ("forward", "backward"):
            texts = told.forward if item.layer == "forward" else told.backward
            yield from _values(item, texts[scene.names[item.owner]], scene, theme)
        elif item.owner in scene.names:
            yield replace(item, first=first[scene.names[item.owner]])
        elif item.layer in ("label", "edge", "marker"):
            edge = view.edges[int(item.owner[1:])]
            there = max(first[edge.head], edge.first)
            if item.layer == "marker":
                # What the picture itself points at, it does when it comes.
                yield replace(item, first=there, last=there)
            else:
                yield replace(item, first=max(there, told.labels * (item.layer == "label")))
        else:
            yield replace(item, first=first_of.get(item.owner, 0))


def _first_steps(view: View, told: Story) -> dict[str, int]:
    """From which step on each node is there; one of which nothing is told comes with its user."""
    users: dict[str, int] = {}
    for edge in view.edges:
        step = told.nodes.get(edge.head, 0)
        users[edge.tail] = min(users.get(edge.tail, step), step)
    return {node.id: told.nodes.get(node.id, users.get(node.id, 0)) for node in view.nodes}


def legend_steps(told: Story) -> dict[str, int]:
    """From which step on each line of the legend is there; those not named are from the start."""
    return {
        "legend-label": told.labels,
        "legend-forward": _earliest(told.forward),
        "legend-backward": _earliest(told.backward),
    }


def _earliest(texts: dict[str, list[tuple[int, str]]]) -> int:
    return min((step for told in texts.values() for step, _ in told), default=0)


def _values(
    item: Item, texts: Sequence[tuple[int, str]], scene: Scene, theme: Theme
) -> Iterator[Item]:
    """The values of one node, each until the next comes, flush with the node."""
    assert isinstance(item.drawn, Glyphs)
    room, node = item.bounds, scene.shape(item.owner).bounds
    for number, (step, text) in enumerate(texts):
        last = texts[number + 1][0] - 1 if number + 1 < len(texts) else None
        if not text:
            continue
        box = default_typesetter().measure(text, theme.value_size)
        free = room.width - box.width
        share = 0.0 if room.left >= node.right else 1.0 if room.right <= node.left else 0.5
        glyphs = Glyphs(box, room.left + share * free, item.drawn.y)
        id = item.id if not number else f"{item.id}{step}"
        yield replace(item, id=id, drawn=glyphs, source=clean(text), first=step, last=last)


# --- the formulas ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Texts:
    """The size of the slide, where the picture and each formula of each step go.

    `natural` is the width before the slide got its proportions.
    """

    width: float
    height: float
    natural: float
    picture: tuple[float, float]
    placed: tuple[tuple[int, int, Row, tuple[float, float]], ...]


def _beside(scene: Scene, steps: Sequence[Step], top: float) -> _Texts | None:
    """Formulas in a column at the right; None where there is no room for one."""
    column = (scene.height + top) * _ASPECT - scene.width - GAP
    if column < _LEAST_COLUMN:
        return None
    blocks = [block_of(step, column) for step in steps]
    tallest = max(map(tall, blocks))
    height = max(scene.height, tallest)
    left = scene.width + GAP / 2
    start = top + (height - tallest) / 2
    placed = (
        (step, number, formula, (left, y))
        for step, block in enumerate(blocks)
        for number, (formula, y) in enumerate(stacked(block, start))
    )
    natural = scene.width + GAP + max(wide(block) for block in blocks)
    picture = (0.0, top + (height - scene.height) / 2)
    return _proportioned(natural, top + height, picture, tuple(placed))


def _below(scene: Scene, steps: Sequence[Step], top: float) -> _Texts:
    """Formulas in the middle below the picture."""
    band = max(scene.width, _LEAST_BAND)
    # A slide is wider than the picture where the formulas are high.
    widest = max(band, (top + 1.5 * scene.height) * _ASPECT)
    blocks = [columns_of(block_of(step, band), widest) for step in steps]
    natural = max(scene.width, *(sum(map(wide, block)) + GAP * len(block) for block in blocks))
    start = top + scene.height
    placed = []
    for step, block in enumerate(blocks):
        x, number = (natural - sum(map(wide, block)) - GAP * (len(block) - 1)) / 2, 0
        for column in block:
            for formula, y in stacked(column, start):
                # One column stands in the middle, several begin at their left ends.
                middle = (wide(column) - formula.box.width) / 2 if len(block) == 1 else 0.0
                placed.append((step, number, formula, (x + middle, y)))
                number += 1
            x += wide(column) + GAP
    height = start + max(tall(column) for block in blocks for column in block) + GAP / 2
    return _proportioned(natural, height, ((natural - scene.width) / 2, top), tuple(placed))


def _proportioned(
    width: float,
    height: float,
    picture: tuple[float, float],
    placed: tuple[tuple[int, int, Row, tuple[float, float]], ...],
) -> _Texts:
    high = max(height, width / _ASPECT)
    down = (high - height) / 2
    moved = tuple((step, k, formula, (x, y + down)) for step, k, formula, (x, y) in placed)
    return _Texts(high * _ASPECT, high, width, (picture[0], picture[1] + down), moved)
