"""The command ``symgraph``: each subcommand imports its machinery when it runs.

Results go to stdout, everything else to stderr. With ``--json`` stdout holds one JSON document.
Exit codes: 0 done, 1 failed, 2 wrong usage or input.
"""

import argparse
import contextlib
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import symgraph
from symgraph.errors import SymgraphError

__all__ = ["main"]

OK, FAILED, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: that of the process) and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except SymgraphError as error:
        print(f"symgraph: {type(error).__name__}: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # The reader of stdout has left, as `head` does. Nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        print(f"symgraph: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("symgraph: interrupted", file=sys.stderr)
        return FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="symgraph", description="Derive, draw and compile a network written as one formula."
    )
    parser.add_argument("--version", action="version", version=f"symgraph {symgraph.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="derive, draw, compile and train one small network")
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("out"),
        metavar="FOLDER",
        help="where the files are written (default: %(default)s)",
    )
    demo.set_defaults(run=_demo)

    doctor = commands.add_parser("doctor", help="say what is installed and what is missing")
    doctor.set_defaults(run=_doctor)

    for command in (demo, doctor):
        command.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _demo(options: argparse.Namespace) -> int:
    demo = importlib.import_module("symgraph.zoo.demo")
    options.out.mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(sys.stderr if options.json else sys.stdout):
        code: int = demo.run(options.out)
    if not options.json:
        return code
    files = sorted(str(path) for path in options.out.rglob("*") if path.is_file())
    _print_json({"ok": code == OK, "files": files})
    return code


def _doctor(options: argparse.Namespace) -> int:
    from symgraph.doctor import examine

    findings = examine()
    if options.json:
        _print_json([finding._asdict() for finding in findings])
        return OK
    width = max(len(finding.name) for finding in findings)
    for name, found, remark in findings:
        print(f"{name:<{width}}  {found if found else f'missing; {remark}'}")
    return OK


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))
