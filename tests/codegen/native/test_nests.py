"""The prebuilt products along tables of offsets, against sums written out with NumPy."""

import ctypes

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

from symgraph.codegen.native.runtime import TILES, runtime, table_text

pytestmark = needs_c_compiler

SIZE = st.integers(0, 40)


def table():
    """The addresses of all prebuilt routines."""
    return ctypes.cast(runtime(TILES).table(), ctypes.POINTER(ctypes.c_void_p))


def routine(name, arguments):
    """A prebuilt routine by its name, found by its place in the struct."""
    text = table_text().split("typedef struct sg_table {")[1].split("} sg_table;")[0]
    names = [part.split(")")[0] for part in text.split("(*")[1:]]
    address = table()[names.index(name)]
    return ctypes.CFUNCTYPE(None, *[ctypes.c_int64 if a == "i" else ctypes.c_void_p
                                    for a in arguments])(address)  # fmt: skip


def at(array):
    return ctypes.c_void_p(array.ctypes.data)


@pytest.mark.parametrize(("suffix", "dtype"), [("f32", np.float32), ("f64", np.float64)])
@settings(max_examples=40, deadline=None)
@given(m=SIZE, n=SIZE, k=SIZE, add=st.booleans(), seed=st.integers(0, 99))
def test_rows_sum_products_of_numbers_and_rows_at_any_offsets(suffix, dtype, m, n, k, add, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=max(m * 7 + 100, 1)).astype(dtype)
    b = rng.normal(size=n + 60).astype(dtype)
    c = rng.normal(size=(m, n + 3)).astype(dtype)
    ak, bk = rng.integers(0, 100, size=k), rng.integers(0, 60, size=k)
    want = c.astype(float)
    for i in range(m):
        for j in range(n):
            total = sum(float(a[i * 7 + p]) * float(b[q + j]) for p, q in zip(ak, bk, strict=True))
            want[i, j] = total + (want[i, j] if add else 0)

    routine(f"rows_{suffix}", "iiipippppii")(
        m, n, k, at(a), 7, at(ak), at(b), at(bk), at(c), n + 3, add
    )

    np.testing.assert_allclose(c, want, rtol=0, atol=2e-5 if suffix == "f32" else 1e-12)


@pytest.mark.parametrize(("suffix", "dtype"), [("f32", np.float32), ("f64", np.float64)])
@settings(max_examples=40, deadline=None)
@given(
    m=st.integers(0, 14), n=st.integers(0, 14), k=SIZE, rows=st.integers(0, 4),
    add=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_dots_sum_products_of_runs_at_any_offsets(suffix, dtype, m, n, k, rows, add, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=m * 5 + k + 50).astype(dtype) for _ in range(2))
    ar, br, bn = (rng.integers(0, 25, size=count) for count in (rows, rows, n))
    b = np.concatenate([b, b])[: k + 50]
    c, cn = rng.normal(size=(m, n + 2)).astype(dtype), rng.permutation(n)
    want = c.astype(float)
    for i in range(m):
        for j in range(n):
            x = [a[i * 5 + ar[p] + q] for p in range(rows) for q in range(k)]
            y = [b[bn[j] + br[p] + q] for p in range(rows) for q in range(k)]
            total = float(np.dot(np.array(x, float), np.array(y, float)))
            want[i, cn[j]] = total + (want[i, cn[j]] if add else 0)

    routine(f"dots_{suffix}", "iiiipipppppipi")(
        m, n, k, rows, at(a), 5, at(ar), at(b), at(bn), at(br), at(c), n + 2, at(cn), add
    )

    np.testing.assert_allclose(c, want, rtol=0, atol=1e-4 if suffix == "f32" else 1e-12)


@pytest.mark.parametrize(("suffix", "dtype"), [("f32", np.float32), ("f64", np.float64)])
@pytest.mark.parametrize(("k", "rows"), [(3001, 7), (8193, 2), (20011, 3)])
@pytest.mark.parametrize("add", [False, True])
def test_dots_of_long_runs_are_summed_part_by_part(suffix, dtype, k, rows, add):
    rng = np.random.default_rng(k)
    m, n = 7, 5
    a, b = (rng.normal(size=(count, rows, k)).astype(dtype) for count in (m, n))
    c = rng.normal(size=(m, n)).astype(dtype)
    row, column = np.arange(rows) * k, np.arange(n) * rows * k
    want = np.einsum("irk,jrk->ij", a.astype(float), b.astype(float)) + (c if add else 0)

    routine(f"dots_{suffix}", "iiiipipppppipi")(
        m, n, k, rows, at(a), rows * k, at(row), at(b), at(column), at(row), at(c), n,
        at(np.arange(n)), add,
    )  # fmt: skip

    np.testing.assert_allclose(c, want, rtol=0, atol=2e-3 if suffix == "f32" else 1e-10)
