"""Derivatives of convolutions before max pooling, which pass over zeros: against sums by hand."""

import ctypes
import itertools
from typing import Any, NamedTuple

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.codegen.native import few, remembered
from symgraph.codegen.native.runtime import TILES, runtime, table_text

pytestmark = needs_c_compiler


class Case(NamedTuple):
    """A convolution, an activation and max pooling; sizes along every axis of the image."""

    side: tuple[int, ...]
    window: tuple[int, ...]
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    pool: int = 2
    activation: str = "relu"
    after: bool = False  # the activation comes after the pooling
    channels: int = 24
    kernels: int = 32


CASES = {
    "plain": Case((10, 10), (3, 3)),
    "tanh": Case((9, 11), (2, 3), activation="tanh"),
    "activation after": Case((10, 8), (3, 3), after=True),
    "none": Case((10, 10), (3, 3), activation=""),
    "stride": Case((13, 13), (3, 3), stride=2),
    "padding": Case((8, 8), (3, 3), padding=1),
    "dilation": Case((10, 12), (3, 3), dilation=2),
    "all": Case((15, 14), (3, 2), stride=2, padding=2, dilation=2),
    "windows of three": Case((11, 11), (3, 3), pool=3),
    "places left over": Case((10, 9), (3, 3), pool=3),
    "one axis": Case((24,), (5,), pool=4),
    "nearly the whole image": Case((5, 8), (4, 5)),
}


def _model(case: Case, dtype: str, kind: Any = "real", **options: Any) -> Any:
    """A weighted sum of pooled values and its gradients by x, K and b; of integers by K and b."""
    plane = len(case.side) == 2
    x = sg.input("x", ("N", case.channels, *case.side), kind=kind)
    K = sg.parameter("K", (case.kernels, case.channels, *case.window))
    b = sg.parameter("b", case.kernels)
    function = getattr(sg, case.activation) if case.activation else lambda value: value
    conv, pool = (sg.conv2d, sg.max_pool2d) if plane else (sg.conv1d, sg.max_pool1d)
    h = conv(x, K, stride=case.stride, padding=case.padding, dilation=case.dilation)
    h = h + (b[:, None, None] if plane else b[:, None])
    h = function(pool(h, case.pool)) if case.after else pool(function(h), case.pool)
    weight = sg.input("weight", h.shape)
    loss = sg.sum(weight * h)
    program = sg.compile(
        [x, weight, K, b], [loss, *(sg.grad(loss, one) for one in (x, K, b)[kind != "real" :])],
        target="cython", dtype=dtype, **options,
    )  # fmt: skip
    return program, h.shape


