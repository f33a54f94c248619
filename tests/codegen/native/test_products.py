"""Matrix products and copies of the runtime against NumPy in float64, for any sizes and strides."""

import ctypes
import platform
from pathlib import Path

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import example, given, settings, strategies as st

from symgraph.codegen.native.runtime import TILES, sources
from symgraph.codegen.native.toolchain import LIBRARY, cached, compile_files

pytestmark = needs_c_compiler

INTEL = platform.machine().lower() in ("x86_64", "amd64")
#: Vectors of the machine, and narrower ones that an Intel processor has as well.
VECTORS = ["", "-march=haswell", "-march=x86-64"] if INTEL else [""]
NAMES = {"float32": "f32", "float64": "f64"}

sizes = st.one_of(
    st.sampled_from([0, 1, 2, 3, 7, 8, 13, 15, 16, 17, 31, 32, 33, 35, 65, 98, 100, 190, 257, 401]),
    st.integers(0, 90),
)
layouts = st.sampled_from(["rows", "columns", "both strided", "wide rows", "long columns"])
factors = st.one_of(layouts, st.sampled_from(["one row", "one column", "one number"]))


@pytest.fixture(scope="module", params=VECTORS, ids=lambda flags: flags or "machine")
def library(request):
    if request.param == "-march=haswell" and not has_avx2():
        pytest.skip("the processor has no AVX2")
    flags, texts = [request.param] if request.param else [], sources()

    def make(folder: Path) -> None:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        compile_files([*TILES.values()], flags, folder)

    path = cached([*texts.values(), *flags], make)
    assert path.name == LIBRARY
    return ctypes.CDLL(path)


def has_avx2() -> bool:
    path = Path("/proc/cpuinfo")
    return path.exists() and " avx2 " in path.read_text(encoding="utf-8")


def matrix(rng, rows, columns, layout, dtype):
    """A matrix inside of an array that has other entries around it, or one that repeats itself."""
    if layout.startswith("one"):
        shape = {"one row": (1, columns), "one column": (rows, 1), "one number": (1, 1)}[layout]
        part = rng.standard_normal(shape).astype(dtype)
        return part, np.broadcast_to(part, (rows, columns))
    shape, cut = {
        "rows": ((rows, columns), np.s_[:, :]),
        "columns": ((columns, rows), np.s_[:, :]),
        "both strided": ((2 * rows + 1, 3 * columns + 1), np.s_[: 2 * rows : 2, : 3 * columns : 3]),
        "wide rows": ((rows, columns + 5), np.s_[:, 2 : columns + 2]),
        "long columns": ((columns, rows + 3), np.s_[:, 1 : rows + 1]),
    }[layout]
    whole = rng.standard_normal(shape).astype(dtype)
    part = whole[cut]
    return whole, part.T if "columns" in layout else part


