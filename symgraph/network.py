"""Finding a network by what is written on the command line: zoo:NAME or FILE.py:NAME."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from symgraph import zoo
from symgraph.errors import UnknownNameError, UnsupportedError
from symgraph.node import Node, check_names, reachable
from symgraph.ops.let import Let

__all__ = ["find_node", "load_network"]


def load_network(where: str) -> Node:
    """The loss that `where` names.

    `zoo:hinge` is a system of the zoo; `model.py:loss` is the name `loss` of a Python file, which
    is run as a script would be; `model.py` alone takes its `loss`.
    Raises UnknownNameError when there is no such system, file or name, UnsupportedError when what
    is found is not an expression.

    >>> print(load_network("zoo:hinge"))
    max(1 - margin, 0)
    """
    if where.startswith("zoo:"):
        return _loss_of(zoo.builder(where.removeprefix("zoo:"))(), where)
    file, _, name = where.partition(":")
    path = Path(file)
    if path.suffix != ".py":
        raise UnknownNameError(
            f"network {where!r}: it is neither zoo:NAME nor FILE.py:NAME. "
            "`symgraph zoo` lists the systems of the zoo."
        )
    if not path.is_file():
        raise UnknownNameError(f"network {where!r}: there is no file {file!r}.")
    namespace = runpy.run_path(str(path))
    name = name or "loss"
    if name not in namespace:
        raise UnknownNameError(f"network {where!r}: the file defines no {name!r}.")
    return _loss_of(namespace[name], where)


def _loss_of(found: Any, where: str) -> Node:
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
    variables = check_names([loss])
    if name in variables:
        return variables[name]
    named = {n.let_name: n for n in reachable([loss]) if isinstance(n, Let) and n.let_name}
    if name in named:
        return named[name]
    known = ", ".join([*variables, *(str(key) for key in named)])
    raise UnknownNameError(f"no variable or value is called {name!r}; there are {known}.")
