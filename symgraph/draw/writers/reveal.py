"""reveal.js: the deck as one page that needs no network, a fragment for everything that appears.

reveal.js stands in the file itself (MIT, https://revealjs.com; its licence is in data/).
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib import resources

from symgraph.draw.scene import Item, Scene
from symgraph.draw.typesetting.typeset import clean
from symgraph.draw.writers.page import page_head
from symgraph.draw.writers.svg import svg

__all__ = ["reveal"]

_STYLE = """
html, body { margin: 0; height: 100%; overflow: hidden; background: PAGE; }
.reveal .slides { text-align: left; }
.reveal .slides section { padding: 0; }
.reveal .slides section svg { display: block; width: 100%; height: 100%; }
"""
_START = """
Reveal.initialize({width: WIDTH, height: HEIGHT, margin: 0.01, transition: "none", center: false,
  hash: false, history: false, controls: true, progress: true, help: true});
"""


def reveal(scene: Scene, language: str = "en") -> bytes:
    """The deck as a reveal.js page: one section, the steps as fragments, the notes as notes."""
    background = scene.background if scene.background != "none" else "#ffffff"
    style = _read("reveal.css") + _STYLE.replace("PAGE", background)
    start = _START.replace("WIDTH", f"{scene.width:.0f}").replace("HEIGHT", f"{scene.height:.0f}")
    picture = svg(scene, around=_Fragments(scene).around).partition("?>\n")[2].strip()
    notes = "".join(f"<li>{_text(note)}</li>" for note in scene.notes)
    parts = [
        *page_head(scene, language, style, scripts=True),
        '<body>\n<div class="reveal"><div class="slides">\n<section data-transition="none">',
        picture,
        f'<aside class="notes"><ol>{notes}</ol></aside>\n</section>\n</div></div>',
        f"<script>{_read('reveal.js')}</script>\n<script>{start}</script>\n</body>\n</html>\n",
    ]
    return "\n".join(parts).encode()


class _Fragments:
    """Wraps items in groups that appear and disappear; the first of a step has its note."""

    def __init__(self, scene: Scene) -> None:
        self._last = scene.steps - 1
        self._notes = dict(enumerate(scene.notes))

    def around(self, item: Item, lines: list[str]) -> Iterator[str]:
        """The lines of an item within its fragments; fragment k begins step k + 1."""
        appears = item.first > 0
        leaves = item.last is not None and item.last < self._last
        if appears:
            note = self._notes.pop(item.first, "")
            said = f' data-notes="{_text(note)}"' if note else ""
            yield f'<g class="fragment" data-fragment-index="{item.first - 1}"{said}>'
        if leaves:
            yield f'<g class="fragment fade-out" data-fragment-index="{item.last}">'
        yield from lines
        yield from ["</g>"] * (appears + leaves)


def _read(name: str) -> str:
    return (resources.files("symgraph.draw.writers") / "data" / name).read_text(encoding="utf-8")


def _text(text: str) -> str:
    return escape(clean(text))
