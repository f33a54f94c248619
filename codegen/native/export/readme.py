"""The README of an exported folder: what is computed, as textbooks write it, and how to call it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from symgraph.codegen.labels import comment
from symgraph.codegen.native.straight import named
from symgraph.codegen.recipe import Recipe
from symgraph.errors import SymgraphError
from symgraph.grad import grad
from symgraph.node import Node
from symgraph.shapes import shape_text
from symgraph.walks import reachable

__all__ = ["readme"]

_KEY = re.compile(r"\['(.*)'\]")
_TEXT = """\
# {package}

A program in C for Python. It needs NumPy and nothing else to run; to build it, gcc or clang.

    pip install .

## What it computes

{formulas}

## How it is called

{call}

| argument | identifier in the C | shape | entries |
|---|---|---|---|
{arguments}

Arguments are given in that order or by name, as plain NumPy arrays of the dtype and shape above,
C-contiguous; numbers and lists are converted. The sizes with names are free, and may change from
call to call. What is wrong raises ValueError (an index out of range: IndexError) before anything is
written.{updated}

## What is inside

- `{package}/program.pyx`: checks the arguments and calls the C;
- `{package}/kernel.c`: the program; each line has its formula beside it;
- `{package}/table.h`, `{package}/routines.c` and the other C files: the routines it calls.

`pip install` compiles for the processor at hand. For any processor of a family, choose one:
`CFLAGS="-march=x86-64-v3" pip install .`
"""
_CALL = """\
```python
from {package} import Bound, args, {name}{imports}

result = {name}({given})   # fresh outputs
bound = Bound({given})     # keeps the arrays: bound.step(), bound.steps(1000)
```
{weights}"""


def readme(recipe: Recipe, package: str, weights: Sequence[str]) -> str:
    """The text; names and formulas of the user are inert in it."""
    short = named(recipe.variables)
    dtypes = {"real": recipe.options.real, "integer": "int64", "boolean": "bool"}
    rows = [
        f"| {_code(v.name)} | `{name}` | {_code(shape_text(v.shape))} | {dtypes[v.kind]} |"
        for name, v in zip(short, recipe.variables, strict=True)
    ]
    stored = ", ".join(_code(v.name) for v in recipe.stored)
    updated = f"\n\nThese are updated in place: {stored}." if stored else ""
    return _TEXT.format(
        package=package,
        formulas="\n\n".join(_formulas(recipe)),
        call=_call(recipe, package, short, weights),
        arguments="\n".join(rows),
        updated=updated,
    )


def _call(recipe: Recipe, package: str, short: Sequence[str], weights: Sequence[str]) -> str:
    note = ""
    if weights:
        names = ", ".join(_code(name) for name in weights)
        note = (
            f"\n`{package}.weights()` gives arrays that came with the program, by name: {names}.\n"
        )
    return _CALL.format(
        package=package, name=recipe.options.name, given=", ".join(short),
        imports=", weights" if weights else "", weights=note,
    ).rstrip("\n")  # fmt: skip


def _formulas(recipe: Recipe) -> Iterator[str]:
    """Blocks of text: outputs, gradients, new values."""
    outputs = zip(recipe.options.output_names, recipe.roots, strict=True)
    yield _block([f"{_said(path)} = {_printed(root)}" for path, root in outputs])
    derivation = _derivation(recipe)
    if derivation is not None:
        yield "With the derivatives:"
        yield _block([line.unicode() for line in derivation])
    news = [f"{v.name} <- {_printed(value)}" for v, value in recipe.stored.items()]
    if news:
        yield "New values, all of the old ones:"
        yield _block(news)


def _derivation(recipe: Recipe) -> list[Any] | None:
    """Definitions, names and gradients of the first output, where the program computes those."""
    loss = recipe.roots[0] if recipe.roots else None
    if loss is None or loss.shape != () or loss.kind != "real":
        return None
    from symgraph.explain.derive import derive

    computed = reachable([*recipe.roots, *recipe.stored.values()])
    reals = [v for v in recipe.variables if v.kind == "real" and v in reachable([loss])]
    try:
        wanted = [v for v, g in zip(reals, grad(loss, reals), strict=True) if _is_in(g, computed)]
        if not wanted:
            return None
        found = derive(loss, wanted)
    except SymgraphError:  # a graph without a textbook form is described by its operations alone
        return None
    return [*found.given, *found.names, *found.results]


def _is_in(gradient: Node, computed: Any) -> bool:
    return bool(gradient.args) and gradient in computed


def _said(path: str) -> str:
    """The place of an output: its key, where it is one of a dict."""
    key = _KEY.fullmatch(path)
    return "result" if path == "0" else key[1] if key else f"result{path}"


def _printed(node: Node) -> str:
    text = str(node)
    return text if len(text) <= 400 else f"{text[:397]}..."


def _block(lines: Sequence[str]) -> str:
    """Lines as they are, indented; what could end a line is shown as its code."""
    return "\n".join(f"    {_plain(line)}" for line in lines)


def _plain(line: str) -> str:
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in line)


def _code(text: str) -> str:
    """Text between backquotes in a cell of a table."""
    return f"`{comment(text).replace('`', chr(39)).replace('|', chr(0x2223))}`"
