"""The lectures' own numbers, and how a system of the zoo is held against them.

lecture_numbers.json beside this file has them: each was computed twice outside of symgraph, by the
lecture's formula and by automatic or numerical differentiation. SYMGRAPH_LECTURE_NUMBERS may name
another file of the same form, with other inputs. A computation here sees the inputs only; what is
expected is read to compare, |got - want| <= rtol (1 + |want|).
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import symgraph as sg
from symgraph.network import find_node
from symgraph.node import variables

FILE = os.environ.get("SYMGRAPH_LECTURE_NUMBERS") or Path(__file__).parent / "lecture_numbers.json"
NUMBERS: dict[str, Any] = json.loads(Path(FILE).read_text(encoding="utf-8"))

#: What a row computes: places in `expect`, keys and positions separated by blanks, and values.
Found = Iterator[tuple[str, Any]]
ROWS: dict[str, Callable[[dict[str, Any]], Found]] = {}


def row(compute: Callable[[dict[str, Any]], Found]) -> Callable[[dict[str, Any]], Found]:
    """The function S0_21 computes the row S0-21."""
    ROWS[compute.__name__.replace("_", "-")] = compute
    return compute


def inputs_of(identity: str) -> dict[str, Any]:
    """The inputs of a row, with those of the row that it refers to."""
    inputs = dict(NUMBERS[identity]["inputs"])
    same = str(inputs.pop("same_as", "")).partition(" ")[0]
    return {**(inputs_of(same) if same else {}), **inputs}


def wanted(identity: str, place: str) -> Any:
    found: Any = NUMBERS[identity]["expect"]
    for part in place.split(" "):
        found = found[int(part) if isinstance(found, list) else part]
    return found


def values_of(nodes: Any, values: dict[str, Any]) -> Any:
    """The values of nodes, of all that is given only what they depend on."""
    known = {leaf.name for leaf in variables(nodes if isinstance(nodes, list) else [nodes])}
    return sg.evaluate(nodes, {name: one for name, one in values.items() if name in known})


def value(system: Any, values: dict[str, Any], name: str | None = None) -> Any:
    """The loss of a system, or one of its named values."""
    loss = getattr(system, "loss", system)
    return values_of(loss if name is None else find_node(loss, name), values)


def slopes(system: Any, values: dict[str, Any], *names: str) -> list[Any]:
    """The gradients of the loss by variables or named values."""
    loss = getattr(system, "loss", system)
    found: list[Any] = values_of(sg.grad(loss, [find_node(loss, n) for n in names]), values)
    return found


def slope(system: Any, values: dict[str, Any], name: str) -> Any:
    return slopes(system, values, name)[0]


def one_hot(ids: Any, count: int) -> Any:
    return np.eye(count)[np.asarray(ids)]
