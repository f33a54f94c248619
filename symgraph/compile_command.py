"""``symgraph compile``: code for a loss and its gradients, in a file, a folder or on stdout."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import symgraph
from symgraph.errors import UnsupportedError

__all__ = ["Written", "written"]


class Written(NamedTuple):
    """What the command says, as text and for JSON."""

    text: str
    document: dict[str, Any]


def written(loss: Any, wrt: Sequence[Any], options: argparse.Namespace) -> Written:
    """Compile, write what is to be written, and say it."""
    place = options.place if options.place is not None else options.out
    asks = options.report or options.schedule is not None
    if options.target == "js":
        if asks:
            raise UnsupportedError(
                "compile: there is no report on JavaScript. Use --target numpy or cython."
            )
        program: Any = symgraph.javascript(loss, wrt if options.wrt else None)
    else:
        program = _program(loss, wrt, options)
    file = None if place is None else str(_save(program, place, options.target, loss))
    if asks:
        return _reported(program, file, options)
    if file is not None:
        return Written(file, {"file": file})
    return Written(program.source, {"source": program.source})


def _program(loss: Any, wrt: Sequence[Any], options: argparse.Namespace) -> Any:
    from symgraph.node import variables

    outputs = [loss, *symgraph.grad(loss, wrt)]
    style: Any = "fast" if options.target == "cython" else options.style
    return symgraph.compile(
        variables([loss]), outputs, target=options.target, style=style, dtype=options.dtype
    )


def _save(program: Any, place: Path, target: str, loss: Any) -> Path:
    if target == "cython" and not place.suffix:
        return Path(program.export(place, _start(loss)))
    return Path(program.save(place))


def _start(loss: Any) -> dict[str, Any]:
    """The start values of parameters whose sizes are numbers."""
    from symgraph.node import variables
    from symgraph.train.initialise import start_value

    found = [v for v in variables([loss]) if v.params[2] == "parameter"]
    literal = [v for v in found if all(isinstance(size, int) for size in v.shape)]
    return {v.name: start_value(v, 0) for v in literal}


def _reported(program: Any, file: str | None, options: argparse.Namespace) -> Written:
    report = program.report(_sizes(options.size))
    document = report.to_dict()
    if file is not None:
        document["file"] = file
    if options.schedule is not None:
        document["schedule"] = str(report.draw(options.schedule))
    return Written(str(report), document)


def _sizes(given: Sequence[str]) -> dict[str, int]:
    found = {}
    for part in given:
        name, _, number = part.partition("=")
        if not name or not number.isdecimal():
            raise UnsupportedError(
                f"compile: --size {part!r} is no NAME=NUMBER. Write --size N=100, for example."
            )
        found[name] = int(number)
    return found
