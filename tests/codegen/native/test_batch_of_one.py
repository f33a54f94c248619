"""Training by single examples: gradients of matrices stay factors, recurrences turn around."""

from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg

pytestmark = needs_c_compiler


def _adam(inputs: int, outputs: int, **options: Any) -> Any:
    """One step for ||x w||^2 / 2, of which the gradient by w is x.T x w."""
    x, w = sg.input("x", ("N", inputs)), sg.parameter("w", (inputs, outputs))
    m, v = (sg.parameter(name, (inputs, outputs)) for name in "mv")
    g = sg.grad(sg.squared_norm(x @ w) / 2, w)
    m1, v1 = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
    updates = {m: m1, v: v1, w: w - 0.1 * m1 / (sg.sqrt(v1) + 1e-3)}
    return sg.compile([x, w, m, v], sg.sum(w), updates=updates, target="cython", **options)


@settings(deadline=None, max_examples=12)
@given(st.integers(2, 9), st.sampled_from([64, 65, 100]), st.sampled_from([0, 1, 2, 5]))
def test_a_step_is_the_closed_form_for_one_example_and_for_more(n: int, k: int, rows: int) -> None:
    draw = np.random.default_rng(n + 100 * k + rows)
    x, w = draw.normal(size=(rows, n)), draw.normal(size=(n, k))
    m, v = draw.normal(size=(n, k)), draw.uniform(size=(n, k))
    g = x.T @ (x @ w)
    m1, v1 = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
    w1 = w - 0.1 * m1 / (np.sqrt(v1) + 1e-3)
    _adam(n, k)(x, w, m, v)
    for found, expected in ((m, m1), (v, v1), (w, w1)):
        np.testing.assert_allclose(found, expected, 1e-11, 1e-12)


def test_the_gradient_of_one_example_is_a_column_and_a_row() -> None:
    text = _adam(70, 80).source
    one, more = text.split("} else {", 1)[0].split("if (n1 == 1) {")[-1], text
    assert "copy2_f64(1, 70, " in one
    assert "copy2_f64(1, 80, " in one
    assert "gemm" not in one
    assert more.count("if (n1 == 1) {") == 2


@pytest.mark.parametrize("outputs", [2, 63])
def test_short_rows_are_written_out(outputs: int) -> None:
    assert "n1 == 1" not in _adam(70, outputs).source


def test_a_gradient_that_something_else_reads_is_written_out() -> None:
    x, w = sg.input("x", ("N", 70)), sg.parameter("w", (70, 80))
    g = sg.grad(sg.squared_norm(x @ w) / 2, w)
    program = sg.compile([x, w], g, updates={w: w - 0.1 * g}, target="cython")
    start = np.full((70, 80), 0.01)
    row, weight = np.linspace(-1, 1, 70)[None], start.copy()
    expected = row.T @ (row @ start)
    np.testing.assert_allclose(program(row, weight), expected, 1e-12, 1e-12)
    np.testing.assert_allclose(weight, start - 0.1 * expected, 1e-12, 1e-12)


def test_two_gradients_in_one_loop_are_both_factors() -> None:
    x, y = sg.input("x", ("N", 9)), sg.input("y", ("N", 9))
    a, b = sg.parameter("a", (9, 70)), sg.parameter("b", (9, 70))
    loss = sg.squared_norm(x @ a + y @ b) / 2
    updates = {p: p - 0.1 * sg.grad(loss, p) for p in (a, b)}
    program = sg.compile([x, y, a, b], loss, updates=updates, target="cython")
    draw = np.random.default_rng(4)
    for rows in (1, 3):
        given_x, given_y = draw.normal(size=(2, rows, 9))
        first, second = draw.normal(size=(2, 9, 70))
        z = given_x @ first + given_y @ second
        expected = first - 0.1 * given_x.T @ z, second - 0.1 * given_y.T @ z
        program(given_x, given_y, first, second)
        np.testing.assert_allclose(first, expected[0], 1e-11, 1e-12)
        np.testing.assert_allclose(second, expected[1], 1e-11, 1e-12)


# --- recurrences ---------------------------------------------------------------------------------