def _by_hand(case: Case, x: Any, weight: Any, K: Any, b: Any) -> list[Any]:
    """The same by sums over places of windows, one product after the other."""
    axes = range(len(case.side))
    around = [(0, 0), (0, 0), *[(case.padding,) * 2] * len(case.side)]
    padded = np.pad(x, around)
    reach = [(q - 1) * case.dilation for q in case.window]
    sizes = [(padded.shape[2 + a] - reach[a] - 1) // case.stride + 1 for a in axes]
    pairs = [
        (p, q, (..., *(p[a] * case.stride + q[a] * case.dilation for a in axes)))
        for p in itertools.product(*map(range, sizes))
        for q in itertools.product(*map(range, case.window))
    ]
    z = np.zeros((len(x), case.kernels, *sizes)) + b.reshape(-1, *[1] * len(sizes))
    for p, q, at in pairs:
        z[(..., *p)] += padded[at] @ K[(..., *q)].T
    function, slope = {
        "relu": (lambda v: np.maximum(v, 0), lambda v: 1.0 * (v > 0)),
        "tanh": (np.tanh, lambda v: 1 - np.tanh(v) ** 2),
        "": (lambda v: v, np.ones_like),
    }[case.activation]
    value, dz = 0.0, np.zeros_like(z)
    for n, o, *place in itertools.product(*map(range, weight.shape)):
        window = tuple(slice(i * case.pool, (i + 1) * case.pool) for i in place)
        entries = z[n, o][window]
        best = np.unravel_index(np.argmax(entries), entries.shape)
        value += weight[(n, o, *place)] * function(entries[best])
        dz[n, o][window][best] = weight[(n, o, *place)] * slope(entries[best])
    dx, dK = np.zeros_like(padded), np.zeros_like(K)
    for p, q, at in pairs:
        dx[at] += dz[(..., *p)] @ K[(..., *q)]
        dK[(..., *q)] += dz[(..., *p)].T @ padded[at]
    inner = tuple(slice(case.padding, case.padding + n) for n in case.side)
    return [value, dx[(..., *inner)], dK, dz.sum(axis=(0, *range(2, z.ndim)))]


def _drawn(case: Case, batch: int, shape: Any, dtype: str) -> list[Any]:
    draw = np.random.default_rng(batch + sum(case.side))
    shapes = [
        (batch, case.channels, *case.side), (batch, *shape[1:]),
        (case.kernels, case.channels, *case.window), (case.kernels,),
    ]  # fmt: skip
    return [draw.normal(size=one).astype(dtype) for one in shapes]


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_sums_over_all_places(name: str) -> None:
    case = CASES[name]
    program, shape = _model(case, "float64")

    assert program.source.count("->lib->sparse_f64(") == 2

    for batch in (1, 3, 0):
        values = _drawn(case, batch, shape, "float64")
        for got, want in zip(program(*values), _by_hand(case, *values), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-11)


def test_single_precision_is_as_exact_as_sums_of_single_numbers() -> None:
    case = CASES["plain"]
    program, shape = _model(case, "float32")
    values = _drawn(case, 5, shape, "float32")

    assert program.source.count("->lib->sparse_f32(") == 2

    wide = [value.astype(float) for value in values]
    for got, want in zip(program(*values), _by_hand(case, *wide), strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=3e-6 * max(1, np.abs(want).max()))


@pytest.mark.parametrize(
    "options", [{"threads": 2}, {"threads": 3, "samples": 600}, {"samples": 4096}]
)
@pytest.mark.parametrize("name", ["plain", "all", "one axis"])
def test_programs_in_parts_have_the_same_gradients(name: str, options: dict[str, int]) -> None:
    case = CASES[name]
    program, shape = _model(case, "float64", **options)

    assert program.source.count("->lib->sparse_f64(") == 2

    for batch in (1, 2, 7):
        values = _drawn(case, batch, shape, "float64")
        for got, want in zip(program(*values), _by_hand(case, *values), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-11)


def test_an_infinite_weight_makes_no_nan_beside_zeros() -> None:
    """What a kernel with an infinite entry gives is not read, so that its derivatives are zeros."""
    case = CASES["activation after"]
    program, shape = _model(case, "float64")
    x, weight, K, b = _drawn(case, 2, shape, "float64")
    x, weight[:, 3] = np.abs(x), 0
    want = _by_hand(case, x, weight, K, b)
    K[3, 0, 0, 0] = np.inf

    _, dx, dK, _ = program(x, weight, K, b)

    np.testing.assert_allclose(dx, want[1], rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(dK, want[2], rtol=1e-11, atol=1e-11)


@settings(max_examples=30, deadline=None)
@given(
    axes=st.integers(1, 2), channels=st.integers(1, 4), kernels=st.integers(2, 4),
    stride=st.integers(1, 2), padding=st.integers(0, 2), dilation=st.integers(1, 2),
    pool=st.integers(1, 3), window=st.integers(1, 3), side=st.integers(11, 13),
    threads=st.integers(1, 2),
)  # fmt: skip
def test_convolutions_of_any_size_are_right_where_zeros_are_passed_over(
    axes: int, channels: int, kernels: int, stride: int, padding: int, dilation: int,
    pool: int, window: int, side: int, threads: int,
) -> None:  # fmt: skip
    sides, windows = (side, side + 2)[:axes], (window, 2)[:axes]
    case = Case(sides, windows, stride, padding, dilation, pool, "tanh", False, channels, kernels)
    with pytest.MonkeyPatch.context() as patch:  # as if it always took less time
        patch.setattr(few, "_pays", lambda *given: True)
        patch.setattr(remembered, "graph_key", lambda recipe: None)
        program, shape = _model(case, "float64", threads=threads)
        values = _drawn(case, 3, shape, "float64")

        for got, want in zip(program(*values), _by_hand(case, *values), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-11)

        assert program.source.count("->lib->sparse_f64(") == 2


def test_an_image_of_integers_has_the_gradient_of_the_same_reals() -> None:
    case = CASES["plain"]
    program, shape = _model(case, "float64", kind="integer")
    x, *others = _drawn(case, 3, shape, "float64")
    x = np.round(9 * x)

    value, *slopes = program(x.astype(int), *others)

    want, _, *expected = _by_hand(case, x, *others)
    assert value == pytest.approx(want, rel=1e-12)
    for got, one in zip(slopes, expected, strict=True):
        np.testing.assert_allclose(got, one, rtol=1e-11, atol=1e-11)


def test_few_channels_multiply_everything() -> None:
    x = sg.input("x", ("N", 2, 10, 10))
    K = sg.parameter("K", (3, 2, 3, 3))
    loss = sg.sum(sg.max_pool2d(sg.conv2d(x, K), 2))

    assert "->lib->sparse_" not in sg.compile([x, K], sg.grad(loss, K), target="cython").source


# --- the routine ---------------------------------------------------------------------------------


def _sparse(suffix: str, *values: Any) -> None:
    """Call the prebuilt routine, which is found by its place in the table."""
    names = [part.split(")")[0] for part in table_text().split("} sg_table;")[0].split("(*")[1:]]
    table = ctypes.cast(runtime(TILES).table(), ctypes.POINTER(ctypes.c_void_p))
    arrays = [isinstance(one, np.ndarray) for one in values]
    kinds = [ctypes.c_void_p if array else ctypes.c_int64 for array in arrays]
    ctypes.CFUNCTYPE(None, *kinds)(table[names.index(f"sparse_{suffix}")])(
        *(one.ctypes.data if array else one for one, array in zip(values, arrays, strict=True))
    )


@pytest.mark.parametrize(("suffix", "dtype"), [("f32", np.float32), ("f64", np.float64)])
@settings(max_examples=60, deadline=None)
@given(
    m=st.integers(0, 9), n=st.integers(0, 150), k=st.sampled_from([0, 1, 15, 33, 300, 2100]),
    pieces=st.integers(0, 3), add=st.booleans(), share=st.sampled_from([0, 0.2, 1]),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_rows_at_any_offsets_are_summed_where_there_are_numbers(
    suffix: str, dtype: Any, m: int, n: int, k: int, pieces: int, add: bool, share: float, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    a = (draw.normal(size=(m, k + 3)) * (draw.random((m, k + 3)) < share)).astype(dtype)
    b = draw.normal(size=n + 120).astype(dtype)
    bk, bp = draw.integers(0, 60, size=k), draw.integers(0, 60, size=pieces)
    # with `add` rows may overlap, without it they have places of their own
    cr = draw.integers(0, 50, size=m) if add else np.arange(m) * (n + 2)
    cp = draw.integers(0, 50, size=pieces) if add else np.arange(pieces) * m * (n + 2)
    c = draw.normal(size=(pieces + 1) * (m + 1) * (n + 2) + 100).astype(dtype)
    want, kept, before = c.astype(float), np.ones(len(c), bool), c.copy()
    for i, p in itertools.product(range(m), range(pieces)):
        row = slice(cr[i] + cp[p], cr[i] + cp[p] + n)
        rows = np.array([b[q + bp[p] :][:n] for q in bk], float).reshape(k, n)
        want[row] = want[row] * add + a[i, :k].astype(float) @ rows
        kept[row] = False

    _sparse(suffix, m, n, k, pieces, a, k + 3, b, bk, bp, c, cr, cp, int(add))

    np.testing.assert_allclose(c, want, rtol=0, atol=1e-3 if suffix == "f32" else 1e-11)
    assert np.array_equal(c[kept], before[kept])


@pytest.mark.parametrize(("suffix", "dtype"), [("f32", np.float32), ("f64", np.float64)])
def test_nan_is_a_number_to_multiply_by_and_no_zero_is(suffix: str, dtype: Any) -> None:
    a = np.array([[0, np.nan, -0.0], [0, 2, -0.0], [-0.0, 0, 0]], dtype)
    b = np.array([np.inf, np.inf, 1, 3, np.inf, np.nan], dtype)
    two, zero = np.array([0, 2, 4]), np.array([0])
    c = np.full(6, 7, dtype)

    _sparse(suffix, 3, 2, 3, 1, a, 3, b, two, zero, c, two, zero, 0)

    assert np.array_equal(c, np.array([np.nan, np.nan, 2, 6, 0, 0], dtype), equal_nan=True)
