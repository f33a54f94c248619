"""A sample of templates × systems × themes × languages: nothing overlaps, all texts can be read."""

import contextlib
import itertools

import pytest

from symgraph.draw.drawing import draw
from symgraph.draw.scene import Glyphs, Path, edge_hits, overlaps
from symgraph.errors import DrawError
from symgraph.zoo import builder

RECURRENT = (
    "rnn", "rnn-row", "rnn-stacked", "sequence-classifier", "elman", "encoder-decoder", "lstm",
    "gru",
)  # fmt: skip
LAYERED = (
    "dense", "feedforward", "two-cars-net", "two-three-one", "dropout", "digits",
    "text-classifier", "conv-layer", "max-pool", "residual-block", "deep-autoencoder", "rbm", "dbn",
    "autoencoders",
)  # fmt: skip
KINDS = (
    *itertools.product(
        RECURRENT, (("cell", {}), ("rolled", {}), ("timeline", {"steps": 2}),
                    ("timeline", {"detail": "ops", "steps": 3})),
    ),
    *itertools.product(
        LAYERED, (("layers", {}), ("window", {}), ("maps", {}), ("blocks", {}),
                  ("blocks", {"direction": "BT"}), ("bipartite", {})),
    ),
)  # fmt: skip
LOOKS = tuple(itertools.product(("light", "lecture", "print", "dark"), ("en", "zh")))


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    """The contrast of WCAG 2."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def unreadable(scene):
    """The texts with less than 4.5:1 to what they stand on: the last shape painted below them."""
    below, found = [], []
    for item in scene.items:
        if isinstance(item.drawn, Glyphs):
            x, y = item.bounds.centre
            ground = [scene.background] + [
                fill for room, fill in below
                if room.left <= x <= room.right and room.top <= y <= room.bottom
            ]  # fmt: skip
            if contrast(item.paint.fill, ground[-1]) < 4.5:
                found.append((item.id, item.paint.fill, ground[-1]))
        elif not isinstance(item.drawn, Path) and item.paint.fill != "none":
            below.append((item.bounds, item.paint.fill))
    return found


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_templates_are_clean_and_readable_in_every_look(number):
    (name, (style, options)), (theme, language) = KINDS[number], LOOKS[number % len(LOOKS)]
    with contextlib.suppress(DrawError):
        # What a template cannot show it refuses; tests of each style say what.
        picture = draw(builder(name)(), style=style, theme=theme, language=language, **options)
        check(picture)


def check(picture):
    assert overlaps(picture.scene) == []
    assert edge_hits(picture.scene) == []
    assert unreadable(picture.scene) == []


@pytest.mark.parametrize(("theme", "language"), LOOKS)
def test_a_cell_is_readable_in_every_look(theme, language):
    picture = draw(builder("lstm")(), style="cell", step=2, theme=theme, language=language)
    assert unreadable(picture.scene) == []
