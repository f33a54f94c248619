"""The deck as a scene: the picture laid out once, what is seen in which step, and the formulas.

The formulas of a step stand beside the picture or below it, whichever fills a slide better.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symgraph.draw.scene import Glyphs, Item, Path, Scene
from symgraph.draw.slides.story import Line, Step, Story
from symgraph.draw.theme import Paint, Theme
from symgraph.draw.typesetting.typeset import Box, clean, default_typesetter
from symgraph.draw.view import View
from symgraph.draw.writers.texmath import has_cjk, plain, plain_text

__all__ = ["staged"]

#: Width by height of a slide.
_ASPECT = 16 / 9
#: The size of formulas beside the picture; what is too wide is set smaller, but not below the part.
_SIZE, _SMALLEST = 30.0, 0.75
_LINE_GAP = 18.0
# What continues a formula in a further row stands further right.
_SIGNS = ("=", "+", r"\cdot")
#: Characters of a title that go before every heading.
_LONGEST_TITLE = 90
#: Between the picture and the formulas, and around a node that a step is about.
_GAP, _HALO = 40.0, 4.5
_HALO_WIDTH = 5.0
_LEAST_COLUMN, _LEAST_BAND = 360.0, 900.0


@dataclass(frozen=True, slots=True)
class _Set:
    """A formula set, and what it says."""

    box: Box
    source: str


def staged(scene: Scene, view: View, told: Story, title: str, theme: Theme) -> Scene:
    """The scene of a deck, from that of a picture with room for all that will stand in it."""
    picture = list(_picture(scene, view, told, theme))
    # Frames lie below what points at the nodes in them.
    frames = [item for item in picture if item.layer == "group" and item.owner not in scene.names]
    items = [
        *frames,
        *_behind(scene, view, told, theme),
        *(item for item in picture if item not in frames),
    ]
    top = theme.title_size * 1.7
    beside = _beside(scene, told.steps, top)
    below = _below(scene, told.steps, top)
    texts = min((one for one in (beside, below) if one is not None), key=lambda one: one.height)
    margin, shift = theme.margin, (texts.width - texts.natural) / 2
    spread: list[Item] = [item.moved(shift + texts.picture[0], texts.picture[1]) for item in items]
    for first, last, heading in _headings(told.steps, title, texts.width - 2 * margin, theme):
        x = (texts.width - heading.box.width) / 2
        glyphs = Glyphs(heading.box, x, margin + heading.box.height)
        spread.append(
            Item(f"title{first}", "title", "title", "text", glyphs, Paint(theme.ink),
                 "", heading.source, first, last)
        )  # fmt: skip
    for step, number, formula, (x, y) in texts.placed:
        name = f"formula{step}-{number}"
        glyphs = Glyphs(formula.box, x + shift, y)
        spread.append(
            Item(name, name, "caption", "formula", glyphs, Paint(theme.ink),
                 "", formula.source, step, step)
        )  # fmt: skip
    return replace(
        scene,
        width=texts.width,
        height=texts.height,
        items=tuple(spread),
        title=clean(title) or told.steps[-1].heading,
        notes=tuple(map(_note, told.steps)),
    )


def _note(step: Step) -> str:
    """What a speaker says."""
    said = "; ".join(plain(" ".join(line)) for line in step.lines)
    return clean(f"{step.heading}: {said}" if said else step.heading)


def _headings(
    steps: Sequence[Step], title: str, width: float, theme: Theme
) -> Iterator[tuple[int, int, _Set]]:
    """The first and the last step of each heading, and the heading."""
    first = 0
    colon = "：" if has_cjk(steps[0].heading) else ": "
    words = clean(plain_text(title))
    short = words if len(words) <= _LONGEST_TITLE else f"{words[: _LONGEST_TITLE - 1]}…"
    before = f"{short}{colon}" if short else ""
    for number, step in enumerate(steps):
        if number + 1 < len(steps) and steps[number + 1].heading == step.heading:
            continue
        text = before + step.heading
        yield first, number, _Set(_words(text, width, theme.title_size), text)
        first = number + 1


def _words(text: str, width: float, size: float) -> Box:
    """Words in one line that is at most so wide."""
    latex = rf"\text{{{text}}}"
    box = default_typesetter().measure(latex, size)
    if box.width <= width:
        return box
    return default_typesetter().measure(latex, 0.98 * size * width / box.width)


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
    first_of = {
        "legend-label": told.labels,
        "legend-forward": _earliest(told.forward),
        "legend-backward": _earliest(told.backward),
    }
    first_of |= {f"g{k}": step for k, step in told.groups.items()}
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
    placed: tuple[tuple[int, int, _Set, tuple[float, float]], ...]


def _beside(scene: Scene, steps: Sequence[Step], top: float) -> _Texts | None:
    """Formulas in a column at the right; None where there is no room for one."""
    column = (scene.height + top) * _ASPECT - scene.width - _GAP
    if column < _LEAST_COLUMN:
        return None
    blocks = [_block(step, column) for step in steps]
    tallest = max(map(_tall, blocks))
    height = max(scene.height, tallest)
    left = scene.width + _GAP / 2
    start = top + (height - tallest) / 2
    placed = (
        (step, number, formula, (left, y))
        for step, block in enumerate(blocks)
        for number, (formula, y) in enumerate(_stacked(block, start))
    )
    natural = scene.width + _GAP + max(_wide(block) for block in blocks)
    picture = (0.0, top + (height - scene.height) / 2)
    return _proportioned(natural, top + height, picture, tuple(placed))


def _below(scene: Scene, steps: Sequence[Step], top: float) -> _Texts:
    """Formulas in the middle below the picture."""
    band = max(scene.width, _LEAST_BAND)
    # A slide is wider than the picture where the formulas are high.
    wide = max(band, (top + 1.5 * scene.height) * _ASPECT)
    blocks = [_columns(_block(step, band), wide) for step in steps]
    natural = max(scene.width, *(sum(map(_wide, block)) + _GAP * len(block) for block in blocks))
    start = top + scene.height
    placed = []
    for step, block in enumerate(blocks):
        x, number = (natural - sum(map(_wide, block)) - _GAP * (len(block) - 1)) / 2, 0
        for column in block:
            for formula, y in _stacked(column, start):
                # One column stands in the middle, several begin at their left ends.
                middle = (_wide(column) - formula.box.width) / 2 if len(block) == 1 else 0.0
                placed.append((step, number, formula, (x + middle, y)))
                number += 1
            x += _wide(column) + _GAP
    height = start + max(_tall(column) for block in blocks for column in block) + _GAP / 2
    return _proportioned(natural, height, ((natural - scene.width) / 2, top), tuple(placed))


def _columns(block: list[_Set], width: float) -> list[list[_Set]]:
    """Many rows in as many columns as fit, read column by column."""
    for count in (3, 2):
        if len(block) > 2 * (count - 1) + 1:
            rows = -(-len(block) // count)
            columns = [block[k : k + rows] for k in range(0, len(block), rows)]
            if sum(map(_wide, columns)) + _GAP * (len(columns) - 1) <= width:
                return columns
    return [block]


def _proportioned(
    width: float,
    height: float,
    picture: tuple[float, float],
    placed: tuple[tuple[int, int, _Set, tuple[float, float]], ...],
) -> _Texts:
    tall = max(height, width / _ASPECT)
    down = (tall - height) / 2
    moved = tuple((step, k, formula, (x, y + down)) for step, k, formula, (x, y) in placed)
    return _Texts(tall * _ASPECT, tall, width, (picture[0], picture[1] + down), moved)


def _block(step: Step, width: float) -> list[_Set]:
    return [row for line in step.lines for row in _rows(line, width)]


def _rows(line: Line, width: float) -> Iterator[_Set]:
    """A formula in as many rows as it needs, broken before an equals sign or within a product.

    The parts are measured one by one: together they would be set again and again.
    """
    row: list[str] = []
    used = 0.0
    for group in _groups(line, width):
        room = sum(map(_room_of, group))
        if row and used + room > width:
            yield _fitted(" ".join(row), width)
            row, used = ([r"\quad"], _SIZE) if group[0].startswith(_SIGNS) else ([], 0.0)
        row += group
        used += room
    if row:
        yield _fitted(" ".join(row), width)


def _groups(line: Line, width: float) -> Iterator[list[str]]:
    """What stays together: from one equals sign to the next, where that fits into a row."""
    starts = [k for k, part in enumerate(line) if not k or part.startswith("=")]
    for start, end in itertools.pairwise([*starts, len(line)]):
        whole = list(line[start:end])
        if _SIZE + sum(map(_room_of, whole)) <= width:
            yield whole
        else:
            yield from ([part] for part in whole)


def _room_of(part: str) -> float:
    """The width of a part, with the gap that a sign at its beginning gets."""
    return _measured(part).box.width + 0.4 * _SIZE


def _fitted(latex: str, width: float) -> _Set:
    """A row that is at most so wide, set smaller if need be."""
    made = _measured(latex)
    if made.box.width <= width:
        return made
    size = _SIZE * max(_SMALLEST, width / made.box.width)
    smaller = _Set(default_typesetter().measure(latex, size), made.source)
    if smaller.box.width <= width + 1.0:
        return smaller
    head, sign, _ = latex.partition("= ")
    return (
        _measured(f"{head} = \\cdots")
        if sign and len(head) < len(latex) / 2
        else _measured(r"\cdots")
    )


def _measured(latex: str) -> _Set:
    return _Set(default_typesetter().measure(latex, _SIZE), clean(latex))


def _stacked(block: Sequence[_Set], y: float) -> Iterator[tuple[_Set, float]]:
    """Each formula with the height of its baseline."""
    for formula in block:
        yield formula, y + formula.box.height
        y += formula.box.tall + _LINE_GAP


def _tall(block: Sequence[_Set]) -> float:
    return sum(formula.box.tall + _LINE_GAP for formula in block)


def _wide(block: Sequence[_Set]) -> float:
    return max((formula.box.width for formula in block), default=0.0)
