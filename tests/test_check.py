"""The numeric check: it agrees where derivatives are right and says so where they are not."""

from __future__ import annotations

import sys

import mpmath
import numpy as np
import pytest
import sympy

import symgraph as sg
from symgraph import scalar
from symgraph.dual import Dual, DualRun
from symgraph.sample import Sample, draw
from symgraph.scalar import slot

X, W = sg.input("X", ("N", 3)), sg.parameter("W", (3, 2))
ids = sg.input("ids", "N", kind="integer")
A, b = sg.input("A", (3, 3)), sg.input("b", 3)
img, K = sg.input("img", ("N", 2, 6, 6)), sg.parameter("K", (3, 2, 3, 3))


@pytest.mark.parametrize(
    "expr",
    [
        sg.cross_entropy(sg.relu(X @ W), ids),
        sg.sum(sg.max_pool2d(sg.relu(sg.conv2d(img, K)), 2)),
        sg.logsumexp(X, axis=1),
        sg.prod(X, axis=0),
        sg.sum(sg.inv(A)) + sg.logdet(A) + sg.det(A) + sg.sum(sg.solve(A, b)),
        sg.gelu(X) * sg.erf(X) + sg.softplus(X),
        sg.concat([X, X[:, 1:]], axis=1)[:, ::2],
        sg.sqrt(X) + sg.log(X),
        sg.where(X > 0, sg.tanh(X), X**3),
        sg.take(W, sg.input("rows", 5, kind="integer")),
    ],
    ids=str,
)
def test_right_derivatives_agree(expr):
    report = sg.check(expr)

    assert report.ok, str(report)
    assert max(row.difference for row in report.rows) < 1e-8


def test_a_loop_agrees():
    x, U = sg.input("x", ("T", 2)), sg.parameter("U", (2, 2))
    run = sg.scan(lambda h, x: sg.tanh(h @ U + x), sg.zeros(2), x)

    assert sg.check(sg.sum(run.states**2)).ok


@pytest.fixture
def wrong_square():
    yield scalar.pointwise("wrong_square", slot(0) ** 2, [slot(0)])(slot(0))
    del scalar.functions["wrong_square"]


def test_a_wrong_derivative_is_found_and_named(wrong_square):
    x, y = sg.input("x"), sg.input("y")
    report = sg.check(sg.apply(wrong_square, x) + y, values={"x": 3.0, "y": 1.0})

    assert not report.ok
    assert [row.ok for row in report.rows] == [False, True]
    assert (report.rows[0].symbolic, report.rows[0].dual) == (3.0, 6.0)
    assert report.rows[0].quotient == pytest.approx(6.0)
    assert "DIFFER in x: largest relative difference 4.3e-01" in str(report)


def test_the_table_shows_the_three_derivatives_side_by_side():
    w, x = sg.parameter("w"), sg.input("x", 2)
    report = sg.check(w * sg.sum(x), values={"w": 2.0, "x": [1.0, 4.0]})

    lines = str(report).splitlines()
    assert lines[0].split() == ["variable", "entry", "symbolic", "quotient", "dual", "difference"]
    assert lines[1].split()[:4] == ["w", "5", "5", "5"]
    assert lines[2].split()[:5] in (["x", "[0]", "2", "2", "2"], ["x", "[1]", "2", "2", "2"])
    assert lines[3].startswith("agree: 3 entries, largest relative difference")
    assert report.to_dict()["rows"][0]["name"] == "w"


def test_at_a_kink_the_report_says_that_quotients_mean_nothing():
    x = sg.input("x")
    report = sg.check(sg.relu(x), values={"x": 0.0})

    assert report.nearest_kink == 0.0
    assert "a kink is only 0.0e+00 away" in str(report)


def test_near_a_kink_the_quotients_take_smaller_steps():
    x = sg.input("x")
    bent = sg.exp(x) * sg.relu(x - 0.5)
    report = sg.check(bent, values={"x": 0.5004})

    assert report.ok
    assert report.rows[0].quotient == pytest.approx(float(mpmath.exp(0.5004)) * 1.0004, abs=1e-8)
    assert "; with steps down to 3e-05, as a kink is only 4.0e-04 away" in str(report)
    assert sg.check(bent, values={"x": 0.6}).step == 1e-3


def test_a_wrong_derivative_near_a_kink_is_reported_with_the_first_step(wrong_square):
    x = sg.input("x")
    near = sg.relu(sg.apply(wrong_square, x) - 9.0)
    report = sg.check(near, values={"x": 3.00005})

    assert (report.ok, report.rows[0].ok) == (False, False)
    assert report.rows[0].dual == pytest.approx(6.0001)
    assert "DIFFER in x: largest relative difference" in str(report)


