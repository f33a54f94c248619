"""The command ``symgraph``: each subcommand imports its machinery when it runs.

Results go to stdout, everything else to stderr. With ``--json`` stdout holds one JSON document.
Exit codes: 0 done, 1 failed, 2 wrong usage or input, 130 and 143 for a training interrupted.
"""

import argparse
import contextlib
import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import symgraph
from symgraph import (
    compile_command,
    derive_command,
    draw_command,
    explore_command,
    gallery_command,
    influence_command,
    plot_command,
    slides_command,
    train_command,
    zoo_command,
)
from symgraph.errors import SymgraphError

__all__ = ["main"]

OK, FAILED, USAGE = 0, 1, 2
NETWORK = (
    "a formula in quotes, FILE.sym with formulas, zoo:NAME, or FILE.py:NAME (that file is run, as "
    "a script would be)"
)
#: Commands whose first argument may be a formula.
OF_NETWORKS = ("derive", "draw", "plot", "slides", "compile", "check", "influence", "explore")

SYSTEMS = "list the systems that are ready to use, or show one"
CHECKED = """examples:
  symgraph check "log det(X Xᵀ + I)" --shape X=n,m
  symgraph check zoo:hinge"""
USUAL = """examples:
  symgraph derive "(w·x - y)²" --wrt w --shape w=d x=d
  symgraph derive --help"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: that of the process) and return its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A pipe may have an encoding without the letters of a formula.
        sys.stdout.reconfigure(errors="backslashreplace")
    given = _as_arguments(sys.argv[1:] if arguments is None else arguments)
    parser, commands = _parser(given[:1] == ["draw"])
    if given[:1] == ["draw"]:
        given = draw_command.opened(given)
    if given[:1] and given[0] in commands:
        # Options may stand between the network and the file too.
        options, unknown = commands[given[0]].parse_known_intermixed_args(given[1:])
    else:
        options, unknown = parser.parse_known_args(given)
    try:
        if unknown and options.run is _draw:
            draw_command.check_unknown(unknown)
        elif unknown:
            parser.error(f"unrecognized arguments: {' '.join(unknown)}")
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


class _Command(NamedTuple):
    """A command: what runs it, what adds its arguments in their order, what its help ends with."""

    name: str
    meaning: str
    run: Callable[[argparse.Namespace], int]
    adds: Sequence[Callable[[argparse.ArgumentParser], None]] = ()
    examples: str = ""


def _parser(
    draws: bool = False,
) -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """All commands, also by name; of drawings with the options of the styles, if wanted."""
    parser = argparse.ArgumentParser(
        prog="symgraph",
        description="Derive, draw and compile a network written as one formula.",
        epilog=USUAL,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"symgraph {symgraph.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _commands(draws):
        made = _with_examples(commands, command)
        for add in command.adds:
            add(made)
        made.set_defaults(run=command.run)
        made.add_argument("--json", action="store_true", help="print one JSON document")
    return parser, commands.choices


def _commands(draws: bool) -> list[_Command]:
    return [
        _Command(
            "demo", "derive, draw, compile and train one small network", _demo, [_add_folder],
        ),
        _Command(
            "derive", "print a gradient and the steps that lead to it", _derive,
            [_add_network, derive_command.add_options], derive_command.EXAMPLES,
        ),
        _Command(
            "draw", "draw the graph with a derivative on every edge", _draw,
            [_add_network, _add_picture, *([draw_command.add_options] if draws else [])],
            draw_command.EXAMPLES,
        ),
        _Command(
            "plot", "plot functions with their derivatives, or a function of two numbers", _plot,
            [plot_command.add_options, _add_declarations, _without_file], plot_command.EXAMPLES,
        ),
        _Command(
            "gallery", "draw every figure of the lectures, on one page", _gallery,
            [gallery_command.add_options], gallery_command.EXAMPLES,
        ),
        _Command(
            "slides", "write a deck that builds, evaluates and derives it step by step", _slides,
            [_add_network, slides_command.add_options], slides_command.EXAMPLES,
        ),
        _Command(
            "compile", "write code for a loss and its gradients", _compile,
            [_add_network, compile_command.add_options], compile_command.EXAMPLES,
        ),
        _Command(
            "train", "train a model of a Python file or the zoo, or what a TOML file describes",
            _train, [train_command.add_options], train_command.EXAMPLES,
        ),
        _Command(
            "check", "compare derivatives with independent ones", _check, [_add_network], CHECKED
        ),
        _Command(
            "influence", "print how the derivative grows or shrinks over time, or through layers",
            _influence, [_add_network, influence_command.add_options], influence_command.EXAMPLES,
        ),
        _Command(
            "explore", "make a page in which a network is stepped through, changed and trained",
            _explore, [_add_network, explore_command.add_options], explore_command.EXAMPLES,
        ),
        _Command("zoo", SYSTEMS, _zoo, [zoo_command.add_options], zoo_command.EXAMPLES),
        _Command("doctor", "say what is installed and what is missing", _doctor),
    ]  # fmt: skip


def _with_examples(commands: Any, command: _Command) -> Any:
    """A command whose help ends with its examples, where it has some."""
    if not command.examples:
        return commands.add_parser(command.name, help=command.meaning)
    return commands.add_parser(
        command.name,
        help=command.meaning,
        description=f"{command.meaning[0].upper()}{command.meaning[1:]}.",
        epilog=command.examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--out",
        type=Path,
        default=Path("out"),
        metavar="FOLDER",
        help="where the files are written (default: %(default)s)",
    )


def _add_picture(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "picture", type=Path, metavar="file", help="the picture; its suffix chooses the format"
    )


def _without_file(command: argparse.ArgumentParser) -> None:
    command.set_defaults(formulas=None)


def _add_network(command: argparse.ArgumentParser) -> None:
    """The network that a command is about, with its declarations."""
    command.add_argument("network", nargs="?", metavar="NETWORK", help=NETWORK)
    command.add_argument(
        "--file", dest="formulas", type=Path, metavar="FILE", help="a file with formulas"
    )
    _add_declarations(command)


def _add_declarations(command: argparse.ArgumentParser) -> None:
    """What is declared of the names in a formula."""
    command.add_argument(
        "--shape", nargs="+", action="extend", default=[], metavar="NAME=SIZES",
        help="shapes of the names in a formula, such as W=d X=N,3; all other names are numbers",
    )  # fmt: skip
    for name, meaning in (
        ("integer", "names that hold integers, such as labels"),
        ("symmetric", "names of symmetric matrices"),
        ("positive-definite", "names of positive definite matrices"),
        ("positive", "names whose values are positive"),
        ("function", "names of functions that stay abstract"),
    ):
        command.add_argument(
            f"--{name}", nargs="+", action="extend", default=[], metavar="NAME", help=meaning
        )


def _as_arguments(arguments: Sequence[str]) -> list[str]:
    """The arguments, with a blank before a formula that begins with a minus sign."""
    if not arguments or arguments[0] not in OF_NETWORKS:
        return list(arguments)
    return [
        f" {one}" if one[:1] == "-" and one[1:2] not in ("", "-") and one != "-h" else one
        for one in arguments
    ]


def _network(options: argparse.Namespace) -> tuple[Any, list[Any], Sequence[Any]]:
    """The loss, the nodes that --wrt names, what is assumed.

    Without --wrt the nodes are all parameters, else all inputs.
    """
    from symgraph.network import find_node

    names = getattr(options, "wrt", None)
    loss, claims, _ = _read(options, _one_network(options), names or ())
    if names is not None:
        return loss, [find_node(loss, name) for name in names], claims
    from symgraph.walks import variables

    leaves = [leaf for leaf in variables([loss]) if leaf.kind == "real"]
    parameters = [leaf for leaf in leaves if leaf.params[2] == "parameter"]
    if not leaves:
        raise symgraph.UnknownNameError(f"{loss}: there is no variable to differentiate by.")
    return loss, parameters or leaves, claims


def _read(options: argparse.Namespace, where: str, parameters: Sequence[str] = ()) -> Any:
    """The network of this name, with what the command line declares."""
    from symgraph.network import read_network

    return read_network(
        where,
        is_file=options.formulas is not None,
        claims=getattr(options, "assume", ()),
        shapes=options.shape,
        parameters=parameters,
        kinds=dict.fromkeys(options.integer, "integer"),
        symmetric=options.symmetric,
        positive=options.positive,
        positive_definite=options.positive_definite,
        functions=options.function,
    )


def _one_network(options: argparse.Namespace) -> str:
    if (options.network is None) == (options.formulas is None):
        raise symgraph.UnsupportedError(
            "command line: name one network, a formula in quotes, zoo:NAME, FILE.py:NAME or "
            "FILE.sym, either by itself or behind --file."
        )
    return str(options.formulas) if options.network is None else str(options.network)


def _derive(options: argparse.Namespace) -> int:
    loss, wrt, claims = _network(options)
    if options.json or options.format == "json":
        _print_json(derive_command.documents(loss, wrt, claims, options))
    else:
        print("\n\n".join(derive_command.pages(loss, wrt, claims, options)))
    return OK


def _draw(options: argparse.Namespace) -> int:
    draw_command.picture(_drawn(options), options).save(options.picture)
    _print_json({"file": str(options.picture)}) if options.json else print(options.picture)
    return OK


def _drawn(options: argparse.Namespace) -> Any:
    """What is drawn: an expression, several, or one of the modes that need none."""
    if draw_command.is_mode(options):
        return options.network
    wanted = getattr(options, "wrt", None) or ()
    networks = [_read(options, _one_network(options), wanted)]
    networks += [_read(options, where, wanted) for where in options.others]
    return draw_command.drawn(networks, options.style)


def _plot(options: argparse.Namespace) -> int:
    functions = [
        plot_command.function_named(where) or _read(options, where).loss
        for where in options.functions
    ]
    plot_command.plotted(functions, options).save(options.picture)
    _print_json({"file": str(options.picture)}) if options.json else print(options.picture)
    return OK


def _gallery(options: argparse.Namespace) -> int:
    page = gallery_command.make(options, main)
    _print_json({"file": str(page)}) if options.json else print(page)
    return OK


def _slides(options: argparse.Namespace) -> int:
    loss, wrt, _ = _network(options)
    path = slides_command.written(loss, wrt, options)
    _print_json({"file": str(path)}) if options.json else print(path)
    return OK


def _compile(options: argparse.Namespace) -> int:
    if options.formulas is not None and options.network is not None and options.place is None:
        options.network, options.place = None, Path(options.network)
    loss, wrt, _ = _network(options)
    written = compile_command.written(loss, wrt, options)
    _print_json(written.document) if options.json else print(written.text)
    return OK


def _train(options: argparse.Namespace) -> int:
    code, found = train_command.run(options)
    if found is not None:
        _print_json(found) if options.json else print(train_command.text(found))
    return code


def _check(options: argparse.Namespace) -> int:
    loss, _, _ = _network(options)
    report = symgraph.check(loss)
    _print_json(report.to_dict()) if options.json else print(report)
    return OK if report.ok else FAILED


def _influence(options: argparse.Namespace) -> int:
    loss, _, _ = _network(options)
    found = influence_command.found(loss, options)
    if options.json:
        _print_json(influence_command.documents(found))
    else:
        print(influence_command.text(found, options.digits))
    return OK


def _explore(options: argparse.Namespace) -> int:
    loss, _, _ = _network(options)
    page = explore_command.made(loss, options)
    if options.page is None:
        explore_command.serve(page, options.port, not options.no_browser)
        return OK
    page.save(options.page)
    _print_json({"file": str(options.page)}) if options.json else print(options.page)
    return OK


def _zoo(options: argparse.Namespace) -> int:
    if options.name is None and options.picture is not None:
        raise symgraph.UnsupportedError(zoo_command.NO_NAME[options.lang == "zh"])
    if options.name is None or zoo_command.is_word(options):
        if options.json:
            _print_json(zoo_command.listed_as_data(options))
        else:
            print(zoo_command.listed(options))
        return OK
    from symgraph import zoo

    page = zoo.page(options.name, options.lang)
    if options.picture is not None:
        code = zoo_command.draw(page, options, main)
        if code != OK:
            return code
        page["file"] = str(options.picture)
    _print_json(page) if options.json else print(zoo_command.shown(page, options))
    return OK


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
