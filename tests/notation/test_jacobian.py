"""Jacobians in their short form: true as matrices, and written as a lecturer writes them."""

import numpy as np
import pytest
from numeric import complex_step

import symgraph as sg
from symgraph.notation.jacobian import jacobian
from symgraph.notation.numeric import value
from symgraph.notation.write import write

W, X, U = sg.parameter("W", (3, 2)), sg.parameter("X", ("N", 2)), sg.parameter("U", (2, 3))
x, h, d, s = sg.input("x", 2), sg.input("h", 3), sg.input("d", 3), sg.input("s")
AT = {
    "W": [[1.0, -2.0], [0.5, 0.25], [-1.0, 3.0]], "x": [0.3, -0.7], "h": [0.2, -0.4, 0.9],
    "d": [1.0, 0.5, -0.25], "s": 1.75,
}  # fmt: skip


def array(name):
    return np.array(AT[name])


def factor(expr, operand):
    graph = sg.graph(expr)
    (edge,) = [one for one in graph.edges if one.tail.node is graph.vertex(operand).node]
    return edge.factor


@pytest.mark.parametrize(
    ("expr", "operand", "written", "function"),
    [
        (W @ x, x, "W", lambda v: array("W") @ v),
        (h @ W, h, "Wᵀ", lambda v: v @ array("W")),
        (sg.let("y", sg.tanh(h)), h, "1 − y²", np.tanh),
        (h * d, h, "d", lambda v: v * array("d")),
        ((h - d) ** 2, h - d, "2 (h − d)", None),
        (h - d, d, "−1", lambda v: array("h") - v),
        (h / s, h, "1/s", lambda v: v / AT["s"]),
        (3 * h, h, "3", lambda v: 3 * v),
    ],
)
def test_a_factor_is_the_jacobian_of_the_function(expr, operand, written, function):
    found = factor(expr, operand)

    assert write(found, "unicode") == written
    if function is not None:
        expected = complex_step(function, AT[operand.name])
        matrix = value(found, AT | {"y": np.tanh(AT["h"])}, {})
        if found.sort != "matrix":
            matrix = np.diag(np.broadcast_to(np.ravel(matrix), 3))
        np.testing.assert_allclose(matrix, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("expr", "operand", "written"),
    [
        (W @ x, W, "xᵀ"),
        (X @ x, X, "xᵀ"),
        (X @ U, X, "Uᵀ"),
        (X @ U, U, "X"),
        (h + s, s, "1"),
        (h * s, s, "h"),
        (X + x, x, "1"),
        (sg.concat([h, x]), h, "1"),
        (W.T, W, "1"),
        (sg.relu(h), h, "1[h > 0]"),
    ],
)
def test_what_multiplies_is_written_as_in_a_lecture(expr, operand, written):
    assert write(factor(expr, operand), "unicode") == written


def through(expr, name):
    """The factor of a named value as a whole."""
    view = sg.draw(sg.squared_norm(expr), collapse="names").view
    ids = {node.alt: node.id for node in view.nodes}
    return next(e.label for e in view.edges if (e.head, e.tail) == (ids[expr.params[0]], ids[name]))


# S4-33: the Jacobian of the softmax
def test_the_softmax_as_a_whole_has_its_well_known_jacobian():
    assert through(sg.let("p", sg.softmax(h)), "h") == (
        r"\operatorname{diag}(p) - p p^{\mathsf{T}}"
    )


def test_maps_one_after_the_other_are_multiplied_as_matrices():
    assert through(sg.let("y", sg.tanh(W @ x)), "x") == r"\operatorname{diag}(1 - y^{2}) W"


def test_a_map_on_both_sides_of_what_arrives_has_no_short_form():
    two = sg.let("Y", sg.input("A", (2, 2)) @ sg.input("B", (2, 3)) @ sg.input("C", (3, 2)))
    assert through(two, "B") == r"A^{\mathsf{T}} \bullet C^{\mathsf{T}}"


def test_a_formula_without_what_arrives_is_no_map():
    graph = sg.graph(h * d)

    assert jacobian(graph.vertex(h).reference, graph.labels._tidy.algebra) is None
