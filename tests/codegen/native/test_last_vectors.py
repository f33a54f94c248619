"""Rows in loops over time that end within a vector: the last entries come with some before them."""

from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg

pytestmark = needs_c_compiler


def _cell(size: int, dtype: str, rows: Any = "N", **options: Any) -> Any:
    """A cell with a product of exponentials, whose rows something else reads as well."""
    x, c0 = sg.input("x", (3, rows, size)), sg.input("c0", (rows, size))
    w, v = sg.parameter("w", (size, size)), sg.parameter("v", (size, size))
    b = sg.parameter("b", (size,))

    def step(h: Any, c: Any, row: Any) -> dict[str, Any]:
        z = sg.exp(-abs(h @ w + row + b))
        c = c / (1 + z) + sg.tanh(z @ v)
        return {"h": sg.sigmoid(c) * z, "c": c}

    run = sg.scan(step, {"h": sg.zeros((rows, size)), "c": c0}, {"row": x})
    outputs = [run.final["h"], run.states["c"]]
    return sg.compile([x, c0, w, v, b], outputs, dtype=dtype, target="cython", **options)


def _by_hand(x: Any, c: Any, w: Any, v: Any, b: Any) -> tuple[Any, Any]:
    h, states = np.zeros_like(c), []
    for row in x:
        z = np.exp(-abs(h @ w + row + b))
        c = c / (1 + z) + np.tanh(z @ v)
        h = z / (1 + np.exp(-c))
        states.append(c)
    return h, np.array(states)


@pytest.mark.parametrize(("dtype", "lanes"), [("float32", 16), ("float64", 8)])
@pytest.mark.parametrize("more", [-1, 0, 1, 5, 13])
def test_entries_that_are_computed_twice_are_those_that_were_computed_once(
    dtype: str, lanes: int, more: int
) -> None:
    size = lanes + more
    draw = np.random.default_rng(size)
    for given in ("N", 1):
        program = _cell(size, dtype, given)
        for rows in (1, 3) if given == "N" else (1,):
            x, c = draw.normal(size=(3, rows, size)), draw.normal(size=(rows, size))
            w, v = draw.normal(size=(2, size, size)) / size
            values = x, c, w, v, draw.normal(size=size)
            found = program(*(each.astype(dtype) for each in values))
            for got, want in zip(found, _by_hand(*values), strict=True):
                np.testing.assert_allclose(got, want, 50 * np.finfo(dtype).eps, np.finfo(dtype).eps)


def test_only_rows_that_end_within_a_vector_in_loops_over_time_are_completed() -> None:
    again = "(i1 < 2 ? 8 * i1 : 12) + i2;"
    assert again in _cell(20, "float64").source
    for size, options in ((24, {}), (7, {}), (20, {"threads": 2})):
        assert " ? 8 * " not in _cell(size, "float64", **options).source
    x, y = sg.input("x", ("N", 20)), sg.input("y", (20,))
    assert " ? 8 * " not in sg.compile([x, y], sg.tanh(x) + y, target="cython").source
