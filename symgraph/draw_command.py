"""The command ``symgraph draw``: the options of all styles, read off their functions."""

from __future__ import annotations

import argparse
import inspect
import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    get_args,
    get_origin,
    get_type_hints,
)

import symgraph
from symgraph.errors import DrawError

if TYPE_CHECKING:
    from symgraph.network import Network

__all__ = ["EXAMPLES", "add_options", "check_unknown", "drawn", "is_mode", "opened", "picture"]

EXAMPLES = """examples:
  symgraph draw "max(1 - (W·φ)*y, 0)" hinge.svg --shape W=d φ=d
  symgraph draw zoo:hinge hinge.pdf --tree --theme lecture --labels both --path W \\
    --values '{"W": [1, 2], "φ(x)": [2, -1], "y": 1}'
  symgraph draw zoo:two-layer net.png --collapse names --direction LR --title "Two layers"
  symgraph draw zoo:rnn rnn.svg --steps 3 --direction LR --language zh
  symgraph draw zoo:hinge hinge.svg --hide constants ones --no-legend
  symgraph draw zoo:rnn-row cells.svg --and zoo:lstm-row --style cell
  symgraph draw modes.svg --style modes
the file's suffix chooses the format: .svg .pdf .png .tex .html .gif .dot and more"""

#: What the options mean, one line each.
_MEANINGS = {
    "wrt": "names by which is differentiated; all others are constants",
    "tree": "a leaf once for every use, as on a blackboard",
    "labels": "what stands on the edges",
    "labels_as": "derivatives of arrays as what multiplies, or as maps of what arrives",
    "beside": "what stands at the nodes",
    "shared": "a parameter that is used several times: one node, or a chip at each use",
    "path": "mark one path: a leaf, a leaf and its rank, or names from the root to a leaf",
    "paths": "mark the largest paths to a leaf (and how many), with their sum",
    "collapse": "'names', 'repeats', 'none', or names that are one box each",
    "expand": "names that stay open in a frame, or 'all'",
    "steps": "loops written out for so many times; true: as many as the values have",
    "hide": "what is left away",
    "show": "what is drawn although it says little",
    "fold": "what is drawn as one node",
    "direction": "BT: the root on top; LR: on the right",
    "title": "a line above the picture",
    "language": "of legend and captions",
    "legend": "what signs and colours mean",
    "prefixes": "values as f = 1 and g = 2, for paper without colours",
    "digits": "significant digits of numbers",
    "output": "the names of the values that are the net's outputs",
    "bias": "where thresholds stand",
    "split": "a unit's sum and its function as two circles",
    "captions": "a line below each part",
    "widest": "units of a layer that are drawn, at most",
    "repeat": "cells in a row",
    "highlight": "the line of this state in colour",
    "step": "one part of the whole: a step of a cell, a place of a window",
    "time": "the time at which the cell stands, with numbers where there are values",
    "build": "a deck that adds step to step",
    "which": "which loop of several, counted from 0",
    "name": "the name of the cell",
    "layer": "which layer, counted from 1",
    "map": "which map of the layer, counted from 1",
    "channel": "which channel, counted from 1",
    "sizes": "sizes beside the blocks",
    "most": "columns that are drawn, at most",
    "detail": "vectors, or every operation with its derivative",
    "loss": "the loss of every time too",
}

_OF_ALL = ("style", "engine", "theme")
#: These show what is trained one after the other as a stack; others its sum.
_OF_STAGES = ("blocks", "bipartite")


def add_options(command: argparse.ArgumentParser) -> None:
    """One option for every option that `sg.draw` has in any style."""
    from symgraph.draw.drawing import STYLES
    from symgraph.draw.theme import THEMES

    command.add_argument("--style", choices=tuple(STYLES), default="graph")
    command.add_argument("--engine", choices=("auto", "dot", "native"), default="auto")
    command.add_argument("--theme", choices=tuple(THEMES), default="light")
    command.add_argument(
        "--and", dest="others", action="append", default=[], metavar="NETWORK",
        help="one more network in the same picture",
    )  # fmt: skip
    command.add_argument(
        "--values", metavar="JSON", help="values of the variables: JSON, FILE.json or FILE.npz"
    )
    styles = command.add_argument_group("of the styles")
    for name, (parameter, used, several) in _options().items():
        meaning = f"{_MEANINGS.get(name, '')} ({_named(used, len(STYLES))})".lstrip()
        flag = _flag(name)
        if isinstance(parameter.default, bool):
            styles.add_argument(
                flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=meaning
            )
            continue
        styles.add_argument(
            flag,
            nargs="+" if several else None,
            type=str if parameter.annotation == "str" else _read,
            default=argparse.SUPPRESS,
            metavar=_choices(used, name) or "VALUE",
            help=meaning,
        )


