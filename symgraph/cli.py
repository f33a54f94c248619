"""The command ``symgraph``: each subcommand imports its machinery when it runs.

Results go to stdout, everything else to stderr. With ``--json`` stdout holds one JSON document.
Exit codes: 0 done, 1 failed, 2 wrong usage or input.
"""

import argparse
import contextlib
import importlib
import io
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
NETWORK = (
    "a formula in quotes, FILE.sym with formulas, zoo:NAME, or FILE.py:NAME (that file is run, as "
    "a script would be)"
)
#: Commands whose first argument may be a formula.
OF_NETWORKS = ("derive", "draw", "compile", "check")
EXAMPLES = """examples:
  symgraph derive "max(1 - (W·φ)*y, 0)" --wrt W --shape W=d φ=d
  symgraph derive "½ ‖X w − y‖²" --wrt w --shape X=N,p w=p y=N --format unicode
  symgraph derive "tr(A Xᵀ B X)" --wrt X --shape A=n,n B=m,m X=m,n --latex
  symgraph derive "-Σ t log softmax(z)" --wrt z --shape t=k z=k --assume "sum(t) = 1" --lang zh
  symgraph derive "let h = tanh(W x); ½‖V h − y‖²" --wrt W h --shape x=n y=k W=m,n V=k,m
  symgraph derive "cross_entropy(X W, label)" --wrt W --shape X=N,p W=p,k label=N --integer label
  symgraph derive net.sym --wrt W1
  symgraph derive zoo:hinge --wrt W

a file net.sym, in which shapes may stand too:
  input x=n y=k
  parameter W1=m,n b1=m W2=k,m     # --wrt is then not needed
  let h = tanh(W1 x + b1)
  ½ ‖W2 h − y‖²

formulas: W x or W @ x, a·b, a ⊙ b or a * b, Xᵀ or X.T, X⁻¹, x², ‖x‖, |x|, Σ x or sum(x), tr(X),
log det(X), 1[x > 0], where(c, a, b), x[0], X[:, 1:3], every function of symgraph by its name.
A name without a shape is a number. help(symgraph.formula) tells all of it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: that of the process) and return its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A pipe may have an encoding without the letters of a formula.
        sys.stdout.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(_as_arguments(sys.argv[1:] if arguments is None else arguments))
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

    derive = commands.add_parser(
        "derive",
        help="print a gradient and the steps that lead to it",
        description="Print a gradient and the steps that lead to it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_network(derive)
    derive.add_argument("--wrt", nargs="+", metavar="NAME", help="by what (default: parameters)")
    derive.add_argument(
        "--format",
        choices=("text", "unicode", "latex", "markdown", "html", "json"),
        default="text",
        help="how it is written (default: %(default)s)",
    )
    derive.add_argument(
        "--latex", dest="format", action="store_const", const="latex", help="as --format latex"
    )
    derive.add_argument("--lang", choices=("en", "zh"), default="en", help="of titles and reasons")
    derive.add_argument(
        "--assume", action="append", default=[], metavar="CLAIM", help='such as "sum(t) = 1"'
    )
    _add_notation(derive)
    derive.set_defaults(run=_derive)

    draw = commands.add_parser("draw", help="draw the graph with a derivative on every edge")
    _add_network(draw)
    draw.add_argument(
        "picture", type=Path, metavar="file", help="the picture; its suffix chooses the format"
    )
    draw.set_defaults(run=_draw)

    build = commands.add_parser("compile", help="write NumPy code for a loss and its gradients")
    _add_network(build)
    build.add_argument("--wrt", nargs="*", metavar="NAME", help="by what (default: parameters)")
    build.add_argument("--style", choices=("fast", "read"), default="read")
    build.add_argument("--out", type=Path, metavar="FILE", help="a file (default: stdout)")
    build.set_defaults(run=_compile)

    check = commands.add_parser("check", help="compare derivatives with independent ones")
    _add_network(check)
    check.set_defaults(run=_check)

    zoo = commands.add_parser("zoo", help="list the systems that are ready to use, or show one")
    zoo.add_argument("name", nargs="?", metavar="NAME", help="show how this one is written")
    zoo.set_defaults(run=_zoo)

    doctor = commands.add_parser("doctor", help="say what is installed and what is missing")
    doctor.set_defaults(run=_doctor)

    for command in (demo, derive, draw, build, check, zoo, doctor):
        command.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


#: Switches of `sg.derive` and what they choose.
SWITCHES = {
    "layout": "gradient, numerator or denominator",
    "vectors": "column or row: how vectors stand",
    "delta-sign": "1 or -1: δ = ∂L/∂net or -∂L/∂net",
    "product": "the sign of entrywise products: ⊙, ∘, * or ×",
    "indicator": "1[·], 𝟙[·], 1{·}, 𝟙{·}, [·], I(·) or I[·]",
    "derivative": "d or ∂",
}


def _add_notation(derive: argparse.ArgumentParser) -> None:
    group = derive.add_argument_group("notation")
    for name, meaning in SWITCHES.items():
        number = int if name == "delta-sign" else str
        group.add_argument(
            f"--{name}", type=number, default=argparse.SUPPRESS, metavar="HOW", help=meaning
        )


def _notation(options: argparse.Namespace) -> dict[str, Any]:
    """The switches that were given."""
    names = [name.replace("-", "_") for name in SWITCHES]
    return {name: getattr(options, name) for name in names if hasattr(options, name)}


def _add_network(command: argparse.ArgumentParser) -> None:
    """The network that a command is about, and what is declared of the names in a formula."""
    command.add_argument("network", nargs="?", metavar="NETWORK", help=NETWORK)
    command.add_argument(
        "--file", dest="formulas", type=Path, metavar="FILE", help="a file with formulas"
    )
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
    from symgraph.network import find_node, read_network

    names = getattr(options, "wrt", None)
    loss, claims = read_network(
        _one_network(options),
        is_file=options.formulas is not None,
        claims=getattr(options, "assume", ()),
        shapes=options.shape,
        parameters=names or (),
        kinds=dict.fromkeys(options.integer, "integer"),
        symmetric=options.symmetric,
        positive=options.positive,
        positive_definite=options.positive_definite,
        functions=options.function,
    )
    if names is not None:
        return loss, [find_node(loss, name) for name in names], claims
    from symgraph.node import variables

    leaves = [leaf for leaf in variables([loss]) if leaf.kind == "real"]
    parameters = [leaf for leaf in leaves if leaf.params[2] == "parameter"]
    if not leaves:
        raise symgraph.UnknownNameError(f"{loss}: there is no variable to differentiate by.")
    return loss, parameters or leaves, claims


def _one_network(options: argparse.Namespace) -> str:
    if (options.network is None) == (options.formulas is None):
        raise symgraph.UnsupportedError(
            "command line: name one network, a formula in quotes, zoo:NAME, FILE.py:NAME or "
            "FILE.sym, either by itself or behind --file."
        )
    return str(options.formulas) if options.network is None else str(options.network)


def _derive(options: argparse.Namespace) -> int:
    loss, wrt, claims = _network(options)
    derivations = [
        symgraph.derive(loss, node, lang=options.lang, assume=list(claims), **_notation(options))
        for node in wrt
    ]
    if options.json or options.format == "json":
        _print_json([one.to_dict() for one in derivations])
        return OK
    print("\n\n".join(getattr(one, options.format)() for one in derivations))
    return OK


def _draw(options: argparse.Namespace) -> int:
    loss, _, _ = _network(options)
    symgraph.draw(loss).save(options.picture)
    _print_json({"file": str(options.picture)}) if options.json else print(options.picture)
    return OK


def _compile(options: argparse.Namespace) -> int:
    from symgraph.node import variables

    loss, wrt, _ = _network(options)
    outputs = [loss, *symgraph.grad(loss, wrt)]
    program = symgraph.compile(variables([loss]), outputs, style=options.style)
    if options.out is None:
        _print_json({"source": program.source}) if options.json else print(program.source)
        return OK
    program.save(options.out)
    _print_json({"file": str(options.out)}) if options.json else print(options.out)
    return OK


def _check(options: argparse.Namespace) -> int:
    loss, _, _ = _network(options)
    report = symgraph.check(loss)
    _print_json(report.to_dict()) if options.json else print(report)
    return OK if report.ok else FAILED


def _zoo(options: argparse.Namespace) -> int:
    from symgraph import zoo

    if options.name is not None:
        shown = zoo.description(options.name)
        _print_json(shown) if options.json else print(_described(shown))
        return OK
    titles = {name: zoo.title(name) for name in zoo.names()}
    if options.json:
        _print_json(titles)
        return OK
    width = max(map(len, titles))
    for topic, names in zoo.topics().items():
        print(f"{topic}:")
        for name in names:
            print(f"  {name:<{width}}  {titles[name]}")
    return OK


def _described(shown: dict[str, Any]) -> str:
    """A system as a page: what it is, its formulas, how it is written."""
    parts = [shown["doc"], "\n".join(f"  {line}" for line in shown["formulas"]), shown["source"]]
    return "\n\n".join(parts)


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
