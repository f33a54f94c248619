"""Optimizers and error surfaces: against NumPy's recursions and mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import symgraph as sg
from phenomena.numbers import NUMBERS
from symgraph.zoo import recurrent

x, y = sg.input("x"), sg.input("y")
QUADRATIC = (10 * x**2 + y**2) / 2


@pytest.fixture(scope="module")
def compared():
    return sg.phenomena.compare_optimizers(QUADRATIC, {"x": 1.0, "y": 1.0}, steps=(1, 10, 100))


def places(table, name):
    return {row["step"]: [row["x"], row["y"]] for row in table.rows if row["optimizer"] == name}


@pytest.mark.parametrize("name", ["SGD", "momentum", "Adagrad", "RMSprop", "Adam"])
def test_the_methods_are_where_the_lecture_computes_them(compared, name):
    wanted = NUMBERS["S4-47"]["expect"][name.lower()]
    for step, place in places(compared, name).items():
        assert place == pytest.approx(wanted[str(step)], rel=1e-8, abs=1e-12)


def test_nesterov_shows_the_point_that_lies_ahead_of_the_lectures(compared):
    at, v = np.ones(2), np.zeros(2)
    for step in range(1, 101):
        v = 0.9 * v - 0.01 * np.array([10.0, 1.0]) * (at + 0.9 * v)
        at = at + v
        if step in (1, 10, 100):
            assert places(compared, "Nesterov")[step] == pytest.approx(at + 0.9 * v, rel=1e-9)
    assert at == pytest.approx(NUMBERS["S4-47"]["expect"]["nesterov"]["100"], rel=1e-8)


def test_the_loss_stands_beside_the_place(compared):
    for row in compared.rows:
        assert row["loss"] == pytest.approx(5 * row["x"] ** 2 + row["y"] ** 2 / 2, rel=1e-12)
    assert "SGD: the smallest loss after 100 steps" not in compared.notes[0]
    best = min(compared["loss"][2::3])
    assert compared.notes[0].startswith(compared["optimizer"][compared["loss"].index(best)])


def test_vectors_move_too_and_what_is_given_stays():
    W, t = sg.parameter("W", 3), sg.input("t", 3)
    table = sg.phenomena.compare_optimizers(
        sg.squared_norm(W - t), {"W": [0.0, 0.0, 0.0]}, {"one": sg.optim.SGD(0.5)}, [1],
        values={"t": [1.0, -2.0, 3.0]},
    )  # fmt: skip

    assert table["W"] == [[1.0, -2.0, 3.0]]
    assert len(table.plot().axes[0].lines) == 1


@pytest.mark.parametrize(("w", "T"), [(6, 50), (5, 50), (7, 50), (6, 13)])
def test_the_gradient_at_the_wall_is_the_one_of_mpmath(w, T):
    def loss(weight):
        state = mpmath.mpf("0.5")
        for _ in range(T):
            state = weight / (1 + mpmath.exp(-state)) + b
        return (1 / (1 + mpmath.exp(-state)) - mpmath.mpf("0.7")) ** 2

    with mpmath.workdps(60):
        b = mpmath.mpf("0.5") - w / (1 + mpmath.exp(-mpmath.mpf("0.5")))
        slope = float(mpmath.diff(loss, w))
        b = float(b)

    net = recurrent.wall(T).loss
    found = sg.evaluate(sg.grad(net, sg.parameter("w")), {"w": float(w), "b": b})

    # The rounding of b is amplified as much as a change of it: 1e-16 * 1.65**50 for w = 7.
    assert float(found) == pytest.approx(slope, rel=1e-5 if w < 7 else 1e-3)
    if T == 50:
        stored = NUMBERS["S3-03"]["expect"][f"w={w}"]
        assert slope == pytest.approx(stored["dE_dw_at_wall"], rel=1e-5)


def test_a_wall_thinner_than_the_grid_is_found():
    loss = recurrent.wall().loss
    table = sg.phenomena.error_surface(loss, {"w": (5.9, 6.1), "b": (-3.6, -2.8)}, points=9)

    length = float(table.notes[0].split("longest, ")[1].split(",")[0])
    assert length > 1e5
    assert max(table["|grad|"]) < 10
    k = table["w"].index(5.9)
    state = 0.5
    for _ in range(50):
        state = 5.9 / (1 + np.exp(-state)) - 3.6
    assert table["E"][k] == pytest.approx((1 / (1 + np.exp(-state)) - 0.7) ** 2, rel=1e-9)


def test_on_a_smooth_surface_the_longest_gradient_is_at_a_corner():
    table = sg.phenomena.error_surface(QUADRATIC, {"x": (-1, 1), "y": (-2, 2)}, points=5)

    assert len(table) == 25
    assert max(table["|grad|"]) == pytest.approx(np.hypot(10, 2))
    assert "10.2" in table.notes[0]


def test_clipping_keeps_an_optimizer_at_the_foot_of_the_wall():
    loss = recurrent.wall(12).loss
    given = {"plain": sg.optim.SGD(0.1), "clipped": sg.optim.SGD(0.1, clip_norm=0.1)}

    table = sg.phenomena.compare_optimizers(loss, {"w": 6.0, "b": -3.0}, given, (0, 50))

    start, plain, _, clipped = table["loss"]
    assert plain > start > 2 * clipped
    assert table.notes == ("clipped: the smallest loss after 50 steps.",)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda p: p.compare_optimizers(QUADRATIC, {"z": 1.0}),
            sg.UnknownNameError,
            "'z' is no variable; there are x, y",
        ),
        (
            lambda p: p.compare_optimizers(QUADRATIC, {"x": 1.0}),
            sg.UnknownNameError,
            "y has no value",
        ),
        (
            lambda p: p.compare_optimizers(QUADRATIC, {"x": 1, "y": 1}, {}),
            sg.RangeError,
            "no optimizers",
        ),
        (
            lambda p: p.compare_optimizers(sg.stack([x, y]), {"x": 1.0}),
            sg.GradientError,
            "give one number",
        ),
        (
            lambda p: p.error_surface(QUADRATIC, {"x": (0, 1)}),
            sg.RangeError,
            "spans of two single numbers",
        ),
        (
            lambda p: p.error_surface(QUADRATIC, {"x": (0, 1), "y": (0, 1)}, points=1),
            sg.RangeError,
            "points=1; write",
        ),
    ],
)
def test_a_wrong_question_says_what_to_write(call, error, message):
    with pytest.raises(error, match=message):
        call(sg.phenomena)


def test_ways_and_surfaces_are_drawn(compared, tmp_path):
    panel = compared.plot(tmp_path / "ways.svg").axes[0]
    assert [text.get_text() for text in panel.get_legend().get_texts()] == [
        "SGD", "momentum", "Nesterov", "Adagrad", "RMSprop", "Adam",
    ]  # fmt: skip
    low, high = panel.get_xlim()
    assert low < -0.58 < 1.0 < high

    surface = sg.phenomena.error_surface(QUADRATIC, {"x": (-1, 1), "y": (-2, 2)}, points=5)
    surface.plot(tmp_path / "surface.png")
    assert (tmp_path / "surface.png").read_bytes()[1:4] == b"PNG"
