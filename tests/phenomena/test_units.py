"""Units, counts and piecewise linear nets: against NumPy, Fractions and hand counts."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, strategies as st

import symgraph as sg
from phenomena.numbers import NUMBERS
from symgraph.zoo import convolution, deep, gates, networks, recurrent, units


def test_a_triangle_is_bounded_by_the_lines_of_its_hidden_units():
    points = NUMBERS["S4-09"]["inputs"]["points"]
    table = sg.phenomena.decision_lines(units.triangle(), spans=((-1, 2), (-1, 2)))

    lines = np.array([[row["x₁"], row["x₂"], row["b"]] for row in table.rows])
    sides = np.column_stack([points, np.ones(len(points))]) @ lines.T >= -1e-12
    assert sides.astype(int).tolist() == NUMBERS["S4-09"]["expect"]["hidden"]
    assert len(table.plot().axes[0].lines) == 3


def test_a_truth_table_shows_the_hidden_units_and_the_answer():
    points = np.array(NUMBERS["S4-09"]["inputs"]["points"])
    given_points = {"x1": points[:, 0].tolist(), "x2": points[:, 1].tolist()}

    table = sg.phenomena.truth_table(units.triangle(), given_points, of=["h1", "h2", "h3"])

    rows = [[row["h₁"], row["h₂"], row["h₃"]] for row in table.rows]
    assert rows == NUMBERS["S4-09"]["expect"]["hidden"]
    assert table["y"] == NUMBERS["S4-09"]["expect"]["out"]
    assert len(table.plot().axes[0].texts) == 30


@given(st.integers(1, 5), st.integers(0, 1000))
def test_the_lines_of_a_trained_layer_are_its_weights(hidden, seed):
    rng = np.random.default_rng(seed)
    x, W, b = sg.input("x", ("N", 2)), sg.parameter("W", (2, hidden)), sg.parameter("b", hidden)
    v = sg.parameter("v", hidden)
    net = sg.let("h", sg.tanh(x @ W + b)) @ v
    values = {"W": rng.normal(size=(2, hidden)), "b": rng.normal(size=hidden), "v": np.ones(hidden)}

    table = sg.phenomena.decision_lines(net, values)

    found = np.array([[row["x₁"], row["x₂"]] for row in table.rows])
    np.testing.assert_allclose(found, values["W"].T, atol=1e-12)
    np.testing.assert_allclose(table["b"], values["b"], atol=1e-12)
    assert len(table.plot().axes[0].lines) == hidden


def test_as_many_rectified_units_are_active_as_the_lecture_counts():
    inputs, wanted = NUMBERS["S0-13"]["inputs"], NUMBERS["S0-13"]["expect"]
    X, W = sg.input("X", ("N", 4)), sg.parameter("W", (5, 4))
    net = X @ W.T + inputs["b"]
    both = sg.sum(sg.let("r", sg.relu(net))) + sg.sum(sg.let("s", sg.sigmoid(net)))

    table = sg.phenomena.active_fractions(both, {"X": inputs["X"], "W": inputs["W"]})

    assert table["active"] == [wanted["active"], wanted["total"]]
    assert table["fraction"] == [wanted["active_fraction"], wanted["sigmoid_active_fraction"]]
    assert table["slope 0"] == [pytest.approx(1 - wanted["active_fraction"]), 0.0]
    net = np.array(inputs["X"]) @ np.array(inputs["W"]).T + inputs["b"]
    assert table["dead"] == [int((net <= 0).all(axis=0).sum()), 0]
    assert len(table.plot().axes[0].patches) == 4


def test_units_without_a_name_are_numbered():
    x = sg.input("x", ("N", 2))
    net = sg.sigmoid(sg.tanh(x @ sg.parameter("W", (2, 3))) @ sg.parameter("v", 3))
    values = {"W": np.eye(2, 3), "v": np.ones(3)}

    lines = sg.phenomena.decision_lines(net, values)
    active = sg.phenomena.active_fractions(sg.sum(net), {**values, "x": [[1.0, -1.0]]})

    assert lines["unit"] == ["tanh 1[0]", "tanh 1[1]", "tanh 1[2]"]
    assert dict(zip(active["layer"], active["active"], strict=True)) == {
        "tanh 1": 1, "sigmoid 1": 1,
    }  # fmt: skip


def test_a_dead_unit_is_counted():
    z = sg.input("z", ("N", 3))
    loss = sg.sum(sg.let("h", sg.relu(z)))

    table = sg.phenomena.active_fractions(loss, {"z": [[1.0, -1.0, 0.0], [-2.0, -3.0, 5.0]]}, ["h"])

    assert (table["active"], table["dead"]) == ([2], [1])


def test_connections_are_counted_without_being_made():
    side, units_, field = 1000, 10**6, 10
    image = sg.input("image", side * side)
    full = sg.parameter("W", (units_, side * side)) @ image
    local = sg.sum(sg.parameter("W", (units_, field * field)))
    shared = sg.conv2d(sg.input("X", (side, side)), sg.parameter("K", (field, field)))

    table = sg.phenomena.count_parameters({"full": full, "local": local, "shared": shared})

    assert table["numbers"] == [
        NUMBERS["S0-32"]["expect"]["weights"],
        NUMBERS["S0-33"]["expect"]["weights"],
        NUMBERS["S0-34"]["expect"]["weights"],
    ]
    assert list(shared.shape) == NUMBERS["S0-34"]["expect"]["valid_output"]
    assert table.plot().axes[0].get_xscale() == "log"


def test_gated_cells_have_the_numbers_of_the_lecture():
    wanted = NUMBERS["S2-08"]["expect"]
    nets = {
        "rnn": recurrent.rnn(3, 2), "lstm": gates.lstm(3, 2),
        "coupled": gates.lstm(3, 2, coupled=True), "gru": gates.gru(3, 2),
        "peephole": gates.lstm(3, 2, peepholes="fio"),
    }  # fmt: skip

    table = sg.phenomena.count_parameters(nets)

    assert table["numbers"] == [wanted["n3_d2"][name] for name in nets]
    large = sg.phenomena.count_parameters({"lstm": gates.lstm(128, 64), "gru": gates.gru(128, 64)})
    assert large["numbers"] == [wanted["n128_d64"][name] for name in ("lstm", "gru")]


def test_parameters_of_a_loop_do_not_depend_on_its_length():
    wanted = NUMBERS["S1-02"]["expect"]
    for steps in (1, 4, 1000):
        net = recurrent.sequence_classifier(wanted["n"], wanted["m"], wanted["k"], steps)
        assert sum(sg.phenomena.count_parameters(net)["numbers"]) == wanted["params"]


def test_a_deep_autoencoder_has_as_many_numbers_as_its_machines():
    wanted = NUMBERS["S4-44"]["expect"]
    table = sg.phenomena.count_parameters(deep.deep_autoencoder((2000, 500, 250, 125, 2)))

    assert sum(table["numbers"]) == wanted["total"]
    assert table.notes == (f"{wanted['total']} numbers in 16 parameters.",)
    weights = [row["numbers"] for row in table.rows if row["name"][0] in "WV"]
    assert sum(weights) == wanted["all_weights"]


def test_the_parameters_of_kernels_depend_on_the_kernels_only():
    wanted = NUMBERS["S0-37"]["expect"]
    for size in (5, 50):
        net = convolution.conv_classifier(size, maps=8, kernel=3, window=1, classes=1)
        counted = dict(
            zip(*(sg.phenomena.count_parameters(net)[c] for c in ("name", "numbers")), strict=True)
        )
        assert counted["K"] == wanted["k3_c1_f8"]
        assert counted["K"] + counted["b_K"] == wanted["k3_c1_f8_bias"]


def test_a_model_is_counted_as_its_loss_is():
    x = sg.input("x", ("N", 3))
    model = sg.Model(sg.mean(sg.nn.dense(x, 4, "d") ** 2), [x])

    assert sum(sg.phenomena.count_parameters(model)["numbers"]) == 3 * 4 + 4


def test_sizes_with_names_are_counted_as_formulas():
    (count,) = sg.phenomena.count_parameters(sg.sum(sg.parameter("W", ("n", 3))))["numbers"]

    assert str(count) == "3*n"


def test_six_relus_have_the_pieces_and_the_errors_of_the_lecture():
    wanted = NUMBERS["S4-13"]["expect"]
    net = networks.six_relus()

    pieces = sg.phenomena.linear_pieces(net, (-2, 2))
    assert pieces["slope"] == pytest.approx(wanted["slopes"], abs=1e-10)
    assert pieces["to"][:-1] == pytest.approx(wanted["knots"], rel=1e-12)

    spans = [tuple(map(float, key.strip("[]").split(","))) for key in wanted["max_error"]]
    table = sg.phenomena.approximation_error(net, lambda x: x**3 + x**2 - x - 1, spans)
    for row, known in zip(table.rows, wanted["max_error"].values(), strict=True):
        assert row["error"] == pytest.approx(known["max_abs_error"], rel=1e-9)
        assert row["at"] == pytest.approx(known["at"], rel=1e-9)
    assert len(table.plot().axes) == 2


def test_the_largest_error_inside_a_piece_is_found_exactly():
    x = sg.input("x")
    # |x|^3 - |x| is largest where 3 x² = 1, which no knot tells.
    table = sg.phenomena.approximation_error(sg.abs(x), lambda x: x**3, [(0, 1)])

    assert table["at"] == pytest.approx([1 / 3**0.5], rel=1e-10)
    assert table["error"] == pytest.approx([2 / 27**0.5], rel=1e-10)


def test_a_target_that_is_no_polynomial_is_bisected():
    zero = sg.relu(sg.input("x")) * 0
    table = sg.phenomena.approximation_error(zero, sympy.sin, [(0, 3), (3, 4)])

    assert table["error"] == pytest.approx([1.0, -np.sin(4)], rel=1e-10)
    assert table["at"] == pytest.approx([np.pi / 2, 4.0], rel=1e-9)


@given(st.lists(st.tuples(*[st.integers(-4, 4)] * 3), min_size=1, max_size=5))
def test_any_sum_of_relus_has_the_knots_that_fractions_give(rows):
    x = sg.input("x")
    net = sum(c * sg.relu(a * x + b) for a, b, c in rows)
    knots = {Fraction(-b, a) for a, b, c in rows if a and c and -2 < Fraction(-b, a) < 2}
    bent = sorted(
        knot for knot in knots
        if sum(abs(a) * c for a, b, c in rows if a and Fraction(-b, a) == knot)
    )  # fmt: skip

    table = sg.phenomena.linear_pieces(net, (-2, 2))

    assert table["to"][:-1] == pytest.approx([float(knot) for knot in bent], abs=1e-9)


def test_a_deep_net_of_vectors_is_cut_where_it_bends():
    rng = np.random.default_rng(3)
    W1, b1, W2, b2 = (rng.normal(size=s) for s in ((4, 1), (4,), (3, 4), (3,)))
    x = sg.input("x", 1)
    net = sg.sum(sg.relu(sg.const(W2) @ sg.relu(sg.const(W1) @ x + sg.const(b1)) + sg.const(b2)))

    table = sg.phenomena.linear_pieces(net, (-3, 3))

    def value(at):
        return np.maximum(W2 @ np.maximum(W1 @ np.array([at]) + b1, 0) + b2, 0).sum()

    for row in table.rows:
        for at in np.linspace(row["from"], row["to"], 5):
            line = row["slope"] * at + row["intercept"]
            assert line == pytest.approx(value(at), abs=1e-9)
    slopes = np.diff([value(at) for at in np.linspace(-3, 3, 20001)]) / (6 / 20000)
    changes = np.abs(np.diff(slopes)) > 1e-6
    runs = np.sum(changes[1:] & ~changes[:-1]) + changes[0]
    assert len(table) == runs + 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda p: p.linear_pieces(sg.tanh(sg.input("x")), (0, 1)),
            sg.UnsupportedError,
            r"tanh\(x\) is not piecewise linear",
        ),
        (
            lambda p: p.linear_pieces(sg.input("x") * sg.parameter("w"), (0, 1)),
            sg.UnsupportedError,
            "without a value are",
        ),
        (lambda p: p.linear_pieces(sg.input("x"), (1, 1)), sg.RangeError, r"the span \(1, 1\)"),
        (
            lambda p: p.approximation_error(sg.input("x"), lambda x: x, []),
            sg.RangeError,
            "there are no spans",
        ),
        (
            lambda p: p.decision_lines(networks.dense(3, 2, 1)),
            sg.UnsupportedError,
            "lines are drawn over two numbers",
        ),
        (
            lambda p: p.decision_lines(sg.let("h", sg.tanh(sg.input("a") * sg.input("b")))),
            sg.UnsupportedError,
            "unit h is no function of a sum",
        ),
        (
            lambda p: p.truth_table(units.xor(), {"x1": [0], "x2": [0, 1]}),
            sg.RangeError,
            r"lists of \[1, 2\] values",
        ),
        (
            lambda p: p.active_fractions(sg.input("x") + 1, {"x": 1.0}),
            sg.UnsupportedError,
            "no function of one operand",
        ),
        (lambda p: p.count_parameters({}), sg.RangeError, "there are no networks"),
    ],
)
def test_a_wrong_question_says_what_to_write(call, error, message):
    with pytest.raises(error, match=message):
        call(sg.phenomena)
