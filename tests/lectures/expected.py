"""The lectures' own numbers, and how a system of the zoo is held against them.

lecture_numbers.json beside this file has them: each was computed twice outside of symgraph, by the
lecture's formula and by automatic or numerical differentiation. SYMGRAPH_LECTURE_NUMBERS may name
another file of the same form, with other inputs. A computation here sees the inputs only; what is
expected is read to compare, |got - want| <= rtol (1 + |want|), and none of it is left out but for
what `WITHOUT` names.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import symgraph as sg
from lectures.checks import add
from lectures.table import LECTURES
from lectures.toolchain import has_a_compiler
from symgraph.network import find_node
from symgraph.walks import variables

FILE = os.environ.get("SYMGRAPH_LECTURE_NUMBERS") or Path(__file__).parent / "lecture_numbers.json"
NUMBERS: dict[str, Any] = json.loads(Path(FILE).read_text(encoding="utf-8"))

#: What a row computes: places in `expect`, keys and positions separated by blanks, and values.
Found = Iterator[tuple[str, Any]]
Compute = Callable[[dict[str, Any]], Found]
COMPUTED: dict[str, Compute] = {}

#: What is an input although it stands among what is expected: places in `expect`, with EACH for all
#: parts, and the names they get among the inputs.
GIVEN = {
    "S0-17a": {"samples EACH phi": "phi", "samples EACH y": "y"},
    "S0-21": {"cases EACH W": "W", "cases EACH y": "y"},
    "S1-01": {"labels": "labels"},
    "S1-02": {"n": "n", "m": "m", "k": "k"},
    "S4-46": {"tiny_gradient_1e5 g": "tiny"},
    "S4-68": {"repeated_context context": "repeated"},
}

#: What is not computed, and why: places in `expect`, with all that is below them.
WITHOUT = {
    ("S0-36", "grad_filter"): "words; the gradient is compared with the patch itself",
    ("S0-36", "grad_patch"): "words; the gradient is compared with the filter itself",
    ("S4-01", "chat_answer"): "a wrong answer, quoted",
    ("S4-20", "lecture"): "printed on the slide, rounded by hand",
    ("S4-21", "lecture"): "printed on the slide, rounded by hand",
    ("S4-22", "lecture"): "printed on the slide, rounded by hand",
    ("S4-24b", "tanh_vs_sigma"): "words; the identity is checked where the row is",
    ("S4-54", "rate_printed"): "printed on the slide, and inconsistent with its count of errors",
}
if not has_a_compiler():
    WITHOUT["S0-23", "exp_calls_forward_plus_backward"] = "counted in C, without a compiler"


def computes(*verbs: str) -> Callable[[Compute], Compute]:
    """The function S0_21 computes the numbers S0-21, which count for these verbs of its row."""

    def register(compute: Compute) -> Compute:
        identity = compute.__name__.replace("_", "-")
        COMPUTED[identity] = compute
        for verb in verbs:
            name = identity if identity in LECTURES else identity[:-1]
            add(name, verb, f"numbers {identity}", partial(has_the_numbers, identity))
        return compute

    return register


row = computes("def")


def inputs_of(identity: str) -> dict[str, Any]:
    """The inputs of a row, with those of the row that it refers to."""
    inputs = dict(NUMBERS[identity]["inputs"])
    same = str(inputs.pop("same_as", "")).partition(" ")[0]
    given = {name: wanted(identity, place) for place, name in GIVEN.get(identity, {}).items()}
    return {**(inputs_of(same) if same else {}), **inputs, **given}


def wanted(identity: str, place: str) -> Any:
    """What stands at a place in `expect`; EACH collects all parts."""

    def found(value: Any, parts: list[str]) -> Any:
        if not parts:
            return value
        if parts[0] == "EACH":
            return [found(one, parts[1:]) for one in value]
        return found(value[int(parts[0]) if isinstance(value, list) else parts[0]], parts[1:])

    return found(NUMBERS[identity]["expect"], place.split(" "))


def places(expect: Any, path: str = "") -> Iterator[str]:
    """The places of all numbers and words of `expect`, one for every end of every branch."""
    if not isinstance(expect, (dict, list)):
        yield path
        return
    for key, value in expect.items() if isinstance(expect, dict) else enumerate(expect):
        yield from places(value, f"{path} {key}".strip())


def has_the_numbers(identity: str) -> None:
    tolerance = NUMBERS[identity]["rtol"]
    found = list(COMPUTED[identity](inputs_of(identity)))
    for place, got in found:
        want = wanted(identity, place)
        if isinstance(got, str):
            assert got == want, f"{place}: {got} is not {want}"
            continue
        want = float(Fraction(want)) if isinstance(want, str) else np.asarray(want, dtype=float)
        assert np.shape(got) == np.shape(want), f"{place}: {got} is not {want}"
        gap = np.abs(np.asarray(got, dtype=float) - want) / (1 + np.abs(want))
        assert np.max(gap, initial=0.0) <= tolerance, f"{place}: {got} is not {want}"
    assert not (left := left_out(identity, [place for place, _ in found])), left


def left_out(identity: str, found: list[str]) -> list[str]:
    """The places of `expect` that are neither compared nor named in WITHOUT or GIVEN."""
    without = [place for one, place in WITHOUT if one == identity]
    passed = [f"{place} " for place in [*found, *without]]
    given = [re.compile(place.replace("EACH", r"\S+")) for place in GIVEN.get(identity, {})]
    return [
        place
        for place in places(NUMBERS[identity]["expect"])
        if not f"{place} ".startswith(tuple(passed)) and not any(p.match(place) for p in given)
    ]


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


def labelled(system: Any, label: str) -> Any:
    """The value that is drawn with this label, such as w·x where nobody has named it."""
    root = getattr(system, "loss", system)
    (found,) = [v.node for v in sg.graph(root).vertices if v.label("text") == label]
    return found


def minimum(loss: Any, name: str, values: dict[str, Any]) -> Any:
    """Where a loss that is quadratic in one of its variables is least: a Newton step from 0."""
    leaf = find_node(loss, name)
    slope, bend = sg.grad(loss, leaf), sg.hessian(loss, leaf)
    step = sg.solve(bend, -slope) if leaf.shape else -slope / bend
    sizes = {one.name: one.shape for one in variables([loss])}
    return values_of(step, values | {name: np.zeros(sizes[name])})
