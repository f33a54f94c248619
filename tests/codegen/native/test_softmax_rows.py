"""Softmax of rows that fill vectors in part: their exponentials have a loop of their own."""

import re
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg

pytestmark = needs_c_compiler


def _softmax(columns: int, dtype: str) -> Any:
    x = sg.input("x", ("N", columns))
    weight = sg.input("weight", ("N", columns))
    value = sg.softmax(x)
    return sg.compile(
        [x, weight],
        [value, sg.logsumexp(x, axis=1), sg.grad(sg.sum(weight * value), x)],
        target="cython",
        dtype=dtype,
    )


def _expected(x: Any, weight: Any) -> tuple[Any, Any, Any]:
    largest = x.max(axis=1, keepdims=True)
    raised = np.exp(x - largest)
    total = raised.sum(axis=1, keepdims=True)
    value = raised / total
    inner = (weight * value).sum(axis=1, keepdims=True)
    return value, (largest + np.log(total))[:, 0], value * (weight - inner)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 40), st.sampled_from([1, 2, 16, 19]), st.sampled_from(["float32", "float64"]))
def test_every_length_of_rows_is_a_softmax(columns: int, rows: int, dtype: str) -> None:
    draw = np.random.default_rng(columns + 100 * rows)
    x, weight = (draw.normal(size=(rows, columns)).astype(dtype) * 6 for _ in range(2))
    expected = _expected(*(one.astype(np.longdouble) for one in (x, weight)))
    eps = np.finfo(dtype).eps
    for found, exact in zip(_softmax(columns, dtype)(x, weight), expected, strict=True):
        np.testing.assert_allclose(found, exact, 40 * eps, 40 * eps)


@pytest.mark.parametrize("columns", [3, 10, 16, 20, 33])
def test_infinite_scores_and_those_that_are_none_stay(columns: int) -> None:
    x = np.zeros((5, columns))
    x[0, 1], x[1, 1], x[2, 2], x[3] = np.inf, np.nan, -np.inf, -np.inf
    with np.errstate(all="ignore"):
        value = np.exp(x[:3] - x[:3].max(axis=1, keepdims=True))
        value /= value.sum(axis=1, keepdims=True)
    found, logs, _ = _softmax(columns, "float64")(x, np.ones_like(x))
    assert np.isnan(found[:2, 1]).all()
    np.testing.assert_allclose(found[2], value[2], 1e-15)
    np.testing.assert_allclose(found[4], 1 / columns, 1e-15)
    expected = [np.inf, np.nan, np.log(columns - 1), -np.inf, np.log(columns)]
    np.testing.assert_allclose(logs, expected, 1e-14)


@pytest.mark.parametrize(
    ("columns", "dtype", "apart"),
    [(10, "float32", True), (3, "float32", True), (16, "float32", False), (20, "float32", True),
     (17, "float32", False), (10, "float64", True), (8, "float64", False), (200, "float32", False)],
)  # fmt: skip
def test_exponentials_stand_apart_where_rows_leave_entries_over(
    columns: int, dtype: str, apart: bool
) -> None:
    lines = _softmax(columns, dtype).source.split("\n")
    (at,) = [k for k, line in enumerate(lines) if re.search(r" v\d+ = sg_exp", line)]
    assert (f"{columns}*n1; i0++" in lines[at - 1]) is apart
