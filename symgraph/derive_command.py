"""The command ``symgraph derive``: its options, and what it prints."""

from __future__ import annotations

import argparse
import html
from collections.abc import Sequence
from typing import Any

import symgraph
from symgraph.errors import UnknownNameError, UnsupportedError

__all__ = ["EXAMPLES", "add_options", "documents", "pages"]

EXAMPLES = """examples:
  symgraph derive "max(1 - (W·φ)*y, 0)" --wrt W --shape W=d φ=d
  symgraph derive "½ ‖X w − y‖²" --wrt w --shape X=N,p w=p y=N --format unicode
  symgraph derive "tr(A Xᵀ B X)" --wrt X --shape A=n,n B=m,m X=m,n --latex
  symgraph derive "-Σ t log softmax(z)" --wrt z --shape t=k z=k --assume "sum(t) = 1" --lang zh
  symgraph derive "let h = tanh(W x); ½‖V h − y‖²" --wrt W h --shape x=n y=k W=m,n V=k,m
  symgraph derive "cross_entropy(X W, label)" --wrt W --shape X=N,p W=p,k label=N --integer label
  symgraph derive "½‖tanh(W x) − y‖²" --wrt W --shape W=m,n x=n y=m --abstract f=tanh
  symgraph derive "½‖W x − y‖²" --wrt W --shape W=m,n x=n y=m --form index
  symgraph derive "xᵀ A x" --wrt x --shape x=n A=n,n --order 2
  symgraph derive "let s_t = tanh(w s_{t-1} + x_t), t = 1..T; ½(s_T − d)²" --wrt w
  symgraph derive net.sym --wrt W1
  symgraph derive zoo:hinge --wrt W

with numbers (JSON, FILE.json or FILE.npz):
  symgraph derive "(w·x - y)²" --wrt w --shape w=2 x=2 --values '{"w": [1, 2], "x": [3, 4], "y": 5}'
  symgraph derive "let h = sin(x); h exp(h)" --wrt x --paths --values '{"x": 0.5}' --digits 4
  symgraph derive "let h = sin(x); h exp(h)" --wrt x --table --values '{"x": 0.5}'

a file net.sym, in which shapes may stand too:
  input x=n y=k
  parameter W1=m,n b1=m W2=k,m     # --wrt is then not needed
  let h = tanh(W1 x + b1)
  ½ ‖W2 h − y‖²

formulas: W x or W @ x, a·b, a ⊙ b or a * b, Xᵀ or X.T, X⁻¹, x², ‖x‖, |x|, Σ x or sum(x), tr(X),
log det(X), 1[x > 0], where(c, a, b), x[0], X[:, 1:3], X + λ I, every function of symgraph by its
name. A name without a shape is a number. help(symgraph.formula) tells all of it."""

