"""Another file of numbers: `python tests/lectures/other_numbers.py FILE [HOW]` writes one.

It has the keys, shapes and types of lecture_numbers.json, other inputs, and what the formulas in
other_formulas.py give for them. Nothing of symgraph is used. `SYMGRAPH_LECTURE_NUMBERS=FILE` then
lets every check of the lectures read it. HOW: the inputs of all rows are `near` to the lecture's,
`turned` to other signs, `large`, or `drawn` at random; by default each row has one of these in
turn, so that rows which share numbers in the lectures have different ones.
"""

from __future__ import annotations

import inspect
import itertools
import json
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np

from lectures import other_gates, other_networks, other_sequences
from lectures.other_formulas import FORMULAS, Given, arrays

__all__ = ["MODULES", "MOVES", "other_numbers"]

#: Each of them adds its formulas.
MODULES = (other_gates, other_networks, other_sequences)

SHIPPED = Path(__file__).parent / "lecture_numbers.json"

#: Rows that also read the inputs of another one: as `base`, or under a name of their own.
BASES = {
    "S0-25": "S0-23", "S0-47": "S0-46", "S0-48": "S0-46", "S1-01": "S0-42", "S1-15": "S0-42",
    "S3-09": "S0-46", "S4-40": "S4-39",
}  # fmt: skip

#: Inputs that must keep their form: zeros and ones, numbers of words, places on a border.
OTHER = {
    "S0-05": {"N": [50, 7, 101, 500, 100.5]},
    "S0-08": {"points": [[0.3, 2.1], [-1.0, 1.5], [0.7, 0.2]], "boundary": [4.5, 3.5]},
    "S0-09": {"points": [[0.3, 2.1], [2.5, -1.0], [0.7, 0.2]]},
    "S0-17b": {"lr": 0.4},
    "S0-27": {"w0": 2},
    "S0-28": {"y": [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0], "top_lr": 0.9},
    "S0-39": {"label": 1},
    # Steps that are too long pass rounding on, grown.
    "S1-04": {"lr": 0.08},
    "S3-03": {"T": 40},
    "S4-09": {"points": [[0.4, 0.1], [0.9, 0.3], [0.2, -0.5], [0.25, 0.75], [-1.0, -2.0]]},
    "S4-19": {"eta": 0.8},
    "S4-20": {"eta": 2},
    "S4-33": {"d": [0.0, 1.0, 0.0, 0.0]},
    "S4-42": {"v": [0.0, 1.0, 1.0], "h": [1.0, 1.0]},
    "S4-46": {"beta1": 0.8, "beta2": 0.99, "eps": 2e-8},
    "S4-48": {"mask": [0.0, 1.0, 1.0, 0.0]},
    "S4-50": {"x": [2, -1, 3, 0, 5], "w": [2, 1, -1]},
    "S4-55": {"ids": [2, 0, 5, 1, 3], "label": 0},
    "S4-60": {"src": [3, 0, 2], "dst": [1, 2, 3]},
    "S4-67": {"context": [1, 4, 3], "target": 0},
    "S4-71": {"ids": [3, 1, 0, 2, 1]},
    "S4-73": {"seq": [0, 3, 2, 1]},
}

#: The same once more, for the file whose numbers are drawn.
DRAWN = {
    "S0-05": {"N": [999, 3, 11, 100, 0.5]},
    "S0-08": {"points": [[-3.0, 1.2], [0.1, 0.9], [5.0, 3.9]], "boundary": [-2.5, -1.5]},
    "S0-09": {"points": [[-3.0, 1.2], [0.1, 0.9], [5.0, 3.9]]},
    "S0-27": {"w0": -3},
    "S0-28": {"y": [1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]},
    "S0-39": {"label": 0},
    "S3-03": {"T": 31},
    "S4-09": {"points": [[-0.4, 0.1], [0.3, 0.3], [2.0, -0.5], [0.5, 0.5], [0.0, 1.0]]},
    "S4-20": {"eta": 1},
    "S4-33": {"d": [1.0, 0.0, 0.0, 0.0]},
    "S4-42": {"v": [1.0, 1.0, 0.0], "h": [1.0, 0.0]},
    "S4-48": {"mask": [1.0, 1.0, 0.0, 1.0]},
    "S4-50": {"x": [0, 0, -7, 4, 1], "w": [-3, 0, 2]},
    "S4-55": {"ids": [5, 5, 0, 4, 2], "label": 1},
    "S4-60": {"src": [1, 1, 0], "dst": [3, 0, 0]},
    "S4-67": {"context": [4, 2, 4], "target": 4},
    "S4-71": {"ids": [0, 0, 2, 3, 3]},
    "S4-73": {"seq": [2, 0, 1, 3]},
}

