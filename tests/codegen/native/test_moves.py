"""Moved entries in C against NumPy's indexing and against sums written out."""

import re

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st
from numpy.lib.stride_tricks import sliding_window_view

import symgraph as sg
from symgraph.errors import RangeError

pytestmark = needs_c_compiler

COMPILED = {}


def compiled(key, make):
    """A kernel that examples of one test share."""
    if key not in COMPILED:
        args, outputs = make()
        COMPILED[key] = sg.compile(args, outputs, target="cython")
    return COMPILED[key]


def data(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(0, 7), m=st.integers(4, 9))
def test_slices_with_any_steps_read_what_numpy_reads(n, m):
    def make():
        x = sg.input("x", ("N", "M"))
        return [x], [x[:, 1:4], x[:, 3], x[:, 3:0:-1], x[::-1], x[:, 3::-2], x.T[1:3]]

    x = data(n, m)
    want = [x[:, 1:4], x[:, 3], x[:, 3:0:-1], x[::-1], x[:, 3::-2], x.T[1:3]]

    for got, expected in zip(compiled("slices", make)(x), want, strict=True):
        assert np.array_equal(got, expected)


@pytest.mark.parametrize("shape", [(), (1,), (1, 5), (3, 1), (0, 2), (4, 3), (2, 3, 4)])
def test_reshaped_views_and_copies_keep_the_order_of_entries(shape):
    x = sg.input("x", shape)
    count = int(np.prod(shape))
    turned = sg.transpose(x) if len(shape) > 1 else x
    flat = sg.reshape(turned, (count,))
    values = data(*shape)

    got = sg.compile([x], [flat, sg.reshape(x, (1, count, 1)) * 1], target="cython")(values)

    assert np.array_equal(got[0], values.T.reshape(count))
    assert np.array_equal(got[1], values.reshape(1, count, 1))


@settings(max_examples=20, deadline=None)
@given(n=st.integers(0, 4), k=st.integers(0, 5))
def test_a_row_of_pieces_holds_each_of_them_however_they_came_about(n, k):
    def make():
        a, b = sg.input("a", ("N", "K")), sg.input("b", ("N", 2))
        inner = sg.concat([b * b, a + 1], axis=1)
        return [a, b], [sg.concat([a, inner, b @ np.eye(2), a], axis=1)]

    a, b = data(n, k), data(n, 2)

    assert np.allclose(
        compiled("pieces", make)(a, b)[0], np.concatenate([a, b * b, a + 1, b, a], axis=1)
    )


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 9), rows=st.integers(1, 5), seed=st.integers(0, 99))
def test_looked_up_rows_and_their_derivatives_follow_the_indices(count, rows, seed):
    def make():
        table, index = sg.parameter("E", ("V", 3)), sg.input("i", ("N",), kind="integer")
        found = sg.take(table, index)
        loss = sg.sum(found**3)
        return [table, index], [found, sg.grad(loss, table), table[sg.argmax(table[:, 0])]]

    rng = np.random.default_rng(seed)
    table, index = rng.normal(size=(rows, 3)), rng.integers(0, rows, size=count)
    found, gradient, best = compiled("rows", make)(table, index)
    want = np.zeros_like(table)
    np.add.at(want, index, 3 * table[index] ** 2)

    assert np.array_equal(found, table[index])
    assert np.allclose(gradient, want)
    assert np.array_equal(best, table[np.argmax(table[:, 0])])


@pytest.mark.parametrize(("index", "place"), [([[0, 1], [4, 0]], "(1, 0)"), ([[-1, 9]], "(0, 0)")])
def test_an_index_outside_is_refused_by_value_and_place_before_anything_is_written(index, place):
    E, i = sg.parameter("E", (4, 2)), sg.input("word{0}", ("N", 2), kind="integer")
    loss = sg.sum(sg.take(E, i))
    f = sg.compile([E, i], loss, updates={E: E - sg.grad(loss, E)}, target="cython")
    table = data(4, 2)
    before = table.copy()

    wrong = next(n for row in index for n in row if not 0 <= n < 4)
    text = re.escape(f"word{{0}}: index {wrong} at position {place} is outside 0..3. Give")
    with pytest.raises(RangeError, match=text):
        f(table, np.array(index))

    assert np.array_equal(table, before)


