"""The command ``symgraph gallery``: every figure of the lectures on one page."""

from __future__ import annotations

import argparse
import contextlib
import html
import io
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from symgraph.errors import DrawError, UnknownNameError

if TYPE_CHECKING:
    from symgraph.zoo.figures import Figure

__all__ = ["EXAMPLES", "add_options", "make"]

EXAMPLES = """examples:
  symgraph gallery out/gallery
  symgraph gallery out/gallery --only S0-21 S0-43 --theme print"""

#: The lectures by the first letters of their rows, in English and Chinese.
_DECKS = {
    "S0": ("Neural networks and local derivatives", "神经网络与局部导数"),
    "S1": ("Recurrent networks and backpropagation through time", "循环神经网络与随时间反向传播"),
    "S2": ("LSTM and its gates", "LSTM 与门"),
    "S3": ("LSTM, slides", "LSTM 讲义"),
    "S4": ("Machine learning: neural networks", "机器学习：神经网络"),
}
#: Pictures that are wider than so many times their height have a line of their own.
_WIDE = 2.6
_SIZE = re.compile(r'<svg[^>]*?\bwidth="([\d.]+)[^>]*?\bheight="([\d.]+)')
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
main { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); }
h2 { grid-column: 1 / -1; margin: 1rem 0 0; }
figure { border: 1px solid #8886; border-radius: 8px; margin: 0; padding: 1rem; }
figure a { align-items: center; background: #fff; display: flex; height: 18rem; }
figure.wide { grid-column: 1 / -1; }
figure.wide a { height: auto; }
figure.dark a { background: #14191f; }
img { height: 100%; margin: auto; max-width: 100%; object-fit: contain; }
figcaption { margin-top: .7rem; }
code { display: block; font-size: .8rem; margin-top: .3rem; overflow-wrap: anywhere; }
"""


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("folder", type=Path, help="where the pictures and index.html are written")
    command.add_argument("--only", nargs="+", metavar="ROW", help="these rows alone")
    command.add_argument("--lang", choices=("en", "zh"), default="en", help="(default: en)")
    command.add_argument(
        "--theme", choices=("light", "lecture", "print", "dark"), default="light",
        help="(default: light; plots keep theirs)",
    )  # fmt: skip


def make(options: argparse.Namespace, run: Callable[[Sequence[str]], int]) -> Path:
    """Draw the figures by running their commands, and write the page that shows them.

    Raises UnknownNameError for a row without a figure, DrawError when a command fails.
    """
    chosen = _chosen(options.only)
    options.folder.mkdir(parents=True, exist_ok=True)
    for figure in chosen:
        file = options.folder / f"{figure.name}.svg"
        arguments = figure.arguments(file, options.lang, options.theme)
        with contextlib.redirect_stdout(io.StringIO()):
            code = run(arguments)
        if code != 0:
            raise DrawError(f"gallery: {figure.name} failed: symgraph {shlex.join(arguments)}")
    page: Path = options.folder / "index.html"
    page.write_text(_page(chosen, options), encoding="utf-8")
    return page


def _chosen(rows: Sequence[str] | None) -> list[Figure]:
    from symgraph.zoo.figures import FIGURES

    if rows is None:
        return list(FIGURES)
    known = {figure.row for figure in FIGURES}
    for row in rows:
        if row not in known:
            raise UnknownNameError(
                f"gallery: there is no figure of row {row!r}. There are {', '.join(sorted(known))}."
            )
    return [figure for figure in FIGURES if figure.row in rows]


def _page(figures: Sequence[Figure], options: argparse.Namespace) -> str:
    lang = options.lang
    title = "课程中的图" if lang == "zh" else "The figures of the lectures"
    parts = [
        f'<!doctype html>\n<html lang="{lang}">',
        f'<head>\n<meta charset="utf-8">\n<title>{title}</title>\n<style>{_STYLE}</style>\n</head>',
        f"<body>\n<h1>{title}</h1>\n<main>",
    ]
    deck = ""
    for figure in figures:
        if figure.row[:2] != deck:
            deck = figure.row[:2]
            parts.append(f"<h2>{html.escape(_DECKS[deck][lang == 'zh'])}</h2>")
        parts.append(_figure(figure, options))
    return "\n".join([*parts, "</main>\n</body>\n</html>\n"])


def _figure(figure: Figure, options: argparse.Namespace) -> str:
    lang, theme = options.lang, options.theme
    title = html.escape(figure.title_zh if lang == "zh" else figure.title)
    command = html.escape(f"symgraph {figure.line(f'{figure.name}.svg', lang, theme)}")
    size = _SIZE.search((options.folder / f"{figure.name}.svg").read_text(encoding="utf-8"))
    is_wide = size is not None and float(size[1]) > _WIDE * float(size[2])
    kind = " ".join(["wide"] * is_wide + ["dark"] * (theme == "dark" and figure.is_drawn))
    return (
        f'<figure id="{figure.name}" class="{kind}">\n<a href="{figure.name}.svg">'
        f'<img src="{figure.name}.svg" alt="{title}" loading="lazy"></a>\n'
        f"<figcaption><strong>{figure.row}</strong> {title}<code>{command}</code></figcaption>\n"
        "</figure>"
    )
