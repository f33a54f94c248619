"""Decks of pictures that are larger than a slide: every slide shows the part that it tells."""

import itertools
import re

import pytest

from symgraph.draw.scene import Glyphs, edge_hits, overlaps
from symgraph.draw.slides.deck import deck
from symgraph.draw.typesetting.ink import Rule
from symgraph.network import load_network
from symgraph.sample import draw as sample

# A slide of PowerPoint is 13.33 inches wide, of 72 points each.
SLIDE = 960.0

WIDE = {
    "two-three-one": {}, "lstm": {}, "dropout": {},
    "sequence-classifier": {"style": "timeline"}, "rnn-concatenated": {"style": "timeline"},
}  # fmt: skip


@pytest.fixture(scope="module", params=WIDE)
def made(request):
    loss = load_network(f"zoo:{request.param}")
    return deck(loss, sample([loss]).values, **WIDE[request.param])


def points(item, scene):
    sizes = [piece.size for piece in item.drawn.box.pieces if not isinstance(piece, Rule)]
    return max(sizes, default=100.0) * SLIDE / scene.width


def test_no_letters_are_smaller_than_fourteen_points(made):
    letters = [item for item in made.scene.items if isinstance(item.drawn, Glyphs)]

    assert min(points(item, made.scene) for item in letters) >= 13.95
    assert made.scene.width / made.scene.height == pytest.approx(16 / 9)


def test_everything_lies_on_the_slide_and_nothing_on_anything_else(made):
    scene = made.scene
    for item in scene.items:
        assert -2 <= item.bounds.left <= item.bounds.right <= scene.width + 2
        assert -2 <= item.bounds.top <= item.bounds.bottom <= scene.height + 2
    for step in range(scene.steps):
        frame = scene.frame(step)
        assert overlaps(frame) == []
        assert edge_hits(frame) == []


def test_the_window_moves_and_the_picture_does_not(made):
    apart = {}
    for step in range(made.scene.steps):
        nodes = {
            item.owner: item.bounds.centre
            for item in made.scene.frame(step).items
            if item.layer == "node"
        }
        for (one, (x0, y0)), (other, (x1, y1)) in itertools.combinations(nodes.items(), 2):
            found = apart.setdefault(frozenset((one, other)), (abs(x1 - x0), abs(y1 - y0)))
            assert found == pytest.approx((abs(x1 - x0), abs(y1 - y0)), abs=1e-6)


def test_every_node_is_shown_when_it_comes_and_whenever_a_slide_points_at_it(made):
    seen = [
        {item.owner for item in made.scene.frame(step).items if item.layer == "node"}
        for step in range(made.scene.steps)
    ]

    assert set.union(*seen) >= set(made.scene.names)
    for item in made.scene.items:
        if item.role == "halo":
            assert item.owner in seen[item.first]


def test_ids_are_unique_on_every_slide_and_notes_say_what_is_told(made):
    for step in range(made.scene.steps):
        ids = [item.id for item in made.scene.frame(step).items]
        assert len(ids) == len(set(ids))
        assert all(re.fullmatch(r"[a-z0-9-]+", id) for id in ids)
    assert len(made.scene.notes) == made.scene.steps
    assert all(made.scene.notes)


def test_the_map_shows_every_node_and_the_window_of_each_slide(made):
    last = made.scene.frame(made.scene.steps - 1)
    small = [item for item in last.items if item.owner == "map"]
    windows = [item for item in small if item.id.startswith("map-window")]

    assert len(windows) == 1
    assert len(small) - 1 == len(made.scene.names)
