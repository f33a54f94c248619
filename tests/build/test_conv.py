"""Convolution and pooling: values, derivatives, shapes and errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numeric import check_derivatives, value

import symgraph as sg


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


def correlate(
    x: np.ndarray, w: np.ndarray, stride: tuple[int, ...], pads: Any, dilation: tuple[int, ...],
    groups: int,
) -> np.ndarray:  # fmt: skip
    """The definition, one output at a time: (N, C, *space) with (O, C/groups, *window)."""
    x = np.pad(x, ((0, 0), (0, 0), *pads))
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    count = [(n - s) // t + 1 for n, s, t in zip(x.shape[2:], spans, stride, strict=True)]
    y = np.zeros((len(x), len(w), *count))
    for place in itertools.product(*map(range, y.shape)):
        n, o, where = place[0], place[1], place[2:]
        first = o // (len(w) // groups) * w.shape[1]
        for inner in itertools.product(*map(range, w.shape[1:])):
            c, window = inner[0], inner[1:]
            at = [t * p + d * i for t, p, d, i in zip(stride, where, dilation, window, strict=True)]
            y[place] += w[(o, *inner)] * x[(n, first + c, *at)]
    return y


@st.composite
def problems(draw: Any) -> dict[str, Any]:
    rank = draw(st.sampled_from([1, 2]))
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    each, filters = draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    window = [draw(st.integers(1, 3)) for _ in range(rank)]
    dilation = tuple(draw(st.integers(1, 2)) for _ in range(rank))
    pads = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(rank))
    least = [d * (k - 1) + 1 - sum(p) for d, k, p in zip(dilation, window, pads, strict=True)]
    space = [max(n, 1) + draw(st.integers(0, 3)) for n in least]
    return {
        "x": (draw(st.integers(0, 2)), groups * each, *space),
        "w": (filters, each, *window),
        "stride": tuple(draw(st.integers(1, 3)) for _ in range(rank)),
        "pads": pads,
        "dilation": dilation,
        "groups": groups,
    }


@settings(max_examples=60)
@given(problems())
def test_convolution_is_its_definition_for_any_stride_padding_dilation_and_groups(
    p: dict[str, Any],
) -> None:
    x, w = sg.input("x", p["x"]), sg.input("w", p["w"])
    at = {x: numbers(*p["x"]), w: numbers(*p["w"])}
    if x.ndim == 3:
        (stride,), (pads,), (dilation,) = p["stride"], p["pads"], p["dilation"]
        y = sg.conv1d(x, w, stride, pads, dilation, p["groups"])
    else:
        y = sg.conv2d(x, w, p["stride"], p["pads"], p["dilation"], p["groups"])

    want = correlate(at[x], at[w], p["stride"], p["pads"], p["dilation"], p["groups"])
    assert y.shape == want.shape
    np.testing.assert_allclose(value(y, at), want, atol=1e-12)


@st.composite
def pools(draw: Any) -> dict[str, Any]:
    rank = draw(st.sampled_from([1, 2]))
    window = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    pads = tuple((draw(st.integers(0, k - 1)), draw(st.integers(0, k - 1))) for k in window)
    space = [
        max(k - sum(pad), 1) + draw(st.integers(0, 4)) for k, pad in zip(window, pads, strict=True)
    ]
    lead = draw(st.sampled_from([(), (2,), (2, 3)]))
    stride = draw(st.none() | st.tuples(*[st.integers(1, 3)] * rank))
    return {"x": (*lead, *space), "window": window, "stride": stride, "pads": pads}


def pooled(x: np.ndarray, p: dict[str, Any], outside: float, rule: Any) -> np.ndarray:
    rank = len(p["window"])
    stride = p["window"] if p["stride"] is None else p["stride"]
    wide = np.pad(x, [(0, 0)] * (x.ndim - rank) + list(p["pads"]), constant_values=outside)
    space = wide.shape[x.ndim - rank :]
    count = [(n - k) // s + 1 for n, k, s in zip(space, p["window"], stride, strict=True)]
    y = np.zeros((*x.shape[: x.ndim - rank], *count))
    for place in itertools.product(*map(range, count)):
        cut = [slice(s * i, s * i + k) for s, i, k in zip(stride, place, p["window"], strict=True)]
        y[(..., *place)] = rule(wide[(..., *cut)], axis=tuple(range(-rank, 0)))
    return y


@settings(max_examples=60)
@given(pools())
def test_pooling_is_its_definition_for_any_window_stride_and_padding(p: dict[str, Any]) -> None:
    x = sg.input("x", p["x"])
    array = numbers(*p["x"])
    rank = len(p["window"])
    names = {1: (sg.max_pool1d, sg.mean_pool1d), 2: (sg.max_pool2d, sg.mean_pool2d)}
    window, stride, pads = p["window"], p["stride"], p["pads"]
    if rank == 1:
        window, stride, pads = window[0], stride and stride[0], pads[0]

    for pool, outside, rule in zip(names[rank], (-np.inf, 0.0), (np.max, np.mean), strict=True):
        y = pool(x, window, stride, pads)
        want = pooled(array, p, outside, rule)
        assert y.shape == want.shape
        np.testing.assert_allclose(value(y, {x: array}), want, atol=1e-14)


def test_derivatives_of_a_grouped_strided_dilated_convolution_agree_with_differences() -> None:
    x, w = sg.input("x", (2, 4, 5, 6)), sg.input("w", (2, 2, 2, 3))
    y = sg.conv2d(x, w, stride=(2, 1), padding=((1, 0), (2, 1)), dilation=(1, 2), groups=2)

    check_derivatives(sg.tanh(y), {x: numbers(2, 4, 5, 6), w: numbers(2, 2, 2, 3)}, [x, w])


def test_derivatives_of_padded_pooling_agree_with_differences() -> None:
    x = sg.input("x", (2, 5, 6))
    y = sg.max_pool2d(x**2, 3, 2, 1)
    z = sg.mean_pool2d(sg.tanh(x), (2, 3), 1, (1, 0))

    check_derivatives(y, {x: numbers(2, 5, 6)}, [x])
    check_derivatives(z, {x: numbers(2, 5, 6)}, [x])


# --- the lectures' numbers ----------------------------------------------------------------------


def test_the_first_window_of_the_lectures_binary_image_gives_four() -> None:
    image = np.array(
        [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    )
    x, k = sg.input("x", (5, 5)), sg.input("k", (3, 3))
    y = sg.conv2d(x, k)
    at = {x: image.astype(float), k: np.array([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]])}

    assert value(y, at).tolist() == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]
    assert value(sg.grad(sg.sum(y), k), at).tolist() == [[6, 7, 6], [4, 7, 7], [4, 6, 6]]


def test_a_patch_meets_the_curve_filter_without_a_flip() -> None:
    patch, curve = np.zeros((7, 7)), np.zeros((7, 7))
    curve[0, 5], curve[1, 4], curve[2:6, 3] = 30, 30, 30
    patch[2:6, 3], patch[1, 4], patch[0, 0] = 50, 20, 30
    x, k = sg.input("x", (7, 7)), sg.input("k", (7, 7))
    y = sg.conv2d(x, k)

    assert y.shape == (1, 1)
    assert value(y, {x: patch, k: curve}).tolist() == [[4 * 1500 + 600]]
    gradient = sg.grad(sg.sum(y), k)
    assert value(gradient, {x: patch, k: curve}).tolist() == patch.tolist()


def test_shared_weights_sum_their_gradient_over_all_places() -> None:
    x, w = sg.input("x", 5), sg.input("w", 3)
    y = sg.conv1d(x, w)
    at = {x: np.arange(1.0, 6.0), w: np.array([1.0, 0.0, -1.0])}

    assert value(y, at).tolist() == [-2, -2, -2]
    assert value(sg.grad(sg.sum(y), w), at).tolist() == [6, 9, 12]


def test_a_ten_by_ten_field_is_pooled_to_one_entry() -> None:
    x = sg.input("x", (10, 10))
    i, j = np.mgrid[:10, :10]
    array = (7 * i + 3 * j) % 10 * 1.0
    array[4, 6] = 17
    top, middle = sg.max_pool2d(x, 10), sg.mean_pool2d(x, 10)

    assert value(top, {x: array}).tolist() == [[17]]
    np.testing.assert_allclose(value(middle, {x: array}), [[4.61]])
    gradient = value(sg.grad(sg.sum(top), x), {x: array})
    assert gradient[4, 6] == 1
    assert gradient.sum() == 1
    np.testing.assert_allclose(value(sg.grad(sg.sum(middle), x), {x: array}), 0.01)


def test_three_filters_make_three_maps_of_one_plane() -> None:
    maps = sg.conv2d(sg.input("x", (10, 10)), sg.parameter("k", (3, 3, 3)))

    assert maps.shape == (3, 8, 8)


# --- conventions --------------------------------------------------------------------------------


def test_a_tie_in_a_pooling_window_belongs_to_its_first_entry() -> None:
    x = sg.input("x", (2, 4))
    array = np.array([[1.0, 5, 2, 2], [5, 5, 2, 2]])
    gradient = value(sg.grad(sg.sum(sg.max_pool2d(x, 2)), x), {x: array})

    assert gradient.tolist() == [[0, 1, 1, 0], [0, 0, 0, 0]]


def test_padding_never_wins_a_maximum() -> None:
    x = sg.input("x", 3)
    y = sg.max_pool1d(x, 3, 1, padding=1)
    array = np.array([-5.0, -7.0, -6.0])

    assert value(y, {x: array}).tolist() == [-5, -5, -6]
    assert value(sg.grad(sg.sum(y), x), {x: array}).tolist() == [2, 0, 1]


@pytest.mark.parametrize(("length", "stride"), [(7, 1), (7, 2), (8, 3), (5, 4), (4, 2)])
def test_same_padding_keeps_one_window_for_every_step(length: int, stride: int) -> None:
    y = sg.conv1d(sg.input("x", length), sg.input("w", 4), stride, "same")

    assert y.shape == (-(-length // stride),)


def test_an_odd_zero_of_same_padding_goes_to_the_end() -> None:
    x, w = sg.input("x", 3), sg.input("w", 2)
    y = value(sg.conv1d(x, w, padding="same"), {x: np.array([1.0, 2, 3]), w: np.array([1.0, 10])})

    assert y.tolist() == [21, 32, 3]


def test_sizes_may_stay_open_until_the_data_come() -> None:
    x, w = sg.input("x", ("N", 2, "H", "W")), sg.input("w", (3, 2, 3, 2))
    y = sg.conv2d(x, w, stride=2, padding=1)
    pooled_map = sg.max_pool2d(y, 2)
    at = {x: numbers(2, 2, 6, 9), w: numbers(3, 2, 3, 2)}
    want = correlate(at[x], at[w], (2, 2), ((1, 1), (1, 1)), (1, 1), 1)

    assert [str(size) for size in y.shape] == ["N", "3", "floor(H/2 - 1/2) + 1", "floor(W/2) + 1"]
    np.testing.assert_allclose(value(y, at), want, atol=1e-12)
    assert value(pooled_map, at).shape == (2, 3, 1, 2)
    check_derivatives(sg.tanh(pooled_map), at, [w])


def test_global_pooling_keeps_batch_and_channels() -> None:
    x = sg.input("x", ("N", 2, "L"))
    array = numbers(3, 2, 5)

    np.testing.assert_array_equal(value(sg.global_max_pool(x), {x: array}), array.max(-1))
    np.testing.assert_allclose(value(sg.global_mean_pool(x), {x: array}), array.mean(-1))


def test_an_unbatched_image_has_the_maps_of_a_batch_of_one() -> None:
    x, w = sg.input("x", (2, 5, 4)), sg.input("w", (3, 2, 2, 2))
    at = {x: numbers(2, 5, 4), w: numbers(3, 2, 2, 2)}
    want = correlate(at[x][None], at[w], (1, 1), ((0, 0), (0, 0)), (1, 1), 1)[0]

    np.testing.assert_allclose(value(sg.conv2d(x, w), at), want, atol=1e-12)


# --- errors -------------------------------------------------------------------------------------


def test_a_wrong_number_of_channels_is_named_with_both_shapes() -> None:
    x, w = sg.input("x", ("N", 3, 8, 8)), sg.input("w", (4, 2, 3, 3))
    with pytest.raises(
        sg.ShapeError,
        match=r"conv2d: x has 3 channels \(shape \(N, 3, 8, 8\)\), w reads 2 "
        r"\(shape \(4, 2, 3, 3\), groups=1\)",
    ):
        sg.conv2d(x, w)


def test_a_kernel_larger_than_the_input_is_refused() -> None:
    with pytest.raises(
        sg.ShapeError, match=r"covers 5 entries \(size 3, dilation 2\) of axis -2, which has 4"
    ):
        sg.conv2d(sg.input("x", (4, 9)), sg.input("w", (3, 3)), dilation=2)


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        (((2, 3), (4, 2, 3, 3)), {}, "must be \\(N, C, H, W\\) or \\(C, H, W\\)"),
        (((1, 4, 5, 5), (4, 2, 3, 3)), {"groups": 3}, "4 kernels .* groups=3 does not divide"),
        (((1, 4, 5, 5), ("O", 2, 3, 3)), {"groups": 2}, "needs numbers"),
        (((5, 5), (3, 3)), {"groups": 2}, "has no channels"),
        (((5, 5), (3, 3)), {"stride": 0}, "stride is 0, it must be at least 1"),
        (((5, 5), (3, 3)), {"stride": (1, 2, 3)}, "3 entries for 2 axes"),
        (((5, 5), (3, 3)), {"padding": (1, 2, 3)}, "3 entries for 2 axes"),
        (((5, 5), (3, 3)), {"padding": -1}, "padding is -1"),
        ((("H", 5), (3, 3)), {"padding": "same", "stride": 2}, "depends on the data"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(shapes: Any, options: Any, message: str) -> None:
    x, w = (sg.input(name, shape) for name, shape in zip("xw", shapes, strict=True))
    with pytest.raises(sg.ShapeError, match=message):
        sg.conv2d(x, w, **options)


def test_an_unknown_padding_and_a_broken_stride_are_kind_errors() -> None:
    x, w = sg.input("x", 5), sg.input("w", 3)
    with pytest.raises(sg.KindError, match="'full' is neither 'same' nor 'valid'"):
        sg.conv1d(x, w, padding="full")
    with pytest.raises(sg.KindError, match=r"stride must be a whole number, not 1\.5"):
        sg.conv1d(x, w, stride=1.5)  # type: ignore[arg-type]  # the mistake under test


def test_padding_as_wide_as_the_pooling_window_is_refused() -> None:
    with pytest.raises(sg.ShapeError, match="a window would hold no entry of x"):
        sg.max_pool1d(sg.input("x", 5), 2, padding=2)
    with pytest.raises(sg.ShapeError, match="at least 2 axes"):
        sg.max_pool2d(sg.input("x", 5), 2)
    with pytest.raises(sg.ShapeError, match="it must be \\(batch, channels"):
        sg.global_max_pool(sg.input("x", (2, 3)))
