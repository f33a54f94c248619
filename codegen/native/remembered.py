"""C that was emitted before on this machine, found again by the key of the graph.

Lowering and emission take longer than all else once a kernel is built. What they made lies in the
cache of the user, one file a program: a checksum, then JSON. A file that is not whole, not the
user's own or of an older form counts as none; nothing here raises, and nothing is asked of the
cache that would not be made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sympy

from symgraph.codegen.native.graph_key import graph_key
from symgraph.codegen.native.source import NativeSource, Site
from symgraph.codegen.native.user_cache import forget_oldest, note_use, own_folder, user_owns
from symgraph.codegen.recipe import Recipe

__all__ = ["native_source"]

_KEPT = 2000  # programs in the cache, before the oldest are removed


def native_source(recipe: Recipe) -> NativeSource:
    """The C of a recipe; one from the cache has no `lines` and no `memory`."""
    key = graph_key(recipe) if hasattr(os, "geteuid") else None
    if key is None:
        return recipe.native
    found = _read(key, recipe)
    if found is None:
        found = recipe.native
        _keep(key, found)
    return found


# --- files ----------------------------------------------------------------------------------------


def _read(key: str, recipe: Recipe) -> NativeSource | None:
    """What lies under a key, if every byte is as it was written."""
    try:
        path = own_folder("programs") / key
        with open(path, "rb", opener=_opened) as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode) or not user_owns(state):
                return None
            checksum, _, content = file.read().partition(b"\n")
        if checksum != _checksum(key, content):
            return None
        note_use(path)
        return _decoded(json.loads(content), recipe)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _opened(path: str, flags: int) -> int:
    """No links, and no waiting for what is no file."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _keep(key: str, source: NativeSource) -> None:
    """Write aside and rename, so that others find all of it or nothing."""
    data = _encoded(source)
    if data is None:
        return
    content = json.dumps(data).encode("ascii")
    with contextlib.suppress(OSError):
        folder = own_folder("programs")
        with tempfile.NamedTemporaryFile(prefix=".", dir=folder, delete=False) as file:
            aside = Path(file.name)
            try:
                file.write(_checksum(key, content) + b"\n" + content)
                file.close()
                aside.replace(folder / key)
            finally:
                aside.unlink(missing_ok=True)
        forget_oldest(folder, _KEPT)


def _checksum(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + content).hexdigest().encode()


# --- their content --------------------------------------------------------------------------------


def _encoded(source: NativeSource) -> dict[str, Any] | None:
    """What is not known from the recipe; None where a size has no simple spelling."""
    try:
        sites = [
            [site.error, site.text, None if site.shape is None else _sizes(site.shape, source)]
            for site in source.sites
        ]
    except (KeyError, RecursionError):
        return None
    return {
        "text": source.text, "stored": list(source.stored), "buffers": source.buffers,
        "divided": source.divided, "sites": sites,
    }  # fmt: skip


def _decoded(data: dict[str, Any], recipe: Recipe) -> NativeSource:
    symbols = recipe.options.symbols
    sites = tuple(
        Site(error, text, None if shape is None else tuple(_size(dim, symbols) for dim in shape))
        for error, text, shape in data["sites"]
    )
    return NativeSource(
        data["text"], recipe.options.name, symbols, tuple(data["stored"]), sites, data["buffers"],
        divided=data["divided"],
    )  # fmt: skip


#: What sizes are made of, beside whole numbers, fractions and symbols.
_HEADS = {
    head.__name__: head
    for head in (
        sympy.Add, sympy.Mul, sympy.Pow, sympy.floor, sympy.ceiling, sympy.Max, sympy.Min,
        sympy.Mod,
    )
}  # fmt: skip


def _sizes(shape: Sequence[Any], source: NativeSource) -> list[Any]:
    places = {symbol: k for k, symbol in enumerate(source.sizes)}
    return [_spelled(dim, places) for dim in shape]


def _spelled(dim: Any, places: dict[Any, int]) -> Any:
    """A size as JSON. Raises KeyError for one that cannot be read back."""
    if isinstance(dim, int):
        return dim
    if dim.is_Rational:
        return ["/", int(dim.p), int(dim.q)]
    if dim.is_Symbol:
        return ["n", places[dim]]
    head = type(dim).__name__
    if _HEADS[head] is not type(dim):
        raise KeyError(head)
    return [head, *(_spelled(arg, places) for arg in dim.args)]


def _size(data: Any, symbols: Sequence[sympy.Symbol]) -> Any:
    """The size again."""
    if isinstance(data, int):
        return data
    head, *parts = data
    if head == "/":
        return sympy.Rational(*parts)
    if head == "n":
        return symbols[parts[0]]
    return _HEADS[head](*(_size(part, symbols) for part in parts))
