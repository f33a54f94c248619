"""Derivations of graphs as they come: every line of them holds, however odd the graph is."""

from __future__ import annotations

import numpy as np
import pytest
from random_graphs import random_case

import symgraph as sg
from symgraph.sample import draw
from symgraph.walks import variables

Size = tuple[int, int]

#: Graphs of which a line was once read or written wrongly: seed and size.
ODD: list[Size] = [
    (279, 14), (9, 14), (40, 14), (83, 14), (143, 14), (147, 14), (159, 14), (7, 14), (203, 14),
    (200, 14), (14, 6), (37, 6), (75, 6), (85, 6), (90, 6), (120, 6), (143, 6), (242, 6), (38, 10),
    (44, 20), (147, 20), (247, 14), (37, 25), (62, 25), (119, 25),
    (311, 14), (398, 14), (554, 10), (557, 10), (534, 17),
]  # fmt: skip


def derived(seed: int, size: int, vectors: str) -> sg.Derivation:
    loss = random_case(seed, size).outputs[3]
    sources = [one for one in sorted(variables([loss]), key=str) if one.kind == "real"]
    return sg.derive(loss, sources, vectors=vectors)


@pytest.mark.parametrize("vectors", ["column", "row"])
@pytest.mark.parametrize(("seed", "size"), ODD)
def test_no_line_of_an_odd_graph_is_found_to_be_wrong(seed, size, vectors):
    derived(seed, size, vectors).latex()


def test_a_column_that_is_written_as_a_row_has_the_derivative_of_a_column():
    W = sg.parameter("W", (4, 3))
    derivation = sg.derive(sg.sum(sg.tanh(sg.sum(W, axis=0))), W, vectors="column")
    assert "dL/d(W^T ones) = " in str(derivation)
    assert derivation.verified


def test_the_slope_of_an_elu_of_a_tensor_is_written_by_entries_of_its_value():
    t = sg.input("t", ("N", "M", 3))
    v = sg.let("v", sg.elu(t))
    derivation = sg.derive(sg.sum(sg.tanh(sg.sum(v, axis=1))), t)
    assert "(v[n,m,i] + 1)" in str(derivation.result)
    assert derivation.verified


def test_an_axis_of_one_entry_keeps_its_index_in_a_softmax():
    t = sg.input("t", (2, 3, 1))
    u = sg.let("u", sg.softmax(t, axis=2))
    derivation = sg.derive(sg.sum(u * t), t)
    assert derivation.verified
    assert "u[i,j,0] = exp(t[i,j,0])/exp(t[i,j,0])" in str(derivation)


def test_every_second_entry_of_a_vector_is_read_back_in_latex():
    v = sg.input("v", 5)
    derivation = sg.derive(sg.sum(sg.tanh(sg.let("u", v[::2]))), v)
    assert "v_{2i}" in derivation.latex()
    assert derivation.verified


def test_a_rolled_vector_is_given_by_entries_that_have_a_range_each():
    B = sg.parameter("B", (3, 2))
    derivation = sg.derive(sg.sum(sg.tanh(sg.roll(sg.prod(B, axis=1), 1, 0))), B)
    first = derivation.given[0].written("text")
    assert "[prod" not in first


def test_ones_are_no_digit_behind_another_factor():
    B = sg.parameter("B", (3, 2))
    derivation = sg.derive(sg.sum(sg.tanh(sg.sum(B, axis=1))), B)
    assert derivation.result.written("unicode") == "dL/dB = (1 − tanh(B 𝟏)²) 𝟏ᵀ"


@pytest.mark.parametrize("make", [
    lambda: (sg.parameter("I", (3, 3)), sg.input("k")),
    lambda: (sg.parameter("X", ("n", "n")), sg.input("I")),
    lambda: (sg.parameter("X", ("I", "I")), sg.input("k")),
])  # fmt: skip
@pytest.mark.parametrize("style", ["text", "unicode", "latex"])
def test_the_identity_is_not_written_I_where_something_else_is_called_so(make, style):
    X, k = make()
    result = sg.derive(k * sg.trace(sg.tanh(X)), X).with_style()
    assert result.verified
    diagonal = {"text": "diag(ones)", "unicode": "diag(𝟏)", "latex": r"(\mathbf{1})"}[style]
    assert diagonal in result.result.written(style)


def test_the_last_of_the_times_i_is_not_called_like_the_identity():
    t, k = sg.input("t"), sg.input("k")
    x, W = sg.input("x", (3, 2)), sg.parameter("W", (2, 2))
    s = sg.scan(lambda h, row: sg.tanh(W @ h + row), sg.zeros(2), x).final
    derivation = sg.derive(t * k * sg.sum(s) + sg.tanh(sg.trace(W)), W)
    assert derivation.verified
    assert "i = 2, ..., 1" in str(derivation)
    assert "\n  I = " not in str(derivation)


def test_a_whole_number_has_no_negative_zero():
    n, v = sg.input("n", 3, kind="integer"), sg.parameter("v", 3)
    below = sg.minimum(n, 0)  # nothing but 0 at the points of a proof
    assert sg.derive(sg.sum(sg.arctan2(0, -below) * v), v).verified


def test_points_are_drawn_off_the_ray_across_which_an_angle_jumps():
    y, x = sg.input("y"), sg.input("x")
    loss = sg.arctan2(y, x)
    assert draw([loss], given={y: np.asarray(0.25), x: np.asarray(-4.0)}).nearest_kink == 0.25
    assert draw([loss], given={y: np.asarray(3.0), x: np.asarray(4.0)}).nearest_kink == 5


def test_an_entry_of_a_squared_matrix_is_no_squared_entry():
    W, x = sg.parameter("W", (3, 3)), sg.parameter("x", (3, 2, 2))
    derivation = sg.derive(sg.sum(sg.tanh(sg.take(x, sg.argmax(W @ W, 0), 0))), x)
    assert derivation.verified
    assert "W[m,k]^2" not in str(derivation)
    assert "argmax_m sum_n W[m,n] W[n,k]" in derivation.result.written("text")


def test_columns_side_by_side_are_not_written_as_one_joined_column():
    W, u, x = sg.parameter("W", (2, 2)), sg.input("u", 2), sg.input("x", ("T", 2))
    h = sg.scan(lambda h, row: sg.tanh(W @ h + row), sg.zeros(2), x).final
    pair = sg.let("S", sg.stack([u, 2 * u], axis=-1))
    derivation = sg.derive(sg.sum(h) + sg.sum(sg.tanh(pair)), W)
    assert "S = [u^T; 2 u^T]^T" in str(derivation)
    assert derivation.verified


def test_a_function_stands_behind_the_power_of_the_same_name():
    t = sg.input("t")
    derivation = sg.derive(t**3 * sg.exp(-t), t)
    assert derivation.result.written("unicode") == "dL/dt = 3 t² exp(−t) − t³ exp(−t)"
