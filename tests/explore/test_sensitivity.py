"""What a change of one number does: predicted, and computed anew."""

from __future__ import annotations

import json

import numpy as np
import pytest

import symgraph as sg
from symgraph.zoo import scalars


def lecture() -> sg.Node:
    in1, in2, in3 = (sg.input(f"in{k}") for k in (1, 2, 3))
    return sg.let("out", 2 * in1 + in2 * in3)


AT = {"in1": 1.0, "in2": 2.0, "in3": 3.0}


def test_a_change_of_a_factor_is_passed_on_times_the_other_factor():
    found = sg.sensitivity(lecture(), AT)

    assert [row.derivative for row in found.rows] == [2.0, 3.0, 2.0]
    assert found["in2"].predicted == pytest.approx(0.003)
    assert found["in2"].actual == pytest.approx(0.0030000000000001137)
    assert str(found).splitlines() == [
        "out = 8",
        "value  ∂out/∂·      ε  predicted  actual  difference",
        "in₁          2  0.001      0.002   0.002           0",
        "in₂          3  0.001      0.003   0.003           0",
        "in₃          2  0.001      0.002   0.002           0",
    ]


def test_what_the_derivative_does_not_tell_is_shown():
    x = sg.input("x")
    row = sg.sensitivity(x**2, {"x": 3.0}, eps=0.1)["x"]

    assert (row.predicted, row.actual) == pytest.approx((0.6, 0.61))
    assert row.error == pytest.approx(0.01)


def test_entries_of_arrays_have_rows_of_their_own_and_the_largest_are_shown():
    w, x = sg.parameter("w", 3), sg.input("x", 3)
    values = {"w": [1.0, 2.0, 3.0], "x": [0.5, -2.0, 1.0]}
    found = sg.sensitivity(sg.let("y", w @ x), values, of="w")

    assert [row.title for row in found.rows] == ["w[0]", "w[1]", "w[2]"]
    assert [row.derivative for row in found.rows] == [0.5, -2.0, 1.0]
    one = sg.sensitivity(w @ x, values, of=("w", 1), eps=0.5)
    assert [row.actual for row in one.rows] == pytest.approx([-1.0])
    long = sg.input("long", 60)
    many = sg.sensitivity(sg.sum(long**2), {"long": np.arange(60.0)})
    assert (len(many.rows), many.further) == (50, 10)
    assert many.rows[0].derivative == 118.0
    assert str(many).endswith("10 further entries with smaller derivatives")


def test_a_named_value_is_changed_by_itself_and_so_are_all_its_uses():
    x = sg.input("x")
    inner = sg.sin(x)
    h = sg.let("h", inner)
    y = h * inner * x
    row = sg.sensitivity(y, {"x": 0.7}, of="h", eps=0.01)["h"]

    s = np.sin(0.7)
    assert row.derivative == pytest.approx(2 * s * 0.7)
    assert row.actual == pytest.approx(((s + 0.01) ** 2 - s**2) * 0.7)


def test_a_named_value_may_be_given_itself():
    h = sg.let("h", sg.tanh(sg.input("x", 2)))
    loss = sg.squared_norm(h - sg.input("y", 2))
    found = sg.sensitivity(loss, {"h": [0.5, 2.0], "y": [1.0, 1.0]}, of="h", eps=0.1)

    assert [row.derivative for row in found.rows] == pytest.approx([-1.0, 2.0])
    assert [row.actual for row in found.rows] == pytest.approx([-0.09, 0.21])


def test_data_and_words_follow_the_language():
    found = sg.sensitivity(scalars.sensitivity(), AT, of="in1", lang="zh")

    assert str(found).splitlines()[1].split() == [
        "变量",
        "∂out/∂·",
        "ε",
        "线性预测",
        "实际变化",
        "差",
    ]
    assert json.loads(json.dumps(found.to_dict()))["rows"][0]["name"] == "in1"


def test_requests_that_make_no_sense_are_refused():
    x, k = sg.input("x", 2), sg.input("k", kind="integer")
    values = {"x": [1.0, 2.0]}

    with pytest.raises(sg.GradientError, match=r"has shape \(2,\)"):
        sg.sensitivity(x * 2, values)
    with pytest.raises(sg.RangeError, match="changes nothing"):
        sg.sensitivity(sg.sum(x), values, eps=0)
    with pytest.raises(sg.KindError, match="is no number"):
        sg.sensitivity(sg.sum(x), values, eps="big")
    with pytest.raises(sg.RangeError, match=r"x\[5\] does not exist"):
        sg.sensitivity(sg.sum(x), values, of=("x", 5))
    with pytest.raises(sg.UnknownNameError, match="no value is called 'q'"):
        sg.sensitivity(sg.sum(x), values, of="q")
    with pytest.raises(sg.GradientError, match=r"k.* is integer"):
        sg.sensitivity(sg.sum(x) * k, {**values, "k": 2}, of="k")
    with pytest.raises(sg.ShapeError, match="x"):
        sg.sensitivity(sg.sum(x), {"x": 1.0})