#: Switches of `sg.derive`: their type and what they choose.
SWITCHES: dict[str, tuple[type, str]] = {
    "layout": (str, "gradient, numerator or denominator"),
    "vectors": (str, "column or row: how vectors stand"),
    "delta-sign": (int, "1 or -1: δ = ∂L/∂net or -∂L/∂net"),
    "product": (str, "the sign of entrywise products: ⊙, ∘, * or ×"),
    "indicator": (str, "1[·], 𝟙[·], 1{·}, 𝟙{·}, [·], I(·) or I[·]"),
    "derivative": (str, "d or ∂"),
    "form": (str, "matrix or index: w_kj^(2) h_j instead of W h"),
    "order": (int, "1, or 2 for the Hessian"),
}
#: Switches that give names to things.
NAMINGS = {
    "abstract": "print f and f' for a function, such as f=tanh",
    "adjoints": "names for derivatives by values, such as u=e for e = ∂L/∂u",
    "letters": "indices of the index form, such as x=m",
}


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of this command alone."""
    command.add_argument("--wrt", nargs="+", metavar="NAME", help="by what (default: parameters)")
    command.add_argument(
        "--format",
        choices=("text", "unicode", "latex", "markdown", "html", "json"),
        default="text",
        help="how it is written (default: %(default)s)",
    )
    command.add_argument(
        "--latex", dest="format", action="store_const", const="latex", help="as --format latex"
    )
    command.add_argument("--lang", choices=("en", "zh"), default="en", help="of titles and reasons")
    command.add_argument(
        "--assume", action="append", default=[], metavar="CLAIM", help='such as "sum(t) = 1"'
    )
    notation = command.add_argument_group("notation")
    for name, (kind, meaning) in SWITCHES.items():
        notation.add_argument(
            f"--{name}", type=kind, default=argparse.SUPPRESS, metavar="HOW", help=meaning
        )
    for name, meaning in NAMINGS.items():
        notation.add_argument(
            f"--{name}", nargs="+", action="extend", default=[], metavar="A=B", help=meaning
        )
    notation.add_argument(
        "--through-time", action="store_true", help="of a recurrence: the Jacobian of one step too"
    )
    numbers = command.add_argument_group("numbers")
    numbers.add_argument(
        "--values", metavar="JSON", help="values of the variables: JSON, FILE.json or FILE.npz"
    )
    numbers.add_argument(
        "--paths", action="store_true", help="the paths to --wrt with their products unmultiplied"
    )
    numbers.add_argument(
        "--limit", type=int, default=50, metavar="N", help="how many paths (default: %(default)s)"
    )
    numbers.add_argument(
        "--table", action="store_true", help="forward and backward values in order of evaluation"
    )
    numbers.add_argument(
        "--digits", type=int, default=6, metavar="N", help="of numbers (default: %(default)s)"
    )


def _called(loss: Any, options: argparse.Namespace) -> Any:
    """The loss under the name that the derivation gives it, for paths and tables."""
    from symgraph.ops.let import Let
    from symgraph.walks import reachable, variables

    if not (options.paths or options.table) or isinstance(loss, Let) or loss.ndim:
        return loss
    taken = {leaf.params[0] for leaf in variables([loss])}
    taken |= {one.let_name for one in reachable([loss]) if isinstance(one, Let)}
    return loss if "L" in taken else symgraph.let("L", loss)


class _Numbers:
    """What one command line asks for beside the derivations."""

    def __init__(self, loss: Any, options: argparse.Namespace) -> None:
        from symgraph.given_values import read_values
        from symgraph.rounding import checked_digits
        from symgraph.walks import variables

        self.options = options
        self.digits = checked_digits(options.digits, "digits")
        names = [leaf.params[0] for leaf in variables([loss])]
        self.values = None if options.values is None else read_values(options.values, names)
        if options.table and self.values is None:
            raise UnsupportedError(
                "command line: a table needs the values of the variables. Give them by --values."
            )

    def paths(self, derivation: Any, wrt: Any) -> Any:
        """The paths to one variable, if they are asked for."""
        if not self.options.paths:
            return None
        return derivation.paths(self.values, self.options.limit, wrt)

    def table(self, derivation: Any) -> Any:
        """The table, if it is asked for."""
        return derivation.table(self.values, self.digits) if self.options.table else None

    def plain(self, loss: Any, wrt: Sequence[Any]) -> list[Any]:
        """The value of the loss and the gradients, where only values are given."""
        if self.values is None or self.options.paths or self.options.table:
            return []
        if loss.ndim or getattr(self.options, "order", 1) != 1:
            raise UnsupportedError(
                "command line: --values is for numbers with a gradient; this is an array or its "
                "second derivative. Leave it away."
            )
        found = symgraph.evaluate([loss, *symgraph.grad(loss, list(wrt))], self.values)
        return list(found)


def _derived(
    loss: Any, wrt: Sequence[Any], claims: Sequence[Any], options: argparse.Namespace
) -> list[Any]:
    switches = [name.replace("-", "_") for name in SWITCHES]
    chosen = {name: getattr(options, name) for name in switches if hasattr(options, name)}
    named = {name: _pairs(name, getattr(options, name)) for name in NAMINGS}
    chosen |= {name: pairs for name, pairs in named.items() if pairs}
    return [
        symgraph.derive(
            loss, node, lang=options.lang, assume=list(claims),
            through_time=options.through_time, **chosen,
        )
        for node in wrt
    ]  # fmt: skip


def _pairs(option: str, items: Sequence[str]) -> dict[str, str]:
    """f=tanh as {"f": "tanh"}."""
    pairs: dict[str, str] = {}
    for item in items:
        name, equals, meaning = item.partition("=")
        if not equals or not name or not meaning:
            raise UnknownNameError(f"--{option} {item!r}: write two names, as in f=tanh.")
        pairs[name] = meaning
    return pairs


def documents(
    loss: Any, wrt: Sequence[Any], claims: Sequence[Any], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """The derivations as plain data, with paths, table and values where they are asked for."""
    loss = _called(loss, options)
    numbers = _Numbers(loss, options)
    made: list[dict[str, Any]] = []
    values = numbers.plain(loss, wrt)
    for k, (derivation, node) in enumerate(
        zip(_derived(loss, wrt, claims, options), wrt, strict=True)
    ):
        document = derivation.to_dict()
        paths, table = numbers.paths(derivation, node), numbers.table(derivation)
        if paths is not None:
            document["paths"] = paths.to_dict()
        if table is not None:
            document["table"] = table.to_dicts()
        if values:
            document["value"] = values[0].tolist()
            document["gradient"] = values[k + 1].tolist()
        made.append(document)
    return made


def pages(
    loss: Any, wrt: Sequence[Any], claims: Sequence[Any], options: argparse.Namespace
) -> list[str]:
    """The derivations as they are printed, with paths, table and values."""
    from symgraph.notation.write import write
    from symgraph.rounding import shown

    loss = _called(loss, options)
    numbers = _Numbers(loss, options)
    made: list[str] = []
    values = numbers.plain(loss, wrt)
    derivations = _derived(loss, wrt, claims, options)
    for derivation, node in zip(derivations, wrt, strict=True):
        made.append(getattr(derivation, options.format)())
        paths = numbers.paths(derivation, node)
        if paths is not None:
            style = "text" if options.format == "text" else "unicode"
            if options.format == "latex":
                made.append(f"\\begin{{align*}}\n{paths.latex(numbers.digits)}\n\\end{{align*}}")
            else:
                made.append(_verbatim(getattr(paths, style)(numbers.digits), options.format))
    if values:
        root = write(derivations[0].root, "unicode")
        names = [root, *(write(one.result.left, "unicode") for one in derivations)]
        lines = [
            f"{name} = {shown(value, numbers.digits)}"
            for name, value in zip(names, values, strict=True)
        ]
        made.append(_verbatim("\n".join(lines), options.format))
    table = numbers.table(derivations[0])
    if table is not None:
        written = {"latex": table.latex, "markdown": table.markdown}.get(options.format)
        made.append(written() if written else _verbatim(str(table), options.format))
    return made


def _verbatim(text: str, form: str) -> str:
    """Lines that stand as they are in a page."""
    if form == "markdown":
        return f"```\n{text}\n```"
    if form == "latex":
        return f"\\begin{{verbatim}}\n{text}\n\\end{{verbatim}}"
    return f"<pre>{html.escape(text)}</pre>" if form == "html" else text