#: What is an input although it stands in `expect`; other values where the form must be kept.
CASES = {
    "S0-17a": {"phi": [[1.0, 0.2, 1.7], [1.0, -0.4, 0.9], [1.0, 2.0, 1.5]], "y": [1.0, -1.0, 1.0]},
    "S0-21": {},
    "S1-01": {"labels": [2, 0, 3, 1]},
    "S4-46": {"tiny": 2e-5},
    "S4-68": {"repeated": [0, 2, 0]},
}


#: What may not fall below 0: rates, variances, what a logarithm is taken of.
POSITIVE = ("eta", "lr", "eps", "lam", "gamma", "height", "weight", "beta1", "beta2")

#: Another number for each number: the same one for the same, so that copies stay copies.
MOVES: dict[str, Callable[[float], float]] = {
    "near": lambda v: 0.8 * v + 0.1 * math.sin(7 * v) + 0.03,
    "turned": lambda v: -0.9 * v + 0.1 * math.sin(11 * v) - 0.04,
    "large": lambda v: 2.7 * v + 0.6 * math.sin(5 * v) + 0.21,
    "drawn": lambda v: random.Random(f"{v:.9g}").uniform(-2, 2),
}


def moved(value: Any, how: str = "near", name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: moved(one, how, key) for key, one in value.items()}
    if isinstance(value, list):
        return [moved(one, how, name) for one in value]
    if isinstance(value, float):
        found = round(MOVES[how](value), 3)
        return abs(found) if name in POSITIVE else found
    return value


def cases_of(identity: str, expect: Given, how: str) -> Given:
    if identity == "S0-21":
        cases = expect["cases"]
        return {"W": np.array(moved([one["W"] for one in cases], how)),
                "y": [one["y"] * (-1) ** k for k, one in enumerate(cases)]}  # fmt: skip
    return {key: np.array(one) if key != "tiny" else one for key, one in CASES[identity].items()}


def plain(value: Any, like: Any) -> Any:
    """Arrays as lists, with the types of what was there."""
    if isinstance(like, dict):
        return {key: plain(value[key], one) for key, one in like.items()}
    if isinstance(like, list):
        return [plain(one, old) for one, old in zip(value, like, strict=True)]
    if isinstance(like, str):
        return str(value)
    found = float(value)
    return int(found) if isinstance(like, int) and found.is_integer() else found


def other_numbers(shipped: Given, how: str = "") -> Given:
    """The same rows with other inputs; a row without a formula stays as it is."""
    inputs, hows = {}, dict(zip(shipped, itertools.cycle([how] if how else MOVES), strict=False))
    for identity, row in shipped.items():
        if identity != "_meta":
            kept = OTHER.get(identity, {})
            if hows[identity] == "drawn":
                kept = kept | DRAWN.get(identity, {})
            inputs[identity] = moved(row["inputs"], hows[identity]) | kept
    found = {"_meta": shipped["_meta"]}
    for identity, row in shipped.items():
        if identity == "_meta":
            continue
        if identity not in FORMULAS:
            found[identity] = row
            continue
        given = arrays(all_inputs(identity, inputs))
        if identity in CASES:
            given |= cases_of(identity, row["expect"], hows[identity])
        expect = computed(identity, given, row["expect"], inputs)
        found[identity] = row | {
            "inputs": inputs[identity], "expect": plain(expect, row["expect"])
        }  # fmt: skip
    return found


def all_inputs(identity: str, inputs: Given) -> Given:
    """The inputs of a row, with those of the row that it refers to."""
    own = dict(inputs[identity])
    same = str(own.pop("same_as", "")).partition(" ")[0]
    return {**(all_inputs(same, inputs) if same else {}), **own}


def computed(identity: str, given: Given, expect: Given, inputs: Given) -> Given:
    compute = FORMULAS[identity]
    wanted = inspect.signature(compute).parameters
    base = arrays(all_inputs(BASES[identity], inputs)) if identity in BASES else {}
    if identity == "S4-40":
        given = base | given
    extra = {"old": expect, "base": base, "two_layer": base}
    return compute(given, **{name: extra[name] for name in wanted if name in extra})


if __name__ == "__main__":
    rows = other_numbers(json.loads(SHIPPED.read_text(encoding="utf-8")), *sys.argv[2:])
    Path(sys.argv[1]).write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