def test_drawn_values_that_lie_at_a_kink_are_drawn_anew(monkeypatch):
    x, y = sg.input("x"), sg.input("y")

    def drawn(roots, seed, given, dims):
        values = {x: np.asarray(float(seed)), y: np.asarray(2.0), **given}
        return Sample(values, dict(dims), abs(float(values[x])))

    monkeypatch.setattr(sys.modules["symgraph.check"], "draw", drawn)
    report = sg.check(sg.relu(x) * y)
    assert (report.ok, report.seed) == (True, 1)
    assert not sg.check(sg.relu(x) * y, values={"x": 0.0}).ok
    assert "a kink is only 0.0e+00 away" in str(sg.check(sg.relu(x), values={"x": 0.0}))


def test_random_values_keep_away_from_kinks():
    x = sg.input("x", 4)
    for seed in range(200):
        found = draw([sg.sum(sg.abs(x) + sg.maximum(x, 0.5) + sg.floor(x))], seed)
        values = found.values[x]
        assert found.nearest_kink > 1e-3
        gaps = [np.abs(values), np.abs(values - 0.5), np.abs(values - np.rint(values))]
        assert min(gap.min() for gap in gaps) == pytest.approx(found.nearest_kink)


def test_symbolic_sizes_become_numbers_that_differ_from_all_others():
    x = sg.input("x", ("M", 3, "N"))
    dims = draw([sg.sum(x)]).dims

    assert sorted(dims.values()) == [4, 5]


def test_class_ids_are_drawn_inside_the_axis_that_they_address():
    z, y = sg.input("z", (50, 3)), sg.input("y", 50, kind="integer")
    values = draw([sg.cross_entropy(z, y)]).values

    assert set(values[y].tolist()) == {0, 1, 2}


def test_a_stopped_gradient_counts_as_a_constant():
    x = sg.input("x", 3)
    report = sg.check(sg.sum(x * sg.stop_gradient(x**2)), values={"x": [1.0, 2.0, 3.0]})

    assert report.ok
    row = report.rows[0]
    assert row.symbolic == [1.0, 4.0, 9.0][row.index[0]]


def test_only_so_many_entries_of_a_large_array_are_compared():
    x = sg.input("x", (40, 50))

    assert sg.check(sg.sum(x**2), entries=7).rows[0].entries == 7


def test_values_and_variables_can_be_chosen():
    w, x = sg.parameter("w"), sg.input("x")
    report = sg.check(sg.sin(w * x), wrt="w", values={"x": 2.0})

    assert [row.name for row in report.rows] == ["w"]


def test_an_expression_without_finite_values_is_refused():
    x = sg.input("x")
    with pytest.raises(sg.NonFiniteError, match=r"no finite value of .* was found"):
        sg.check(sg.log(-1 - x**2))


def test_what_has_no_gradient_is_refused():
    x = sg.input("x")
    with pytest.raises(sg.GradientError, match="the expression is boolean"):
        sg.check(x > 0)
    with pytest.raises(sg.UnknownNameError, match="q is no variable of the expression"):
        sg.check(sg.sin(x), wrt="q")


ELEMENTARY = {
    "exp": (mpmath.exp, 0.4), "log": (mpmath.log, 0.7), "sin": (mpmath.sin, 0.4),
    "cos": (mpmath.cos, 0.4), "tan": (mpmath.tan, 0.4), "asin": (mpmath.asin, 0.4),
    "acos": (mpmath.acos, 0.4), "atan": (mpmath.atan, 0.4), "sinh": (mpmath.sinh, 0.4),
    "cosh": (mpmath.cosh, 0.4), "tanh": (mpmath.tanh, 0.4), "asinh": (mpmath.asinh, 0.4),
    "acosh": (mpmath.acosh, 1.7), "atanh": (mpmath.atanh, 0.4), "erf": (mpmath.erf, 0.4),
    "erfc": (mpmath.erfc, 0.4), "sqrt": (mpmath.sqrt, 0.4),
}  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTARY)
def test_dual_numbers_know_the_derivative_of_every_elementary_function(name):
    function, place = ELEMENTARY[name]
    x = sg.input("x")
    y = sg.apply(getattr(sympy, name)(slot(0)), x)
    found = DualRun([y], {x: Dual(np.asarray(place), np.asarray(1.0))}, {})[y]

    assert float(found.value) == pytest.approx(float(function(place)), rel=1e-14)
    assert float(found.rate) == pytest.approx(float(mpmath.diff(function, place)), rel=1e-12)


def test_dual_numbers_know_powers_and_angles():
    x, y = sg.input("x"), sg.input("y")
    power, angle = x**y, sg.arctan2(x, y)
    given = {x: Dual(np.asarray(1.3), np.asarray(1.0)), y: Dual(np.asarray(0.6), np.asarray(2.0))}
    run = DualRun([power, angle], given, {})

    along = mpmath.diff(lambda t: (1.3 + t) ** (0.6 + 2 * t), 0)
    turning = mpmath.diff(lambda t: mpmath.atan2(1.3 + t, 0.6 + 2 * t), 0)
    assert float(run[power].rate) == pytest.approx(float(along), rel=1e-12)
    assert float(run[angle].rate) == pytest.approx(float(turning), rel=1e-12)
