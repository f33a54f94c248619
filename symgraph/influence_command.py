"""The command ``symgraph influence``: how far back in time a derivative reaches."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import symgraph
from symgraph.errors import UnsupportedError

__all__ = ["EXAMPLES", "add_options", "found"]

EXAMPLES = """examples:
  symgraph influence "let s_t = tanh(w s_{t-1} + x_t), t = 1..T; (s_T - d)²" \
--values '{"w": 0.8, "s_0": 0, "x": [1, 0, 0, 0], "d": 1}'
  symgraph influence zoo:rnn-scalar --values '{"w": 1.5, "h0": 0, "x": [0, 0, 0]}' --of h"""

#: The times of a loop of which no number is given.
STEPS = 10


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of this command alone."""
    command.add_argument(
        "--values",
        metavar="JSON",
        help="values of the variables: JSON, FILE.json or FILE.npz (zoo:NAME: else at random)",
    )
    command.add_argument("--of", metavar="NAME", help="what is observed (default: all states)")
    command.add_argument("--by", metavar="NAME", help="what acts on it (default: the same)")
    command.add_argument("--since", type=int, metavar="TIME", help="from this time on")
    command.add_argument("--direct", action="store_true", help="hold all other states fixed")
    command.add_argument("--plot", type=Path, metavar="FILE", help="draw the norms, logarithmic")
    command.add_argument("--lang", choices=("en", "zh"), default="en", help="of the last line")
    command.add_argument(
        "--digits", type=int, default=6, metavar="N", help="of numbers (default: %(default)s)"
    )


def found(loss: Any, options: argparse.Namespace) -> symgraph.Influence:
    """The norms of the derivatives of later values by earlier ones; drawn, if that is asked for."""
    from symgraph.given_values import read_values
    from symgraph.walks import variables

    if options.values is not None:
        values = read_values(options.values, [leaf.params[0] for leaf in variables([loss])])
    elif str(options.network).startswith("zoo:"):
        values = _drawn(loss)
        print("symgraph: the values are drawn at random; give others by --values", file=sys.stderr)
    else:
        raise UnsupportedError(
            "command line: norms need the values of the variables. Give them by --values."
        )
    made = symgraph.influence(
        loss, values, of=options.of, by=options.by, since=options.since, direct=options.direct,
        lang=options.lang,
    )  # fmt: skip
    if options.plot is not None:
        made.plot(options.plot)
    return made


def _drawn(loss: Any) -> dict[Any, Any]:
    """Values at random, the same in every run, for a loop of ten steps where their number is open.

    Raises UnsupportedError for an expression without a loop, before anything is drawn.
    """
    from symgraph.ops.loop import Scan
    from symgraph.sample import draw
    from symgraph.shapes import dim_symbols
    from symgraph.walks import topological

    loops = [node for node in topological([loss]) if isinstance(node, Scan)]
    if not loops:
        raise UnsupportedError(
            "influence: the expression has no loop over time. Name a recurrent network, such as "
            "zoo:lstm."
        )
    lengths = {size for loop in loops for size in dim_symbols([loop.length])}
    return dict(draw([loss], dims=dict.fromkeys(lengths, STEPS)).values)