def _recurrence(size: int, length: int, rows: Any, transposed: bool = False, **options: Any) -> Any:
    x, w = sg.input("x", (length, rows, size)), sg.parameter("w", (size, size))
    start, by = sg.zeros((rows, size)), w.T if transposed else w
    states = sg.scan(lambda s, row: sg.tanh(s @ by + row), start, x).states
    loss = sg.squared_norm(states) / 2
    return sg.compile([x, w], [loss, sg.grad(loss, w)], target="cython", **options)


def _by_hand(x: Any, w: Any) -> tuple[float, Any]:
    states = [np.zeros_like(x[0])]
    for row in x:
        states.append(np.tanh(states[-1] @ w + row))
    slope, gradient = np.zeros_like(x[0]), np.zeros_like(w)
    for before, state in zip(states[-2::-1], states[:0:-1], strict=True):
        slope = (slope + state) * (1 - state**2)
        gradient += before.T @ slope
        slope = slope @ w.T
    return (np.array(states) ** 2).sum() / 2, gradient


@pytest.mark.parametrize("size", [50, 51, 97, 150, 153])
@pytest.mark.parametrize(("rows", "length"), [("N", 7), (1, 7), ("N", 17)])
def test_a_matrix_that_is_read_to_and_fro_gives_the_same_states(
    size: int, rows: Any, length: int
) -> None:
    program = _recurrence(size, length, rows)
    draw = np.random.default_rng(size)
    w = draw.normal(size=(size, size)) / size
    for count in (1, 3) if rows == "N" else (1,):
        x = draw.normal(size=(length, count, size))
        loss, gradient = program(x, w)
        expected = _by_hand(x, w)
        assert loss == pytest.approx(expected[0], rel=1e-12)
        np.testing.assert_allclose(gradient, expected[1], 1e-10, 1e-11)


@pytest.mark.parametrize("size", [32, 64, 72])
@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("rows", ["N", 1])
def test_a_transposed_matrix_gives_the_same_states_from_anywhere_in_memory(
    size: int, shift: int, rows: Any
) -> None:
    program = _recurrence(size, 5, rows, transposed=True)
    draw = np.random.default_rng(size)
    memory = np.zeros(size * size + 16)
    first = -memory.ctypes.data % 64 // 8 + shift
    w = memory[first : first + size * size].reshape(size, size)
    w[...] = draw.normal(size=(size, size)) / size
    for count in (1, 3) if rows == "N" else (1,):
        x = draw.normal(size=(5, count, size))
        loss, gradient = program(x, w)
        expected = _by_hand(x, w.T)
        assert loss == pytest.approx(expected[0], rel=1e-12)
        np.testing.assert_allclose(gradient, expected[1].T, 1e-10, 1e-11)


def test_few_steps_of_one_row_multiply_by_columns_as_they_lie() -> None:
    copy = "        f->lib->copy2_f64(64, 64, p1, 1, 64, c1, 64, 1);"
    one = "f->lib->gemm_f64(1, 64, 64, "
    by_columns = "p1 + r1 * 4032, 1, 64 - r1 * 128, h3 + r1 * 63, "
    for rows, when in (("N", "n1 == 1 && "), (1, "")):
        lines = _recurrence(64, 7, rows, transposed=True).source.splitlines()
        assert lines[lines.index(copy) - 1].strip() == f"if (!({when}(i64)p1 % 64 == 0)) {{"
        call = next(line for line in lines if by_columns in line)
        assert call.strip().startswith(one)
        assert ", 1 - r1 * 2, 0); " in call
    # more rows, more steps, threads, shorter columns and columns of broken lines are turned
    always = [(64, 7, 2, {}), (64, 70, 1, {}), (64, 7, 1, {"threads": 2}), (24, 7, 1, {})]
    for size, length, height, options in [*always, (68, 7, 1, {})]:
        text = _recurrence(size, length, height, transposed=True, **options).source
        assert "copy2_f64" in text
        assert "% 64" not in text


def test_only_matrices_larger_than_a_cache_are_read_to_and_fro() -> None:
    assert "n1 == 1 ? t1 & 1 : 0" in _recurrence(60, 7, "N").source
    assert "t1 & 1" not in _recurrence(40, 7, "N").source
    assert "const i64 r1 = t1 & 1;" in _recurrence(60, 7, 1).source
    assert "const i64 r" not in _recurrence(60, 7, 8).source


