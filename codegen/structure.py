"""The structure of outputs: nested dicts, lists and tuples of the numbers of leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy

__all__ = ["filled", "flatten", "leaves_of", "result_text"]


def flatten(outputs: Any) -> tuple[list[tuple[str, Any]], Any]:
    """The leaves with their paths, and the structure with the number of the leaf at each place."""
    leaves: list[tuple[str, Any]] = []

    def walk(part: Any, path: str) -> Any:
        if isinstance(part, Mapping):
            return {key: walk(value, f"{path}[{key!r}]") for key, value in part.items()}
        if isinstance(part, (list, tuple, sympy.Tuple)):
            items = [walk(value, f"{path}[{k}]") for k, value in enumerate(part)]
            return items if isinstance(part, list) else tuple(items)
        leaves.append((path or "0", part))
        return len(leaves) - 1

    return leaves, walk(outputs, "")


def filled(structure: Any, values: Sequence[Any]) -> Any:
    """The structure with values in place of their numbers."""
    if isinstance(structure, int):
        return values[structure]
    if isinstance(structure, dict):
        return {key: filled(part, values) for key, part in structure.items()}
    if isinstance(structure, list):
        return [filled(part, values) for part in structure]
    return tuple([filled(part, values) for part in structure])


def result_text(structure: Any) -> str:
    """The structure as Python text over y, for saved modules."""
    if isinstance(structure, int):
        return f"y[{structure}]"
    if isinstance(structure, dict):
        parts = [f"{_key_text(key)}: {result_text(part)}" for key, part in structure.items()]
        return f"{{{', '.join(parts)}}}"
    inner = ", ".join(result_text(part) for part in structure)
    if isinstance(structure, list):
        return f"[{inner}]"
    return f"({inner},)" if len(structure) == 1 else f"({inner})"


def _key_text(key: Any) -> str:
    """A key as a literal; what has none is written as a string, so that it is inert."""
    parts = key if type(key) is tuple else [key]
    plain = all(type(part) in (int, str, bool, bytes, type(None)) for part in parts)
    return ascii(key if plain else str(key))


def leaves_of(structure: Any, value: Any, found: dict[int, Any]) -> dict[int, Any]:
    """The leaves of a result by number."""
    if isinstance(structure, int):
        found[structure] = value
        return found
    keys = structure if isinstance(structure, dict) else range(len(structure))
    for key in keys:
        leaves_of(structure[key], value[key], found)
    return found
