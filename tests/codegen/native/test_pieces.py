"""Programs that take large batches in pieces, whose values stay in the cache."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg

pytestmark = needs_c_compiler

IN, WIDE, OUT = 16, 320, 5


@cache
def step(dtype: str = "float64", size: Any = "N", threads: int = 1, samples: int = 4096) -> Any:
    """A step of gradient descent on squared errors, and the sum of these."""
    x, t = sg.input("x", (size, IN)), sg.input("t", (size, OUT))
    w, v = sg.parameter("w", (IN, WIDE)), sg.parameter("v", (WIDE, OUT))
    loss = sg.sum((sg.tanh(x @ w) @ v - t) ** 2)
    news = {p: p - 1e-4 * g for p, g in zip((w, v), sg.grad(loss, [w, v]), strict=True)}
    return sg.compile(
        [w, v, x, t], [loss], updates=news, target="cython", dtype=dtype, threads=threads,
        samples=samples,
    )  # fmt: skip


def drawn(rows: int, seed: int = 3) -> list[np.ndarray]:
    """Weights, samples and what they should give."""
    draw = np.random.default_rng(seed)
    shapes = [(IN, WIDE), (WIDE, OUT), (rows, IN), (rows, OUT)]
    return [draw.normal(size=shape) for shape in shapes]


def by_hand(
    w: np.ndarray, v: np.ndarray, x: np.ndarray, t: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """The same by formulas on paper."""
    h = np.tanh(x @ w)
    d = 2 * (h @ v - t)
    new_v, new_w = v - 1e-4 * h.T @ d, w - 1e-4 * x.T @ (d @ v.T * (1 - h * h))
    return float((d * d).sum() / 4), new_w, new_v


def goes_by_pieces(program: Any) -> bool:
    return "which the cache holds" in program.source


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("rows", [0, 1, 2, 47, 48, 211, 433, 1021])
def test_a_step_in_pieces_is_that_of_the_formulas(rows: int, threads: int) -> None:
    w, v, x, t = drawn(rows)
    loss, new_w, new_v = by_hand(w, v, x, t)
    assert goes_by_pieces(step(threads=threads))

    got = step(threads=threads)(w, v, x, t)

    np.testing.assert_allclose(got, loss, rtol=1e-12)
    np.testing.assert_allclose(w, new_w, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(v, new_v, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_pieces_give_the_same_bits_in_every_run(threads: int) -> None:
    runs = []
    for _ in range(5):
        given = [array.astype("float32") for array in drawn(1500)]
        step("float32", threads=threads)(*given)
        runs.append(given[0].tobytes() + given[1].tobytes())

    assert goes_by_pieces(step("float32", threads=threads))
    assert len({*runs}) == 1


def test_a_known_batch_that_the_cache_holds_is_not_cut() -> None:
    assert not goes_by_pieces(step(size=64, samples=1))
    assert goes_by_pieces(step(size=4096, samples=1))


def test_a_batch_of_unknown_size_is_cut_where_many_samples_are_to_be_expected() -> None:
    assert not goes_by_pieces(step(samples=1))
    assert not goes_by_pieces(step(samples=100))
    assert step(samples=100).source == step(samples=1).source
    assert step(samples=5000).source == step(samples=4096).source


@pytest.mark.parametrize(
    ("samples", "error"), [(-1, sg.RangeError), (2.5, sg.KindError), (True, sg.KindError)]
)
def test_samples_are_counted(samples: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="compile: samples"):
        sg.compile([], [sg.parameter("w")], samples=samples)


def test_weights_that_every_piece_would_read_anew_forbid_pieces() -> None:
    x, w = sg.input("x", ("N", 700)), sg.parameter("w", (700, 700))
    loss = sg.sum(sg.tanh(x @ w))
    program = sg.compile(
        [w, x], [loss], updates={w: w - sg.grad(loss, w)}, target="cython", samples=4096
    )

    assert not goes_by_pieces(program)


def test_a_wrong_index_in_a_later_piece_leaves_the_parameters_as_they_were() -> None:
    x, y = sg.input("x", ("N", IN)), sg.input("y", "N", kind="integer")
    w, v = sg.parameter("w", (IN, WIDE)), sg.parameter("v", (WIDE, OUT))
    loss = sg.mean(sg.cross_entropy(sg.tanh(x @ w) @ v, y))
    news = {p: p - g for p, g in zip((w, v), sg.grad(loss, [w, v]), strict=True)}
    program = sg.compile([w, v, x, y], [loss], updates=news, target="cython", samples=4096)
    given = drawn(2000)
    before = [given[0].copy(), given[1].copy()]
    labels = np.zeros(2000, np.int64)
    labels[1900] = OUT

    assert goes_by_pieces(program)
    with pytest.raises(sg.SymgraphError, match="1900"):
        program(given[0], given[1], given[2], labels)
    np.testing.assert_array_equal(given[0], before[0])
    np.testing.assert_array_equal(given[1], before[1])


def test_weights_that_change_with_the_first_piece_are_not_read_by_the_next() -> None:
    x = sg.input("x", ("N", IN))
    w, total = sg.parameter("w", (IN, WIDE)), sg.parameter("total", (IN, WIDE))
    h = sg.tanh(x @ (w + total))
    program = sg.compile(
        [w, total, x], [sg.sum(h)], updates={total: total + x.T @ (h * (1 - h))}, target="cython",
        samples=4096,
    )  # fmt: skip
    draw = np.random.default_rng(5)
    first, start = draw.normal(size=(IN, WIDE)), draw.normal(size=(IN, WIDE))
    samples = draw.normal(size=(1300, IN))
    state = np.tanh(samples @ (first + start))
    want = start + samples.T @ (state * (1 - state))

    got = program(first, start, samples)

    np.testing.assert_allclose(got, state.sum(), rtol=1e-11)
    np.testing.assert_allclose(start, want, rtol=1e-11, atol=1e-11)
