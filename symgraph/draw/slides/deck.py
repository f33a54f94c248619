"""`sg.slides`: the deck that builds an expression, computes forward and backward, and learns.

The picture is laid out once, with room for all that will ever stand in it; a step only says what
is seen. Beside it, or below it, the formulas of the step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from symgraph.build.coerce import as_node
from symgraph.build.declare import let
from symgraph.draw.given import check_options, check_rate, check_values, check_wording
from symgraph.draw.graphs.graph_view import graph_view
from symgraph.draw.layout import Engine, layout
from symgraph.draw.nets.net_outputs import loss_of
from symgraph.draw.picture import Picture
from symgraph.draw.recurrent.cell import cell_view
from symgraph.draw.saving import format_of, write
from symgraph.draw.scene import Glyphs, Scene
from symgraph.draw.slides.film import filmed
from symgraph.draw.slides.phases import with_captions, with_phases
from symgraph.draw.slides.stage import staged
from symgraph.draw.slides.story import Step, Story, story
from symgraph.draw.slides.time_story import time_story
from symgraph.draw.theme import Theme, ThemeName, theme_named
from symgraph.draw.typesetting.ink import Rule
from symgraph.draw.view import Direction, Language, View
from symgraph.draw.writers.gif import gif
from symgraph.draw.writers.pdf import pdf
from symgraph.draw.writers.pptx import HEIGHT, POINT, WIDTH, pptx
from symgraph.draw.writers.reveal import reveal
from symgraph.draw.writers.texmath import plain
from symgraph.draw.writers.tikz import beamer, tikz
from symgraph.errors import DrawError, RangeError
from symgraph.graph import Graph, graph
from symgraph.node import Node
from symgraph.ops import Let
from symgraph.rounding import checked_digits
from symgraph.walks import reachable, variables

__all__ = ["DECKS", "READABLE", "deck", "slides"]

_LOG = logging.getLogger(__name__)

#: The bytes of a deck by the suffix of its file.
DECKS: dict[str, Callable[[Scene], bytes]] = {
    ".html": reveal, ".pptx": pptx, ".tex": tikz, ".pdf": pdf, ".gif": gif,
}  # fmt: skip

_STEP: dict[Language, str] = {"en": "Step {}", "zh": "第 {} 步"}

#: Points; smaller letters cannot be read from the last row.
READABLE = 14
#: What is wanted, and from how much larger letters on fewer words are worth it.
AIM, _WORTH = 18, 1.08
_NEAR = 0.1
#: Of a picture that is larger than a slide, a part is shown in which the smallest letters are so.
_FILMED = 15
#: Of a net over time cells are boxes where their operations would have smaller letters than this.
_CROWDED = 9
#: Vertices; a larger graph cannot be read on a slide.
LIMIT = 400


def slides(
    loss: Any,
    path: str | Path,
    values: Mapping[Any, Any] | None = None,
    *,
    connectors: bool = False,
    handout: bool = False,
    **options: Any,
) -> Path:
    """Write the deck of an expression; the suffix chooses the format, one of those in `DECKS`.

    `connectors`: in a .pptx file edges are straight lines glued to their nodes, not curves.
    `handout`: of the steps under one heading only the last, for paper; a .tex file keeps all of
    them and gets Beamer's class option of that name. Further options as of `deck`. Letters below
    14 points on a slide of 13.33 inches are reported through `logging`.
    Raises what `deck` raises, DrawError for another suffix and for a file that cannot be written,
    UnsupportedError where a format needs a package that is not installed.
    """
    writer = format_of(path, DECKS, "slides")
    if connectors and writer is not pptx:
        raise DrawError(
            f"slides: connectors=True, and {Path(path).name!r} has none; they are for .pptx. "
            "Leave it away."
        )
    if not isinstance(handout, bool):
        raise DrawError(f"slides: handout={handout!r}; write True or False.")
    check_options(deck, options, ("connectors", "handout"), "slides: a deck")
    scene = deck(loss, values, **options).scene
    _warn_of_small_letters(scene)
    if writer is tikz:
        return write(path, beamer(scene, handout), "slides")
    if handout:
        scene = scene.only(scene.stops)
    return write(path, pptx(scene, connectors) if connectors else writer(scene), "slides")


def _warn_of_small_letters(scene: Scene) -> None:
    """Tell when the last row cannot read it."""
    points = _points(scene)
    if points < READABLE - _NEAR:
        _LOG.warning(
            "slides: the smallest letters have %.0f points on a slide, fewer than %d. "
            "Show a part of the expression, or name fewer of its values.", points, READABLE,
        )  # fmt: skip


def deck(
    loss: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    wrt: Any = None,
    leaf: Any = None,
    rate: float = 0.1,
    title: str = "",
    language: Language = "en",
    direction: Direction | Literal["auto"] = "auto",
    theme: ThemeName = "light",
    engine: Engine = "auto",
    digits: int = 4,
    most: int = 25,
    style: Literal["graph", "timeline", "cell"] = "graph",
    steps: int | None = None,
    phases: Sequence[str] | str | None = None,
    captions: Mapping[str, str] | None = None,
) -> Picture:
    """The stepwise picture of an expression whose value is one real number.

    It builds the expression in the order of evaluation, puts the local derivatives on the edges,
    computes forward and backward, follows the largest path to `leaf` (default: the first of `wrt`),
    adds up all its paths, and makes one step w⁺ = w - `rate` · g of all that is learned: `wrt`, by
    default the parameters, else all real leaves. Without values the same in letters. Larger graphs
    take several nodes at a time, so that about `most` steps are made. Of several leaves in `leaf`
    the paths are told one after the other. Letters have at least 14 points: of a picture that is
    larger than a slide each slide shows the part that it tells, and a map of the whole.

    The style "timeline" writes a recurrent net out for `steps` times and tells it time by time:
    forward from left to right, backward from right to left, one path through time, the sum over
    the times; "cell" tells what a cell computes, gate by gate.

    `phases` takes a part of the deck, of "leaves", "build", "labels", "forward", "backward",
    "path", "sum", "update" and "again"; `captions` gives phases other headings.
    Raises DrawError for what is no number, for an unknown phase or style, and for more vertices or
    times than a slide can show.

    >>> import symgraph as sg
    >>> w, x = sg.parameter("w"), sg.input("x")
    >>> made = deck((w * x - 1) ** 2, {"w": 2.0, "x": 3.0})
    >>> made.scene.steps, made.scene.notes[-1]
    (17, 'Forward again: L = 16 instead of 25')
    """
    check_values(values, "slides")
    check_wording(title, language, "slides")
    check_rate(rate, "slides")
    checked_digits(digits, "slides")
    if style not in ("graph", "timeline", "cell"):
        raise DrawError(f"slides: style={style!r}; write 'graph', 'timeline' or 'cell'.")
    common: dict[str, Any] = {
        "wrt": wrt, "leaf": leaf, "rate": rate, "language": language, "digits": digits
    }  # fmt: skip
    tellings: Iterable[tuple[float, list[tuple[View, Story]]]]
    if style == "timeline":
        tellings = (
            (_CROWDED, [time_story(loss, values, steps=steps, brief=brief, **common)])
            for brief in (False, True)
        )
    elif style == "cell":
        tellings = [(AIM, [_cell_story(loss, language)])]
    elif steps is not None:
        raise DrawError(f"slides: steps={steps!r} is for style='timeline'. Leave it away.")
    else:
        tellings = _tellings(loss, values, direction, most, common)
    colours = _enlarged(theme_named(theme))

    def finished(view: View, told: Story) -> _Made:
        told = with_captions(with_phases(told, phases), captions or {})
        view = _with_room(view, told)
        scene = layout(view, None, engine, colours)
        return _Made(view, told, scene, staged(scene, view, told, title, colours))

    made = _largest((below, (finished(*one) for one in told)) for below, told in tellings)
    scene = made.slides
    if _points(scene) < READABLE - _NEAR:
        width = _smallest(made.picture) * WIDTH / POINT / _FILMED
        scene = filmed(made.picture, made.view, made.told, title, colours, width)
    return Picture(replace(made.view, title=title), scene)


@dataclass(frozen=True, slots=True)
class _Made:
    """A picture, what is told of it, and the slides that show all of it at once."""

    view: View
    told: Story
    picture: Scene
    slides: Scene


def _largest(tries: Iterable[tuple[float, Iterable[_Made]]]) -> _Made:
    """That with the largest letters; what is told in fewer words only where that helps."""
    best, size = None, 0.0
    for below, several in tries:
        if size >= below:
            break
        for k, made in enumerate(several):
            found = _points(made.slides)
            if best is None or found > size * (1.0 if k else _WORTH):
                best, size = made, found
    assert best is not None
    return best


def _points(scene: Scene) -> float:
    """The size of the smallest letters on a slide of 13.33 inches."""
    return _smallest(scene) * min(WIDTH / scene.width, HEIGHT / scene.height) / POINT


def _smallest(scene: Scene) -> float:
    inks = [item.drawn.box.pieces for item in scene.items if isinstance(item.drawn, Glyphs)]
    # Of a formula its largest letters count, not its indices.
    return min(
        max(piece.size for piece in pieces if not isinstance(piece, Rule))
        for pieces in inks
        if any(not isinstance(piece, Rule) for piece in pieces)
    )


def _tellings(
    loss: Any,
    values: Mapping[Any, Any] | None,
    direction: Direction | Literal["auto"],
    most: int,
    options: Mapping[str, Any],
) -> Iterator[tuple[float, list[tuple[View, Story]]]]:
    """An expression told at length, then in fewer words, then with named values as boxes.

    Each only where the letters of those before it are smaller than the number.
    """
    directions: tuple[Direction, ...] = ("BT", "LR") if direction == "auto" else (direction,)
    shown, told = _told(loss, values, most, options)

    def views(told: Story, **how: Any) -> list[tuple[View, Story]]:
        # Every value of which is told has a vertex of its own.
        options_of_all = {"fold": None, "language": options["language"], **how}
        made = (graph_view(shown.roots[0], direction=one, **options_of_all) for one in directions)
        return [(view, told) for view in made]

    yield AIM, views(told)
    if values is not None:
        # Beside the nodes only numbers, shorter ones, in their colours.
        fewer = {**options, "digits": min(3, options["digits"])}
        told = story(shown, values, most=most, brief=True, **fewer)
        yield AIM, views(told)
    named = [v for v in shown.vertices if v.name is not None and v.node.args]
    if len(named) > 1:
        yield READABLE, views(told, collapse="names")


def _cell_story(loss: Any, language: Language) -> tuple[View, Story]:
    """The cell of a recurrent net, gate by gate."""
    view = cell_view(loss, build=True, language=language)
    steps = []
    for k in range(1 + max(node.first for node in view.nodes)):
        formulas = cell_view(loss, step=k + 1, language=language).notes
        new = tuple(node.id for node in view.nodes if node.first == k) if k else ()
        heading = _STEP[language].format(k + 1)
        steps.append(Step("build", heading, tuple((line,) for line in formulas), new))
    return view, Story(steps=steps, nodes={node.id: node.first for node in view.nodes})


def _told(
    loss: Any, values: Mapping[Any, Any] | None, most: int, options: Mapping[str, Any]
) -> tuple[Graph, Story]:
    """The graph of an expression, and what to tell of it."""
    if isinstance(most, bool) or not isinstance(most, int) or most < 10:
        raise RangeError(f"slides: most={most!r}; a deck has at least 10 steps.")
    shown = graph(_named(loss))
    if len(shown.vertices) > LIMIT:
        raise DrawError(
            f"slides: {len(shown.vertices)} vertices are more than slides can show ({LIMIT}). "
            "Take a part of the expression."
        )
    return shown, story(shown, values, most=most, **options)


def _named(loss: Any) -> Node:
    """The expression under a name, which its formulas use."""
    node = as_node(loss_of(loss), "slides")
    if isinstance(node, Let) or not node.args:
        return node
    taken = {leaf.params[0] for leaf in variables([node])}
    taken |= {one.let_name for one in reachable([node]) if isinstance(one, Let)}
    return node if "L" in taken else let("L", node)


def _enlarged(theme: Theme) -> Theme:
    """Letters that can be read from the last row."""
    return replace(
        theme, node_size=30.0, label_size=24.0, value_size=24.0, caption_size=24.0,
        legend_size=24.0, note_size=24.0, title_size=38.0,
    )  # fmt: skip


def _with_room(view: View, told: Story) -> View:
    """The view with room for everything that will stand beside a vertex."""
    nodes = (
        replace(
            node,
            forward=_longest(told.forward.get(node.id, [])),
            backward=_longest(told.backward.get(node.id, [])),
        )
        for node in view.nodes
    )
    return replace(view, nodes=tuple(nodes))


def _longest(texts: Sequence[tuple[int, str]]) -> str | None:
    return max((text for _, text in texts), key=lambda text: len(plain(text)), default=None)
