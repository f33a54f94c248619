"""A deck of a picture that is too large for a slide: every slide shows the part that it tells.

Steps that tell of parts far apart take several slides, and so do more formulas than there is room
for. A small map shows where on the whole picture one is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from symgraph.draw.geometry import Rect, enclosing
from symgraph.draw.legend import legend_items
from symgraph.draw.scene import Item, Layer, Scene
from symgraph.draw.slides.camera import Camera, Shot, rooms_of
from symgraph.draw.slides.formulas import (
    GAP,
    Row,
    block_of,
    columns_of,
    stacked,
    tall,
    wide,
)
from symgraph.draw.slides.stage import (
    formula_item,
    items_in_steps,
    legend_steps,
    note,
    titles,
    top_of,
)
from symgraph.draw.slides.story import Story
from symgraph.draw.theme import Paint, Theme
from symgraph.draw.typesetting.typeset import clean, default_typesetter
from symgraph.draw.view import View

__all__ = ["filmed"]

_ASPECT = 16 / 9
#: Of a slide's height the most that formulas below take, of its width those beside.
_BAND, _COLUMN = 0.4, 0.36
#: The map of the whole: the most room it takes, half a spot at least, and its line.
_MAP = (260.0, 52.0)
_SPOT, _LINE = 1.6, 2.0


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the picture and the formulas stand, and which windows and formulas a step has."""

    frame: Rect
    text: Rect
    is_below: bool
    windows: tuple[tuple[Rect, ...], ...]
    chunks: tuple[tuple[tuple[list[Row], ...], ...], ...]

    @property
    def pages(self) -> list[tuple[int, Rect, tuple[list[Row], ...]]]:
        """The step, the window and the columns of formulas of each slide."""
        found = []
        for step, (windows, chunks) in enumerate(zip(self.windows, self.chunks, strict=True)):
            count = max(len(windows), len(chunks))
            for k in range(count):
                window = windows[k * len(windows) // count]
                found.append((step, window, chunks[k * len(chunks) // count]))
        return found

    @property
    def left_out(self) -> int:
        """How many formulas are too long for their room."""
        columns = (one for chunks in self.chunks for chunk in chunks for one in chunk)
        return sum(row.source.endswith(r"= \cdots") for column in columns for row in column)


def filmed(scene: Scene, view: View, told: Story, title: str, theme: Theme, width: float) -> Scene:
    """The scene of a deck whose slides are `width` pixels wide, wider only for a larger node."""
    picture = [item for item in scene.items if item.layer not in ("legend", "title")]
    still = items_in_steps(replace(scene, items=tuple(picture)), view, told, theme)
    rooms = rooms_of(still)
    bounds = enclosing([item.bounds for item in still]).grown(theme.margin / 2)
    width = max(width, *(room.width + 2 * theme.margin for room in rooms.values()))
    legend = _legend(scene, view, width, theme)
    foot = enclosing([item.bounds for item in legend]).height + theme.margin
    slide = Rect(theme.margin, top_of(theme), width - theme.margin, width / _ASPECT - foot)
    first = _first_seen(still)
    plans = [make(slide, rooms, bounds, told, scene, first) for make in (_below, _beside)]
    plan = min(plans, key=lambda one: len(one.pages) + one.left_out)
    paged = _paged(told, [step for step, _, _ in plan.pages])
    items = items_in_steps(replace(scene, items=tuple(picture)), view, paged, theme)
    shown = [
        *_shots(items, plan, view, rooms),
        *_map(scene, items, plan, bounds, (width, theme)),
        *_titles(paged, title, width, theme),
        *_formulas(plan, theme),
        *_in_steps(legend, paged),
    ]
    return replace(
        scene, width=width, height=width / _ASPECT, items=tuple(shown),
        title=clean(title) or told.steps[-1].heading, notes=tuple(map(note, paged.steps)),
    )  # fmt: skip


def _first_seen(items: Sequence[Item]) -> dict[int, list[str]]:
    """The nodes and labels that each step brings."""
    found: dict[int, list[str]] = {}
    for item in items:
        if item.layer in ("node", "label"):
            found.setdefault(item.first, []).append(item.owner)
    return found


# --- what goes where ------------------------------------------------------------------------------


def _below(
    slide: Rect, rooms: Mapping[str, Rect], bounds: Rect, told: Story, scene: Scene,
    first: Mapping[int, list[str]],
) -> _Plan:  # fmt: skip
    """Formulas in a band below the window."""
    blocks = [block_of(step, slide.width) for step in told.steps]
    most = _BAND * slide.height
    chunks = tuple(tuple(_chunks(block, (slide.width, most), True)) for block in blocks)
    band = max(tall(column) for parts in chunks for part in parts for column in part)
    frame = replace(slide, bottom=slide.bottom - band - GAP / 2)
    text = Rect(slide.left, slide.bottom - band, slide.right, slide.bottom)
    return _Plan(frame, text, True, _windows(frame, rooms, bounds, told, scene, first), chunks)


def _beside(
    slide: Rect, rooms: Mapping[str, Rect], bounds: Rect, told: Story, scene: Scene,
    first: Mapping[int, list[str]],
) -> _Plan:  # fmt: skip
    """Formulas in a column at the right of the window."""
    column = _COLUMN * slide.width
    blocks = [block_of(step, column) for step in told.steps]
    chunks = tuple(tuple(_chunks(block, (column, slide.height), False)) for block in blocks)
    left = slide.right - max(wide(one) for parts in chunks for part in parts for one in part)
    frame = replace(slide, right=left - GAP)
    text = replace(slide, left=left)
    return _Plan(frame, text, False, _windows(frame, rooms, bounds, told, scene, first), chunks)


def _chunks(
    block: list[Row], room: tuple[float, float], several: bool
) -> Iterator[tuple[list[Row], ...]]:
    """The formulas of a step in parts that fit, each in columns."""
    width, height = room
    # A formula stays whole where it can: its further rows are moved in.
    starts = [k for k, row in enumerate(block) if k and not row.source.startswith(r"\quad")]
    first = 0
    while True:
        ends = [len(block), *reversed([k for k in starts if k > first])]
        for end in ends:
            rows = block[first:end]
            columns = columns_of(rows, width) if several else [rows]
            if end == ends[-1] or max(map(tall, columns)) <= height:
                break
        yield tuple(columns)
        first = end
        if first == len(block):
            return


def _windows(
    frame: Rect, rooms: Mapping[str, Rect], bounds: Rect, told: Story, scene: Scene,
    first: Mapping[int, list[str]],
) -> tuple[tuple[Rect, ...], ...]:  # fmt: skip
    """The windows of each step: on what it points at, or else on most of what it brings."""
    camera = Camera(rooms, bounds, (frame.width, frame.height))
    owners = {name: owner for owner, name in scene.names.items()}
    found: list[tuple[Rect, ...]] = []
    before: Rect | None = None
    for number, step in enumerate(told.steps):
        pointed = [owners[id] for id in step.nodes if id in owners]
        if pointed:
            windows = tuple(camera.windows(pointed, before))
        else:
            # What comes all over the picture is seen again when it is told.
            windows = (camera.window(first.get(number, []), before),)
        before = windows[-1]
        found.append(windows)
    return tuple(found)


def _paged(told: Story, steps: Sequence[int]) -> Story:
    """The story with a step for every slide."""
    begins = {step: page for page, step in reversed(list(enumerate(steps)))}

    def moved(texts: Mapping[str, list[tuple[int, str]]]) -> dict[str, list[tuple[int, str]]]:
        return {id: [(begins[step], text) for step, text in of] for id, of in texts.items()}

    return Story(
        steps=[told.steps[step] for step in steps],
        nodes={id: begins[step] for id, step in told.nodes.items()},
        labels=begins[told.labels],
        groups={k: begins[step] for k, step in told.groups.items()},
        forward=moved(told.forward),
        backward=moved(told.backward),
    )


# --- items ----------------------------------------------------------------------------------------


def _shots(
    items: Sequence[Item], plan: _Plan, view: View, rooms: Mapping[str, Rect]
) -> Iterator[Item]:
    """The items of the picture, for every time that a window is held."""
    runs = list(_runs([window for _, window, _ in plan.pages]))
    shots = {window: Shot(window, view, rooms) for _, _, window in runs}
    x, y = plan.frame.centre
    for item in items:
        for number, (first, last, window) in enumerate(runs):
            if item.first > last or (item.last is not None and item.last < first):
                continue
            span = (max(first, item.first), last if item.last is None else min(last, item.last))
            dx, dy = x - window.centre[0], y - window.centre[1]
            for part in shots[window].of(item):
                name = f"{part.id}-w{number}" if number else part.id
                yield replace(part.moved(dx, dy), id=name, first=span[0], last=span[1])


def _runs(windows: Sequence[Rect]) -> Iterator[tuple[int, int, Rect]]:
    """First and last slide of each stretch with one window."""
    first = 0
    for page, window in enumerate(windows):
        if page + 1 == len(windows) or windows[page + 1] != window:
            yield first, page, window
            first = page + 1


def _map(
    scene: Scene, items: Sequence[Item], plan: _Plan, bounds: Rect,
    of_slide: tuple[float, Theme],
) -> Iterator[Item]:  # fmt: skip
    """The whole picture in a corner, its nodes as spots, and the window on it."""
    width, theme = of_slide
    scale = min(_MAP[0] / bounds.width, _MAP[1] / bounds.height)
    left, top = width - theme.margin - scale * bounds.width, theme.margin / 2

    def small(rect: Rect) -> Rect:
        return Rect(
            left + scale * (rect.left - bounds.left), top + scale * (rect.top - bounds.top),
            left + scale * (rect.right - bounds.left), top + scale * (rect.bottom - bounds.top),
        )  # fmt: skip

    def spot(rect: Rect) -> Rect:
        """A node, large enough to be seen."""
        shrunk = small(rect)
        return shrunk.grown(max(0.0, _SPOT - min(shrunk.width, shrunk.height) / 2))

    for item in items:
        if item.layer == "node" and item.owner in scene.names:
            name = f"map-{item.owner}"
            yield Item(
                name, "map", "group", "map", spot(item.bounds), Paint(theme.muted),
                first=item.first,
            )  # fmt: skip
    runs = list(_runs([window for _, window, _ in plan.pages]))
    for number, (first, last, window) in enumerate(runs):
        seen = Rect(
            max(window.left, bounds.left), max(window.top, bounds.top),
            min(window.right, bounds.right), min(window.bottom, bounds.bottom),
        )  # fmt: skip
        paint = Paint(stroke=theme.ink, width=_LINE)
        yield Item(
            f"map-window{number}", "map", "group", "map", small(seen), paint,
            first=first, last=last,
        )  # fmt: skip


def _titles(paged: Story, title: str, width: float, theme: Theme) -> Iterator[Item]:
    """The headings, left of the map."""
    return titles(paged.steps, title, (theme.margin, width - 2 * theme.margin - _MAP[0]), theme)


def _formulas(plan: _Plan, theme: Theme) -> Iterator[Item]:
    for page, (_, _, columns) in enumerate(plan.pages):
        room = plan.text
        spare = room.width - sum(map(wide, columns)) - GAP * (len(columns) - 1)
        x = room.left + (spare / 2 if plan.is_below else 0.0)
        y = room.top if plan.is_below else room.top + (room.height - max(map(tall, columns))) / 2
        number = 0
        for column in columns:
            for row, base in stacked(column, y):
                middle = plan.is_below and len(columns) == 1
                shift = (wide(column) - row.box.width) / 2 if middle else 0.0
                yield formula_item(row, (x + shift, base), (page, number), theme)
                number += 1
            x += wide(column) + GAP


def _legend(scene: Scene, view: View, width: float, theme: Theme) -> list[Item]:
    """The legend in lines of a slide's width, at its foot."""
    if not any(item.layer == "legend" for item in scene.items):
        return []
    used: set[Layer] = {item.layer for item in scene.items if item.role != "ink"}
    room = Rect(theme.margin, 0.0, width - theme.margin, 0.0)
    items = legend_items(view, used, room, default_typesetter(), theme)
    down = width / _ASPECT - theme.margin / 2 - max(item.bounds.bottom for item in items)
    return [item.moved(0.0, down) for item in items]


def _in_steps(legend: Sequence[Item], paged: Story) -> Iterator[Item]:
    steps = legend_steps(paged)
    return (replace(item, first=steps.get(item.owner, 0)) for item in legend)
