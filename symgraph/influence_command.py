"""The command ``symgraph influence``: how far back in time, or in depth, a derivative reaches."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import symgraph
from symgraph.errors import UnsupportedError

__all__ = ["EXAMPLES", "add_options", "documents", "found", "text"]

EXAMPLES = """examples:
  symgraph influence "let s_t = tanh(w s_{t-1} + x_t), t = 1..T; (s_T - d)²" \
--values '{"w": 0.8, "s_0": 0, "x": [1, 0, 0, 0], "d": 1}'
  symgraph influence zoo:rnn-scalar --values '{"w": 1.5, "h0": 0, "x": [0, 0, 0]}' --of h
  symgraph influence zoo:lenet"""

if TYPE_CHECKING:
    #: What is measured of one loop, or of layers.
    Found = symgraph.Influence | symgraph.LayerInfluence

#: The times of a loop of which no number is given.
STEPS = 10


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of this command alone."""
    command.add_argument(
        "--values",
        metavar="JSON",
        help="values of the variables: JSON, FILE.json or FILE.npz (zoo:NAME: else at random)",
    )
    command.add_argument(
        "--of", metavar="NAME", help="what is observed (default: all states; of layers the result)"
    )
    command.add_argument(
        "--by",
        metavar="NAME",
        help="what acts on it (default: the same; of layers the variable they are counted from)",
    )
    command.add_argument("--since", type=int, metavar="TIME", help="from this time on")
    command.add_argument("--direct", action="store_true", help="hold all other states fixed")
    command.add_argument("--plot", type=Path, metavar="FILE", help="draw the norms, logarithmic")
    command.add_argument("--lang", choices=("en", "zh"), default="en", help="of the last line")
    command.add_argument(
        "--digits", type=int, default=6, metavar="N", help="of numbers (default: %(default)s)"
    )


def found(loss: Any, options: argparse.Namespace) -> dict[str, Found]:
    """What is measured, by its title: one table a loop, or that of the layers of a net.

    A drawing, if one is asked for, is of the only one.
    """
    from symgraph.given_values import read_values
    from symgraph.ops.loop import Scan
    from symgraph.walks import topological, variables

    loops = [node for node in topological([loss]) if isinstance(node, Scan)]
    _check_options(loops, options)
    if options.values is not None:
        values = read_values(options.values, [leaf.params[0] for leaf in variables([loss])])
    elif str(options.network).startswith("zoo:"):
        begun = _begun(loss)
        values = _drawn(loss, loops, begun)
        told = "weights are as training begins, other values" if begun else "the values"
        print(f"symgraph: {told} are drawn at random; give others by --values", file=sys.stderr)
    else:
        raise UnsupportedError(
            "command line: norms need the values of the variables. Give them by --values."
        )
    if not loops:
        layers = symgraph.influence_of_layers(
            loss, values, of=options.of, by=options.by, lang=options.lang
        )
        return _plotted({"": layers}, options)
    made = symgraph.influences(
        loss, values, of=options.of, by=options.by, since=options.since, direct=options.direct,
        lang=options.lang,
    )  # fmt: skip
    return _plotted({**made}, options)


def text(tables: Mapping[str, Found], digits: int) -> str:
    """All tables; of several each with its title."""
    if len(tables) == 1:
        return next(iter(tables.values())).table(digits)
    return "\n\n".join(f"{title}\n{one.table(digits)}" for title, one in tables.items())


def documents(tables: Mapping[str, Found]) -> Any:
    """The same for JSON: of several a list, each with its title."""
    if len(tables) == 1:
        return next(iter(tables.values())).to_dict()
    return [{"title": title, **one.to_dict()} for title, one in tables.items()]


def _check_options(loops: Sequence[Any], options: argparse.Namespace) -> None:
    if not loops and (options.since is not None or options.direct):
        word = "--direct" if options.since is None else "--since"
        raise UnsupportedError(
            f"influence: {word} is about the times of a loop, and the expression has none. Leave "
            "it out, or name a recurrent network, such as zoo:lstm."
        )


def _plotted(tables: dict[str, Found], options: argparse.Namespace) -> dict[str, Found]:
    if options.plot is not None and len(tables) > 1:
        raise UnsupportedError(
            f"influence: --plot draws one table, and there are {len(tables)}: "
            f"{'; '.join(tables)}. Name a state of one loop by --of."
        )
    for one in tables.values():
        if options.plot is not None:
            one.plot(options.plot)
    return tables


def _begun(loss: Any) -> dict[Any, Any]:
    """The weights with which training begins, without those that are all 0."""
    from symgraph.ops.leaves import Var
    from symgraph.train.initialise import start_value
    from symgraph.walks import variables

    given: dict[Any, Any] = {}
    for one in variables([loss]):
        is_known = isinstance(one, Var) and all(isinstance(size, int) for size in one.shape)
        if is_known and one.role == "parameter" and (start := start_value(one)).any():
            given[one] = start
    return given


def _drawn(loss: Any, loops: Sequence[Any], given: Mapping[Any, Any]) -> dict[Any, Any]:
    """Values at random, the same in every run; loops have ten steps where their number is open."""
    from symgraph.sample import draw
    from symgraph.shapes import dim_symbols

    lengths = {size for loop in loops for size in dim_symbols([loop.length])}
    dims = dict.fromkeys(lengths, STEPS)
    return dict(draw([loss], given=given, dims=dims).values)
