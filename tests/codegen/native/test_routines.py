"""Linear algebra and random numbers of the runtime."""

import ctypes

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

from symgraph import random
from symgraph.codegen.native.runtime import runtime

pytestmark = needs_c_compiler

SUFFIX = {"float32": "f32", "float64": "f64"}


@pytest.fixture(scope="module")
def library():
    return ctypes.CDLL(runtime().__spec__.origin)


def pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


def scratch(n, dtype):
    return np.zeros(n * n + 2 * n, dtype)


def call(library, name, dtype, sizes, *arrays):
    n = sizes[0]
    space = scratch(n, dtype)
    counts = [ctypes.c_int64(size) for size in sizes]
    function = getattr(library, f"sg_{name}_{SUFFIX[dtype]}")
    function.restype = ctypes.c_int64
    return function(*counts, *map(pointer, arrays), pointer(space))


@pytest.mark.parametrize("dtype", SUFFIX)
@settings(max_examples=40)
@given(n=st.integers(0, 12), m=st.integers(0, 5), seed=st.integers(0, 999))
def test_inverse_solution_and_determinant_agree_with_numpy(library, dtype, n, m, seed):
    rng = np.random.default_rng(seed)
    a = (rng.standard_normal((n, n)) + 2 * np.eye(n)[rng.permutation(n)]).astype(dtype)
    b = rng.standard_normal((n, m)).astype(dtype)
    exact = a.astype(float)
    inverse, x = np.empty_like(a), np.empty_like(b)
    sign, size, det = (np.empty((), dtype) for _ in range(3))

    assert call(library, "inv", dtype, [n], a, inverse) == 0
    assert call(library, "solve", dtype, [n, m], a, b, x) == 0
    assert call(library, "logdet", dtype, [n], a, sign, size) == 0
    call(library, "det", dtype, [n], a, det)

    loss = 50 * np.finfo(dtype).eps * (np.linalg.cond(exact) if n else 1)
    reach = np.abs(np.linalg.inv(exact)).max(initial=1)
    np.testing.assert_allclose(inverse, np.linalg.inv(exact), atol=loss * reach, rtol=loss)
    np.testing.assert_allclose(x, np.linalg.solve(exact, b), atol=loss * reach * 9, rtol=loss)
    np.testing.assert_allclose(det, np.linalg.det(exact), rtol=loss)
    np.testing.assert_allclose([sign, size], np.linalg.slogdet(exact), atol=loss, rtol=loss)


@pytest.mark.parametrize("dtype", SUFFIX)
def test_a_singular_matrix_is_told_with_its_column(library, dtype):
    a = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [1.0, 0.0, 0.0]], dtype)
    sign, size, det = (np.ones((), dtype) for _ in range(3))

    assert call(library, "inv", dtype, [3], a, np.empty_like(a)) == 3
    assert call(library, "solve", dtype, [3, 1], a, np.ones(3, dtype), np.ones(3, dtype)) == 3
    assert call(library, "logdet", dtype, [3], a, sign, size) == 3
    call(library, "det", dtype, [3], a, det)
    assert (sign, size, det) == (0, -np.inf, 0)


def stream(library, name, dtype, key, number, first, count):
    out = np.zeros(count, dtype)
    function = getattr(library, f"sg_random_{name}")
    function.restype = ctypes.c_int64
    site = function(
        ctypes.c_int64(key), ctypes.c_uint64(number), ctypes.c_int64(first),
        ctypes.c_int64(count), pointer(out),
    )  # fmt: skip
    return site, out


keys = st.integers(0, 2**63 - 1)
streams = st.integers(0, 2**64 - 1)


@settings(max_examples=60)
@given(key=keys, number=streams, count=st.integers(0, 70), first=st.integers(0, 40))
def test_random_numbers_are_those_of_every_other_target(library, key, number, count, first):
    shape = (first + count,)

    site, bits = stream(library, "bits", np.int64, key, number, first, count)
    assert site == 0
    assert bits.tolist() == random.bits(key, number, shape)[first:].tolist()
    for dtype, suffix in SUFFIX.items():
        uniform = stream(library, f"uniform_{suffix}", dtype, key, number, first, count)[1]
        normal = stream(library, f"normal_{suffix}", dtype, key, number, first, count)[1]
        assert uniform.tolist() == random.uniform(key, number, shape, dtype)[first:].tolist()
        exact = random.normal(key, number, shape, dtype)[first:]
        # NumPy's own angle, 2 pi times a number, is rounded
        np.testing.assert_allclose(normal, exact, rtol=4 * np.finfo(dtype).eps, atol=1e-14)


def test_threefry_gives_the_published_words(library):
    # Random123, kat_vectors: threefry2x32 20 rounds, key and counter 0, is 6b200159 99ba4efe; they
    # are the key of stream 0, so that the first bits are those of its own encryption
    low, high = random.threefry2x32((0x6B200159, 0x99BA4EFE), (0, 0))

    assert stream(library, "bits", np.int64, 0, 0, 0, 1)[1].tolist() == [int(low)]
    assert int(high) != int(low)


def test_a_negative_key_is_refused(library):
    assert stream(library, "bits", np.int64, -1, 0, 0, 3)[0] == 1
    assert stream(library, "uniform_f32", np.float32, -5, 0, 0, 3)[0] == 1


@pytest.mark.parametrize("count", [0, 1, 2, 31, 32, 33, 257, 5000])
def test_a_permutation_is_that_of_every_other_target(count):
    found = runtime().permutation(count, 2**63, 2**64 - 1)

    assert found.tolist() == random.permutation(count, 2**63, 2**64 - 1).tolist()


def test_a_permutation_of_impossible_size_is_refused():
    with pytest.raises(ValueError, match="out of range"):
        runtime().permutation(-1, 0)
    with pytest.raises(ValueError, match="out of range"):
        runtime().permutation(2**62, 0)
