"""Emitted modules of Python: how they are called, their titles and their constant arrays."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symgraph.codegen.job import Options
from symgraph.ops.leaves import Var
from symgraph.shapes import shape_text

__all__ = ["ROLES", "Source", "array_text", "size_source", "title_text"]

#: The first letters of identifiers of arguments.
ROLES = {"input": "x", "parameter": "p", "state": "s", "local": "x"}


@dataclass(frozen=True)
class Source:
    """An emitted module and how it is called.

    `args` are the identifiers of the arguments, `sizes` the symbols that `workspace` takes in
    order; `stored` are the arguments that are updated in place. `together` are groups of arguments
    that are read as one vector where they lie behind each other in memory.
    """

    text: str
    args: tuple[str, ...]
    sizes: tuple[sympy.Symbol, ...]
    stored: tuple[int, ...]
    together: tuple[tuple[int, ...], ...] = ()


def title_text(options: Options, arg_names: Sequence[str], args: Sequence[Var]) -> str:
    """The table of arguments; the only place, besides comments, where names occur."""
    rows = [f"{options.name}: generated code.", ""]
    for name, variable in zip(arg_names, args, strict=True):
        text = f"{name}  {variable.role} {ascii(variable.name)[1:-1]}"
        rows.append(f"{text} {shape_text(variable.shape)} {variable.kind}")
    for k, symbol in enumerate(options.symbols):
        rows.append(f"n{k + 1}  size {symbol.name}")
    text = "\n".join(rows) + "\n"
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def size_source(symbol: Any, names: Sequence[str], args: Sequence[Var]) -> str:
    """The expression that reads a size off the first argument that has it."""
    for name, variable in zip(names, args, strict=True):
        if symbol in variable.shape:
            return f"{name}.shape[{variable.shape.index(symbol)}]"
    raise AssertionError(symbol)


def array_text(array: Any) -> str:
    """A constant array: its numbers when they are few, else the bytes in base64."""
    if array.size <= 64 and np.isfinite(array).all():
        text = f"np.array({array.tolist()!r})"
        return text if array.size else f"np.zeros({array.shape!r}, {array.dtype.str!r})"
    data = array.astype(array.dtype.newbyteorder("<"))
    encoded = base64.b64encode(data.tobytes()).decode("ascii")
    raw = f'np.frombuffer(base64.b64decode("{encoded}"), {data.dtype.str!r})'
    return f"{raw}.reshape({array.shape!r})"
