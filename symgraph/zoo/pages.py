"""What is told of a system: its title, options, definitions, source, derivation and diagram."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any, Literal

from symgraph.build.contract import sum as sum_of
from symgraph.explain.derive import derive
from symgraph.graph import graph
from symgraph.node import Node
from symgraph.text_tree import text_tree
from symgraph.walks import variables
from symgraph.zoo import chinese
from symgraph.zoo.meanings import meaning
from symgraph.zoo.options import kinds_of

__all__ = ["derivation", "diagram", "doc", "formulas", "options", "source", "title"]

Language = Literal["en", "zh"]


def title(name: str, made: Callable[..., Any], lang: Language) -> str:
    """What a system is, in one line."""
    return doc(name, made, lang).partition("\n")[0]


def doc(name: str, made: Callable[..., Any], lang: Language) -> str:
    """What its builder says of it: no examples, and nothing of errors."""
    if lang == "zh":
        return chinese.TEXTS[name]
    said = (inspect.getdoc(made) or "").partition("\n\n>>>")[0]
    return re.sub(r"\nRaises .*", "", said, flags=re.DOTALL)


def options(name: str, made: Callable[..., Any], lang: Language) -> list[dict[str, str]]:
    """The options with their defaults, what they mean and what they may be."""
    parameters = inspect.signature(made).parameters
    return [
        {
            "name": option,
            "default": _text(parameters[option].default),
            "meaning": meaning(name, option, lang == "zh"),
            "allowed": kind.allowed()[lang == "zh"],
        }
        for option, kind in kinds_of(made).items()
    ]


def _text(value: Any) -> str:
    """A default as it is written on the command line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        parts = [":".join(map(str, one)) if isinstance(one, tuple) else _text(one) for one in value]
        return "-".join(parts)
    return str(getattr(value, "__name__", value))


def formulas(found: Any) -> list[str]:
    """The definitions of a loss, and of what its variables become, a line each."""
    loss: Any = getattr(found, "loss", found)
    total = loss
    for new in getattr(found, "updates", {}).values():
        total = total + sum_of(new)
    lines = [one.unicode() for one in derive(total, total).given]
    return lines if total is loss else lines[:-1]


def derivation(found: Any, lang: Language) -> str:
    """The gradient by all parameters, else by all inputs, step by step."""
    loss: Node = getattr(found, "loss", found)
    leaves = [leaf for leaf in variables([loss]) if leaf.kind == "real"]
    parameters = [leaf for leaf in leaves if leaf.params[2] == "parameter"]
    facts = list(getattr(found, "facts", ()))
    return derive(loss, parameters or leaves, lang=lang, assume=facts).unicode()


def diagram(found: Any) -> str:
    """The graph of the loss as text."""
    return text_tree(graph(getattr(found, "loss", found)))


def source(made: Callable[..., Any]) -> str:
    """The source of a builder without its decorators and its docstring, shown elsewhere.

    Below it stand the private functions of its module that it is made of.
    """
    text = inspect.getsource(made)
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    first = function.body[0]
    lines = text.splitlines()
    head = lines[function.lineno - 1 : first.lineno - 1]
    body = "\n".join(lines[first.end_lineno :]).strip("\n")
    parts = _helpers(made, function)
    text = "\n\n\n".join(["\n".join([*head, body]).rstrip(), *parts])
    return text.replace("  # fmt: skip", "")


def _helpers(made: Callable[..., Any], function: ast.FunctionDef) -> list[str]:
    """The sources of the private functions that a function leads to, in the order of their use."""
    module = vars(inspect.getmodule(made))
    found: dict[str, str] = {}
    waiting: list[ast.AST] = [function]
    while waiting:
        for node in ast.walk(waiting.pop(0)):
            name = node.id if isinstance(node, ast.Name) else ""
            if name.startswith("_") and name not in found and inspect.isfunction(module.get(name)):
                found[name] = inspect.getsource(module[name]).rstrip()
                waiting.append(ast.parse(found[name]))
    return list(found.values())