def _named(styles: Sequence[str], count: int) -> str:
    if len(styles) == count:
        return "all styles"
    return f"style {styles[0]}" if len(styles) == 1 else f"styles {', '.join(styles)}"


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _choices(styles: Sequence[str], name: str) -> str:
    """The words that an option takes, if it takes only certain ones."""
    from symgraph.draw.drawing import style_named

    found: list[str] = []
    kinds = [get_type_hints(style_named(style))[name] for style in styles]
    while kinds:
        kind = kinds.pop(0)
        if get_origin(kind) is Literal:
            found += [word for word in get_args(kind) if isinstance(word, str)]
        elif kind is str:
            return ""
        else:
            kinds += get_args(kind)
    return f"{{{','.join(dict.fromkeys(found))}}}" if found else ""


def opened(arguments: Sequence[str]) -> list[str]:
    """`--collapse=a b` as `--collapse a b`: behind a sign of equality argparse takes one word.

    >>> opened(["--collapse=a", "b", "--title=c"])
    ['--collapse', 'a', 'b', '--title=c']
    """
    several = {_flag(name) for name, option in _options().items() if option.several}
    found: list[str] = []
    for argument in arguments:
        flag, _, value = argument.partition("=")
        found += [flag, value] if flag in several and value else [argument]
    return found


class _Option(NamedTuple):
    """An option as the first style has it, the styles that have it, and whether it has parts."""

    parameter: inspect.Parameter
    styles: list[str]
    several: bool


def _options() -> dict[str, _Option]:
    """The options of all styles by name."""
    from symgraph.draw.drawing import STYLES, style_named

    found: dict[str, _Option] = {}
    for style in STYLES:
        for parameter in inspect.signature(style_named(style)).parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY:
                first, used, several = found.get(parameter.name, _Option(parameter, [], False))
                kind = parameter.annotation
                several |= kind == "Any" or "Sequence" in kind or "tuple" in kind
                found[parameter.name] = _Option(first, [*used, style], several)
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
    names = (*_OF_ALL, "values", "and", *_options())
    known = [_flag(name) for name in names]
    wrong = arguments[0].partition("=")[0]
    near = get_close_matches(wrong, known, 1)
    hint = f"Did you mean {near[0]}?" if near else "`symgraph draw --help` lists all options."
    raise DrawError(f"draw: there is no option {wrong!r}. {hint}")


def is_mode(options: argparse.Namespace) -> bool:
    """Whether a mode of recurrent nets is drawn by its name, or all of them."""
    if options.style != "modes" or options.formulas is not None:
        return False
    from symgraph.draw.recurrent.modes import MODES

    return options.network is None or options.network in MODES


def drawn(networks: Sequence[Network], style: str) -> Any:
    """What a style takes of the networks: one expression, or a list of these."""
    if style in _OF_STAGES:
        found = [one for network in networks for one in network.stages or (network.loss,)]
    else:
        found = [network.loss for network in networks]
    return found[0] if len(found) == 1 else found


def picture(loss: Any, options: argparse.Namespace) -> Any:
    """The picture that a command line asks for."""
    from symgraph.given_values import read_values
    from symgraph.walks import variables

    given = {name: getattr(options, name) for name in _options() if hasattr(options, name)}
    if options.style not in _options()["wrt"].styles:
        given.pop("wrt", None)  # it has said which names of a formula are parameters
    chosen = {name: _alone(value) for name, value in given.items()}
    values = options.values
    if values is not None:
        roots = loss if isinstance(loss, list) else [loss]
        values = read_values(values, [leaf.params[0] for leaf in variables(roots)])
    common = {name: getattr(options, name) for name in _OF_ALL}
    return symgraph.draw(loss, values, **common, **chosen)


def _alone(value: Any) -> Any:
    """One word is no list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
