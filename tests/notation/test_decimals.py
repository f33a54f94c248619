"""Numbers in formulas: as decimals are computed on paper."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from symgraph.notation.decimals import as_written, plus, raised_to, ratio, times

SHORT = st.decimals(-1000, 1000, places=4).map(str)


@given(SHORT, SHORT)
def test_sums_and_products_are_those_of_decimal_arithmetic(a: str, b: str):
    assert plus(float(a), float(b)) == float(Decimal(a) + Decimal(b))
    assert times(float(a), float(b)) == float(Decimal(a) * Decimal(b))


def test_fractions_stay_exact_and_become_whole():
    assert times(Fraction(1, 3), 3) == 1
    assert isinstance(times(Fraction(1, 3), 3), int)
    assert ratio(1, 3) == Fraction(1, 3)
    assert times(Fraction(1, 3), 0.3) == 0.1
    assert raised_to(Fraction(2, 3), -2) == Fraction(9, 4)
    assert raised_to(1.1, 2) == 1.21


def test_what_is_not_finite_stays_so():
    assert ratio(1.0, 0) == math.inf
    assert times(1e300, 1e300) == math.inf
    assert math.isnan(times(math.inf, 0))


@pytest.mark.parametrize(
    "value", [1 / 3, math.pi, 2 / 7, 1e-7 / 3, 123456789.123456, 0.1, 0.0, 5e-324]
)
def test_a_number_that_is_no_short_decimal_stays(value: float):
    assert as_written(value) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.1 + 0.2, 0.3), (2.2 - 1, 1.2), (1.1 - 1, 0.1), (0.7 + 0.1 + 0.8, 1.6), (3e-5 * 2, 6e-5)],
)
def test_the_last_bits_of_a_short_decimal_are_put_right(value: float, written: float):
    assert as_written(value) == written
