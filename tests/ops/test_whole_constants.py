"""Whole numbers beyond 64 bits in formulas."""

from typing import Any

import pytest
import sympy
from c_compiler import needs_c_compiler

import symgraph as sg

x = sympy.Symbol("x")

FORMULAS = {
    "added": (x + 10**30, 1e30),
    "a factor": (x * 2**70, 2.0**71),
    "subtracted": (x - 2**63 - 1, -(2.0**63)),
    "below the line": (x / sympy.Integer(10) ** 40, 2e-40),
    "a bound": (sympy.Max(x, 10**25), 1e25),
    "compared": (x < 10**25, True),
    "an exponent": (x ** -(2**70), 0.0),
}


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=needs_c_compiler)])
@pytest.mark.parametrize("case", FORMULAS)
def test_a_whole_number_beyond_64_bits_counts_as_a_real_one(case: str, target: Any):
    formula, expected = FORMULAS[case]

    assert sg.compile(x, formula, target=target)(2.0) == pytest.approx(expected, rel=1e-15)
    assert sg.evaluate(formula, {"x": 2.0}) == pytest.approx(expected, rel=1e-15)


def test_a_whole_number_beyond_the_largest_real_one_is_refused():
    with pytest.raises(sg.RangeError, match=r"an integer of 1329 bits is beyond 1\.8e308"):
        sg.compile(x, x * sympy.Integer(10) ** 400)
