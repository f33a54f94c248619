"""A static web page: the picture, and its nodes and edges as tables to be read aloud.

One file without script and without requests; in dark surroundings the colours are the dark theme's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from symgraph.draw.scene import Item, Scene
from symgraph.draw.theme import THEMES, Theme
from symgraph.draw.typesetting.typeset import clean
from symgraph.draw.writers.svg import svg
from symgraph.draw.writers.texmath import plain, plain_text

__all__ = ["dark_rules", "page", "page_head", "svg_element"]

_STYLE = """
:root { color-scheme: light; }
body { margin: 0; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif;
  color: #1f2328; background: PAGE; }
main { max-width: max-content; margin: 0 auto; }
figure { margin: 0; }
figure svg { max-width: 100%; height: auto; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; }
td, th { border: 1px solid #8b949e; padding: 0.2rem 0.6rem; text-align: left; }
"""
_WORDS = {
    "en": {
        "text": "The picture in words", "nodes": "Nodes", "edges": "Edges", "node": "node",
        "forward": "forward value", "backward": "backward value", "label": "local derivative",
        "edge": "edge",
    },
    "zh": {
        "text": "图的文字说明", "nodes": "节点", "edges": "边", "node": "节点",
        "forward": "前向值", "backward": "后向值", "label": "局部偏导数", "edge": "边",
    },
}  # fmt: skip

# The themes that have a dark counterpart.
_PALE = (THEMES["light"], THEMES["lecture"])


def page(scene: Scene, language: str = "en") -> str:
    """The scene as a web page; of a deck the last step."""
    still = scene.frame(scene.steps - 1)
    titled = any(item.layer == "title" for item in still.items)
    title = "" if titled or not scene.title else f"<h1>{_text(plain_text(scene.title))}</h1>"
    style = _STYLE.replace("PAGE", still.background if still.background != "none" else "#ffffff")
    parts = [
        *page_head(scene, language, style + "".join(dark_rules(still))),
        f"<body>\n<main>\n{title}<figure>\n{svg_element(still)}\n</figure>",
        *_tables(still, _WORDS[language]),
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def page_head(
    scene: Scene, language: str, style: str, *, scripts: bool = False
) -> Iterator[str]:  # fmt: skip
    """The head of a page that may ask for nothing outside itself."""
    allowed = "script-src 'unsafe-inline'; " if scripts else ""
    title = plain_text(scene.title) or scene.description
    yield f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">'
    yield (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'unsafe-inline'; {allowed}img-src data:\">"
    )
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    engine = f"symgraph, layout {scene.engine} {scene.engine_version}"
    yield f'<meta name="generator" content="{_text(engine)}">'
    yield f"<title>{_text(title)}</title>\n<style>{style}</style>\n</head>"


def svg_element(scene: Scene, prefix: str = "") -> str:
    """The picture as an element of a page."""
    return svg(scene, prefix).partition("?>\n")[2].strip()


def dark_rules(scene: Scene) -> Iterator[str]:
    """Rules that replace the colours of a light picture by the dark theme's, in dark surroundings.

    A picture in another theme keeps its colours.
    """
    found = next((theme for theme in _PALE if _is_in(scene, theme)), None)
    if found is None:
        return
    dark = THEMES["dark"]
    yield "@media (prefers-color-scheme: dark) {\n:root { color-scheme: dark; }\n"
    yield f"body {{ color: {dark.ink}; background: {dark.background}; }}\n"
    yield f"svg > rect {{ fill: {dark.background}; }}\n"
    for kind, pairs in _exchanged(found, dark).items():
        for old, new in sorted(pairs.items()):
            # The page behind everything has a rule of its own.
            yield f'svg g [{kind}="{old}"], svg g[{kind}="{old}"] {{ {kind}: {new}; }}\n'
    yield "}\n"


def _is_in(scene: Scene, theme: Theme) -> bool:
    """Whether all the colours are a theme's."""
    known = {c for pairs in _exchanged(theme, THEMES["dark"]).values() for c in pairs}
    used = {c for item in scene.items for c in (item.paint.fill, item.paint.stroke)} - {"none"}
    return used <= known and scene.background == theme.background


def _exchanged(old: Theme, new: Theme) -> dict[str, dict[str, str]]:
    """For fills and for strokes: which colour takes the place of which."""
    plain_colours = [
        (getattr(old, name), getattr(new, name))
        for name in ("ink", "muted", "label", "forward", "backward")
    ]
    paints = [
        *((old.nodes[role], new.nodes[role]) for role in old.nodes),
        *((old.groups[role], new.groups[role]) for role in old.groups),
        *((getattr(old, name), getattr(new, name)) for name in ("marker", "cross")),
        *((getattr(old, name), getattr(new, name)) for name in ("edge", "dead_edge")),
    ]
    fills = [(first.fill, second.fill) for first, second in paints]
    strokes = [(first.stroke, second.stroke) for first, second in paints]
    for (fill, stroke), (new_fill, new_stroke) in zip(old.hues, new.hues, strict=True):
        fills.append((fill, new_fill))
        strokes.append((stroke, new_stroke))
    # An arrowhead is filled with the colour of its line.
    return {"fill": _first([*plain_colours, *fills, *strokes]), "stroke": _first(strokes)}


def _first(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for old, new in pairs:
        if old != "none":
            found.setdefault(old, new)
    return found


def _tables(scene: Scene, words: dict[str, str]) -> Iterator[str]:
    """What a reader sees beside each node and edge, as rows."""
    named: dict[str, dict[str, Item]] = {}
    for item in scene.items:
        named.setdefault(item.owner, {})[item.layer] = item
    nodes = [named[owner] for owner in scene.names if "node" in named.get(owner, ())]
    edges = [found for owner, found in named.items() if "edge" in found and owner[0] == "e"]
    yield f"<details>\n<summary>{words['text']}</summary>"
    yield from _table(words["nodes"], [words[key] for key in ("node", "forward", "backward")], (
        [found["node"].alt, _said(found, "forward"), _said(found, "backward")] for found in nodes
    ))  # fmt: skip
    yield from _table(words["edges"], [words[key] for key in ("edge", "label")], (
        [found["edge"].alt.partition(": ")[0], _said(found, "label")] for found in edges
    ))  # fmt: skip
    yield "</details>"


def _said(found: dict[str, Item], layer: str) -> str:
    return plain(found[layer].source) if layer in found else ""


def _table(caption: str, heads: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"<table>\n<caption>{caption}</caption>"
    yield "<tr>" + "".join(f'<th scope="col">{head}</th>' for head in heads) + "</tr>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>"
    yield "</table>"


def _text(text: str) -> str:
    return escape(clean(text))
