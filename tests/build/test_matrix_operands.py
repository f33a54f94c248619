"""SymPy matrices and nodes on either side of an operator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

import symgraph as sg

LEFT = np.array([[1.0, 2.0], [3.0, 4.0]])
RIGHT = np.array([[0.0, 1.0], [5.0, 2.0]])


def _value(expression: Any) -> Any:
    return np.asarray(sg.evaluate(expression, {"S": LEFT, "M": RIGHT}))


@pytest.mark.parametrize(
    ("write", "want"),
    [
        (lambda s, m: s @ m, [[10.0, 5.0], [20.0, 11.0]]),
        (lambda s, m: s * m, [[10.0, 5.0], [20.0, 11.0]]),
        (lambda s, m: s.T @ m, [[15.0, 7.0], [20.0, 10.0]]),
        (lambda s, m: (2 * s) @ m, [[20.0, 10.0], [40.0, 22.0]]),
        (lambda s, m: m @ s, [[3.0, 4.0], [11.0, 18.0]]),
        (lambda s, m: s + m, [[1.0, 3.0], [8.0, 6.0]]),
        (lambda s, m: s - m, [[1.0, 1.0], [-2.0, 2.0]]),
    ],
)
def test_a_matrix_symbol_keeps_its_side_of_a_node(write: Any, want: list[list[float]]) -> None:
    symbol, node = sympy.MatrixSymbol("S", 2, 2), sg.input("M", (2, 2))
    assert _value(write(symbol, node)).tolist() == want


def test_a_scalar_node_scales_a_matrix_symbol() -> None:
    symbol, node = sympy.MatrixSymbol("S", 2, 2), sg.input("c")
    values = {"S": LEFT, "c": 2.0}
    assert sg.evaluate(symbol * node, values).tolist() == [[2.0, 4.0], [6.0, 8.0]]