def test_rows_that_begin_within_lines_of_the_cache_are_copied_for_many_steps() -> None:
    short, long, aligned = (
        _recurrence(size, length, "N").source for size, length in ((51, 7), (51, 17), (52, 17))
    )
    assert [text.count("[i0 * 56 + i1] = ") for text in (short, long, aligned)] == [0, 1, 0]
    turned = "copy2_f64(51, 51, p1, 1, 51, c1, 56, 1)", "copy2_f64(52, 52, p1, 1, 52, c1, 52, 1)"
    assert turned[0] in short
    assert turned[1] in aligned


def test_few_columns_behind_whole_vectors_are_multiplied_by_themselves() -> None:
    one, many, divided = (
        _recurrence(57, 17, rows, **options).source
        for rows, options in ((1, {}), ("N", {}), ("N", {"threads": 2}))
    )
    parts = "gemm_f64(1, 1, 57, ", "gemm_f64(1, 56, 57, "
    assert [one.count(part) for part in parts] == [2, 2]
    assert one.index(parts[0]) < one.index(parts[1])
    assert [many.count(part) for part in (*parts, "gemm_f64(n1, 57, 57, ")] == [2, 2, 2]
    assert not any(part in divided for part in parts)
    for size, rows in ((61, "N"), (57, 3)):
        assert "gemm_f64(1, " not in _recurrence(size, 17, rows).source.split("backward")[-1]


@pytest.mark.parametrize("size", [57, 60])
def test_the_report_lists_such_a_matrix_as_it_is(size: int) -> None:
    found = [p for p in _recurrence(size, 17, "N").report().products if p.around]
    assert [(p.m, p.k, p.a, p.b) for p in found] == [("N", f"{size}", *["as it is"] * 2)] * 2


@pytest.mark.parametrize("rows", ["N", 1])
def test_the_report_lists_a_product_by_columns_once(rows: Any) -> None:
    found = _recurrence(64, 7, rows, transposed=True).report().products
    assert [p.k for p in found if p.around] == ["64"] * 2


def _two_states(length: int, rows: Any, last: bool) -> Any:
    x = sg.input("x", (length, rows, 6))
    w, v = sg.parameter("w", (6, 6)), sg.parameter("v", (6, 6))
    zero = sg.zeros((rows, 6))

    def step(s: Any, g: Any, row: Any) -> dict[str, Any]:
        return {"s": sg.tanh(s @ w + g + row), "g": g / 2 + sg.sin(s @ v)}

    run = sg.scan(step, {"s": zero, "g": zero}, {"row": x})
    value = sg.sum(run.final["s"]) + (sg.sum(run.final["g"]) if last else 0)
    return sg.compile([x, w, v], value, target="cython")


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("length", [1, 2, 5])
def test_the_last_step_leaves_out_products_that_only_a_next_one_would_read(
    length: int, last: bool
) -> None:
    program = _two_states(length, "N", last)
    kept, needed = "gemm_f64(n1, 6, 6, ", f"if (t1 < {length} - 1 && t1 != 0) {{"
    assert (program.source.count(kept), needed in program.source) == (2, not last)
    draw = np.random.default_rng(length)
    for rows in (1, 3):
        x, (w, v) = draw.normal(size=(length, rows, 6)), draw.normal(size=(2, 6, 6))
        s = g = np.zeros((rows, 6))
        for row in x:
            s, g = np.tanh(s @ w + g + row), g / 2 + np.sin(s @ v)
        assert program(x, w, v) == pytest.approx(s.sum() + last * g.sum(), rel=1e-12)


def test_the_gradient_by_the_first_state_is_made_only_where_it_is_read() -> None:
    assert _recurrence(60, 7, "N").source.count("if (t2 > 0) {") == 1
    x, s, w = sg.input("x", (5, 2, 3)), sg.parameter("s", (2, 3)), sg.parameter("w", (3, 3))
    states = sg.scan(lambda s, row: sg.tanh(s @ w + row), s, x).states
    loss = sg.squared_norm(states) / 2
    program = sg.compile([x, s, w], [loss, *sg.grad(loss, [s, w])], target="cython")
    draw = np.random.default_rng(5)
    given = draw.normal(size=(5, 2, 3)), draw.normal(size=(2, 3)), draw.normal(size=(3, 3))
    _, slope, _ = program(*given)
    h = 1e-6
    for place in np.ndindex(2, 3):
        ends = []
        for sign in (1, -1):
            moved = given[1].copy()
            moved[place] += sign * h
            ends.append(program(given[0], moved, given[2])[0])
        assert slope[place] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6)
