"""``symgraph zoo``: the list of all systems, or one system as a page, and its picture."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path
from typing import Any

__all__ = ["EXAMPLES", "add_options", "drawing", "listed", "listed_as_data", "shown"]

EXAMPLES = """examples:
  symgraph zoo
  symgraph zoo --lang zh
  symgraph zoo lstm
  symgraph zoo lstm,coupled=yes -o lstm.svg
  symgraph zoo hinge --json"""

_HEADINGS = {
    "options": ("Options, behind the name as {}", "选项，写在名字之后，如 {}"),
    "formulas": ("Formulas", "公式"),
    "source": ("Definition", "定义"),
    "diagram": ("Diagram, with the derivative on each edge", "计算图，边上为导数"),
}


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of this command alone."""
    command.add_argument(
        "name", nargs="?", metavar="NAME", help="show this one, with options as in zoo:NAME"
    )
    command.add_argument("--lang", choices=("en", "zh"), default="en", help="(default: en)")
    command.add_argument(
        "-o", "--out", "--svg", dest="picture", type=Path, metavar="FILE",
        help="draw the system too; the suffix chooses the format",
    )  # fmt: skip


def listed_as_data(options: argparse.Namespace) -> dict[str, str]:
    """The title of every system by its name."""
    from symgraph import zoo

    return {name: zoo.title(name, options.lang) for name in zoo.names()}


def listed(options: argparse.Namespace) -> str:
    """The systems by topic, a line each."""
    from symgraph import zoo

    titles = listed_as_data(options)
    width = max(map(len, titles))
    lines: list[str] = []
    for topic, names in zoo.topics(options.lang).items():
        lines.append(f"{topic}{'：' if options.lang == 'zh' else ':'}")
        lines += [f"  {name:<{width}}  {titles[name]}" for name in names]
    return "\n".join(lines)


def shown(page: dict[str, Any], options: argparse.Namespace) -> str:
    """A system as a page: what it is, options, formulas, source, diagram, derivation."""
    zh = options.lang == "zh"
    parts = [f"{page['title']}\n\n{page['doc']}" if zh else page["doc"]]
    if page["options"]:
        width = max(len(f"{one['name']}={one['default']}") for one in page["options"])
        lines = [
            f"  {one['name'] + '=' + one['default']:<{width}}  {one['allowed']}"
            for one in page["options"]
        ]
        first = page["options"][0]
        example = f"zoo:{page['name']},{first['name']}={first['default']}"
        parts.append("\n".join([_heading("options", zh).format(example), *lines]))
    formulas = [f"  {line}" for line in page["formulas"]]
    parts.append("\n".join([_heading("formulas", zh), *formulas]))
    parts += [f"{_heading(key, zh)}\n\n{page[key]}" for key in ("source", "diagram")]
    return "\n\n".join([*parts, page["derivation"]])


def _heading(key: str, zh: bool) -> str:
    return _HEADINGS[key][zh]


def drawing(options: argparse.Namespace) -> list[str]:
    """The arguments of `symgraph draw` for the picture: the lectures' own where they have one."""
    from symgraph.zoo.figures import FIGURES

    name, language = options.name.partition(",")[0], ["--language", options.lang]
    for figure in FIGURES:
        arguments = shlex.split(figure.command.replace("{}", shlex.quote(str(options.picture))))
        if arguments[0] == "draw" and re.fullmatch(rf"zoo:{re.escape(name)}(,.*)?", arguments[1]):
            return ["draw", f"zoo:{options.name}", *arguments[2:], *language]
    return ["draw", f"zoo:{options.name}", str(options.picture), *language]
