"""Vanishing and exploding gradients: against mpmath, NumPy's singular values and closed forms."""

from __future__ import annotations

import json

import mpmath
import numpy as np
import pytest

import symgraph as sg
from phenomena.numbers import NUMBERS
from symgraph.zoo import gates


def test_a_chain_of_logistic_units_has_the_slope_that_mpmath_finds():
    def chain(x):
        for _ in range(7):
            x = 1 / (1 + mpmath.exp(-x))
        return x

    with mpmath.workdps(40):
        slope = mpmath.diff(chain, mpmath.mpf("0.3"))

    table = sg.phenomena.gradients_by_depth({"σ": sg.sigmoid}, [7], start=0.3)

    assert table["σ"] == [pytest.approx(float(slope), rel=1e-12)]
    assert table["σ at most"] == [0.25**7]


def test_the_chains_of_the_lecture_vanish_and_stay():
    table = sg.phenomena.gradients_by_depth(depths=[20, 5])

    wanted = NUMBERS["S4-38"]["expect"]
    assert table["L"] == [5, 20]
    for name, key in (("tanh(v/2)", "plain"), ("v + tanh(v/2)", "residual")):
        assert table[name] == pytest.approx([wanted[f"{key}{n}"][1] for n in (5, 20)], rel=1e-9)
    assert table["ReLU(v)"] == [1.0, 1.0]
    assert "tanh(v/2): the gradient vanishes" in str(table)
    assert "v + tanh(v/2): the gradient stays at 4.988" in str(table)


def test_layers_of_several_units_have_the_norm_of_the_product_of_their_jacobians():
    W = np.array([[0.5, -0.3, 0.2], [0.1, 0.9, -0.4], [0.7, 0.2, 0.3]])
    at = np.array([0.2, -0.1, 0.4])
    product, v = np.eye(3), at
    for _ in range(4):
        v = np.tanh(W @ v)
        product = np.diag(1 - v**2) @ W @ product

    table = sg.phenomena.gradients_by_depth({"layer": lambda v: sg.tanh(sg.const(W) @ v)}, [4], at)

    assert table["layer"] == [pytest.approx(np.linalg.norm(product, 2), rel=1e-12)]


def test_the_units_of_the_lecture_forget_and_remember_their_first_input():
    table = sg.phenomena.gradients_over_time(times=[1, 10, 50, 100])

    wanted = NUMBERS["S0-41"]["expect"]
    times = ("1", "10", "50", "100")
    assert table["tanh(0.8 h + x)"] == pytest.approx([wanted["rnn"][t] for t in times], rel=1e-8)
    assert table["LSTM, forget bias 5"] == pytest.approx(
        [wanted["lstm"][t] for t in times], rel=1e-8
    )
    assert table["1.1 h + x"] == pytest.approx([1.1**t for t in (0, 9, 49, 99)], rel=1e-12)


def test_any_recurrence_is_followed():
    x, U, W = sg.input("x", ("T", 1)), sg.parameter("U", (2, 1)), sg.parameter("W", (2, 2))
    run = sg.scan(lambda s, x: sg.tanh(U @ x + W @ s), sg.zeros(2), x)
    u, w = np.array([[0.5], [-1.0]]), np.array([[0.8, -0.5], [0.3, 0.9]])
    seen = np.array([[0.4], [-0.2], [0.1]])
    s, product = np.zeros(2), None
    for entry in seen:
        s = np.tanh(u @ entry + w @ s)
        slope = np.diag(1 - s**2)
        product = slope @ u if product is None else slope @ w @ product

    found = sg.phenomena.gradients_over_time(
        {"tanh": (run, {"x": seen, "U": u, "W": w})}, [3], by="x"
    )

    assert found["tanh"] == [pytest.approx(np.linalg.norm(product, 2), rel=1e-12)]


@pytest.mark.parametrize(("factor", "key"), [(0.9, "orth09_norm_50"), (1.1, "orth11_norm_50")])
def test_an_orthogonal_step_shrinks_or_grows_by_its_norm_every_time(factor, key):
    Q = np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 1.5)[0]
    run = sg.scan(lambda s: sg.const(factor * Q) @ s, sg.ones(3), length=50)

    table = sg.phenomena.step_norms(run)

    assert table["‖step‖"] == pytest.approx([factor] * 50, rel=1e-12)
    assert table["‖product of steps‖"][-1] == pytest.approx(
        NUMBERS["S1-15"]["expect"][key], rel=1e-9
    )


