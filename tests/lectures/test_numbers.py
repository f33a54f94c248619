"""Values and gradients of the systems of the zoo, held against the lectures' own numbers."""

import numpy as np
import pytest

from lectures import numbers_of_networks, numbers_of_sequences, numbers_of_units
from lectures.numbers import NUMBERS, ROWS, inputs_of, wanted

MODULES = (
    numbers_of_networks,
    numbers_of_sequences,
    numbers_of_units,
)  # each puts its rows into ROWS


@pytest.mark.parametrize("identity", ROWS)
def test_a_system_has_the_numbers_of_its_lecture(identity):
    tolerance = NUMBERS[identity]["rtol"]
    found = list(ROWS[identity](inputs_of(identity)))

    for place, got in found:
        want = np.asarray(wanted(identity, place), dtype=float)
        assert np.shape(got) == want.shape, place
        gap = np.abs(np.asarray(got, dtype=float) - want) / (1 + np.abs(want))
        assert np.max(gap, initial=0.0) <= tolerance, f"{place}: {got} is not {want}"
    assert found
