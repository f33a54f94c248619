"""Finding a network by what is written on the command line.

It is zoo:NAME, FILE.py:NAME, FILE.sym, or a formula.
"""

from __future__ import annotations

import inspect
import runpy
import traceback
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from symgraph.errors import (
    FormulaError,
    ScriptError,
    SymgraphError,
    UnknownNameError,
    UnsupportedError,
)
from symgraph.formula.language import read_formula
from symgraph.formula.names import key_of

if TYPE_CHECKING:
    from symgraph.node import Node

__all__ = ["Network", "find_node", "load_network", "load_object", "read_network"]

#: A larger file is no list of formulas.
LARGEST_FILE = 100_000


class Network(NamedTuple):
    """A loss and what is assumed of its inputs: `facts` beside a `loss`, or claims in the text.

    `stages` are the losses that are trained one after the other, where there are several.
    """

    loss: Node
    claims: tuple[Any, ...] = ()
    stages: tuple[Node, ...] = ()


def read_network(
    where: str, *, is_file: bool = False, claims: Iterable[str] = (), **declared: Any
) -> Network:
    """The network that `where` names, with what the command line declares of its variables.

    `is_file`: the name of a file with formulas, whatever its suffix. `declared`: as
    `symgraph.formula.language.read_formula` takes it; only formulas may be told of their names.
    Raises UnsupportedError for declarations beside a network that declares its own, and what
    `load_network` and `read_formula` raise.
    """
    path = Path(where)
    if is_file or _is_formula_file(where):
        text = _text_of(path)
        reading = read_formula(text, title=path.name, claims=claims, **declared)
        return Network(reading.node, reading.claims)
    if where.startswith("zoo:") or _is_script(where):
        given = [name for name, value in declared.items() if value] + ["assume"] * bool([*claims])
        if given := [name for name in given if name != "parameters"]:
            raise UnsupportedError(
                f"network {where!r}: it declares its own variables, and {given[0]} was given. "
                "Leave that away, or write the formula itself."
            )
        found = _found(where)
        facts, stages = (tuple(getattr(found, name, ())) for name in ("facts", "stages"))
        return Network(_loss_of(found, where), facts, stages)
    if where.isidentifier() and not declared.get("shapes"):
        raise UnknownNameError(
            f"network {where!r}: it is neither zoo:NAME nor FILE.py:NAME nor a formula. "
            "`symgraph zoo` lists the systems of the zoo."
        )
    reading = read_formula(where, claims=claims, **declared)
    return Network(reading.node, reading.claims)


def _is_formula_file(where: str) -> bool:
    return where.endswith(".sym") and "\n" not in where


def _is_script(where: str) -> bool:
    return where.partition(":")[0].endswith(".py")


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes() if path.stat().st_size <= LARGEST_FILE else b""
    except (OSError, ValueError):
        raise UnknownNameError(f"network: there is no file {str(path)!r}.") from None
    if not data:
        raise FormulaError(f"{path.name}: it is empty or larger than {LARGEST_FILE} bytes.")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FormulaError(
            f"{path.name}, line {line}: the file is not written in UTF-8. Save it in UTF-8.", line
        ) from None


def load_network(where: str) -> Node:
    """The loss that `where` names.

    `zoo:hinge` is a system of the zoo; `model.py:loss` is the name `loss` of a Python file, which
    is run as a script would be; `model.py` alone takes its `loss`.
    Raises UnknownNameError when there is no such system, file or name, UnsupportedError when what
    is found is not an expression, ScriptError when the file fails.

    >>> print(load_network("zoo:hinge"))
    max(1 - margin, 0)
    """
    return _loss_of(_found(where), where)


