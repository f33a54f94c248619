"""The command ``symgraph plot``: curves with their derivatives, and surfaces."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import symgraph
from symgraph.errors import DrawError

__all__ = ["EXAMPLES", "add_options", "function_named", "plotted"]

EXAMPLES = """examples:
  symgraph plot sigmoid tanh relu activations.svg --range -4,4
  symgraph plot "x³ + x² - x - 1" cubic.svg --range x=-2,2 --title "A cubic"
  symgraph plot "a*exp(-x²)" bell.pdf --range x=-3,3 --values '{"a": 2}'
  symgraph plot zoo:triangle region.svg --range x1=-0.5,1.5 x2=-0.5,1.5"""


def add_options(command: argparse.ArgumentParser) -> None:
    """The functions, the file and the options of this command."""
    command.add_argument(
        "functions", nargs="+", metavar="FUNCTION",
        help="a function of one number such as tanh, a formula in quotes, zoo:NAME or FILE.py:NAME",
    )  # fmt: skip
    command.add_argument(
        "picture", type=Path, metavar="file", help="the plot; its suffix is .svg, .pdf or .png"
    )
    command.add_argument(
        "--range", nargs="+", dest="spans", metavar="NAME=FROM,TO",
        help="where one or two variables run; FROM,TO is enough for the only one (-4,4)",
    )  # fmt: skip
    command.add_argument(
        "--values", metavar="JSON", help="values of the others: JSON, FILE.json or FILE.npz"
    )
    command.add_argument(
        "--derivative", action=argparse.BooleanOptionalAction, default=True,
        help="plot the derivatives too (default)",
    )  # fmt: skip
    command.add_argument("--points", type=int, default=401, help="(default: %(default)s)")
    command.add_argument("--title", default="", help="above the plot")
    command.add_argument("--language", choices=("en", "zh"), default="en")
    command.add_argument(
        "--theme", choices=("light", "lecture", "print", "dark"), default="light",
        help="colours (default: %(default)s)",
    )  # fmt: skip


def function_named(text: str) -> Any:
    """The function of one array that has this name, or None where the text says something else."""
    from symgraph.formula.functions import functions

    found = functions().get(text)
    return found.call if found is not None and found.pointwise else None


def plotted(functions: list[Any], options: argparse.Namespace) -> Any:
    """The plot that a command line asks for."""
    from symgraph.given_values import read_values
    from symgraph.node import Node
    from symgraph.walks import variables

    values = options.values
    names = [leaf.params[0] for leaf in variables([f for f in functions if isinstance(f, Node)])]
    if values is not None:
        values = read_values(values, names)
    spans = {} if options.spans is None else {"spans": _spans(options.spans, names)}
    return symgraph.plot(
        functions, values=values, derivative=options.derivative, points=options.points,
        title=options.title, language=options.language, theme=options.theme, **spans,
    )  # fmt: skip


def _spans(texts: list[str], names: list[str]) -> Any:
    """The pair of two numbers, or pairs by name. Raises DrawError for other text."""
    from symgraph.formula.names import key_of

    if len(texts) == 1 and "=" not in texts[0]:
        return _pair(texts[0], texts[0])
    spelled = {key_of(name): name for name in names}
    found = {}
    for text in texts:
        name, _, span = text.partition("=")
        found[spelled.get(key_of(name), name)] = _pair(span, text)
    return found


def _pair(ends: str, text: str) -> tuple[float, float]:
    try:
        low, high = map(float, ends.split(","))
    except ValueError:
        raise DrawError(
            f"plot: --range {text}: write a variable and two numbers, x=-4,4."
        ) from None
    return low, high