def test_a_position_beyond_data_of_this_size_is_refused():
    x = sg.input("x", ("N", 2))
    f = sg.compile([x], x[3], target="cython")

    assert np.array_equal(f(data(4, 2)), data(4, 2)[3])
    with pytest.raises(RangeError, match=r"position 3 is outside 0\.\.2"):
        f(data(3, 2))


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 12))
def test_derivatives_of_overlapping_slices_add_up(n):
    def make():
        x = sg.input("x", ("N",))
        y = sg.pad(x, (2, 1))
        loss = sg.sum(y[:-2] * y[1:-1] * y[2:]) + sg.sum(x[::-1] * x)
        return [x], [loss, sg.grad(loss, x)]

    x = data(n)

    def loss(x):
        y = np.pad(x, (2, 1))
        return np.sum(y[:-2] * y[1:-1] * y[2:]) + np.sum(x[::-1] * x)

    value, gradient = compiled("overlap", make)(x)
    step = 1e-6 * np.eye(n)

    assert np.isclose(value, loss(x))
    assert np.allclose(gradient, [(loss(x + s) - loss(x - s)) / 2e-6 for s in step], atol=1e-7)


# --- convolution and pooling ---------------------------------------------------------------------


def correlated(x, w, stride, dilation, padding):
    """The cross-correlation of (N, C, ...) with (O, C, ...), every product written out."""
    rank = x.ndim - 2
    x = np.pad(x, ((0, 0), (0, 0), *((padding, padding),) * rank))
    span = [dilation * (k - 1) + 1 for k in w.shape[2:]]
    windows = sliding_window_view(x, span, axis=tuple(range(2, x.ndim)))
    cut = (slice(None), slice(None), *(slice(None, None, stride),) * rank)
    windows = windows[cut][(..., *(slice(None, None, dilation),) * rank)]
    return np.einsum(windows, [0, 1, *range(2, 2 + 2 * rank)],
                     w, [50, 1, *range(2 + rank, 2 + 2 * rank)],
                     [0, 50, *range(2, 2 + rank)])  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("stride", "dilation", "padding"), [(1, 1, 0), (2, 1, 1), (1, 2, 2)])
