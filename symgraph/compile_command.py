"""``symgraph compile``: code for a loss and its gradients, in a file, a folder or on stdout."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import symgraph
from symgraph.errors import UnsupportedError

__all__ = ["EXAMPLES", "Written", "add_options", "written"]

EXAMPLES = """examples:
  symgraph compile "½ ‖X w − y‖²" --wrt w --shape X=N,p w=p y=N
  symgraph compile zoo:hinge step.py --style fast
  symgraph compile zoo:two-layer two_layer/ --target cython
  symgraph compile zoo:lstm lstm.pyx --target cython
  symgraph compile zoo:lstm --target cython --report --size T=100
  symgraph compile zoo:lstm --target js --out net.js"""


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of this command alone."""
    command.add_argument("--wrt", nargs="*", metavar="NAME", help="by what (default: parameters)")
    command.add_argument(
        "place", nargs="?", type=Path, metavar="FILE",
        help="where the code is written (default: stdout); its suffix (.py .pyx .c .js) says in "
        "which form, and for --target cython a name without one is a folder for pip install",
    )  # fmt: skip
    command.add_argument("--target", choices=("numpy", "cython", "js"), default="numpy")
    command.add_argument(
        "--dtype", metavar="TYPE", default="float64", help="float64 (the default) or float32"
    )
    command.add_argument(
        "--style",
        choices=("fast", "read", "array"),
        default="read",
        help="of NumPy code (default: read); array runs on the arrays of any library",
    )
    command.add_argument("--out", type=Path, metavar="FILE", help="the same as FILE")
    command.add_argument(
        "--report", action="store_true",
        help="print operations, memory, products and loops instead of the code",
    )  # fmt: skip
    command.add_argument(
        "--size", nargs="+", action="extend", default=[], metavar="NAME=NUMBER",
        help="free sizes for the report, such as N=100 (default: 32 each)",
    )  # fmt: skip
    command.add_argument("--schedule", type=Path, metavar="FILE", help="draw the arena over time")


class Written(NamedTuple):
    """What the command says, as text and for JSON."""

    text: str
    document: dict[str, Any]


def written(loss: Any, wrt: Sequence[Any], options: argparse.Namespace) -> Written:
    """Compile, write what is to be written, and say it."""
    from symgraph.dtypes import real_dtype

    place = options.place if options.place is not None else options.out
    asks = options.report or options.schedule is not None
    dtype = real_dtype("compile", options.dtype)
    if options.target == "js":
        if asks:
            raise UnsupportedError(
                "compile: there is no report on JavaScript. Use --target numpy or cython."
            )
        program: Any = symgraph.javascript(loss, wrt if options.wrt else None)
    else:
        program = _program(loss, wrt, dtype, options)
    file = None if place is None else str(_save(program, place, options.target, loss))
    if asks:
        return _reported(program, file, options)
    if file is not None:
        return Written(file, {"file": file})
    return Written(program.source, {"source": program.source})


def _program(loss: Any, wrt: Sequence[Any], dtype: Any, options: argparse.Namespace) -> Any:
    from symgraph.walks import variables

    outputs = [loss, *symgraph.grad(loss, wrt)]
    style: Any = "fast" if options.target == "cython" else options.style
    return symgraph.compile(
        variables([loss]), outputs, target=options.target, style=style, dtype=dtype
    )


def _save(program: Any, place: Path, target: str, loss: Any) -> Path:
    if target == "cython" and not place.suffix:
        return Path(program.export(place, _start(loss)))
    return Path(program.save(place))


def _start(loss: Any) -> dict[str, Any]:
    """The start values of parameters whose sizes are numbers."""
    from symgraph.train.initialise import start_value
    from symgraph.walks import variables

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
