"""Values of nodes by name: what is checked before anything is computed."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import symgraph as sg


def test_values_are_given_by_name_by_node_or_by_symbol():
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2)
    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    expr = sg.sum(x @ w)

    assert sg.evaluate(expr, {"x": X, w: [1, -1]}) == pytest.approx(-3.0)
    assert sg.evaluate(expr, {x: X, sympy.Symbol("w"): [1, -1]}) == pytest.approx(-3.0)


def test_several_nodes_give_several_arrays():
    x = sg.input("x")

    found = sg.evaluate([x + 1, x * 2, 5], {"x": 3.0})
    assert [float(value) for value in found] == [4.0, 6.0, 5.0]


def test_a_named_value_may_be_given_and_nothing_below_it_is_needed():
    x = sg.input("x")
    h = sg.let("h", sg.log(x))

    assert sg.evaluate(h * 2, {"h": 4.0}) == pytest.approx(8.0)


def test_sizes_follow_from_arrays_also_when_they_are_expressions():
    x = sg.input("x", sympy.Symbol("K") * 2)

    assert sg.evaluate(sg.mean(x), {"x": [1.0, 2.0, 3.0, 6.0]}) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"x": [[1.0, 2.0]]}, sg.UnknownNameError, "variable 'w' of shape .* has no value"),
        ({"x": [[1, 2]], "w": [1, 2, 3]}, sg.ShapeError, r"'w' has shape \(2,\), and .* \(3,\)"),
        ({"x": [1.0], "w": [1, 1]}, sg.ShapeError, "Give an array with 2 axes"),
        ({"x": [["a", "b"]], "w": [1, 1]}, sg.KindError, "'x' is real, and the array given"),
        ({"q": 1.0}, sg.UnknownNameError, "'q' has a value and does not occur"),
        ({sg.input("other"): 1.0}, sg.UnknownNameError, "does not occur in the expression"),
    ],
)
def test_values_that_do_not_fit_are_refused(values, error, message):
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2)

    with pytest.raises(error, match=message):
        sg.evaluate(sg.sum(x @ w), values)


def test_arrays_that_disagree_about_a_size_are_refused():
    x, y = sg.input("x", "N"), sg.input("y", "N")

    with pytest.raises(sg.ShapeError, match="size N is 2 in variable 'x' and 3 in variable 'y'"):
        sg.evaluate(x @ y, {"x": [1.0, 2.0], "y": [1.0, 2.0, 3.0]})


def test_whole_floats_are_accepted_as_integers_and_others_are_not():
    k, x = sg.input("k", kind="integer"), sg.input("x", 3)

    assert sg.evaluate(x[k], {"x": [5.0, 6.0, 7.0], "k": 2.0}) == 7.0
    with pytest.raises(sg.KindError, match="variable 'k' is integer"):
        sg.evaluate(x[k], {"x": [5.0, 6.0, 7.0], "k": 1.5})
