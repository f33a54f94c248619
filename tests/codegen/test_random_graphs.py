"""Random graphs: compiled code gives what the nodes mean, in every style and width."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from random_graphs import Case, random_case

import symgraph as sg
from symgraph.errors import RangeError
from symgraph.ops.evaluate import evaluate_nodes

BLOCKS = range(0, 300, 10)


def meaning(case: Case) -> list[Any] | None:
    """The values by the reference; None where an index is out of range."""
    try:
        with np.errstate(all="ignore"):
            found = evaluate_nodes(case.outputs, case.values, case.dims)
    except RangeError:
        return None
    return [np.asarray(found[node]) for node in case.outputs]


def is_close(got: Any, want: Any, tolerance: float) -> bool:
    largest = np.max(np.abs(want), initial=0, where=np.isfinite(want))
    bound = tolerance * (1 + largest)
    return bool(np.allclose(got, want, rtol=tolerance, atol=bound, equal_nan=True))


def jumps(case: Case, k: int, want: Any) -> bool:
    """Whether output k lies on a jump: other roundings of the same inputs give another value.

    A comparison of two values that are equal but for rounding is decided by the order of a sum.
    """
    for bump in (1e-14, -1e-14, 3e-14, -3e-14, 1e-13):
        values = {
            v: array * (1 + bump) if v.kind == "real" else array for v, array in case.values.items()
        }
        found = meaning(case._replace(values=values))
        if found is None or not is_close(found[k], want, 1e-9):
            return True
    return False


def check_case(seed: int, tolerance: float, **options: Any) -> None:
    case = random_case(seed)
    want = meaning(case)
    function = sg.compile(list(case.values), case.outputs, **options)
    if want is None:
        with pytest.raises(RangeError, match="is outside 0"):
            function(*case.values.values())
        return
    for call in (1, 2):  # the second call finds the memory as the first has left it
        got = function(*case.values.values())
        for k, (one, other) in enumerate(zip(got, want, strict=True)):
            assert one.shape == other.shape, (seed, k)
            close = is_close(one, other, tolerance)
            assert close or jumps(case, k, other), f"seed {seed}, output {k}, call {call}"


@pytest.mark.parametrize("first", BLOCKS)
def test_compiled_random_graphs_have_the_values_of_the_reference(first: int) -> None:
    for seed in range(first, first + 10):
        check_case(seed, 1e-9)


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_code_for_reading_has_the_values_of_the_reference(first: int) -> None:
    for seed in range(first, first + 10):
        check_case(seed, 1e-9, style="read")


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_float32_has_the_values_of_the_reference_to_its_precision(first: int) -> None:
    for seed in range(first, first + 10):
        check_case(seed, 1e-2, dtype="float32")


@needs_c_compiler
@pytest.mark.parametrize("first", range(0, 60, 10))
def test_native_code_has_the_values_of_the_reference(first: int) -> None:
    for seed in range(first, first + 10):
        check_case(seed, 1e-9, target="cython")


@needs_c_compiler
@pytest.mark.parametrize("first", range(60, 80, 5))
def test_native_float32_has_the_values_of_the_reference_to_its_precision(first: int) -> None:
    for seed in range(first, first + 5):
        check_case(seed, 1e-2, target="cython", dtype="float32")


def test_outputs_have_the_type_of_their_kind() -> None:
    types = {"real": np.float32, "integer": np.int64, "boolean": np.bool_}
    seen = set()
    for seed in range(12):
        case = random_case(seed)
        if meaning(case) is None:
            continue
        got = sg.compile(list(case.values), case.outputs, dtype="float32")(*case.values.values())
        for value, node in zip(got, case.outputs, strict=True):
            assert value.dtype == types[node.kind], (seed, node.kind)
            seen.add(node.kind)
    assert seen == set(types)
