"""The command ``symgraph slides``: its options, and what it writes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import symgraph

__all__ = ["EXAMPLES", "add_options", "written"]

EXAMPLES = """examples:
  symgraph slides zoo:two-layer net.pptx
  symgraph slides "max(1 - (w·x)*y, 0)" hinge.html --shape w=2 x=2 \\
      --values '{"w": [1, 2], "x": [2, -1], "y": 1}'
  symgraph slides zoo:rnn bptt.pdf --style timeline --steps 4
  symgraph slides "(w x - y)²" square.tex --wrt w --lang zh --title 平方损失

the suffix chooses the format: .html (reveal.js, needs no network), .pptx, .tex (Beamer), .pdf or
.gif"""


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of this command alone."""
    _add_subject(command)
    _add_look(command)
    _add_form(command)


def _add_subject(command: argparse.ArgumentParser) -> None:
    """What the deck is about."""
    command.add_argument(
        "deck", type=Path, metavar="file", help="the deck; its suffix chooses the format"
    )
    command.add_argument(
        "--wrt", nargs="+", metavar="NAME", help="what is learned (default: parameters)"
    )
    command.add_argument(
        "--leaf",
        nargs="+",
        metavar="NAME",
        help="whose paths are shown, one after the other (default: the first of --wrt)",
    )
    command.add_argument(
        "--values", metavar="JSON", help="values of the variables: JSON, FILE.json or FILE.npz"
    )


def _add_look(command: argparse.ArgumentParser) -> None:
    """Words, colours and numbers."""
    command.add_argument("--title", default="", metavar="TEXT", help="before every heading")
    command.add_argument("--lang", choices=("en", "zh"), default="en", help="of the headings")
    command.add_argument(
        "--theme", choices=("light", "lecture", "print", "dark"), default="light",
        help="colours (default: %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--direction", choices=("auto", "BT", "LR"), default="auto",
        help="BT: the root on top; LR: the root right (default: what is larger)",
    )  # fmt: skip
    command.add_argument(
        "--rate", type=float, default=0.1, metavar="NUMBER",
        help="of the step downhill (default: %(default)s)",
    )  # fmt: skip
    command.add_argument(
        "--digits", type=int, default=4, metavar="N", help="of numbers (default: %(default)s)"
    )
    command.add_argument(
        "--most", type=int, default=25, metavar="N", help="about so many steps (%(default)s)"
    )


def _add_form(command: argparse.ArgumentParser) -> None:
    """How it is told, and in which parts."""
    command.add_argument(
        "--style",
        choices=("graph", "timeline", "cell"),
        default="graph",
        help="timeline: a recurrent net time by time; cell: gate by gate (default: %(default)s)",
    )
    command.add_argument(
        "--steps", type=int, metavar="N", help="with --style timeline: how many times (3)"
    )
    command.add_argument(
        "--phases",
        nargs="+",
        metavar="PHASE",
        help="only these parts of the deck: leaves, build, labels, forward, backward, path, sum, "
        "update, again",
    )
    command.add_argument(
        "--connectors", action="store_true",
        help="in .pptx: edges as straight lines that follow their nodes",
    )  # fmt: skip
    command.add_argument(
        "--handout", action="store_true",
        help="for paper: of the steps under one heading only the last",
    )  # fmt: skip


def written(loss: Any, wrt: list[Any], options: argparse.Namespace) -> Path:
    """Write the deck, and return where."""
    from symgraph.given_values import read_values
    from symgraph.network import find_node
    from symgraph.walks import variables

    names = [leaf.params[0] for leaf in variables([loss])]
    values = None if options.values is None else read_values(options.values, names)
    return symgraph.slides(
        loss, options.deck, values, wrt=wrt,
        leaf=None if options.leaf is None else [find_node(loss, one) for one in options.leaf],
        title=options.title, language=options.lang, theme=options.theme, rate=options.rate,
        direction=options.direction, digits=options.digits, most=options.most,
        connectors=options.connectors, handout=options.handout, style=options.style,
        steps=options.steps, phases=options.phases,
    )  # fmt: skip
