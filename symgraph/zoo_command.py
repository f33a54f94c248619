"""``symgraph zoo``: the list of all systems, or one system as a page, and its picture."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import symgraph

__all__ = [
    "EXAMPLES", "NO_NAME", "add_options", "draw", "is_word", "listed",
    "listed_as_data", "shown",
]  # fmt: skip

EXAMPLES = """examples:
  symgraph zoo
  symgraph zoo --lang zh
  symgraph zoo lstm
  symgraph zoo autoencoder
  symgraph zoo lstm,coupled=yes -o lstm.svg
  symgraph zoo hinge --json"""

#: A picture of no system, in English and Chinese.
NO_NAME = (
    "zoo: name the system that is drawn: zoo NAME -o FILE.",
    "zoo：请写出要画的系统：zoo NAME -o FILE。",
)
_HEADINGS = {
    "options": ("Options, behind the name as {}", "选项，写在名字之后，如 {}"),
    "formulas": ("Formulas", "公式"),
    "source": ("Definition", "定义"),
    "diagram": ("Diagram, with the derivative on each edge", "计算图，边上为导数"),
}


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of this command alone."""
    command.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="show this one, with options as in zoo:NAME; or a word to look for",
    )
    command.add_argument("--lang", choices=("en", "zh"), default="en", help="(default: en)")
    command.add_argument(
        "-o", "--out", "--svg", dest="picture", type=Path, metavar="FILE",
        help="draw the system too; the suffix chooses the format",
    )  # fmt: skip


def is_word(options: argparse.Namespace) -> bool:
    """Whether no system has this name, and some have it in their text: these are listed."""
    from symgraph import zoo

    if options.name is None or "," in options.name or options.picture is not None:
        return False
    try:
        zoo.title(options.name)
    except symgraph.UnknownNameError:
        return bool(zoo.found(options.name, options.lang))
    return False


def listed_as_data(options: argparse.Namespace) -> dict[str, str]:
    """The title of every system by its name, or of those in which the word occurs."""
    from symgraph import zoo

    names = zoo.names() if options.name is None else zoo.found(options.name, options.lang)
    return {name: zoo.title(name, options.lang) for name in names}


def listed(options: argparse.Namespace) -> str:
    """The same by topic, a line each."""
    from symgraph import zoo

    titles = listed_as_data(options)
    width = max(map(len, titles))
    lines: list[str] = []
    for topic, names in zoo.topics(options.lang).items():
        shown = [f"  {name:<{width}}  {titles[name]}" for name in names if name in titles]
        if shown:
            lines += [f"{topic}{'：' if options.lang == 'zh' else ':'}", *shown]
    return "\n".join(lines)


def shown(page: dict[str, Any], options: argparse.Namespace) -> str:
    """A system as a page: what it is, options, formulas, source, diagram, derivation."""
    zh = options.lang == "zh"
    parts = [page["doc"]]
    if page["options"]:
        first = page["options"][0]
        example = f"zoo:{page['name']},{first['name']}={first['default']}"
        parts.append("\n".join([_heading("options", zh).format(example), *_options(page, zh)]))
    formulas = [f"  {line}" for line in page["formulas"]]
    parts.append("\n".join([_heading("formulas", zh), *formulas]))
    parts += [f"{_heading(key, zh)}\n\n{page[key]}" for key in ("source", "diagram")]
    return "\n\n".join([*parts, page["derivation"]])


def _options(page: dict[str, Any], zh: bool) -> list[str]:
    """The options, a line each: the default, what it means, what may be written."""
    written = [f"{one['name']}={one['default']}" for one in page["options"]]
    width = max(map(len, written))
    between = "：" if zh else ": "
    return [
        f"  {default:<{width}}  {one['meaning']}{between}{one['allowed']}"
        for default, one in zip(written, page["options"], strict=True)
    ]


def _heading(key: str, zh: bool) -> str:
    return _HEADINGS[key][zh]


def draw(
    page: dict[str, Any], options: argparse.Namespace, main: Callable[[list[str]], int]
) -> int:
    """Draw the system of a page by `main`, as a lecturer would where that goes; the exit status."""
    from symgraph.zoo import pictures

    defaults = {one["name"]: one["default"] for one in page["options"]}
    *better, plain = pictures.commands(options.name, page["name"], options.picture, defaults)
    language = ["--language", options.lang]
    with contextlib.redirect_stdout(io.StringIO()):
        for command in better:
            with contextlib.redirect_stderr(io.StringIO()):
                if main([*command, *language]) == 0:
                    return 0
        return main([*plain, *language])
