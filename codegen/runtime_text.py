"""The text of run-time functions, cut out of their module with all they call."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from functools import lru_cache
from types import ModuleType
from typing import NamedTuple

from symgraph.codegen import numpy_runtime

__all__ = ["RESERVED", "text_of"]

#: Names that emitted modules use for themselves.
RESERVED = frozenset(
    "np math base64 workspace attach run real integer boolean carry place part sizes waiting given "
    "annotations Callable Sequence Any".split()
) | frozenset(name for name in vars(numpy_runtime) if not name.startswith("__"))


class _Part(NamedTuple):
    number: int
    text: str
    needs: frozenset[str]


@lru_cache(maxsize=2)
def _parts(module: ModuleType) -> dict[str, _Part]:
    """Every top-level definition by name."""
    source = inspect.getsource(module)
    lines = source.splitlines()
    found: dict[str, _Part] = {}
    for number, node in enumerate(ast.parse(source).body):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [t.id for t in node.targets if isinstance(t, ast.Name)]
        else:
            continue
        needs = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name)) - set(names)
        text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        for name in names:
            found[name] = _Part(number, text, needs)
    return found


@lru_cache(maxsize=1024)
def _text(names: frozenset[str], module: ModuleType) -> str:
    parts = _parts(module)
    wanted: set[str] = set()
    stack = [*names]
    while stack:
        name = stack.pop()
        if name in parts and name not in wanted:
            wanted.add(name)
            stack.extend(parts[name].needs)
    chosen = sorted((parts[name] for name in wanted), key=lambda part: part.number)
    text = ""
    for part in chosen:
        is_line = not part.text.startswith(("def ", "class "))
        text += part.text + "\n" if is_line else f"\n\n{part.text}\n"
    return text


def text_of(names: Iterable[str], module: ModuleType = numpy_runtime) -> str:
    """The source of the named functions and of what they call, in the order of their file."""
    return _text(frozenset(names), module)
