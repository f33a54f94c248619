"""The command ``symgraph draw``: the options of all styles, read off their functions."""

from __future__ import annotations

import argparse
import inspect
import json
from difflib import get_close_matches
from typing import Any

import symgraph
from symgraph.errors import DrawError

__all__ = ["EXAMPLES", "add_options", "check_unknown", "picture"]

EXAMPLES = """examples:
  symgraph draw "max(1 - (W·φ)*y, 0)" hinge.svg --shape W=d φ=d
  symgraph draw zoo:hinge hinge.pdf --tree --theme lecture --labels both --path W \\
    --values '{"W": [1, 2], "φ(x)": [2, -1], "y": 1}'
  symgraph draw zoo:two-layer net.png --collapse names --direction LR --title "Two layers"
  symgraph draw zoo:rnn rnn.svg --steps 3 --direction LR --language zh
  symgraph draw zoo:hinge hinge.svg --hide constants ones --no-legend
the file's suffix chooses the format: .svg .pdf .png .tex .html .gif .dot and more"""

_OF_ALL = ("style", "engine", "theme")


def add_options(command: argparse.ArgumentParser) -> None:
    """One option for every option that `sg.draw` has in any style."""
    from symgraph.draw.drawing import STYLES
    from symgraph.draw.theme import THEMES

    command.add_argument("--style", choices=tuple(STYLES), default="graph")
    command.add_argument("--engine", choices=("auto", "dot", "native"), default="auto")
    command.add_argument("--theme", choices=tuple(THEMES), default="light")
    command.add_argument(
        "--values", metavar="JSON", help="values of the variables: JSON, FILE.json or FILE.npz"
    )
    styles = command.add_argument_group("of the styles")
    for name, (parameter, used) in _options().items():
        meaning = f"of {', '.join(used)}" if used != ["graph"] else None
        flag = f"--{name.replace('_', '-')}"
        if isinstance(parameter.default, bool):
            styles.add_argument(
                flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=meaning
            )
            continue
        several = parameter.annotation == "Any" or "Sequence" in parameter.annotation
        styles.add_argument(
            flag,
            nargs="+" if several else None,
            type=str if parameter.annotation == "str" else _read,
            default=argparse.SUPPRESS,
            metavar="VALUE",
            help=meaning,
        )


def _options() -> dict[str, tuple[inspect.Parameter, list[str]]]:
    """The options of all styles by name, and which styles have each."""
    from symgraph.draw.drawing import STYLES, style_named

    found: dict[str, tuple[inspect.Parameter, list[str]]] = {}
    for style in STYLES:
        for parameter in inspect.signature(style_named(style)).parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY:
                found.setdefault(parameter.name, (parameter, []))[1].append(style)
    return found


def _read(text: str) -> Any:
    """A number, a list, true, false or null as JSON; anything else is a word."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def check_unknown(arguments: list[str]) -> None:
    """Refuse options that there are not, with the nearest that there is.

    Raises DrawError.
    """
    if not arguments:
        return
    known = [f"--{name.replace('_', '-')}" for name in (*_OF_ALL, "values", *_options())]
    wrong = arguments[0].partition("=")[0]
    near = get_close_matches(wrong, known, 1)
    hint = f"Did you mean {near[0]}?" if near else "`symgraph draw --help` lists all options."
    raise DrawError(f"draw: there is no option {wrong!r}. {hint}")


def picture(loss: Any, options: argparse.Namespace) -> Any:
    """The picture that a command line asks for."""
    from symgraph.given_values import read_values
    from symgraph.node import variables

    given = {name: getattr(options, name) for name in _options() if hasattr(options, name)}
    chosen = {name: _alone(value) for name, value in given.items()}
    values = options.values
    if values is not None:
        values = read_values(values, [leaf.params[0] for leaf in variables([loss])])
    common = {name: getattr(options, name) for name in _OF_ALL}
    return symgraph.draw(loss, values, **common, **chosen)


def _alone(value: Any) -> Any:
    """One word is no list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