def numbers(array):
    return [ctypes.c_int64(stride // array.itemsize) for stride in array.strides]


def call(function, counts, *arrays, add=()):
    given = [ctypes.c_int64(n) for n in counts]
    for array in arrays:
        given += [ctypes.c_void_p(array.ctypes.data), *numbers(array)]
    function(*given, *map(ctypes.c_int64, add))


@settings(max_examples=250)
@example(m=784, n=130, k=300, forms=("columns", "rows", "rows"), dtype="float32", add=1, seed=0)
@example(m=1, n=300, k=1100, forms=("columns", "columns", "rows"), dtype="float32", add=1, seed=0)
@example(m=3, n=70, k=2100, forms=("rows", "rows", "columns"), dtype="float64", add=0, seed=0)
@example(m=70, n=300, k=1024, forms=("rows", "rows", "rows"), dtype="float32", add=1, seed=0)
@example(m=39, n=275, k=512, forms=("rows", "columns", "rows"), dtype="float64", add=0, seed=0)
@example(m=512, n=66, k=700, forms=("columns", "rows", "rows"), dtype="float32", add=1, seed=0)
@example(m=256, n=67, k=601, forms=("columns", "rows", "rows"), dtype="float64", add=0, seed=0)
@example(m=90, n=601, k=350, forms=("rows", "rows", "wide rows"), dtype="float32", add=1, seed=0)
@example(m=97, n=2048, k=100, forms=("columns", "rows", "rows"), dtype="float32", add=0, seed=0)
@example(m=81, n=131, k=700, forms=("rows", "wide rows", "rows"), dtype="float64", add=1, seed=0)
@example(m=32, n=530, k=129, forms=("rows", "columns", "rows"), dtype="float32", add=0, seed=0)
@example(
    m=30, n=90, k=401, forms=("columns", "columns", "wide rows"), dtype="float32", add=0, seed=0
)
@example(m=16, n=2100, k=65, forms=("rows", "long columns", "rows"), dtype="float64", add=0, seed=0)
@example(m=85, n=1024, k=130, forms=("rows", "rows", "rows"), dtype="float64", add=0, seed=0)
@given(
    m=sizes, n=sizes, k=sizes, forms=st.tuples(factors, factors, layouts),
    dtype=st.sampled_from(sorted(NAMES)), add=st.sampled_from([0, 1]), seed=st.integers(0, 99),
)  # fmt: skip
def test_a_product_is_the_product(library, m, n, k, forms, dtype, add, seed):
    rng = np.random.default_rng(seed)
    _, a = matrix(rng, m, k, forms[0], dtype)
    _, b = matrix(rng, k, n, forms[1], dtype)
    whole, c = matrix(rng, m, n, forms[2], dtype)
    around, old = whole.copy(), c.copy()
    exact = a.astype(float) @ b.astype(float) + (old if add else 0)
    size = np.abs(a.astype(float)) @ np.abs(b.astype(float)) + np.abs(old)

    call(getattr(library, f"sg_gemm_{NAMES[dtype]}"), (m, n, k), a, b, c, add=[add])

    # every order of summation stays below k roundings of the sum of absolute values
    assert (np.abs(c - exact) <= size * (k + 2) * np.finfo(dtype).eps).all()
    c[...] = old
    assert np.array_equal(whole, around)


@settings(max_examples=60)
@example(m=1, n=1024, k=64, form="columns", dtype="float32", add=0, seed=0)
@given(
    m=st.sampled_from([1, 2, 9]), n=sizes, k=sizes, form=layouts,
    dtype=st.sampled_from(sorted(NAMES)), add=st.sampled_from([0, 1]), seed=st.integers(0, 99),
)  # fmt: skip
def test_columns_may_come_from_the_last_one_on(library, m, n, k, form, dtype, add, seed):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((m, k)).astype(dtype)
    _, b = matrix(rng, k, n, form, dtype)
    whole, c = matrix(rng, m, n, "wide rows", dtype)
    around, old = whole.copy(), c.copy()
    exact = a.astype(float) @ b.astype(float) + (old if add else 0)
    size = np.abs(a.astype(float)) @ np.abs(b.astype(float)) + np.abs(old)

    function = getattr(library, f"sg_gemm_{NAMES[dtype]}")
    call(function, (m, n, k), a, b[:, ::-1], c[:, ::-1], add=[add])

    assert (np.abs(c - exact) <= size * (k + 2) * np.finfo(dtype).eps).all()
    c[...] = old
    assert np.array_equal(whole, around)


@settings(max_examples=40)
@example(m=90, n=601, k=350, dtype="float32")
@example(m=81, n=1024, k=131, dtype="float64")
@given(m=st.sampled_from([1, 2, 9]), n=sizes, k=sizes, dtype=st.sampled_from(sorted(NAMES)))
def test_a_sum_may_run_from_its_last_term_to_its_first(library, m, n, k, dtype):
    rng = np.random.default_rng(n + 1000 * k)
    a, b = rng.integers(-9, 9, (m, k)).astype(dtype), rng.integers(-9, 9, (k, n)).astype(dtype)
    c = np.zeros((m, n), dtype)

    call(getattr(library, f"sg_gemm_{NAMES[dtype]}"), (m, n, k), a[:, ::-1], b[::-1], c, add=[0])

    assert np.array_equal(c, a @ b)  # whole numbers, which are exact


@pytest.mark.parametrize("dtype", NAMES)
@pytest.mark.parametrize(
    ("n", "k", "add"),
    [(531, 523, 0), (544, 601, 1), (272, 1030, 0), (2071, 266, 1), (4112, 131, 0)],
)
def test_one_row_by_a_matrix_that_no_cache_holds(library, dtype, n, k, add):
    rng = np.random.default_rng(n)
    a, b = rng.integers(-9, 9, (1, k)).astype(dtype), rng.integers(-9, 9, (k, n)).astype(dtype)
    for step in (1, -1):
        c = np.ones((1, n), dtype)
        call(
            getattr(library, f"sg_gemm_{NAMES[dtype]}"),
            (1, n, k), a[:, ::step], b[::step], c, add=[add],
        )  # fmt: skip
        assert np.array_equal(c, a @ b + add)


@settings(max_examples=150)
@given(
    rows=sizes, columns=sizes, forms=st.tuples(layouts, layouts),
    dtype=st.sampled_from(sorted(NAMES)),
)  # fmt: skip
def test_a_copy_is_the_same_matrix_in_any_order(library, rows, columns, forms, dtype):
    rng = np.random.default_rng(rows + 100 * columns)
    _, source = matrix(rng, rows, columns, forms[0], dtype)
    whole, target = matrix(rng, rows, columns, forms[1], dtype)
    around, old = whole.copy(), target.copy()

    call(getattr(library, f"sg_copy2_{NAMES[dtype]}"), (rows, columns), source, target)

    assert np.array_equal(source, target)
    target[...] = old
    assert np.array_equal(whole, around)


@pytest.mark.parametrize("dtype", NAMES)
@pytest.mark.parametrize(
    ("m", "n", "k"), [(1, 9, 21), (5, 40, 21), (40, 5, 3), (33, 1, 70), (1, 150, 23), (2, 23, 1024)]
)
@pytest.mark.parametrize("turned", [False, True])
def test_nan_and_infinity_reach_their_row_and_column_only(library, dtype, m, n, k, turned):
    a = np.ones((m, k), dtype)
    b = np.ones((n, k), dtype).T if turned else np.ones((k, n), dtype)
    c = np.zeros((m, n), dtype)
    a[m // 2, k // 2] = np.nan
    b[k - 1, n // 2] = np.inf

    call(getattr(library, f"sg_gemm_{NAMES[dtype]}"), (m, n, k), a, b, c, add=[0])

    expected = np.full((m, n), float(k))
    expected[:, n // 2] = np.inf
    expected[m // 2] = np.nan
    np.testing.assert_array_equal(c, expected)


@pytest.mark.parametrize("dtype", NAMES)
def test_what_stood_in_the_result_is_not_read_without_add(library, dtype):
    c = np.full((3, 5), np.nan, dtype)
    gemm = getattr(library, f"sg_gemm_{NAMES[dtype]}")

    call(gemm, (3, 5, 0), np.ones((3, 0), dtype), np.ones((0, 5), dtype), c, add=[1])
    assert np.isnan(c).all()
    call(gemm, (3, 5, 0), np.ones((3, 0), dtype), np.ones((0, 5), dtype), c, add=[0])
    assert c.tolist() == np.zeros((3, 5)).tolist()
    c[...] = np.nan
    call(gemm, (3, 5, 2), np.ones((3, 2), dtype), np.ones((2, 5), dtype), c, add=[0])
    assert c.tolist() == np.full((3, 5), 2.0).tolist()