@pytest.mark.parametrize("rank", [1, 2])
def test_convolution_and_its_derivatives_in_every_layout(rank, stride, dilation, padding, dtype):
    size = (9, 8)[:rank]
    x, w = sg.input("x", ("N", 3, *size)), sg.parameter("w", (5, 3, *(3, 2)[:rank]))
    conv = {1: sg.conv1d, 2: sg.conv2d}[rank]
    h = sg.tanh(x)  # so that the derivative goes through
    y = conv(h, w, stride=stride, dilation=dilation, padding=padding)
    loss = sg.sum(y * y) / 2
    f = sg.compile([x, w], [y, *sg.grad(loss, [x, w])], dtype=dtype, target="cython")
    reference = sg.compile([x, w], sg.grad(loss, [x, w]))
    tolerance = 1e-12 if dtype == "float64" else 2e-5

    for batch in (0, 1, 2, 17, 33):
        image, kernel = data(batch, 3, *size), data(*w.shape)
        got, *slopes = f(image.astype(dtype), kernel.astype(dtype))
        want = correlated(np.tanh(image), kernel, stride, dilation, padding)
        np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * 10)
        for slope, expected in zip(slopes, reference(image, kernel), strict=True):
            scale = 1 + np.abs(expected).max(initial=0)
            np.testing.assert_allclose(slope, expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize(
    ("window", "stride", "padding"), [(2, None, 0), (2, 1, 0), (3, 1, 0), (3, 1, 1), (3, 2, 0)]
)
@pytest.mark.parametrize("kind", ["max", "mean"])
def test_pooling_after_convolution_hands_derivatives_back(kind, window, stride, padding):
    pool = {"max": sg.max_pool2d, "mean": sg.mean_pool2d}[kind]
    x, w = sg.input("x", ("N", 1, 8, 9)), sg.parameter("w", (2, 1, 2, 2))
    y = pool(sg.conv2d(x, w), window, stride=stride, padding=padding)
    loss = sg.sum(y**2)
    outputs = [y, *sg.grad(loss, [x, w])]
    f, reference = sg.compile([x, w], outputs, target="cython"), sg.compile([x, w], outputs)

    for batch in (0, 1, 2, 18):
        image, kernel = np.round(data(batch, 1, 8, 9)), np.round(2 * data(2, 1, 2, 2))
        for got, want in zip(f(image, kernel), reference(image, kernel), strict=True):
            np.testing.assert_allclose(got, want, rtol=0, atol=1e-11)


def test_a_maximum_over_a_window_with_nan_is_nan_and_its_first_place_gets_the_derivative():
    x = sg.input("x", ("N", 1, 2, 4))
    y = sg.max_pool2d(sg.conv2d(x, np.ones((1, 1, 1, 1))), 2)
    f = sg.compile([x], [y, sg.grad(sg.sum(y), x)], target="cython")
    image = np.array([[[[0, np.nan, 5, 5], [np.nan, 1, 5, 4]]]], float)

    pooled, slope = f(image)

    assert np.isnan(pooled[0, 0, 0, 0])
    assert pooled[0, 0, 0, 1] == 5
    assert slope.tolist() == [[[[0, 1, 1, 0], [0, 0, 0, 0]]]]


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "square", "elu"])
def test_an_activation_before_pooling_is_derived_at_the_largest_entry(name):
    function = {"relu": sg.relu, "tanh": sg.tanh, "sigmoid": sg.sigmoid, "square": sg.square,
                "elu": sg.elu}[name]  # fmt: skip
    formula, slope = {
        "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
        "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (2 + np.exp(z) + np.exp(-z))),
        "square": (lambda z: z * z, lambda z: 2 * z),
        "elu": (lambda z: np.where(z > 0, z, np.expm1(z)), lambda z: np.where(z > 0, 1, np.exp(z))),
    }[name]
    x = sg.input("x", ("N", 2, 4, 6))
    h = function(sg.conv2d(x, 2 * np.eye(2).reshape(2, 2, 1, 1)))
    y = sg.max_pool2d(h, 2)
    f = sg.compile([x], [y, sg.grad(sg.sum(y**2), x)], target="cython")

    for batch in (0, 1, 17):
        image = data(batch, 2, 4, 6)
        parts = image.reshape(batch, 2, 2, 2, 3, 2).transpose(0, 1, 2, 4, 3, 5)
        windows = parts.reshape(batch, 2, 2, 3, 4)
        best = formula(2 * windows)
        first = (best.argmax(-1, keepdims=True) == np.arange(4)) * 1.0
        back = first * 2 * best * slope(2 * windows) * 2
        expected = back.reshape(batch, 2, 2, 3, 2, 2).transpose(0, 1, 2, 4, 3, 5)
        pooled, found = f(image)
        np.testing.assert_allclose(pooled, best.max(-1), rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(found, expected.reshape(image.shape), rtol=1e-12, atol=1e-13)


def test_windows_whose_largest_entries_are_there_are_not_read_again():
    x, w = sg.input("x", ("N", 1, 8, 8)), sg.parameter("w", (2, 1, 3, 3))
    y = sg.max_pool2d(sg.relu(sg.conv2d(x, w)), 2)
    f = sg.compile([x, w], [y, sg.grad(sg.sum(y**2), w)], target="cython")

    assert f.source.count(" == 3 ? ") == 2  # where the largest entry is found, and the way back


@pytest.mark.parametrize("batch", [1, 5, 20])
def test_kernels_over_words_are_trained_like_the_numpy_target_trains_them(batch):
    ids, label = sg.input("ids", ("N", 9), kind="integer"), sg.input("y", ("N",), kind="integer")
    E, W = sg.parameter("E", (30, 4)), sg.parameter("W", (6, 2))
    x = sg.transpose(sg.take(E, ids), (0, 2, 1))
    kernels = [sg.parameter(f"K{n}", (3, 4, n)) for n in (2, 3)]
    maxima = [sg.max(sg.tanh(sg.conv1d(x, K)), axis=2) for K in kernels]
    loss = sg.cross_entropy(sg.concat(maxima, axis=1) @ W, label) * 1.0
    trained = [E, W, *kernels]
    updates = {p: p - 0.1 * g for p, g in zip(trained, sg.grad(loss, trained), strict=True)}

    if "words" not in COMPILED:
        COMPILED["words"] = [
            sg.compile([ids, label, *trained], loss, updates=updates, target=target)
            for target in ("cython", "numpy")
        ]
    f, reference = COMPILED["words"]
    rng = np.random.default_rng(batch)
    words, labels = rng.integers(0, 30, (batch, 9)), rng.integers(0, 2, batch)
    mine = [rng.normal(size=p.shape) for p in trained]
    theirs = [p.copy() for p in mine]

    assert np.isclose(f(words, labels, *mine), reference(words, labels, *theirs))
    for got, want in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-12)