def _found(where: str) -> Any:
    """The expression, or the object with a `loss`, that `where` names."""
    if where.startswith("zoo:"):
        from symgraph import zoo  # which formulas do without

        return zoo.built(where.removeprefix("zoo:"))
    file, _, name = where.partition(":")
    path = Path(file)
    if path.suffix != ".py":
        raise UnknownNameError(
            f"network {where!r}: it is neither zoo:NAME nor FILE.py:NAME. "
            "`symgraph zoo` lists the systems of the zoo."
        )
    if not path.is_file():
        raise UnknownNameError(f"network {where!r}: there is no file {file!r}.")
    namespace = _run(path)
    name = name or "loss"
    if name not in namespace:
        raise UnknownNameError(f"network {where!r}: the file defines no {name!r}.")
    return namespace[name]


def load_object(where: str, sizes: Mapping[str, Any]) -> Any:
    """What `zoo:NAME` or `FILE.py:NAME` names (by default `model`), made with some sizes.

    A function of the file is called with them by name. Raises as `load_network`, and
    UnknownNameError for a size that the function does not take.
    """
    if where.startswith("zoo:"):
        return _found(",".join([where, *(f"{name}={size}" for name, size in sizes.items())]))
    file, _, name = where.partition(":")
    found = _found(f"{file}:{name or 'model'}")
    if not inspect.isfunction(found):
        if sizes:
            raise UnsupportedError(
                f"network {where!r}: sizes are given, and {name or 'model'} is no function that "
                "could be called with them. Write one that returns the model."
            )
        return found
    known = inspect.signature(found).parameters
    for size in sizes:
        if size not in known:
            near = get_close_matches(size, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"It takes {', '.join(known)}."
            raise UnknownNameError(f"network {where!r}: the function takes no {size!r}. {hint}")
    for size, one in known.items():
        if size not in sizes and one.default is one.empty and one.kind is not one.VAR_KEYWORD:
            raise UnknownNameError(
                f"network {where!r}: the function needs {size!r}. Give it under [sizes], or by "
                f"--size {size}=NUMBER."
            )
    try:
        return found(**sizes)
    except SymgraphError:
        raise
    except Exception as error:
        raise ScriptError(f"{where}: {type(error).__name__}: {error}.") from error


def _run(path: Path) -> dict[str, Any]:
    """The names that a Python file defines.

    Raises ScriptError with the file's line for whatever it raises.
    """
    try:
        return runpy.run_path(str(path))
    except SyntaxError as error:
        line, problem = error.lineno, f"{type(error).__name__}: {error.msg}"
    except SystemExit as error:
        line, problem = None, f"it ends with exit({error.code!r}) before its network is there"
    except Exception as error:
        places = traceback.extract_tb(error.__traceback__)
        own = [place.lineno for place in places if place.filename == str(path)]
        line = own[-1] if own else None
        problem = f"{type(error).__name__}: {str(error).rstrip('.')}"
    where = f"{path}, line {line}" if line else str(path)
    raise ScriptError(f"{where}: {problem}. Correct the file, or run it by itself to see more.")


def _loss_of(found: Any, where: str) -> Node:
    from symgraph.node import Node

    loss = getattr(found, "loss", found)
    if not isinstance(loss, Node):
        raise UnsupportedError(
            f"network {where!r}: it is {type(found).__name__}, not an expression with a loss. "
            "Name a node, or an object with the attribute `loss`."
        )
    return loss


def find_node(loss: Node, name: str) -> Node:
    """The variable or the named value of this name in an expression.

    Raises UnknownNameError when there is none.
    """
    from symgraph.ops.let import Let
    from symgraph.walks import check_names, topological

    variables = check_names([loss])
    if name in variables:
        return variables[name]
    named = {n.let_name: n for n in topological([loss]) if isinstance(n, Let) and n.let_name}
    if name in named:
        return named[name]
    alike = {key_of(one): node for one, node in [*named.items(), *variables.items()]}
    if key_of(name) in alike:
        return alike[key_of(name)]
    known = ", ".join([*variables, *(str(key) for key in named)])
    raise UnknownNameError(f"no variable or value is called {name!r}; there are {known}.")