def test_steps_above_one_need_not_explode():
    given = NUMBERS["S1-15"]["expect"]
    W = sg.const([[0.0, given["nilpotent_gamma"]], [0.0, 0.0]])

    table = sg.phenomena.step_norms(sg.scan(lambda s: W @ s, sg.ones(2), length=2))

    assert table["‖step‖"] == [given["nilpotent_gamma"]] * 2
    assert table["‖product of steps‖"][-1] == given["nilpotent_W2_norm"] == 0


def test_layers_are_followed_from_the_last_one_back():
    x = sg.input("x", 2)
    A, B = np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([[2.0, 0.0], [1.0, 1.0]])
    h1 = sg.const(A) @ x
    h2 = sg.const(B) @ h1

    table = sg.phenomena.step_norms([x, h1, h2], {"x": [1.0, 1.0]})

    norms = [np.linalg.norm(M, 2) for M in (B, A)]
    assert table["‖step‖"] == pytest.approx(norms)
    assert table["‖product of steps‖"] == pytest.approx([norms[0], np.linalg.norm(B @ A, 2)])
    assert table["product of ‖steps‖"] == pytest.approx([norms[0], norms[0] * norms[1]])


def test_the_cell_of_an_lstm_keeps_what_its_gates_keep():
    given = NUMBERS["S0-46"]["inputs"]
    hidden, wide = np.shape(given["W"]["f"])
    values = {name: given[name] for name in ("x", "h0", "C0")} | {
        f"{kind}_{gate}": given[kind][gate] for kind in "Wb" for gate in "fiCo"
    }

    table = sg.phenomena.belt(gates.lstm(hidden, wide - hidden).run, values)

    kept = np.prod(NUMBERS["S2-05"]["expect"]["f"], axis=0)
    assert table["along C"][-1] == pytest.approx(max(kept), rel=1e-9)
    whole = np.linalg.norm(NUMBERS["S2-05b"]["expect"]["J"], 2)
    assert table["all ways"][-1] == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: p.gradients_by_depth({}), sg.RangeError, "there are no layers"),
        (lambda p: p.gradients_by_depth(depths=[0]), sg.RangeError, "depths has 0; write whole"),
        (lambda p: p.gradients_by_depth(depths=[2.5]), sg.KindError, r"depths has 2\.5"),
        (lambda p: p.gradients_over_time(times=[]), sg.RangeError, "times is empty"),
        (
            lambda p: p.gradients_by_depth({"wide": lambda v: sg.stack([v, v])}),
            sg.ShapeError,
            r"layer 'wide' makes shape \(2,\) of \(\)",
        ),
        (
            lambda p: p.gradients_over_time(
                {"short": (sg.scan(lambda h: h / 2, sg.ones(1), length=3), {})}, [4]
            ),
            sg.RangeError,
            "T = 4, and short has 3 steps",
        ),
    ],
)
def test_a_wrong_question_says_what_to_write(call, error, message):
    with pytest.raises(error, match=message):
        call(sg.phenomena)


def test_a_table_is_data_text_and_a_picture(tmp_path):
    table = sg.phenomena.gradients_by_depth(depths=range(1, 41))

    assert len(table) == 40
    assert table.rows[0]["L"] == 1
    assert json.loads(json.dumps(table.to_dict()))["columns"]["L"][-1] == 40
    assert "⋮" in str(table)
    assert "⋮" not in table.text(limit=None)
    with pytest.raises(sg.UnknownNameError, match=r"no column 'ReLU'\. Did you mean 'ReLU"):
        table["ReLU"]
    for suffix in (".svg", ".png", ".pdf"):
        table.plot(tmp_path / f"depth{suffix}")
        assert (tmp_path / f"depth{suffix}").stat().st_size > 1000
    assert len(table.plot().axes[0].lines) == 6


def test_without_matplotlib_a_plot_says_in_one_line_what_to_install(monkeypatch):
    table = sg.phenomena.gradients_by_depth(depths=[1])
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)

    with pytest.raises(sg.UnsupportedError, match=r"pip install 'symgraph\[plot\]'") as raised:
        table.plot()
    assert "\n" not in str(raised.value)