@pytest.mark.parametrize(("groups", "kernel"), [(1, 1), (2, 3), (4, 1)])
@pytest.mark.parametrize("batched", [True, False])
def test_groups_and_kernels_of_one_pixel_after_scaled_input(groups, kernel, batched):
    shape = ("N", 4, 6, 5) if batched else (4, 6, 5)
    x, scale = sg.input("x", shape), sg.parameter("s", (4, 1, 1))
    w = sg.parameter("w", (8, 4 // groups, kernel, kernel))
    y = sg.relu(sg.conv2d(x * scale, w, groups=groups, padding=kernel // 2))
    outputs = [y, *sg.grad(sg.sum(y**3), [x, w, scale])]
    f, reference = (sg.compile([x, w, scale], outputs, target=t) for t in ("cython", "numpy"))

    for batch in (0, 1, 19) if batched else (1,):
        image = data(batch, 4, 6, 5) if batched else data(4, 6, 5)
        given = image, data(*w.shape), data(4, 1, 1)
        for got, want in zip(f(*given), reference(*given), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(("stride", "dilation", "padding"), [(1, 1, 1), (2, 1, 0), (1, 2, 3)])
@pytest.mark.parametrize("channels", [1, 5])
def test_a_kernel_of_its_own_for_each_channel(channels, stride, dilation, padding):
    x, w = sg.input("x", ("N", channels, 8, 7)), sg.parameter("w", (channels, 1, 3, 2))
    y = sg.conv2d(sg.tanh(x), w, groups=channels, stride=stride, dilation=dilation, padding=padding)
    outputs = [y, *sg.grad(sg.sum(y**3), [x, w])]
    f, reference = (sg.compile([x, w], outputs, target=t) for t in ("cython", "numpy"))

    for batch in (0, 1, 19):
        given = data(batch, channels, 8, 7), data(*w.shape)
        for got, want in zip(f(*given), reference(*given), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(0, 5), rows=st.integers(1, 4), seed=st.integers(0, 99))
def test_sums_of_looked_up_rows_are_those_of_the_rows(n, rows, seed):
    def make():
        table, index = sg.input("E", ("V", 3)), sg.input("i", (2, "N", 3), kind="integer")
        found = sg.take(table, index)
        return [table, index], [
            sg.sum(found, axis=2), sg.sum(found, axis=(0, 2)), sg.sum(sg.take(table, index[0]), 1),
            sg.mean(sg.take(table * 2, index), axis=0),
        ]  # fmt: skip

    rng = np.random.default_rng(seed)
    table, index = rng.normal(size=(rows, 3)), rng.integers(0, rows, (2, n, 3))
    found = table[index]
    want = [found.sum(2), found.sum((0, 2)), found[0].sum(1), 2 * found.mean(0)]

    for got, expected in zip(compiled("sums of rows", make)(table, index), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-13)
    if n:
        index[1, n - 1, 2] = rows
        with pytest.raises(RangeError, match=rf"index {rows} at position \(1, {n - 1}, 2\)"):
            compiled("sums of rows", make)(table, index)
